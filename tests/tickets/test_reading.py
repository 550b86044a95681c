"""What a mail becomes: a ticket, an answer, something kept aside, or nothing."""

from __future__ import annotations

import itertools
from datetime import datetime, timedelta
from typing import Any

import pytest

from sla.models import Clock, ClockEvent, Metric, Policy
from tests import factories
from tests.factories import MONDAY
from tests.times import nov
from tickets import addresses, correspondence, inbound, lifecycle
from tickets.channels.mail.incoming import Attached, Incoming
from tickets.models import (
    Delivery,
    Event,
    InboundMessage,
    Mailbox,
    Message,
    RequestType,
    Ticket,
    User,
)
from tickets.reading import Outcome, Reading, Unreadable, understand
from tickets.refusals import AcceptedAlready, OnlyForStaff
from tickets.states import Status

pytestmark = pytest.mark.usefixtures("policy")

ASHA = "asha@client.example"
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
        "sender_name": "Asha Rao",
        "sender_header": "From",
        "to": ("support@example.com",),
        "message_id": f"<{next(_numbers)}@client.example>",
        "text": "Since this morning.",
        "reply_text": "Since this morning.",
        **values,
    }
    return Incoming(**values)


def row(mailbox: Mailbox | None = None, at: datetime = MONDAY) -> InboundMessage:
    number = next(_numbers)
    raw = f"Subject: {number}\n\n".encode()
    return inbound.receive(raw, mailbox=mailbox, key=f"test:{number}", at=at)


def read(incoming: Incoming, at: datetime = MONDAY, mailbox: Mailbox | None = None) -> Reading:
    return understand(row(mailbox, at), incoming)


def opened(code: str = "P3") -> Ticket:
    requester = User.objects.filter(email=ASHA).first() or factories.customer(ASHA)
    return factories.ticket(code, requester=requester)


def answered(agent: User, ticket: Ticket) -> Delivery:
    lifecycle.reply(ticket=ticket, by=agent, text="Which one?", at=nov(2, "10:30"))
    return Delivery.objects.filter(ticket=ticket, occasion="reply").latest("created_at")


# --- A new matter ---------------------------------------------------------------------------------


def test_a_mail_becomes_a_ticket_of_its_senders_company(mailbox: Mailbox) -> None:
    acme = factories.organization("Acme", domains=["client.example"])
    reading = read(mail(), mailbox=mailbox)
    ticket = reading.ticket
    assert ticket is not None
    assert (reading.outcome, ticket.subject) == (Outcome.TICKET, "The report is empty")
    assert (ticket.requester.email, ticket.requester.name) == (ASHA, "Asha Rao")
    assert (ticket.organization, ticket.priority.code) == (acme, "P3")
    assert (ticket.channel, ticket.mailbox, ticket.submitted_at) == ("email", mailbox, MONDAY)
    assert [message.text for message in ticket.messages.all()] == ["Since this morning."]
    assert Delivery.objects.get(ticket=ticket).occasion == "acknowledgement"


def test_the_mailbox_gives_the_team_and_the_request_type(mailbox: Mailbox) -> None:
    mailbox.team = factories.team("Second line")
    mailbox.request_type = RequestType.objects.get(name="Minor dashboard issue")
    mailbox.save()
    ticket = read(mail(), mailbox=mailbox).ticket
    assert ticket is not None
    assert (ticket.team, ticket.priority.code) == (mailbox.team, "P4")


def test_a_mail_without_subject_and_text_is_a_ticket_too() -> None:
    ticket = read(mail(subject=" ", text="", reply_text="")).ticket
    assert ticket is not None
    assert ticket.subject == "(No subject)"
    assert ticket.messages.get().text == "(This mail has no text.)"


def test_what_it_quotes_is_kept_beside_the_new_words() -> None:
    ticket = read(mail(text="New.\n\n> Old.", reply_text="New.", html="<p>New.")).ticket
    assert ticket is not None
    message = ticket.messages.get()
    assert (message.text, message.whole_text, message.html) == ("New.", "New.\n\n> Old.", "<p>New.")


