"""Two tickets become one: who sees what afterwards, what is promised, and where answers go."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from sla.models import Clock, Metric, Policy
from tests import factories, linked
from tests.factories import MONDAY
from tickets import correspondence, lifecycle, linking, merging, participation, tagging
from tickets.models import Delivery, Event, Message, Ticket, TicketLink, User
from tickets.refusals import (
    IsMerged,
    MergeIntoItself,
    MoveNotAllowed,
    NoSuchTicket,
    NotOfOneOrganization,
    OnlyForStaff,
    OtherRequester,
    Refused,
)
from tickets.states import Status

HOUR = timedelta(hours=1)
NOON = MONDAY + 2 * HOUR
# What each of them said before, and what the agent says afterwards.
OF_SOURCE, OF_TARGET, AFTER = "SECRET-OF-SOURCE", "SECRET-OF-TARGET", "SAID-AFTERWARDS"


@dataclass
class Desk:
    agent: User
    source: Ticket
    target: Ticket

    def merge(self, **options: bool) -> Ticket:
        return merging.merge(
            ticket=self.source, by=self.agent, at=NOON, into=self.target, **options
        )

    def reload(self) -> None:
        self.source = Ticket.objects.get(pk=self.source.pk)
        self.target = Ticket.objects.get(pk=self.target.pk)


def desk(*, same_person: bool = False, same_company: bool = False, shares: bool = False) -> Desk:
    company = factories.organization(shares_tickets=shares) if same_company else None
    requester = factories.customer(organization=company)
    other = requester if same_person else factories.customer(organization=company)
    return Desk(
        factories.agent(),
        factories.ticket(requester=requester, text=OF_SOURCE, subject="Empty report"),
        factories.ticket(requester=other, text=OF_TARGET, subject="No numbers"),
    )


@pytest.fixture(autouse=True)
def _policy(policy: Policy) -> None:
    pass


def page(ticket: Ticket, person: User, *, by_link: bool) -> str:
    """What a customer reads at the ticket's address; "" where it is not found."""
    client = Client()
    if by_link:
        address = reverse("portal:ticket", args=[ticket.reference, linked.key(ticket, person)])
    else:
        client.force_login(person)
        address = reverse("portal:own_ticket", args=[ticket.reference])
    answer = client.get(address)
    return answer.content.decode() if answer.status_code == 200 else ""


def finds(person: User, words: str) -> bool:
    """Whether a search among his tickets finds one with these words."""
    client = Client()
    client.force_login(person)
    answer = client.get(reverse("portal:tickets"), {"q": words})
    return bool(answer.context["rows"])


# Same person, same company, a company that shares tickets, requester follows:
# whether the source's requester sees the target at all, and what was said there before.
CASES = [
    (False, False, False, False, False, False),
    (True, False, False, False, True, True),
    (False, True, False, False, False, False),
    (False, True, False, True, True, False),  # He joins, and sees what follows.
    (False, True, True, False, True, True),  # He saw it before, too.
    (False, True, True, True, True, True),
]


@pytest.mark.parametrize(
    ("same_person", "same_company", "shares", "follows", "sees", "sees_before"), CASES
)
def test_a_merge_shows_nobody_what_he_could_not_read_before(
    same_person: bool, same_company: bool, shares: bool, follows: bool, sees: bool,
    sees_before: bool,
) -> None:  # fmt: skip
    d = desk(same_person=same_person, same_company=same_company, shares=shares)
    d.merge(confirmed=not same_person, requester_follows=follows)
    d.reload()
    lifecycle.reply(
        ticket=d.target, by=d.agent, text=AFTER, at=NOON + HOUR,
        attachments=[SimpleUploadedFile("a.txt", b"a")],
    )  # fmt: skip
    guest, host = d.source.requester, d.target.requester
    seen = Ticket.objects.visible_to(guest)
    assert seen.filter(pk=d.target.pk).exists() is sees
    for by_link in (True, False):
        read = page(d.target, guest, by_link=by_link)
        assert (AFTER in read) is sees
        assert (OF_TARGET in read) is sees_before
        # His own words are where they were, with the way on where he may go it.
        own = page(d.source, guest, by_link=by_link)
        assert OF_SOURCE in own
        assert (d.target.reference in own) is sees
        # The target's requester reads no word of the source that he could not read before.
        assert OF_SOURCE not in page(d.target, host, by_link=by_link)
        assert (OF_SOURCE in page(d.source, host, by_link=by_link)) is (same_person or shares)
    assert finds(guest, OF_TARGET) is sees_before
    assert finds(host, OF_SOURCE) is (same_person or shares)
    # Mails: nothing but what was said afterwards, and only to who follows or asked.
    later = Delivery.objects.filter(occasion__in=["reply", "merged"])
    assert not any(OF_SOURCE in mail.text or OF_TARGET in mail.text for mail in later)
    told = set(later.filter(occasion="reply").values_list("recipient", flat=True))
    assert told == {host.email} | ({guest.email} if follows else set())
    (notice,) = later.filter(occasion="merged")
    assert notice.recipient == guest.email
    assert (d.target.reference in notice.text) is sees
    assert "No numbers" not in notice.text or same_person


