"""Workers side by side: an answer waits for what it answers, and of copies one alone is read."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from sla.models import Policy
from tests import factories
from tests.together import at_once
from tickets import addresses, inbound
from tickets.models import InboundMessage, Mailbox, Message, Ticket, User
from tickets.reading import Outcome

pytestmark = pytest.mark.usefixtures("policy")

ASHA = "asha@client.example"


@pytest.fixture
def mailbox(policy: Policy) -> Mailbox:
    return Mailbox.objects.create(address="support@example.com")


def put(subject: str, *headers: str, number: int, mailbox: Mailbox | None = None) -> InboundMessage:
    lines = [
        f"From: {ASHA}", f"Subject: {subject}", f"Message-ID: <{number}@client.example>",
        *headers, "", f"The words of {number}.",
    ]  # fmt: skip
    raw = "\r\n".join(lines).encode()
    return inbound.receive(raw, mailbox=mailbox, key=f"put:{number}", at=timezone.now())


def again(row: InboundMessage) -> InboundMessage:
    return InboundMessage.objects.get(pk=row.pk)


def let_time_pass(row: InboundMessage) -> None:
    ago = timezone.now() - timedelta(days=1)
    InboundMessage.objects.filter(pk=row.pk).update(next_attempt_at=ago)


def test_an_answer_that_overtakes_what_it_answers_waits_for_it(mailbox: Mailbox) -> None:
    root = put("Root", number=9001, mailbox=mailbox)
    # Whoever has it is slow, or no more.
    (held,) = inbound.lease_next()
    answer = put("Re: Root", "In-Reply-To: <9001@client.example>", number=9002, mailbox=mailbox)
    inbound.read_waiting(at=timezone.now())
    waiting = again(answer)
    assert (waiting.state, waiting.attempts, waiting.waits) == ("waiting", 0, 1)
    assert waiting.reason == (
        "It waits for an older message, which may be the one that it answers."
    )
    assert not User.objects.filter(email=ASHA).exists()
    inbound.read(held, at=timezone.now())
    let_time_pass(answer)
    inbound.read_waiting(at=timezone.now())
    assert (again(answer).outcome, again(answer).ticket) == (Outcome.REPLY, again(root).ticket)
    assert again(answer).reason == "Found by the messages that it refers to."


def test_it_does_not_wait_for_ever_and_is_put_into_no_quarantine(mailbox: Mailbox) -> None:
    put("Slow", number=9001, mailbox=mailbox)
    inbound.lease_next()
    answer = put("Re: Else", "References: <x@client.example>", number=9002, mailbox=mailbox)
    for _ in inbound.WAITS:
        inbound.read_waiting(at=timezone.now())
        assert again(answer).state == "waiting"
        let_time_pass(answer)
    inbound.read_waiting(at=timezone.now())
    assert again(answer).outcome == Outcome.TICKET
    assert sum(inbound.WAITS, timedelta()) > timedelta(seconds=360)


@pytest.mark.parametrize(
    ("headers", "elsewhere"),
    [([], False), (["In-Reply-To: <x@client.example>"], True)],
)
def test_a_new_matter_and_one_of_another_mailbox_wait_for_nobody(
    mailbox: Mailbox, headers: list[str], elsewhere: bool
) -> None:
    put("Slow", number=9001, mailbox=None if elsewhere else mailbox)
    inbound.lease_next()
    row = put("Else", *headers, number=9002, mailbox=mailbox)
    inbound.read_waiting(at=timezone.now())
    assert again(row).outcome == Outcome.TICKET


def test_what_is_made_a_ticket_by_a_person_waits_for_nobody(mailbox: Mailbox) -> None:
    headers = ["Auto-Submitted: auto-generated", "In-Reply-To: <x@client.example>"]
    row = put("Disk full", *headers, number=9002, mailbox=mailbox)
    inbound.read_waiting(at=timezone.now())
    put("Slow", number=9003, mailbox=mailbox)
    inbound.adopt(again(row), at=timezone.now())
    assert again(row).outcome == Outcome.TICKET


@pytest.mark.django_db(transaction=True)
def test_workers_that_read_copies_at_once_make_one_ticket(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(inbound, "BATCH", 1)
    boxes = [Mailbox.objects.create(address=f"box{n}@example.com") for n in range(4)]
    for number in range(5):
        for box in boxes:
            raw = f"From: {ASHA}\nMessage-ID: <{number}@c.example>\n\nHello.\n".encode()
            inbound.receive(raw, mailbox=box, key=f"{number}:{box}", at=timezone.now())
    at_once(*[lambda: inbound.read_waiting(at=timezone.now())] * 4)
    assert (Ticket.objects.count(), Message.objects.count()) == (5, 5)
    assert InboundMessage.objects.filter(outcome=Outcome.IGNORED).count() == 15


@pytest.mark.django_db(transaction=True)
def test_of_many_mails_at_once_no_more_are_p1() -> None:
    asha = factories.customer(ASHA)
    for _ in range(4):
        ticket = factories.ticket(requester=asha)
        put(f"P1 {ticket.pk}", f"To: {addresses.reply_address(ticket)}", number=ticket.pk)
    at_once(*[lambda: inbound.read_waiting(at=timezone.now())] * 3)
    assert Ticket.objects.filter(priority__code="P1").count() == 3
