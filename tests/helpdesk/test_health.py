"""The health page tells what is wrong, and no details."""

import threading
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.db.models.functions import Now
from django.test import Client
from django.utils import timezone
from django_celery_beat.models import IntervalSchedule, PeriodicTask

from helpdesk import health
from sla.models import Sweep
from tests.peers import SmtpPeer, mail_goes_to, wait_until
from tickets.models import Delivery, User
from tickets.watchdog import DUTIES

HOUR = timedelta(hours=1)
ALL_OK = {"database": "ok", "migrations": "ok", "worker": "ok", "beat": "ok", "outbox": "ok"}


def seen(*, seconds_ago: float) -> None:
    """Worker and beat did their rounds that long ago; a round is 15 seconds."""
    at = timezone.now() - timedelta(seconds=seconds_ago)
    every, _ = IntervalSchedule.objects.get_or_create(every=15, period=IntervalSchedule.SECONDS)
    PeriodicTask.objects.all().delete()
    for name, duty in DUTIES.items():
        Sweep.objects.update_or_create(
            name=name, defaults={"period_seconds": 15, "last_run_at": at}
        )
        PeriodicTask.objects.create(name=name, task=duty.task, interval=every, last_run_at=at)


def queued(*, minutes_ago: float, **fields: object) -> Delivery:
    """A message that should have gone out that long ago."""
    at = timezone.now() - timedelta(minutes=minutes_ago)
    return Delivery.objects.create(
        **{
            "key": "k",
            "occasion": "reply",
            "recipient": "a@example.com",
            "mail_message_id": "<1@example.com>",
            "next_attempt_at": at,
            "created_at": at,
            **fields,
        }
    )


@pytest.mark.django_db
def test_a_desk_that_works_is_healthy(client: Client) -> None:
    seen(seconds_ago=20)
    queued(minutes_ago=4)
    answer = client.get("/health/")
    assert (answer.status_code, answer.json()) == (200, {"ok": True, "checks": ALL_OK})
    assert "no-cache" in answer["Cache-Control"]


@pytest.mark.django_db
@pytest.mark.parametrize(("seconds_ago", "status"), [(44, 200), (46, 503)])
def test_worker_and_beat_are_late_after_three_periods(
    client: Client, seconds_ago: int, status: int
) -> None:
    seen(seconds_ago=seconds_ago)
    answer = client.get("/health/")
    assert answer.status_code == status
    if status == 503:
        assert answer.json()["checks"] == ALL_OK | {"worker": "failed", "beat": "failed"}


@pytest.mark.django_db
def test_one_sweep_that_is_late_among_others_is_a_fault(client: Client) -> None:
    seen(seconds_ago=1)
    Sweep.objects.filter(name="recalculation").update(last_run_at=timezone.now() - HOUR)
    answer = client.get("/health/")
    assert answer.status_code == 503
    assert answer.json()["checks"] == ALL_OK | {"worker": "failed"}
    Sweep.objects.filter(name="recalculation").delete()
    assert client.get("/health/").json()["checks"] == ALL_OK | {"worker": "failed"}


@pytest.mark.django_db
def test_a_beat_that_is_away_is_told_apart_from_the_workers(client: Client) -> None:
    seen(seconds_ago=1)
    PeriodicTask.objects.update(last_run_at=timezone.now() - HOUR)
    assert client.get("/health/").json()["checks"] == ALL_OK | {"beat": "failed"}


@pytest.mark.django_db
def test_a_desk_where_nothing_ever_ran_is_not_healthy(client: Client) -> None:
    Sweep.objects.all().delete()
    PeriodicTask.objects.update(last_run_at=None)
    checks = client.get("/health/").json()["checks"]
    assert (checks["worker"], checks["beat"]) == ("failed", "failed")


@pytest.mark.django_db
@pytest.mark.parametrize(
    "state",
    [
        "queued",
        "leased",  # To a worker that died: the lease ran out and nobody has taken it back.
    ],
)
def test_a_message_that_nobody_sends_is_a_fault(client: Client, state: str) -> None:
    seen(seconds_ago=1)
    queued(minutes_ago=6, state=state)
    answer = client.get("/health/")
    assert answer.status_code == 503
    assert answer.json()["checks"] == ALL_OK | {"outbox": "failed"}


@pytest.mark.django_db
def test_a_message_that_has_gone_out_is_no_fault(client: Client) -> None:
    seen(seconds_ago=1)
    queued(minutes_ago=60, state="sent")
    assert client.get("/health/").status_code == 200


