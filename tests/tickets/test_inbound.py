"""Mail that arrived: stored once, read once, and nothing stops the next one."""

from __future__ import annotations

import logging
from collections import Counter
from datetime import timedelta
from typing import Any

import pytest
from django.core.management import call_command
from django.utils import timezone

from sla.models import Policy
from tests.together import at_once
from tickets import inbound, reading
from tickets.inbound import StillIgnored
from tickets.models import Delivery, InboundMessage, Mailbox, Message, Ticket

State, Outcome = InboundMessage.State, InboundMessage.Outcome


@pytest.fixture
def mailbox(policy: Policy) -> Mailbox:
    return Mailbox.objects.create(address="support@example.com")


def raw(subject: str = "The report is empty", *headers: str, sender: str = "asha") -> bytes:
    lines = [
        f"From: Asha Rao <{sender}@client.example>",
        "To: support@example.com",
        f"Subject: {subject}",
        f"Message-ID: <{subject.replace(' ', '.')}@client.example>",
        *headers,
        "",
        "Since this morning.",
    ]
    return "\r\n".join(lines).encode()


def receive(mailbox: Mailbox | None, data: bytes, key: str = "") -> InboundMessage:
    return inbound.receive(data, mailbox=mailbox, key=key or f"k:{hash(data)}", at=timezone.now())


def read() -> int:
    return inbound.read_waiting(at=timezone.now())


def let_time_pass() -> None:
    """What waits is due, and what is leased was leased long ago."""
    InboundMessage.objects.unsettled().update(next_attempt_at=timezone.now() - timedelta(days=1))


def states() -> list[tuple[str, str]]:
    return list(InboundMessage.objects.order_by("pk").values_list("state", "outcome"))


# --- Receiving ------------------------------------------------------------------------------------


def test_a_message_is_stored_byte_for_byte(mailbox: Mailbox) -> None:
    data = b"\x00\xff no mail at all \r\n"
    row = receive(mailbox, data, "imap:1:2:3")
    stored = InboundMessage.objects.get(pk=row.pk)
    assert (bytes(stored.raw), stored.size, stored.key) == (data, len(data), "imap:1:2:3")
    assert stored.state == State.WAITING


def test_receiving_it_again_stores_nothing(mailbox: Mailbox) -> None:
    first = receive(mailbox, raw(), "imap:1:2:3")
    # The same name; and the same bytes after the server gave them another one.
    assert receive(mailbox, raw("Other"), "imap:1:2:3") == first
    assert receive(mailbox, raw(), "imap:1:9:1") == first
    assert InboundMessage.objects.count() == 1


def test_the_same_bytes_in_two_mailboxes_are_two_messages(mailbox: Mailbox) -> None:
    other = Mailbox.objects.create(address="sales@example.com")
    for box in (mailbox, other, None):
        receive(box, raw(), f"k:{box}")
    assert InboundMessage.objects.count() == 3


@pytest.mark.django_db(transaction=True)
def test_received_twice_at_once_it_is_one_row() -> None:
    answers = at_once(*[lambda: receive(None, raw(), "k:1").pk] * 4)
    assert len(set(answers)) == InboundMessage.objects.count() == 1


# --- Reading --------------------------------------------------------------------------------------


def test_each_message_is_read_once(mailbox: Mailbox) -> None:
    for number in range(3):
        receive(mailbox, raw(f"Number {number}"))
    assert (read(), read()) == (3, 0)
    assert states() == [(State.DONE, Outcome.TICKET)] * 3
    assert Ticket.objects.count() == 3
    row = InboundMessage.objects.latest("pk")
    assert (row.sender, row.subject) == ("asha@client.example", "Number 2")
    assert row.message is not None
    assert row.message.mail_message_id == "<Number.2@client.example>"


def test_what_waits_for_its_time_is_left_alone(mailbox: Mailbox) -> None:
    row = receive(mailbox, raw())
    InboundMessage.objects.filter(pk=row.pk).update(
        next_attempt_at=timezone.now() + timedelta(hours=1)
    )
    assert read() == 0