def test_every_file_of_a_mail_is_kept() -> None:
    files = (
        Attached("report.pdf", "application/pdf", b"%PDF"),
        Attached("logo.png", "image/png", b"\x89PNG", content_id="logo@1"),
    )
    ticket = read(mail(attachments=files)).ticket
    assert ticket is not None
    kept = ticket.messages.get().attachments.all()
    assert [(f.filename, f.content_type, f.content_id, f.file.read()) for f in kept] == [
        ("report.pdf", "application/pdf", "", b"%PDF"),
        ("logo.png", "image/png", "logo@1", b"\x89PNG"),
    ]


def test_a_mail_of_nobody_is_looked_at_by_a_person() -> None:
    for incoming in (mail(sender=""), mail(sender_header="Reply-To")):
        with pytest.raises(Unreadable, match="does not say who wrote it"):
            read(incoming)


# --- P1 -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("subject", "code"),
    [
        ("P1: nothing works", "P1"),
        ("Re: [p1] nothing works", "P1"),
        ("Nothing works (P1)", "P1"),
        ("The TP12 of MP1x", "P3"),
        ("P10 is empty", "P3"),
    ],
)
def test_the_subject_may_say_p1(subject: str, code: str, mailbox: Mailbox) -> None:
    mailbox.request_type = RequestType.objects.get(name="Minor dashboard issue")
    ticket = read(mail(subject=subject)).ticket
    assert ticket is not None
    assert ticket.priority.code == code


def test_p1_wakes_nobody_up_for_a_machine_or_too_often() -> None:
    machine = read(mail(subject="P1", auto_generated="It says that a program sent it."))
    assert machine.outcome == Outcome.IGNORED
    codes = []
    for hour in range(5):
        ticket = read(mail(subject="P1"), at=MONDAY + timedelta(hours=hour)).ticket
        assert ticket is not None
        codes.append(ticket.priority.code)
    assert codes == ["P1", "P1", "P1", "P3", "P3"]


def test_an_answer_may_raise_the_ticket(agent: User) -> None:
    ticket = opened()
    sent = answered(agent, ticket)
    read(mail(subject="Re: P1 now", in_reply_to=sent.mail_message_id), at=nov(2, "12:00"))
    ticket.refresh_from_db()
    assert ticket.priority.code == "P1"


# --- Answers --------------------------------------------------------------------------------------


def by_token(ticket: Ticket, sent: Delivery) -> dict[str, Any]:
    return {"delivered_to": (addresses.reply_address(ticket).upper(),)}


def by_reply(ticket: Ticket, sent: Delivery) -> dict[str, Any]:
    return {"in_reply_to": sent.mail_message_id}


def by_reference(ticket: Ticket, sent: Delivery) -> dict[str, Any]:
    return {"references": ("<unknown@x>", sent.mail_message_id, "<foreign@y>")}


def by_subject(ticket: Ticket, sent: Delivery) -> dict[str, Any]:
    return {"subject": f"AW: [{ticket.reference}] The report is empty"}


WAYS = [by_token, by_reply, by_reference, by_subject]


@pytest.mark.parametrize("way", WAYS)
def test_an_answer_finds_its_ticket(agent: User, way: Any) -> None:
    ticket = opened()
    values = way(ticket, answered(agent, ticket))
    lifecycle.wait_for_customer(ticket=ticket, by=agent, at=nov(2, "10:31"))
    reading = read(mail(**values), at=nov(2, "12:00"))
    assert (reading.outcome, reading.ticket) == (Outcome.REPLY, ticket)
    ticket.refresh_from_db()
    assert ticket.status == Status.OPEN
    last = ticket.messages.latest("pk")
    assert (last.text, last.is_public, last.sent_at) == (
        "Since this morning.", True, nov(2, "12:00"),
    )  # fmt: skip


def test_an_answer_to_the_customers_own_mail_finds_its_ticket() -> None:
    first = mail()
    ticket = read(first).ticket
    again = read(mail(in_reply_to=first.message_id), at=nov(2, "12:00"))
    assert again.ticket == ticket


