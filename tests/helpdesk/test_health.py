"""The health page tells what is wrong, and no details."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client
from django.utils import timezone
from django_celery_beat.models import IntervalSchedule, PeriodicTask

from sla.models import Sweep
from tickets.models import Delivery

ALL_OK = {"database": "ok", "migrations": "ok", "worker": "ok", "beat": "ok", "outbox": "ok"}


def seen(*, seconds_ago: float) -> None:
    """Worker and beat did their rounds that long ago."""
    at = timezone.now() - timedelta(seconds=seconds_ago)
    Sweep.objects.update_or_create(
        name="outbox",
        defaults={"period_seconds": 15, "last_run_at": at, "took_ms": 1, "did": 0},
    )
    every, _ = IntervalSchedule.objects.get_or_create(every=15, period=IntervalSchedule.SECONDS)
    PeriodicTask.objects.all().delete()
    PeriodicTask.objects.create(name="outbox", task="outbox", interval=every, last_run_at=at)


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
def test_late_processes_are_told_apart_from_a_database_that_works(client: Client) -> None:
    seen(seconds_ago=100)
    answer = client.get("/health/")
    assert answer.status_code == 503
    assert answer.json()["checks"] == ALL_OK | {"worker": "failed", "beat": "failed"}


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
