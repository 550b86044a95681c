"""Tags, links, splitting, spam, and what engineering expects."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import translation

from sla import reports
from sla.models import Clock, ClockEvent, Metric, Policy, Priority, Target
from tests import factories
from tests.factories import MONDAY
from tickets import engineering, lifecycle, linking, spam, splitting, tagging
from tickets.models import Delivery, Event, Message, Tag, Ticket, TicketLink, User
from tickets.portal.standing import status_words
from tickets.refusals import (
    HasNoSuchTag,
    HasTagAlready,
    IsNoSpam,
    IsSpam,
    IsStaff,
    LinkedAlready,
    LinkToItself,
    MoveNotAllowed,
    NoTag,
    NothingToSplit,
    NotLinked,
    NotToBeSplit,
    NotWithEngineering,
    OnlyForStaff,
    PastDate,
    Refused,
    SameExpectation,
    TooManyTags,
)
from tickets.states import Status

HOUR = timedelta(hours=1)


@pytest.fixture
def agent(policy: Policy) -> User:
    return factories.agent()


@pytest.fixture
def ticket(policy: Policy) -> Ticket:
    return factories.ticket()


# What is typed, and the tag that it is; None: none.
NAMES = [
    ("Billing", "billing"), ("  Bad  Data ", "bad-data"), ("#v2.1", "v2.1"), ("störung", "störung"),
    ("", None), ("a/b", None), ("-", None), ("x" * 51, None), ("a\u202eb", None),
]  # fmt: skip


@pytest.mark.parametrize(("typed", "name"), NAMES)
def test_a_tag_is_one_word_in_lower_case(
    ticket: Ticket, agent: User, typed: str, name: str | None
) -> None:
    if name is None:
        with pytest.raises(NoTag):
            tagging.add_tag(ticket=ticket, by=agent, at=MONDAY, tag=typed)
        assert not Tag.objects.exists()
        return
    tagging.add_tag(ticket=ticket, by=agent, at=MONDAY, tag=typed)
    assert [tag.name for tag in ticket.tags.all()] == [name]
    with pytest.raises(HasTagAlready):
        tagging.add_tag(ticket=ticket, by=agent, at=MONDAY, tag=typed.upper())
    tagging.remove_tag(ticket=ticket, by=agent, at=MONDAY, tag=typed)
    with pytest.raises(HasNoSuchTag):
        tagging.remove_tag(ticket=ticket, by=agent, at=MONDAY, tag=typed)
    kinds = ticket.events.values_list("kind", "detail")[1:]
    assert list(kinds) == [("tagged", name), ("untagged", name)]


def test_a_ticket_has_only_so_many_tags(ticket: Ticket, agent: User) -> None:
    ticket.tags.add(*(Tag.objects.create(name=f"t{n}") for n in range(tagging.MOST_TAGS)))
    with pytest.raises(TooManyTags):
        tagging.add_tag(ticket=ticket, by=agent, at=MONDAY, tag="more")


def test_two_tags_become_one_on_every_ticket(agent: User) -> None:
    one, other = Tag.objects.create(name="one"), Tag.objects.create(name="other")
    tickets = [factories.ticket() for _ in range(3)]
    for number, tags in enumerate([[one], [one, other], [other]]):
        tickets[number].tags.add(*tags)
    tagging.merge_tags(tag=one, into=other)
    assert [[tag.name for tag in t.tags.all()] for t in tickets] == [["other"]] * 3
    assert not Tag.objects.filter(name="one").exists()


def test_two_tickets_are_linked_once_and_both_histories_say_so(ticket: Ticket, agent: User) -> None:
    other = factories.ticket()
    linking.link(ticket=ticket, by=agent, at=MONDAY, other=other, kind=TicketLink.Kind.FOLLOW_UP)
    for one, two in ((ticket, other), (other, ticket)):
        with pytest.raises(LinkedAlready):
            linking.link(ticket=one, by=agent, at=MONDAY, other=two)
        assert one.events.filter(kind="linked", detail__contains=two.reference).count() == 1
    linking.unlink(ticket=other, by=agent, at=MONDAY, other=ticket)
    with pytest.raises(NotLinked):
        linking.unlink(ticket=ticket, by=agent, at=MONDAY, other=other)
    with pytest.raises(LinkToItself):
        linking.link(ticket=ticket, by=agent, at=MONDAY, other=ticket)
    with pytest.raises(OnlyForStaff):
        linking.link(ticket=ticket, by=ticket.requester, at=MONDAY, other=other)


def said(ticket: Ticket, by: User, text: str, at: object = MONDAY) -> Message:
    lifecycle.reply(ticket=ticket, by=by, text=text, at=at)  # type: ignore[arg-type]
    return ticket.messages.get(text=text)


def test_a_message_becomes_a_ticket_whose_promises_run_from_when_it_was_sent(
    ticket: Ticket, agent: User
) -> None:
    lifecycle.reply(
        ticket=ticket, by=ticket.requester, text="And the logo?", at=MONDAY + HOUR,
        attachments=[SimpleUploadedFile("logo.png", b"png")],
    )  # fmt: skip
    message = ticket.messages.get(text="And the logo?")
    at = MONDAY + 5 * HOUR
    new = splitting.split(ticket=ticket, by=agent, at=at, messages=[message], subject="The logo")
    twin = factories.ticket("P3", at=MONDAY + HOUR)
    due = {clock.metric: clock.due_at for clock in twin.clocks.all()}
    assert {clock.metric: clock.due_at for clock in new.clocks.all()} == due
    assert new.next_due_at == min(due.values())
    assert (new.subject, new.requester, new.submitted_at) == (
        "The logo", ticket.requester, message.sent_at,
    )  # fmt: skip
    copy = new.messages.get()
    assert (copy.text, copy.sent_at) == (message.text, message.sent_at)
    assert copy.attachments.get().file.read() == b"png"
    message.refresh_from_db()
    assert message.split_into == new
    assert message.ticket == ticket  # It stays where it was said.
    assert new.links.get().other == ticket
    assert [e.kind for e in new.events.all()] == ["split_from"]
    assert not Delivery.objects.filter(ticket=new).exists()
    with pytest.raises(NotToBeSplit):
        splitting.split(ticket=ticket, by=agent, at=at, messages=[message])


def test_what_was_answered_already_is_promised_no_second_answer(
    ticket: Ticket, agent: User
) -> None:
    message = said(ticket, ticket.requester, "And the logo?")
    lifecycle.reply(ticket=ticket, by=agent, text="We look.", at=MONDAY + HOUR)
    new = splitting.split(ticket=ticket, by=agent, at=MONDAY + 2 * HOUR, messages=[message])
    assert [clock.metric for clock in new.clocks.all()] == [Metric.RESOLUTION]
    assert new.first_responded_at == MONDAY + HOUR


@pytest.mark.parametrize("is_late", [False, True])
def test_a_question_that_is_split_off_is_not_owed_twice(agent: User, is_late: bool) -> None:
    Target.objects.create(
        policy=Policy.objects.default(), priority=Priority.objects.get(code="P3"),
        metric=Metric.NEXT_RESPONSE, amount=2, unit="hours",
    )  # fmt: skip
    factories.publish()
    ticket = factories.ticket()
    lifecycle.reply(ticket=ticket, by=agent, text="We look.", at=MONDAY)
    message = said(ticket, ticket.requester, "And the logo?", MONDAY + HOUR)
    assert ticket.clocks.running().filter(metric=Metric.NEXT_RESPONSE).exists()
    at = MONDAY + (5 if is_late else 2) * HOUR
    new = splitting.split(ticket=ticket, by=agent, at=at, messages=[message])
    assert not ticket.clocks.running().filter(metric=Metric.NEXT_RESPONSE).exists()
    counted = Clock.objects.filter(ticket=ticket, metric=Metric.NEXT_RESPONSE).counted_in_reports()
    assert counted.exists() is is_late  # What was missed stays missed, where it was.
    first = new.clocks.get(metric=Metric.FIRST_RESPONSE)
    assert first.started_at == (at if is_late else MONDAY + HOUR)
    assert new.clocks.get(metric=Metric.RESOLUTION).started_at == MONDAY + HOUR


def test_only_what_one_customer_said_in_public_after_the_first_is_split(
    ticket: Ticket, agent: User
) -> None:
    follower = factories.customer()
    ticket.followers.create(user=follower, added_at=MONDAY)
    mine = said(ticket, ticket.requester, "One")
    his = said(ticket, follower, "Two")
    ours = said(ticket, agent, "Three")
    lifecycle.add_note(ticket=ticket, by=agent, text="Four", at=MONDAY)
    note = ticket.messages.get(text="Four")
    foreign = factories.ticket().messages.get()
    first = ticket.messages.first()
    assert first
    for wrong in ([first], [mine, his], [ours], [note], [foreign], [mine, foreign]):
        with pytest.raises(NotToBeSplit):
            splitting.split(ticket=ticket, by=agent, at=MONDAY, messages=wrong)
    with pytest.raises(NothingToSplit):
        splitting.split(ticket=ticket, by=agent, at=MONDAY, messages=[])
    assert splitting.split(ticket=ticket, by=agent, at=MONDAY, messages=[his]).requester == follower


def test_spam_counts_in_no_report_sends_nothing_and_can_be_taken_back(
    ticket: Ticket, agent: User
) -> None:
    late = MONDAY + timedelta(days=10)
    period = reports.Period(MONDAY - HOUR, late)
    due = {clock.metric: clock.due_at for clock in ticket.clocks.all()}
    spam.mark_spam(ticket=ticket, by=agent, at=late, blocks=True, reason="Pills.")
    ticket.refresh_from_db()
    assert (ticket.status, ticket.closed_as, ticket.next_due_at) == ("closed", "spam", None)
    assert not ticket.clocks.running().exists()
    assert reports.attainment(period=period, at=late) == []
    assert {d.state for d in ticket.deliveries.all()} == {Delivery.State.CANCELLED}
    requester = User.objects.get(pk=ticket.requester_id)
    assert requester.blocked_at == late
    # Nothing is sent to him, whatever he does.
    other = factories.ticket(requester=requester, at=late)
    assert not other.deliveries.exists()
    with pytest.raises(IsSpam):
        lifecycle.reopen(ticket=ticket, by=agent, at=late)
    spam.not_spam(ticket=ticket, by=agent, at=late + HOUR)
    ticket.refresh_from_db()
    assert (ticket.status, ticket.closed_as, ticket.closed_at) == ("open", "", None)
    running = {clock.metric: clock for clock in ticket.clocks.running()}
    assert running.keys() == due.keys()
    # What it stood closed is a pause; the deadline had passed before, and stays missed.
    assert {metric: clock.due_at for metric, clock in running.items()} == due
    assert sum(row.broken for row in reports.attainment(period=period, at=late)) == 2
    requester.refresh_from_db()
    assert requester.blocked_at is None
    kinds = ClockEvent.objects.filter(clock__ticket=ticket).values_list("kind", flat=True)
    assert {"voided", "restored", "reopened"} <= set(kinds)


def test_only_spam_is_taken_back_and_staff_are_never_blocked(ticket: Ticket, agent: User) -> None:
    own = factories.ticket(requester=agent)
    with pytest.raises(IsStaff):
        spam.mark_spam(ticket=own, by=factories.agent(), at=MONDAY, blocks=True)
    lifecycle.close(ticket=ticket, by=ticket.requester, at=MONDAY)
    with pytest.raises(IsNoSpam):
        spam.not_spam(ticket=ticket, by=agent, at=MONDAY)
    with pytest.raises(OnlyForStaff):
        spam.mark_spam(ticket=own, by=ticket.requester, at=MONDAY)


def test_the_customer_reads_when_engineering_expects_to_be_done(
    ticket: Ticket, agent: User
) -> None:
    by = {"by": agent, "at": MONDAY}
    with pytest.raises(NotWithEngineering):
        engineering.expect(ticket=ticket, expected_on=date(2026, 11, 9), **by)  # type: ignore[arg-type]
    with pytest.raises(PastDate):
        lifecycle.escalate_to_engineering(
            ticket=ticket, by=agent, at=MONDAY, expected_on=date(2026, 11, 1)
        )
    ticket = lifecycle.escalate_to_engineering(
        ticket=ticket, by=agent, at=MONDAY, reason="A lost index.", expected_on=date(2026, 11, 2)
    )
    assert "2 Nov 2026" in status_words(ticket)[1]
    with pytest.raises(SameExpectation):
        engineering.expect(ticket=ticket, by=agent, at=MONDAY, expected_on=date(2026, 11, 2))
    ticket = engineering.expect(ticket=ticket, by=agent, at=MONDAY, expected_on=date(2026, 11, 9))
    assert "9 Nov 2026" in status_words(ticket)[1]
    lifecycle.reply(ticket=ticket, by=agent, text="A moment.", at=MONDAY)
    mail = Delivery.objects.get(ticket=ticket, occasion="reply")
    assert "Our engineers expect to be done by 9 Nov 2026." in mail.text
    assert "lost index" not in mail.text + mail.html + status_words(ticket)[1]
    with translation.override("de"):
        assert "bis zum 9. November 2026 fertig" in status_words(ticket)[1]
    User.objects.filter(pk=ticket.requester_id).update(language="de")
    lifecycle.reply(ticket=ticket, by=agent, text="Noch etwas.", at=MONDAY)
    mail = Delivery.objects.get(ticket=ticket, occasion="reply", text__contains="Noch etwas.")
    assert "bis zum 9. November 2026 fertig" in mail.text
    ticket = lifecycle.return_from_engineering(ticket=ticket, by=agent, at=MONDAY)
    assert (ticket.engineering_reason, ticket.engineering_expected_on) == ("", None)


def test_a_solved_ticket_expects_nothing_any_more(ticket: Ticket, agent: User) -> None:
    lifecycle.escalate_to_engineering(
        ticket=ticket, by=agent, at=MONDAY, expected_on=date(2026, 11, 9)
    )
    solved = lifecycle.resolve(ticket=ticket, by=agent, at=MONDAY)
    assert (solved.status, solved.engineering_expected_on) == (Status.RESOLVED, None)
    with pytest.raises((MoveNotAllowed, Refused)):
        engineering.expect(ticket=ticket, by=agent, at=MONDAY, expected_on=date(2026, 11, 9))
    assert Event.objects.filter(ticket=ticket, kind="expected").count() == 0