def test_staff_read_both_conversations_as_one_and_nothing_has_moved() -> None:
    d = desk(same_person=True)
    before = set(d.source.messages.values_list("pk", "sent_at", "text"))
    d.merge()
    d.reload()
    assert (d.source.status, d.source.closed_as) == (Status.CLOSED, "merged")
    assert d.source.merged_into == d.target
    assert set(d.source.messages.values_list("pk", "sent_at", "text")) == before
    assert {m.text for m in d.target.conversation()} == {OF_SOURCE, OF_TARGET}
    assert [e.kind for e in d.source.events.all()][-1] == Event.Kind.MERGED
    assert [e.kind for e in d.target.events.all()][-1] == Event.Kind.TOOK_IN


def test_files_from_before_a_merge_stay_closed_to_who_joined_by_it() -> None:
    d = desk(same_company=True)
    note = [SimpleUploadedFile("plan.txt", b"plan")]
    lifecycle.reply(ticket=d.target, by=d.agent, text="See", at=MONDAY + HOUR, attachments=note)
    d.merge(confirmed=True, requester_follows=True)
    d.reload()
    lifecycle.reply(
        ticket=d.target, by=d.agent, text="New", at=NOON + HOUR,
        attachments=[SimpleUploadedFile("new.txt", b"new")],
    )  # fmt: skip
    old, new = (m.attachments.get() for m in d.target.messages.filter(by_staff=True))
    guest, client = d.source.requester, Client()
    client.force_login(guest)
    key = linked.key(d.target, guest)
    for file, status in ((old, 404), (new, 200)):
        by_link = reverse("portal:file_by_link", args=[d.target.reference, key, file.pk])
        assert client.get(reverse("portal:file", args=[file.pk])).status_code == status
        assert Client().get(by_link).status_code == status


def test_followers_join_only_within_the_organization_and_only_when_asked() -> None:
    d = desk(same_company=True)
    colleague = factories.customer(organization=d.source.organization)
    stranger = factories.customer(organization=factories.organization())
    for person in (colleague, stranger):
        correspondence.follow(ticket=d.source, user=person, by=d.agent, at=MONDAY)
    d.merge(confirmed=True, followers_follow=True)
    (row,) = d.target.followers.all()
    assert (row.user, row.sees_from) == (colleague, NOON)


# What is wrong, and why it is refused.
def _of_itself(d: Desk) -> None:
    d.target = d.source


def _closed(d: Desk) -> None:
    lifecycle.close(ticket=d.target, by=d.target.requester, at=MONDAY)


def _closed_source(d: Desk) -> None:
    lifecycle.close(ticket=d.source, by=d.source.requester, at=MONDAY)


def _resolved(d: Desk) -> None:
    lifecycle.resolve(ticket=d.target, by=d.agent, at=MONDAY)


def _circle(d: Desk) -> None:
    merging.merge(ticket=d.target, by=d.agent, at=MONDAY, into=d.source, confirmed=True)


def _twice(d: Desk) -> None:
    d.merge(confirmed=True)


def _by_customer(d: Desk) -> None:
    d.agent = d.source.requester


def _by_nobody_now(d: Desk) -> None:
    d.agent.is_active = False


REFUSED = [
    (_of_itself, MergeIntoItself), (_closed, MoveNotAllowed), (_closed_source, MoveNotAllowed),
    (_resolved, MoveNotAllowed), (_circle, MoveNotAllowed), (_twice, MoveNotAllowed),
    (_by_customer, OnlyForStaff), (_by_nobody_now, NoSuchTicket),
]  # fmt: skip


@pytest.mark.parametrize(("spoil", "refusal"), REFUSED)
def test_what_cannot_be_merged_is_refused_aloud(spoil: object, refusal: type[Refused]) -> None:
    d = desk()
    spoil(d)  # type: ignore[operator]
    unchanged = list(Ticket.objects.order_by("pk").values()), Event.objects.count()
    with pytest.raises(refusal):
        d.merge(confirmed=True, requester_follows=False)
    assert (list(Ticket.objects.order_by("pk").values()), Event.objects.count()) == unchanged


def test_other_requesters_need_a_confirmation_and_one_organization_to_follow() -> None:
    d = desk()
    with pytest.raises(OtherRequester, match=f"{d.target.subject}.* {d.target.requester}"):
        d.merge()
    with pytest.raises(NotOfOneOrganization):
        d.merge(confirmed=True, requester_follows=True)
    assert not Ticket.objects.exclude(closed_as="").exists()


