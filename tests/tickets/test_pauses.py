"""A channel whose peer lets us in no more rests: its deliveries wait, and burn no attempts."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.db.models.functions import Now
from django.test import Client

from tests import factories
from tests.factories import MONDAY
from tests.peers import SmtpPeer, mail_goes_to
from tickets import delivery, pauses
from tickets.models import ChannelPause, Delivery, Event, Ticket

pytestmark = pytest.mark.usefixtures("policy")

State = Delivery.State
MINUTE = timedelta(minutes=1)
# A worker begins the next try a moment late.
MOMENT = timedelta(seconds=5)


@pytest.fixture
def ticket() -> Ticket:
    return factories.ticket()


def waiting() -> Delivery:
    return Delivery.objects.get(occasion="acknowledgement")


def rests() -> timedelta:
    """How long the channel waits from now on."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT statement_timestamp()")
        now = cursor.fetchone()[0]
    return ChannelPause.objects.get().until - now


def its_time_comes() -> None:
    """The pause has run its course; as much earlier as it takes, so did its beginning."""
    pause = ChannelPause.objects.get()
    left = rests() + timedelta(milliseconds=1)
    ChannelPause.objects.update(until=pause.until - left, since=pause.since - left)


@pytest.mark.parametrize(
    ("answers", "reason"),
    [
        ({"GREETING": "554 5.7.1 No service for you"}, "554"),
        ({"MAIL": "530 5.7.0 Must issue a STARTTLS command first"}, "530"),
        ({"MAIL": "550 5.7.1 You may not send as this sender"}, "550"),
        ({"RCPT": "535 5.7.8 Log in"}, "535"),
    ],
)
def test_who_is_not_let_in_waits_without_an_attempt_and_goes_on_by_itself(
    settings: Any, ticket: Ticket, answers: dict[str, str], reason: str
) -> None:
    with SmtpPeer(answers) as peer:
        mail_goes_to(peer.port, settings)
        assert delivery.send_waiting(at=MONDAY) == 1
        row = waiting()
        assert (row.state, row.attempts, row.lease_token) == (State.QUEUED, 0, None)
        assert reason in row.last_error
        assert reason in ChannelPause.objects.get().reason
        assert 5 * MINUTE - MOMENT < rests() <= 5 * MINUTE
        assert delivery.send_waiting(at=MONDAY) == 0  # Nobody is troubled meanwhile.
    with SmtpPeer() as mended:
        mail_goes_to(mended.port, settings)
        its_time_comes()
        assert delivery.send_waiting(at=MONDAY) > 0
        assert waiting().state == State.SENT
        assert not ChannelPause.objects.exists()
        assert row.mail_message_id in [mail.message_id for mail in mended.received]
    assert not Event.objects.filter(kind=Event.Kind.UNDELIVERED).exists()


def test_a_refused_login_rests_twice_as_long_each_time_up_to_an_hour(
    settings: Any, ticket: Ticket
) -> None:
    waits = []
    with SmtpPeer(refuse_login=True) as peer:
        mail_goes_to(peer.port, settings)
        settings.EMAIL_HOST_USER = settings.EMAIL_HOST_PASSWORD = "wrong"
        for _ in range(7):
            assert delivery.send_waiting(at=MONDAY) == 1
            waits.append(rests())
            its_time_comes()
    for wait, minutes in zip(waits, (5, 10, 20, 40, 60, 60, 60), strict=True):
        assert abs(wait - minutes * MINUTE) < 2 * MOMENT, waits
    assert waiting().attempts == 0
    assert Delivery.objects.filter(attempts=0, state=State.QUEUED).count() == 2


def test_of_workers_that_fail_at_the_same_time_one_counts(ticket: Ticket) -> None:
    for _ in range(3):
        pauses.begin("email", "535 Wrong password", at=MONDAY)
    assert 5 * MINUTE - MOMENT < rests() <= 5 * MINUTE


def test_the_administrators_get_one_mail_about_a_pause(ticket: Ticket) -> None:
    boss = factories.agent("boss@desk.example", group="Administrator")
    factories.agent("meera@desk.example")
    for _ in range(3):
        pauses.begin("email", "535 Wrong <password>", at=MONDAY)
        its_time_comes()
    told = Delivery.objects.get(occasion="channel_pause")
    assert (told.recipient, told.user, told.ticket) == (boss.email, boss, None)
    assert "535 Wrong <password>" in told.text
    assert "535 Wrong &lt;password&gt;" in told.html


def test_a_later_pause_is_told_again(ticket: Ticket) -> None:
    pauses.begin("email", "535 Wrong password", at=MONDAY)
    pauses.end("email")
    pauses.begin("email", "535 Wrong password", at=MONDAY)
    assert Delivery.objects.filter(occasion="channel_pause").count() == 2


def test_another_channel_does_not_rest(ticket: Ticket) -> None:
    ChannelPause.objects.create(channel="pigeon", since=Now(), until=Now() + MINUTE, reason="Rain")
    assert delivery.lease_next() is not None


def test_the_front_page_says_what_no_mail_can_say(client: Client, ticket: Ticket) -> None:
    client.force_login(factories.agent())
    assert "do not go out" not in client.get("/admin/").content.decode()
    pauses.begin("email", "535 <Wrong> password", at=MONDAY)
    page = client.get("/admin/").content.decode()
    assert "Messages by email do not go out since" in page
    assert "535 &lt;Wrong&gt; password" in page
    assert "Nothing is undeliverable." not in page