@pytest.mark.parametrize(
    "forged",
    [
        # A token for another number, a made-up one, a number alone.
        lambda ticket: {"to": (addresses.reply_address(ticket).replace(f"+{ticket.pk}-", "+1-"),)},
        lambda ticket: {"to": (f"support+{ticket.pk}-{'a' * 20}@example.com",)},
        lambda ticket: {"to": (f"support+{ticket.pk}@example.com",)},
        # Ids that look like ours, but were never recorded.
        lambda ticket: {"in_reply_to": f"<{ticket.reference.lower()}.0@example.com>"},
        lambda ticket: {"in_reply_to": ""},
    ],
)
def test_what_only_looks_like_an_answer_is_a_new_matter(forged: Any) -> None:
    ticket = opened()
    reading = read(mail(**forged(ticket)))
    assert reading.outcome == Outcome.TICKET
    assert reading.ticket != ticket


def test_the_subject_alone_lets_no_stranger_in() -> None:
    ticket = opened()
    reading = read(mail(sender="mallory@elsewhere.example", subject=f"[{ticket.reference}]"))
    assert reading.outcome == Outcome.TICKET
    assert ticket.messages.count() == 1


def test_an_answer_to_what_is_closed_is_a_new_ticket_that_says_so(agent: User) -> None:
    ticket = opened()
    sent = answered(agent, ticket)
    lifecycle.resolve(ticket=ticket, by=agent, at=nov(2, "11:00"))
    lifecycle.close(ticket=ticket, by=agent, at=nov(2, "11:30"))
    reading = read(mail(in_reply_to=sent.mail_message_id), at=nov(3, "12:00"))
    assert reading.outcome == Outcome.TICKET
    assert reading.message is not None
    assert reading.message.remarks == [f"It answers {ticket.reference}, which is closed."]


# --- What is kept aside ---------------------------------------------------------------------------


def aside(agent: User, **values: Any) -> tuple[Ticket, Message]:
    """A mail into a ticket that waits for its customer."""
    ticket = opened()
    sent = answered(agent, ticket)
    lifecycle.wait_for_customer(ticket=ticket, by=agent, at=nov(2, "10:31"))
    reading = read(mail(in_reply_to=sent.mail_message_id, **values), at=nov(2, "12:00"))
    assert reading.outcome == Outcome.REPLY
    assert reading.message is not None
    ticket.refresh_from_db()
    return ticket, reading.message


@pytest.mark.parametrize("sender", ["mallory@elsewhere.example", "staff"])
def test_a_strangers_answer_is_seen_by_staff_alone_until_they_accept_it(
    agent: User, sender: str
) -> None:
    who = factories.agent().email if sender == "staff" else sender
    ticket, message = aside(agent, sender=who)
    assert (message.is_public, message.is_accepted) == (False, False)
    assert ticket.status == Status.PENDING
    with pytest.raises(OnlyForStaff):
        correspondence.accept(message=message, by=ticket.requester, at=nov(2, "13:00"))
    correspondence.accept(message=message, by=agent, at=nov(2, "13:00"))
    ticket.refresh_from_db()
    message.refresh_from_db()
    assert (message.is_public, message.is_accepted) == (True, True)
    assert ticket.status == Status.OPEN
    with pytest.raises(AcceptedAlready):
        correspondence.accept(message=message, by=agent, at=nov(2, "14:00"))


def test_an_out_of_office_answer_changes_nothing(agent: User) -> None:
    entries, mails = ClockEvent.objects.count, Delivery.objects.count
    ticket = opened()
    sent = answered(agent, ticket)
    lifecycle.resolve(ticket=ticket, by=agent, at=nov(2, "11:00"))
    before = (entries(), mails(), list(Clock.objects.values()))
    reading = read(
        mail(in_reply_to=sent.mail_message_id, auto_generated="It answers by itself."),
        at=nov(2, "12:00"),
    )
    ticket.refresh_from_db()
    assert ticket.status == Status.RESOLVED
    assert (entries(), mails(), list(Clock.objects.values())) == before
    assert reading.message is not None
    assert (reading.message.is_public, reading.message.is_automatic) == (False, True)
    assert ticket.events.latest("pk").kind == Event.Kind.AUTOMATIC