def test_a_worker_that_dies_in_the_middle_leaves_nothing_behind(
    mailbox: Mailbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    receive(mailbox, raw())

    def die(*args: Any, **values: Any) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(inbound, "_settle", die)
        with pytest.raises(KeyboardInterrupt):
            read()
    assert not Ticket.objects.exists()
    assert states() == [(State.LEASED, "")]
    assert read() == 0
    let_time_pass()
    assert read() == 1
    assert (Ticket.objects.count(), states()) == (1, [(State.DONE, Outcome.TICKET)])


def test_a_worker_whose_lease_ran_out_does_nothing(mailbox: Mailbox) -> None:
    receive(mailbox, raw())
    (slow,) = inbound.lease_next()
    let_time_pass()
    assert read() == 1
    inbound.read(slow, at=timezone.now())
    assert Ticket.objects.count() == 1


# --- When it cannot be understood -----------------------------------------------------------------


@pytest.fixture
def fault(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """Reading a message whose subject is "Poison" raises, after it has made a ticket."""
    understand = reading.understand

    def poisoned(row: InboundMessage, incoming: Any, **values: Any) -> reading.Reading:
        found = understand(row, incoming, **values)
        if incoming.subject == "Poison":
            raise RuntimeError("no such table")
        return found

    monkeypatch.setattr(inbound, "understand", poisoned)
    return monkeypatch


def test_a_message_that_raises_is_tried_again_and_then_put_aside(
    mailbox: Mailbox, fault: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    receive(mailbox, raw("Poison"))
    receive(mailbox, raw("Harmless"))
    with caplog.at_level(logging.ERROR):
        assert read() == 2
    assert [ticket.subject for ticket in Ticket.objects.all()] == ["Harmless"]
    assert states() == [(State.WAITING, ""), (State.DONE, Outcome.TICKET)]
    assert not Delivery.objects.exclude(ticket__subject="Harmless").exists()
    for _ in range(2):
        let_time_pass()
        read()
    row = InboundMessage.objects.get(state=State.QUARANTINED)
    assert (row.attempts, row.reason) == (3, "RuntimeError('no such table')")
    assert "no such table" in caplog.text
    let_time_pass()
    assert read() == 0


def test_what_is_in_quarantine_is_read_again_when_a_person_asks(
    mailbox: Mailbox, fault: pytest.MonkeyPatch
) -> None:
    row = receive(mailbox, raw("Poison"))
    for _ in range(3):
        read()
        let_time_pass()
    fault.undo()
    inbound.retry(row, at=timezone.now())
    assert read() == 1
    assert states() == [(State.DONE, Outcome.TICKET)]
    # Only what is in quarantine.
    inbound.retry(row, at=timezone.now())
    assert read() == 0


def test_a_message_that_ends_every_worker_is_put_aside(mailbox: Mailbox) -> None:
    receive(mailbox, raw())
    for _ in range(4):
        leased = inbound.lease_next()
        assert len(leased) == 1
        let_time_pass()
    assert read() == 1
    row = InboundMessage.objects.get()
    assert (row.state, row.reason) == (
        State.QUARANTINED, "Each worker that tried to read it came to an end.",
    )  # fmt: skip
    assert not Ticket.objects.exists()


def test_it_takes_no_other_message_with_it(mailbox: Mailbox) -> None:
    poison = receive(mailbox, raw("Poison")).pk
    for number in range(3):
        receive(mailbox, raw(f"Number {number}"))
    while leased := inbound.lease_next():
        for row in leased:
            if row.pk == poison and row.attempts <= 3:
                break  # Its worker is no more, nor does anybody settle the rest.
            inbound.read(row, at=timezone.now())
        let_time_pass()
    assert Counter(states()) == {
        (State.DONE, Outcome.TICKET): 3,
        (State.QUARANTINED, ""): 1,
    }


def test_a_mail_of_nobody_goes_into_quarantine_at_once(mailbox: Mailbox) -> None:
    receive(mailbox, b"\x00\x01\x02")
    assert read() == 1
    row = InboundMessage.objects.get()
    assert (row.state, row.reason) == (State.QUARANTINED, "It does not say who wrote it.")


def test_seen_is_the_sum_of_what_became_of_it(mailbox: Mailbox, fault: pytest.MonkeyPatch) -> None:
    receive(mailbox, raw("One"))
    receive(mailbox, raw("Two", "In-Reply-To: <One@client.example>"))
    receive(mailbox, raw("Three", "Auto-Submitted: auto-generated"))
    receive(mailbox, raw("Poison"))
    for _ in range(3):
        read()
        let_time_pass()
    assert sorted(states()) == sorted(
        [
            (State.DONE, Outcome.TICKET),
            (State.DONE, Outcome.REPLY),
            (State.DONE, Outcome.IGNORED),
            (State.QUARANTINED, ""),
        ]
    )


def test_what_was_ignored_can_be_made_a_ticket(mailbox: Mailbox) -> None:
    row = receive(mailbox, raw("Disk full", "Auto-Submitted: auto-generated"))
    read()
    row.refresh_from_db()
    inbound.adopt(row, at=timezone.now())
    row.refresh_from_db()
    assert row.outcome == Outcome.TICKET
    assert Ticket.objects.get().subject == "Disk full"
    assert not Delivery.objects.exists()
    with pytest.raises(StillIgnored):
        inbound.adopt(row, at=timezone.now())
    assert Ticket.objects.count() == 1


def test_our_own_mail_cannot_be_made_a_ticket(mailbox: Mailbox) -> None:
    data = raw().replace(b"asha@client.example>\r\nTo", b"support@example.com>\r\nTo")
    row = receive(mailbox, data)
    read()
    row.refresh_from_db()
    with pytest.raises(StillIgnored, match="one of our own addresses"):
        inbound.adopt(row, at=timezone.now())


@pytest.mark.django_db(transaction=True)
def test_two_workers_read_each_message_once() -> None:
    call_command("load_policy", country="", verbosity=0)
    mailbox = Mailbox.objects.create(address="support@example.com")
    for number in range(30):
        receive(mailbox, raw(f"Number {number}", sender=f"person{number}"))
    assert sum(at_once(read, read, read)) == 30
    assert (Ticket.objects.count(), Message.objects.count()) == (30, 30)
    assert states() == [(State.DONE, Outcome.TICKET)] * 30
