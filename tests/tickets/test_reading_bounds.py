"""What a mail may not do: raise too often or again, come twice, overtake, or speak for others."""

from __future__ import annotations

import itertools
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from sla.models import Policy
from tests import factories
from tests.factories import MONDAY
from tickets import addresses, correspondence, inbound, lifecycle, reading
from tickets.channels.mail.incoming import Bounce, BouncedRecipient, Incoming
from tickets.models import (
    Delivery,
    Mailbox,
    Ticket,
    UndeliverableAddress,
    User,
)
from tickets.reading import Outcome, Reading, Unreadable, understand
from tickets.states import Status

pytestmark = pytest.mark.usefixtures("policy")

ASHA = "asha@client.example"
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
BY_A_LIST = {"auto_generated": "It came through a mailing list.", "only_by_list": True}
_numbers = itertools.count(1)


@pytest.fixture
def agent(policy: Policy) -> User:
    return factories.agent()


@pytest.fixture
def mailbox(policy: Policy) -> Mailbox:
    return Mailbox.objects.create(address="support@example.com")


def mail(**values: Any) -> Incoming:
    values = {
        "subject": "The report is empty",
        "sender": ASHA,
        "sender_header": "From",
        "to": ("support@example.com",),
        "message_id": f"<{next(_numbers)}@client.example>",
        "text": "Since this morning.",
        "reply_text": "Since this morning.",
        **values,
    }
    return Incoming(**values)


def read(incoming: Incoming, at: datetime = MONDAY, mailbox: Mailbox | None = None) -> Reading:
    number = next(_numbers)
    row = inbound.receive(
        f"Subject: {number}\n\n".encode(), mailbox=mailbox, key=f"test:{number}", at=at
    )
    return understand(row, incoming)


def opened(incoming: Incoming, at: datetime = MONDAY, mailbox: Mailbox | None = None) -> Ticket:
    ticket = read(incoming, at, mailbox).ticket
    assert ticket is not None
    return ticket


def answering(ticket: Ticket) -> dict[str, Any]:
    return {"delivered_to": (addresses.reply_address(ticket),)}


def code_of(ticket: Ticket) -> str:
    return Ticket.objects.select_related("priority").get(pk=ticket.pk).priority.code


def lower(ticket: Ticket, agent: User, at: datetime) -> None:
    lifecycle.change_priority(ticket=ticket, priority=factories.priority("P2"), by=agent, at=at)


# --- P1 -------------------------------------------------------------------------------------------


def test_what_staff_lowered_is_not_raised_by_an_answer_that_repeats_the_subject(
    agent: User,
) -> None:
    ticket = opened(mail(subject="P1: System down"))
    lower(ticket, agent, MONDAY + HOUR)
    repeated = f"Re: [{ticket.reference}] P1: System down"
    read(mail(subject=repeated, **answering(ticket)), MONDAY + 2 * HOUR)
    assert code_of(ticket) == "P2"


def test_an_answer_that_says_p1_for_the_first_time_raises_the_ticket() -> None:
    ticket = opened(mail(subject="System slow"))
    read(mail(subject="Re: System slow - P1 now", **answering(ticket)), MONDAY + HOUR)
    assert code_of(ticket) == "P1"


def test_of_p1_by_answers_there_are_as_few_a_day_as_of_p1_by_new_mails() -> None:
    old = [opened(mail(), MONDAY - 3 * DAY) for _ in range(5)]
    for ticket in old:
        read(mail(subject="P1", **answering(ticket)))
    assert [code_of(ticket) for ticket in old] == ["P1", "P1", "P1", "P3", "P3"]
    assert code_of(opened(mail(subject="P1"), MONDAY + HOUR)) == "P3"
    assert code_of(opened(mail(subject="P1"), MONDAY + DAY + HOUR)) == "P1"


def test_what_staff_lower_counts_all_the_same(agent: User) -> None:
    codes = []
    for minute in range(5):
        at = MONDAY + timedelta(minutes=minute)
        ticket = opened(mail(subject="P1"), at)
        codes.append(code_of(ticket))
        if codes[-1] == "P1":
            lower(ticket, agent, at)
    assert codes == ["P1", "P1", "P1", "P3", "P3"]