def test_what_a_machine_sends_unasked_is_ignored_with_its_reason() -> None:
    reading = read(mail(auto_generated="It says that a program sent it."))
    assert (reading.outcome, reading.reason) == (Outcome.IGNORED, "It says that a program sent it.")
    assert not Ticket.objects.exists()


def test_our_own_mail_is_never_answered(mailbox: Mailbox) -> None:
    for sender in ("support@example.com", "Support+12-abc@Example.com"):
        assert read(mail(sender=sender), mailbox=mailbox).outcome == Outcome.IGNORED


# --- No loops -------------------------------------------------------------------------------------


def test_one_address_gets_so_many_acknowledgements_an_hour() -> None:
    for minute in range(8):
        assert read(mail(), at=MONDAY + timedelta(minutes=minute)).ticket is not None
    acknowledged = Delivery.objects.filter(occasion="acknowledgement")
    assert (Ticket.objects.count(), acknowledged.count()) == (8, 5)
    read(mail(), at=MONDAY + timedelta(hours=2))
    assert acknowledged.count() == 6


def test_what_came_by_a_list_is_a_ticket_that_nobody_acknowledges() -> None:
    reading = read(mail(auto_generated="It came by a mailing list.", only_by_list=True))
    assert reading.outcome == Outcome.TICKET
    assert not Delivery.objects.exists()


def test_two_desks_that_answer_each_other_stop_after_one_round() -> None:
    """The other desk's acknowledgement says that it is one."""
    ticket = read(mail()).ticket
    sent = Delivery.objects.get(ticket=ticket)
    reading = read(
        mail(in_reply_to=sent.mail_message_id, auto_generated="Auto-Submitted: auto-replied"),
        at=nov(2, "10:01"),
    )
    assert reading.outcome == Outcome.REPLY
    assert Delivery.objects.count() == 1


# --- Copied people --------------------------------------------------------------------------------


@pytest.mark.parametrize("follows", [True, False])
def test_copied_colleagues_follow_where_their_company_wants_that(follows: bool) -> None:
    factories.organization("Acme", domains=["client.example"], cc_follows=follows)
    copied = ("ravi@client.example", "mallory@elsewhere.example")
    ticket = read(mail(cc=copied, names={"ravi@client.example": "Ravi"})).ticket
    assert ticket is not None
    found = [follower.user.email for follower in ticket.followers.select_related("user")]
    assert found == (["ravi@client.example"] if follows else [])


def test_staff_see_who_was_copied() -> None:
    reading = read(mail(cc=("ravi@client.example", "mallory@elsewhere.example")))
    assert reading.message is not None
    assert reading.message.remarks == ["Copied: ravi@client.example, mallory@elsewhere.example."]


@pytest.mark.parametrize(
    ("subject", "at", "closed", "hint"),
    [
        ("Slow", nov(2, "10:00"), False, True),
        ("Slow", nov(7, "23:30"), True, True),
        ("P1", nov(7, "23:30"), True, False),
    ],
)
def test_the_acknowledgement_says_when_support_opens_and_how_to_flag_p1(
    subject: str, at: datetime, closed: bool, hint: bool
) -> None:
    reading = read(mail(subject=subject), at=at)
    text = Delivery.objects.get(ticket=reading.ticket).text
    assert ("We are closed just now, and open Mon 9 Nov, 09:00 IST." in text) is closed
    assert ("Write a new mail with P1 in its subject" in text) is hint


def test_the_next_answer_is_promised_from_the_mail_on(policy: Policy, agent: User) -> None:
    policy.targets.create(
        priority=factories.priority("P3"), metric=Metric.NEXT_RESPONSE, amount=4, unit="hours"
    )
    factories.publish()
    ticket, _ = aside(agent)
    clock = Clock.objects.get(ticket=ticket, metric=Metric.NEXT_RESPONSE)
    assert (clock.started_at, clock.due_at) == (nov(2, "12:00"), nov(2, "16:00"))