@pytest.mark.django_db(transaction=True)
def test_a_dead_database_is_an_answer_too(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    connection.close()
    monkeypatch.setitem(connection.settings_dict, "HOST", "/nowhere")
    answer = client.get("/health/")
    connection.close()
    assert answer.status_code == 503
    assert set(answer.json()["checks"].values()) == {"failed"}


@pytest.mark.django_db
def test_a_fault_of_ours_is_logged_and_is_an_answer_too(
    client: Client, caplog: pytest.LogCaptureFixture
) -> None:
    seen(seconds_ago=1)
    IntervalSchedule.objects.update(period="fortnights")
    answer = client.get("/health/")
    assert answer.status_code == 503
    assert answer.json()["checks"] == ALL_OK | {"worker": "failed", "beat": "failed"}
    assert "Health check worker" in caplog.text
    assert "fortnights" in caplog.text


# --- The mail about it, when no worker is left to send it -----------------------------------------


@pytest.fixture
def every_worker_is_away(transactional_db: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """Since an hour, and the web process has been there for longer than that."""
    User.objects.create_superuser("ada@desk.example")
    User.objects.create_superuser("boss@desk.example")
    monkeypatch.setattr(health, "AWAKE_SINCE", timezone.now() - 2 * HOUR)
    seen(seconds_ago=3600)


@pytest.fixture
def nobody_is_left_behind() -> Iterator[None]:
    yield
    wait_for_senders()


def wait_for_senders() -> None:
    for thread in threading.enumerate():
        if thread.name == health.SENDER:
            thread.join(20)


def ask(client: Client) -> None:
    assert client.get("/health/").json()["checks"]["worker"] == "failed"


def states() -> list[tuple[str, int]]:
    return list(Delivery.objects.order_by("recipient").values_list("state", "attempts"))


@pytest.mark.usefixtures("every_worker_is_away", "nobody_is_left_behind")
def test_the_health_page_sends_the_mail_itself_and_once(client: Client, settings: Any) -> None:
    with SmtpPeer() as peer:
        mail_goes_to(peer.port, settings)
        for _ in range(3):
            ask(client)
            wait_for_senders()
        assert sorted(mail.recipients[0] for mail in peer.received) == [
            "ada@desk.example",
            "boss@desk.example",
        ]
    assert states() == [("sent", 1), ("sent", 1)]


@pytest.mark.usefixtures("every_worker_is_away", "nobody_is_left_behind")
def test_other_mail_is_left_to_the_workers(client: Client, settings: Any) -> None:
    reply = queued(minutes_ago=60)
    with SmtpPeer() as peer:
        mail_goes_to(peer.port, settings)
        ask(client)
        wait_for_senders()
        assert len(peer.received) == 2
    reply.refresh_from_db()
    assert (reply.state, reply.attempts) == ("queued", 0)


@pytest.mark.usefixtures("every_worker_is_away", "nobody_is_left_behind")
def test_while_the_outbox_is_swept_the_mail_is_left_to_the_workers(
    client: Client, settings: Any
) -> None:
    Sweep.objects.filter(name="outbox").update(last_run_at=timezone.now())
    with SmtpPeer() as peer:
        mail_goes_to(peer.port, settings)
        ask(client)
        wait_for_senders()
        assert peer.received == []
    assert states() == [("queued", 0), ("queued", 0)]


@pytest.mark.usefixtures("every_worker_is_away", "nobody_is_left_behind")
def test_the_page_answers_before_a_slow_mail_server_does(client: Client, settings: Any) -> None:
    with SmtpPeer() as peer:
        mail_goes_to(peer.port, settings, timeout=20)
        peer.hold()
        ask(client)
        wait_until(lambda: peer.held == 1, seconds=10)
        ask(client)  # Whoever asks meanwhile sends nothing beside.
        assert (peer.held, len(peer.received)) == (1, 1)
        assert "sent" not in dict(states())
        peer.release()
        wait_for_senders()
        assert set(peer.copies().values()) == {1}
    assert states() == [("sent", 1), ("sent", 1)]


@pytest.mark.usefixtures("every_worker_is_away", "nobody_is_left_behind")
def test_a_mail_that_is_not_taken_waits_for_its_next_attempt(client: Client, settings: Any) -> None:
    with SmtpPeer({"RCPT": "451 4.3.0 Local error"}) as peer:
        mail_goes_to(peer.port, settings)
        for _ in range(2):
            ask(client)
            wait_for_senders()
        assert states() == [("queued", 1), ("queued", 1)]
        peer.answers.clear()
        Delivery.objects.update(next_attempt_at=Now())
        ask(client)
        wait_for_senders()
        assert set(peer.copies().values()) == {1}
    assert states() == [("sent", 2), ("sent", 2)]


@pytest.mark.usefixtures("every_worker_is_away", "nobody_is_left_behind")
def test_strangers_learn_no_details(client: Client) -> None:
    answer = client.get("/health/")
    assert set(answer.json()) == {"ok", "checks"}
    assert set(answer.json()["checks"].values()) == {"ok", "failed"}