def test_what_a_person_wrote_on_the_web_does_not_count() -> None:
    for _ in range(4):
        requester = User.objects.customer(ASHA)
        factories.ticket("P1", requester=requester)
    assert code_of(opened(mail(subject="P1"), MONDAY + HOUR)) == "P1"


def test_what_came_by_a_list_is_never_p1_and_raises_nothing() -> None:
    assert code_of(opened(mail(subject="P1 offers", **BY_A_LIST))) == "P3"
    ticket = opened(mail())
    read(mail(subject="P1", **BY_A_LIST, **answering(ticket)), MONDAY + HOUR)
    assert code_of(ticket) == "P3"


# --- What is over ---------------------------------------------------------------------------------


@pytest.mark.parametrize(("days", "outcome"), [(13, Outcome.REPLY), (15, Outcome.TICKET)])
def test_what_was_resolved_long_ago_is_followed_by_a_new_ticket(
    agent: User, days: int, outcome: str
) -> None:
    ticket = opened(mail())
    lifecycle.resolve(ticket=ticket, by=agent, at=MONDAY + HOUR)
    answer = read(mail(**answering(ticket)), MONDAY + HOUR + days * DAY)
    assert answer.outcome == outcome
    assert answer.message is not None
    words = f"It answers {ticket.reference}, which was resolved more than 14 days before."
    assert answer.message.remarks == ([words] if outcome == Outcome.TICKET else [])


def test_what_came_by_a_list_reopens_nothing_unless_it_is_accepted(agent: User) -> None:
    ticket = opened(mail())
    lifecycle.resolve(ticket=ticket, by=agent, at=MONDAY + HOUR)
    answer = read(mail(**BY_A_LIST, **answering(ticket)), MONDAY + 2 * HOUR)
    ticket.refresh_from_db()
    assert (answer.outcome, ticket.status) == (Outcome.REPLY, Status.RESOLVED)
    assert answer.message is not None
    assert answer.message.remarks == [
        "It does not reopen the ticket unless it is accepted. It came through a mailing list."
    ]
    correspondence.accept(message=answer.message, by=agent, at=MONDAY + 3 * HOUR)
    ticket.refresh_from_db()
    assert ticket.status == Status.OPEN


# --- Who speaks -----------------------------------------------------------------------------------


def test_what_claims_to_be_a_colleagues_is_shown_as_the_customers_when_accepted(
    agent: User,
) -> None:
    ticket = opened(mail())
    aside = read(mail(sender=agent.email, **answering(ticket)), MONDAY + HOUR).message
    assert aside is not None
    correspondence.accept(message=aside, by=factories.agent(), at=MONDAY + 2 * HOUR)
    aside.refresh_from_db()
    assert (aside.is_public, aside.by_staff) == (True, False)


def test_nobody_is_made_of_the_sender_of_what_is_ignored() -> None:
    read(mail(sender="robot@shop.example", auto_generated="It says that a program sent it."))
    assert not User.objects.filter(email="robot@shop.example").exists()


def test_a_message_that_could_not_be_read_says_why() -> None:
    with pytest.raises(Unreadable, match=r"It could not be read\. ValueError: no such charset"):
        read(Incoming(trouble="ValueError: no such charset"))


# --- Copied people --------------------------------------------------------------------------------


def test_a_colleague_with_a_very_long_name_follows_too() -> None:
    factories.organization("Acme", domains=["client.example"], cc_follows=True)
    ticket = opened(mail(cc=("ravi@client.example",), names={"ravi@client.example": "R" * 180}))
    assert [follower.user.name for follower in ticket.followers.all()] == ["R" * 150]


def test_no_more_than_so_many_copied_people_follow() -> None:
    factories.organization("Acme", domains=["client.example"], cc_follows=True)
    ticket = opened(mail(cc=tuple(f"p{n}@client.example" for n in range(50))))
    assert ticket.followers.count() == reading.MOST_COPIED
    assert User.objects.filter(email__startswith="p").count() == reading.MOST_COPIED


# --- Copies ---------------------------------------------------------------------------------------


def test_an_answer_to_two_of_our_addresses_is_one_answer(mailbox: Mailbox) -> None:
    ticket = opened(mail(), mailbox=mailbox)
    one = mail(cc=(addresses.reply_address(ticket),), delivered_to=("support@example.com",))
    other = replace(one, delivered_to=(addresses.reply_address(ticket),))
    assert read(one, MONDAY + HOUR).outcome == Outcome.REPLY
    copy = read(other, MONDAY + HOUR)
    assert (copy.outcome, copy.ticket) == (Outcome.IGNORED, ticket)
    assert copy.reason == f"A copy of a message in {ticket.reference}."
    assert ticket.messages.count() == 2


