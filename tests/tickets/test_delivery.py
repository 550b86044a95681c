"""The outbox is emptied: each delivery is leased, sent and settled, whatever the mail server says.

Time passes for a delivery by moving its `next_attempt_at` back: its clock is the database's.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.db.models import F
from django.db.models.functions import Now

from tests import factories
from tests.factories import MONDAY
from tests.peers import CLOSE, HANG, SmtpPeer, closed_port, mail_goes_to
from tickets import delivery, outbox
from tickets.models import ChannelPause, Delivery, Event, Ticket

pytestmark = pytest.mark.usefixtures("policy")

State = Delivery.State
MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)
RECIPIENT = "asha@client.example"


@pytest.fixture
def peer(settings: Any) -> Iterator[SmtpPeer]:
    with SmtpPeer() as running:
        mail_goes_to(running.port, settings)
        yield running


@pytest.fixture
def ticket() -> Ticket:
    """A ticket without mail of its own."""
    made = factories.ticket()
    Delivery.objects.all().delete()
    return made


def queued(ticket: Ticket, *, cause: str = "test", subject: str = "Hello") -> Delivery:
    letter = outbox.Letter(RECIPIENT, subject, "Some words.\n", "<p>Some words.</p>")
    outbox.queue([letter], occasion="reply", cause=cause, ticket=ticket, at=MONDAY)
    return Delivery.objects.get(key=f"{cause}:{RECIPIENT}")


def again(row: Delivery) -> Delivery:
    return Delivery.objects.get(pk=row.pk)


def its_time_comes(row: Delivery) -> None:
    """A wait, or a lease, is over."""
    Delivery.objects.filter(pk=row.pk).update(next_attempt_at=Now() - MINUTE)


def database_now() -> datetime:
    with connection.cursor() as cursor:
        cursor.execute("SELECT statement_timestamp()")
        now = cursor.fetchone()[0]
    assert isinstance(now, datetime)
    return now


def waits(row: Delivery) -> timedelta:
    return again(row).next_attempt_at - database_now()


def undelivered(ticket: Ticket) -> list[str]:
    events = Event.objects.filter(ticket=ticket, kind=Event.Kind.UNDELIVERED)
    return list(events.values_list("detail", flat=True))


def test_a_delivery_that_is_taken_is_sent(peer: SmtpPeer, ticket: Ticket) -> None:
    row = queued(ticket)
    assert delivery.send_waiting(at=MONDAY) == 1
    sent = again(row)
    assert (sent.state, sent.attempts, sent.last_error) == (Delivery.State.SENT, 1, "")
    assert sent.lease_token is None
    assert sent.sent_at is not None
    assert abs(sent.sent_at - database_now()) < MINUTE
    (mail,) = peer.received
    assert mail.recipients == (RECIPIENT,)
    assert mail.message_id == row.mail_message_id
    assert mail.message["Subject"] == "Hello"


def test_nothing_is_sent_twice_or_before_its_time(peer: SmtpPeer, ticket: Ticket) -> None:
    queued(ticket)
    later = queued(ticket, cause="later")
    Delivery.objects.filter(pk=later.pk).update(next_attempt_at=Now() + HOUR)
    assert delivery.send_waiting(at=MONDAY) == 1
    assert delivery.send_waiting(at=MONDAY) == 0
    assert len(peer.received) == 1


def test_the_one_that_waited_longest_goes_first(peer: SmtpPeer, ticket: Ticket) -> None:
    rows = [queued(ticket, cause=str(n), subject=f"No. {n}") for n in range(4)]
    for row, minutes in zip(rows, (2, 9, 1, 5), strict=True):
        waiting = Delivery.objects.filter(pk=row.pk)
        waiting.update(next_attempt_at=F("next_attempt_at") - timedelta(minutes=minutes))
    delivery.send_waiting(at=MONDAY)
    subjects = [str(mail.message["Subject"]) for mail in peer.received]
    assert subjects == ["No. 1", "No. 3", "No. 0", "No. 2"]


# What the server does -> the state that follows, the attempts that count, whether all mail rests.
OUTCOMES = [
    ({"RCPT": "421 4.3.2 Closing down"}, State.QUEUED, 1, False),
    ({"GREETING": "421 4.3.2 Too busy"}, State.QUEUED, 1, False),
    ({"RCPT": "450 4.2.1 Greylisted"}, State.QUEUED, 1, False),
    ({"DATA": "451 4.3.0 Local error"}, State.QUEUED, 1, False),
    ({"RCPT": "550 5.1.1 No such user"}, State.DEAD, 1, False),
    ({"DATA": "552 5.3.4 Too big"}, State.DEAD, 1, False),
    ({"MAIL": "552 5.3.4 Too big"}, State.DEAD, 1, False),
    ({"DATA": "554 5.6.0 Bad content"}, State.DEAD, 1, False),
    ({"GREETING": "554 5.7.1 No service for you"}, State.QUEUED, 0, True),
    ({"MAIL": "550 5.7.1 You may not send as this sender"}, State.QUEUED, 0, True),
    ({"MAIL": "535 5.7.8 Log in"}, State.QUEUED, 0, True),
    ({"GREETING": HANG}, State.QUEUED, 1, False),
    ({"DATA": HANG}, State.QUEUED, 1, False),
    ({"DATA": CLOSE}, State.QUEUED, 1, False),
    ({"TAKEN": CLOSE}, State.QUEUED, 1, False),  # It has the message, and we cannot know.
    ({"TAKEN": HANG}, State.QUEUED, 1, False),
    ({f"RCPT {RECIPIENT}": "550 5.1.1 No such user"}, State.DEAD, 1, False),
    ({"RCPT other@client.example": "550 5.1.1 No such user"}, State.SENT, 1, False),
]


@pytest.mark.parametrize(("answers", "state", "attempts", "rests"), OUTCOMES)
def test_what_the_server_does_decides_the_state_that_follows(
    settings: Any,
    ticket: Ticket,
    answers: dict[str, str],
    state: Delivery.State,
    attempts: int,
    rests: bool,
) -> None:
    row = queued(ticket)
    with SmtpPeer(answers) as peer:
        mail_goes_to(peer.port, settings, timeout=0.3)
        delivery.send_waiting(at=MONDAY)
    after = again(row)
    assert (after.state, after.attempts) == (state, attempts)
    assert ChannelPause.objects.exists() is rests
    assert after.lease_token is None
    assert (after.last_error == "") is (state == State.SENT)
    assert len(undelivered(ticket)) == (state == State.DEAD)
    with SmtpPeer() as mended:
        mail_goes_to(mended.port, settings)
        ChannelPause.objects.update(until=Now())
        its_time_comes(row)
        delivery.send_waiting(at=MONDAY)
    copies = [mail for mail in mended.received if RECIPIENT in mail.recipients]
    assert {mail.message_id for mail in [*peer.received, *copies]} <= {row.mail_message_id}
    assert bool(copies) is (state == State.QUEUED)
    assert not ChannelPause.objects.exists()


@pytest.mark.parametrize(
    ("answers", "reason"),
    [
        ({"RCPT": "421 4.3.2 Closing down"}, "421"),
        ({"RCPT": "450 4.2.1 Greylisted"}, "450"),
        ({"RCPT": "451 4.3.0 Local error"}, "451"),
        ({"DATA": "451 4.3.0 Local error"}, "451"),
        ({"GREETING": "421 4.3.2 Too busy"}, "421"),
        ({"GREETING": HANG}, "timed out"),
        ({"DATA": HANG}, "timed out"),
        ({"DATA": CLOSE}, "closed"),
    ],
)
def test_temporary_trouble_queues_the_same_message_again(
    settings: Any, ticket: Ticket, answers: dict[str, str], reason: str
) -> None:
    row = queued(ticket)
    with SmtpPeer(answers) as peer:
        mail_goes_to(peer.port, settings, timeout=0.3)
        delivery.send_waiting(at=MONDAY)
        after = again(row)
        assert (after.state, after.attempts) == (Delivery.State.QUEUED, 1)
        assert reason in after.last_error
        assert 0.8 * MINUTE - timedelta(seconds=5) < waits(row) < 1.2 * MINUTE
        assert undelivered(ticket) == []
        peer.answers.clear()
        if "GREETING" not in answers:
            its_time_comes(row)
            delivery.send_waiting(at=MONDAY)
            assert again(row).state == Delivery.State.SENT
            assert {mail.message_id for mail in peer.received} == {row.mail_message_id}


@pytest.mark.parametrize(
    ("stage", "answer"),
    [
        ("RCPT", "550 5.1.1 No such user"),
        ("RCPT", "552 5.2.2 Mailbox full"),
        ("RCPT", "554 5.7.1 Rejected"),
        ("DATA", "550 5.7.1 Looks like spam"),
        ("DATA", "552 5.3.4 Too big"),
        ("DATA", "554 5.6.0 Bad content"),
    ],
)
def test_a_refusal_for_good_is_dead_and_told_on_the_ticket(
    settings: Any, ticket: Ticket, stage: str, answer: str
) -> None:
    row = queued(ticket)
    with SmtpPeer({stage: answer}) as peer:
        mail_goes_to(peer.port, settings)
        delivery.send_waiting(at=MONDAY)
        its_time_comes(row)
        assert delivery.send_waiting(at=MONDAY) == 0
    after = again(row)
    assert (after.state, after.attempts, after.last_error) == (Delivery.State.DEAD, 1, answer)
    assert undelivered(ticket) == [f"Hello to {RECIPIENT}: {answer}"]


def test_one_refused_recipient_of_two_is_refused_alone(peer: SmtpPeer, ticket: Ticket) -> None:
    letters = [outbox.Letter(f"{name}@client.example", "Hello", "Hi.\n", "") for name in "ab"]
    outbox.queue(letters, occasion="reply", cause="test", ticket=ticket, at=MONDAY)
    peer.answers["RCPT a@client.example"] = "550 5.1.1 No such user"
    assert delivery.send_waiting(at=MONDAY) == 2
    states = dict(Delivery.objects.values_list("recipient", "state"))
    assert states == {"a@client.example": State.DEAD, "b@client.example": State.SENT}
    assert [mail.recipients for mail in peer.received] == [("b@client.example",)]


def test_a_run_keeps_one_connection(peer: SmtpPeer, ticket: Ticket) -> None:
    for n in range(5):
        queued(ticket, cause=str(n))
    assert delivery.send_waiting(at=MONDAY) == 5
    assert peer.connections == 1
    assert len(peer.copies()) == 5


def test_waits_grow_until_the_message_is_given_up(settings: Any, ticket: Ticket) -> None:
    row = queued(ticket)
    grown = []
    with closed_port() as port:
        mail_goes_to(port, settings)
        while again(row).state == Delivery.State.QUEUED:
            its_time_comes(row)
            delivery.send_waiting(at=MONDAY)
            grown.append(waits(row))
    # 1, 5, 15 and 60 minutes, 4 hours, then every 8 hours: three days in all, with jitter.
    meant = [MINUTE, 5 * MINUTE, 15 * MINUTE, HOUR, 4 * HOUR, *[8 * HOUR] * 8]
    assert len(grown) == len(meant) + 1
    for wait, middle in zip(grown, meant, strict=False):
        assert 0.8 * middle - timedelta(seconds=5) < wait < 1.2 * middle
    assert again(row).state == Delivery.State.DEAD
    assert len(undelivered(ticket)) == 1


def test_a_dead_delivery_can_be_sent_again_with_the_same_message_id(
    settings: Any, ticket: Ticket
) -> None:
    row = queued(ticket)
    with SmtpPeer({"RCPT": "550 5.1.1 No such user"}) as peer:
        mail_goes_to(peer.port, settings)
        delivery.send_waiting(at=MONDAY)
        peer.answers.clear()
        delivery.retry(again(row), at=MONDAY)
        assert (again(row).state, again(row).attempts) == (Delivery.State.QUEUED, 0)
        delivery.send_waiting(at=MONDAY)
        assert again(row).state == Delivery.State.SENT
        assert [mail.message_id for mail in peer.received] == [row.mail_message_id]


def test_what_is_not_dead_is_not_sent_again(peer: SmtpPeer, ticket: Ticket) -> None:
    row = queued(ticket)
    delivery.send_waiting(at=MONDAY)
    delivery.retry(again(row), at=MONDAY)
    assert again(row).state == Delivery.State.SENT
    assert delivery.send_waiting(at=MONDAY) == 0
    assert len(peer.received) == 1


def test_a_lease_keeps_others_away_until_it_runs_out(
    settings: Any, peer: SmtpPeer, ticket: Ticket
) -> None:
    row = queued(ticket)
    leased = delivery.lease_next()  # A worker took it, and died.
    assert leased is not None
    seconds = timedelta(seconds=settings.DELIVERY_LEASE_SECONDS)
    assert seconds - MINUTE < waits(row) <= seconds
    assert delivery.send_waiting(at=MONDAY) == 0
    its_time_comes(row)
    assert delivery.send_waiting(at=MONDAY) == 1
    assert (again(row).state, again(row).attempts) == (Delivery.State.SENT, 2)
    assert [mail.message_id for mail in peer.received] == [row.mail_message_id]


def test_a_late_worker_sends_a_copy_and_does_not_touch_the_outcome(
    peer: SmtpPeer, ticket: Ticket
) -> None:
    row = queued(ticket)
    late = delivery.lease_next()
    assert late is not None
    its_time_comes(row)
    delivery.send_waiting(at=MONDAY)
    settled = again(row)
    peer.answers["RCPT"] = "550 5.1.1 No such user"
    delivery.send(late, at=MONDAY)  # It wakes up, and is refused.
    assert again(row).state == settled.state == Delivery.State.SENT
    assert again(row).last_error == ""
    assert undelivered(ticket) == []


def test_a_late_worker_does_not_end_the_lease_of_another(peer: SmtpPeer, ticket: Ticket) -> None:
    row = queued(ticket)
    late = delivery.lease_next()
    its_time_comes(row)
    holder = delivery.lease_next()
    assert late is not None
    assert holder is not None
    delivery.send(late, at=MONDAY)
    assert again(row).state == Delivery.State.LEASED
    assert again(row).lease_token == holder.lease_token
    delivery.send(holder, at=MONDAY)
    assert again(row).state == Delivery.State.SENT
    assert peer.copies() == {(row.mail_message_id, RECIPIENT): 2}


def test_a_slow_worker_whose_lease_nobody_took_settles_it(peer: SmtpPeer, ticket: Ticket) -> None:
    row = queued(ticket)
    slow = delivery.lease_next()
    assert slow is not None
    its_time_comes(row)
    delivery.send(slow, at=MONDAY)
    assert again(row).state == Delivery.State.SENT


def test_a_message_that_ends_every_worker_is_given_up(peer: SmtpPeer, ticket: Ticket) -> None:
    row = queued(ticket)
    for _ in range(len(delivery.LADDER) + 1):
        assert delivery.lease_next() is not None  # The worker dies, without a word.
        its_time_comes(row)
    assert delivery.send_waiting(at=MONDAY) == 1
    assert again(row).state == Delivery.State.DEAD
    assert peer.received == []
    assert "Each worker" in undelivered(ticket)[0]


def test_a_header_with_a_line_break_is_dead_and_the_next_one_goes_out(
    peer: SmtpPeer, ticket: Ticket
) -> None:
    poison = queued(ticket)
    Delivery.objects.filter(pk=poison.pk).update(subject="Hello\r\nBcc: all@client.example")
    queued(ticket, cause="next", subject="Next")
    assert delivery.send_waiting(at=MONDAY) == 2
    assert again(poison).state == Delivery.State.DEAD
    assert [str(mail.message["Subject"]) for mail in peer.received] == ["Next"]
    assert all("Bcc" not in mail.message for mail in peer.received)


def test_a_fault_of_ours_is_logged_and_the_next_one_goes_out(
    peer: SmtpPeer, ticket: Ticket, caplog: pytest.LogCaptureFixture
) -> None:
    odd = queued(ticket)
    Delivery.objects.filter(pk=odd.pk).update(channel="pigeon")
    queued(ticket, cause="next", subject="Next")
    assert delivery.send_waiting(at=MONDAY) == 2
    after = again(odd)
    assert (after.state, after.last_error) == (Delivery.State.QUEUED, "KeyError('pigeon')")
    assert "could not be sent" in caplog.text
    assert len(peer.received) == 1


def test_a_reason_of_any_length_and_with_any_byte_is_kept(settings: Any, ticket: Ticket) -> None:
    row = queued(ticket)
    rubbish = "550-\x00\x01 no\r\n" * 500 + "550 \x00 no"
    with SmtpPeer({"RCPT": rubbish}) as peer:
        mail_goes_to(peer.port, settings)
        delivery.send_waiting(at=MONDAY)
    after = again(row)
    assert after.state == Delivery.State.DEAD
    assert after.last_error.startswith("550 ")
    assert len(after.last_error) <= delivery.LONGEST_REASON


def test_a_run_begins_no_message_after_its_time(settings: Any, ticket: Ticket) -> None:
    for n in range(3):
        queued(ticket, cause=str(n))
    with SmtpPeer({"RCPT": HANG}) as peer:
        mail_goes_to(peer.port, settings, timeout=0.3)
        assert delivery.send_waiting(at=MONDAY, seconds=0.1) == 1
    assert Delivery.objects.filter(attempts=0).count() == 2


def test_a_delivery_of_no_ticket_dies_alone(settings: Any, ticket: Ticket) -> None:
    row = queued(ticket)
    Delivery.objects.filter(pk=row.pk).update(ticket=None)
    with SmtpPeer({"RCPT": "550 5.1.1 No such user"}) as peer:
        mail_goes_to(peer.port, settings)
        delivery.send_waiting(at=MONDAY)
    assert again(row).state == Delivery.State.DEAD
    assert not Event.objects.filter(kind=Event.Kind.UNDELIVERED).exists()


@pytest.mark.parametrize(("age", "state"), [(9, State.SENT), (11, State.CANCELLED)])
def test_a_code_that_holds_no_more_is_not_sent(peer: SmtpPeer, age: int, state: str) -> None:
    letter = outbox.Letter(RECIPIENT, "Your code", "1234-5678\n", "<p>1234-5678</p>")
    outbox.queue([letter], occasion=outbox.LOGIN_CODE, cause="code", ticket=None, at=MONDAY)
    delivery.send_waiting(at=MONDAY + age * MINUTE)
    assert Delivery.objects.get().state == state
    assert len(peer.received) == (state == State.SENT)