@pytest.mark.parametrize("metric", [Metric.FIRST_RESPONSE, Metric.RESOLUTION])
@pytest.mark.parametrize(("source", "target"), [("P1", "P3"), ("P3", "P1"), ("P2", "P2")])
def test_the_target_is_never_left_with_a_later_promise(
    source: str, target: str, metric: Metric
) -> None:
    one = factories.ticket(source)
    other = factories.ticket(target, at=MONDAY + HOUR)
    due = {t.pk: t.clocks.running().get(metric=metric).due_at for t in (one, other)}
    merging.merge(ticket=one, by=factories.agent(), at=NOON - HOUR / 2, into=other, confirmed=True)
    left = other.clocks.running().get(metric=metric)
    assert left.due_at == min(due.values())
    assert left.priority.code == target
    # The source's ended, and count as nothing; their history is there.
    assert not one.clocks.running().exists()
    assert not Clock.objects.filter(ticket=one).counted_in_reports().exists()
    assert all(c.events.count() == 2 for c in one.clocks.all())
    assert Ticket.objects.get(pk=other.pk).next_due_at == min(
        c.due_at for c in other.clocks.running()
    )


def test_a_promise_that_was_missed_stays_missed_and_an_unanswered_question_is_owed() -> None:
    agent, person = factories.agent(), factories.customer()
    missed, waiting = (factories.ticket(c, requester=person) for c in ("P1", "P3"))
    target = factories.ticket("P3", requester=person)
    lifecycle.reply(ticket=target, by=agent, text="Hello", at=MONDAY)
    at = MONDAY + 3 * HOUR  # P1 is answered within two.
    merging.merge(ticket=missed, by=agent, at=at, into=target)
    counted = Clock.objects.filter(ticket=missed).counted_in_reports()
    assert [c.metric for c in counted] == [Metric.FIRST_RESPONSE]
    promised = waiting.clocks.get(metric=Metric.FIRST_RESPONSE).due_at
    merging.merge(ticket=waiting, by=agent, at=at, into=target)
    owed = target.clocks.running().get(metric=Metric.FIRST_RESPONSE)
    assert owed.due_at == promised
    lifecycle.change_priority(
        ticket=target, priority=factories.priority("P4"), by=agent, at=at, reason="Less"
    )
    assert target.clocks.running().filter(metric=Metric.FIRST_RESPONSE).exists()
    lifecycle.reply(ticket=target, by=agent, text="Here", at=at + HOUR)
    assert not target.clocks.running().filter(metric=Metric.FIRST_RESPONSE).exists()


def test_what_waits_for_its_customer_goes_on_when_the_other_one_waits_for_us() -> None:
    d = desk(same_person=True)
    lifecycle.wait_for_customer(ticket=d.target, by=d.agent, at=MONDAY + HOUR)
    d.merge()
    d.reload()
    assert d.target.status == Status.OPEN
    assert not d.target.clocks.running().filter(paused_at__isnull=False).exists()


def test_tags_links_and_what_was_merged_before_come_along() -> None:
    d = desk(same_person=True)
    older, friend = (factories.ticket(requester=d.source.requester) for _ in range(2))
    merging.merge(ticket=older, by=d.agent, at=MONDAY, into=d.source)
    linking.link(ticket=friend, by=d.agent, other=d.source, at=MONDAY)
    tagging.add_tag(ticket=d.source, by=d.agent, tag="Billing", at=MONDAY)
    tagging.add_tag(ticket=d.target, by=d.agent, tag="urgent", at=MONDAY)
    d.merge()
    assert {tag.name for tag in d.target.tags.all()} == {"billing", "urgent"}
    assert Ticket.objects.get(pk=older.pk).merged_into == d.target
    assert TicketLink.objects.filter(ticket=d.target, other=friend).exists()
    assert d.target.conversation().count() == 3


@pytest.mark.parametrize("same_person", [True, False])
def test_what_is_written_on_the_page_of_the_source_is_read_in_the_target(
    same_person: bool,
) -> None:
    d = desk(same_person=same_person)
    d.merge(confirmed=True)
    d.reload()
    client = Client()
    address = reverse("portal:ticket", args=[d.source.reference, linked.key(d.source)])
    assert client.post(address, {"text": "Any news?"}).status_code == 302
    said = Message.objects.get(text="Any news?")
    assert said.ticket == d.target
    assert said.is_public is same_person
    assert d.source.reference in said.remarks[0]


def test_a_merged_ticket_is_over_for_everybody() -> None:
    d = desk(same_person=True)
    d.merge()
    d.reload()
    with pytest.raises(IsMerged):
        lifecycle.reopen(ticket=d.source, by=d.agent, at=NOON + HOUR)
    with pytest.raises(IsMerged):
        lifecycle.reopen(ticket=d.source, by=d.source.requester, at=NOON + HOUR)
    with pytest.raises(IsMerged):
        participation.rate(
            ticket=d.source, by=d.source.requester, stars=5, comment="", at=NOON + HOUR
        )
    assert not lifecycle.may_be_taken_up(d.source, timezone.now())