def test_an_answer_to_two_tickets_is_an_answer_in_each() -> None:
    tickets = [opened(mail()), opened(mail())]
    one = mail()
    for ticket in tickets:
        incoming = replace(one, delivered_to=(addresses.reply_address(ticket),))
        assert read(incoming, MONDAY + HOUR).ticket == ticket
    assert [ticket.messages.count() for ticket in tickets] == [2, 2]


@pytest.mark.parametrize(
    ("change", "after", "outcome"),
    [
        ({}, HOUR, Outcome.IGNORED),
        # Another's, other words, without a name; and much later, when it may mean something again.
        ({"sender": "ravi@client.example"}, HOUR, Outcome.TICKET),
        ({"reply_text": "Since yesterday."}, HOUR, Outcome.TICKET),
        ({}, 2 * DAY, Outcome.TICKET),
    ],
)
def test_a_new_matter_in_two_mailboxes_is_one_ticket(
    mailbox: Mailbox, change: dict[str, Any], after: timedelta, outcome: str
) -> None:
    other = Mailbox.objects.create(address="sales@example.com")
    one = mail()
    opened(one, mailbox=mailbox)
    assert read(replace(one, **change), MONDAY + after, other).outcome == outcome


def test_mails_without_a_message_id_are_no_copies() -> None:
    for _ in range(2):
        assert read(mail(message_id="")).outcome == Outcome.TICKET


# --- No loops -------------------------------------------------------------------------------------


def test_an_agent_sees_that_nobody_was_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "ACKNOWLEDGEMENTS_AN_HOUR", 1)
    opened(mail())
    second = read(mail())
    words = "It was not acknowledged: asha@client.example got 1 within an hour."
    assert second.message is not None
    assert (second.reason, second.message.remarks) == (words, [words])
    assert Delivery.objects.count() == 1


@pytest.mark.parametrize("by_web", [True, False])
def test_tickets_of_the_web_form_are_no_loop_of_mails(
    monkeypatch: pytest.MonkeyPatch, by_web: bool
) -> None:
    monkeypatch.setattr(reading, "MAILBOX_ACKNOWLEDGEMENTS_AN_HOUR", 2)
    for number in range(2):
        if by_web:
            factories.ticket()
        else:
            opened(mail(sender=f"p{number}@client.example"))
    words = "It was not acknowledged: 2 tickets came by mail without a mailbox within an hour."
    reading_ = read(mail())
    assert reading_.reason == ("" if by_web else words)
    assert Delivery.objects.filter(ticket=reading_.ticket).exists() is by_web


# --- Reports --------------------------------------------------------------------------------------


def bounce(*candidates: str, to: str = ASHA, hard: bool = True) -> Bounce:
    recipients = (BouncedRecipient(to, "failed", "5.1.1", "550 No such user", hard),)
    return Bounce("delivery", next(iter(candidates), ""), recipients, candidates)


def test_a_report_without_the_headers_is_found_by_what_it_answers() -> None:
    sent = Delivery.objects.get(ticket=opened(mail()))
    report = bounce("<rewritten@mx.example>", sent.mail_message_id)
    assert read(mail(sender="", bounce=report)).ticket == sent.ticket
    sent.refresh_from_db()
    assert sent.fate == Delivery.Fate.BOUNCED
    assert UndeliverableAddress.objects.get().address == ASHA


@pytest.mark.parametrize(
    ("named", "fate"), [("Asha@Client.example", "bounced"), ("eve@elsewhere.example", "")]
)
def test_a_report_to_a_reply_address_is_about_whom_it_names(named: str, fate: str) -> None:
    ticket = opened(mail())
    Delivery.objects.update(state=Delivery.State.SENT, sent_at=MONDAY)
    report = mail(sender="", bounce=bounce(to=named), to=(addresses.reply_address(ticket),))
    assert read(report, MONDAY + HOUR).outcome == Outcome.IGNORED
    assert Delivery.objects.get().fate == fate
    # Everybody who follows the ticket can write such a report: it closes nobody's mailbox.
    assert not UndeliverableAddress.objects.exists()
