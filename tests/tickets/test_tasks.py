"""The doors that Celery knows: each makes its call with the time of day, and is on record."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from celery import current_app
from django_celery_beat.models import PeriodicTask

from sla.models import Sweep
from tests import factories
from tickets import inbound, outbox, tasks, watchdog
from tickets.models import Delivery

pytestmark = pytest.mark.usefixtures("policy")


def test_a_due_step_becomes_a_mail_that_is_sent(mailoutbox: list[object]) -> None:
    factories.ticket("P1")  # Of a Monday that is over: each of its five steps is due.
    began = datetime.now(UTC)
    tasks.escalate()
    tasks.deliver()
    assert len(mailoutbox) == Delivery.objects.filter(state=Delivery.State.SENT).count() == 6
    sweeps = {sweep.name: sweep for sweep in Sweep.objects.all()}
    assert {name: sweep.did for name, sweep in sweeps.items()} == {"escalation": 5, "outbox": 6}
    for sweep in sweeps.values():
        assert began <= sweep.last_run_at <= datetime.now(UTC)
        assert not sweep.is_late(datetime.now(UTC) + timedelta(seconds=10))


def test_what_beat_and_the_outbox_call_exists() -> None:
    current_app.loader.import_default_modules()
    ours = {name for name in current_app.tasks if name.startswith("tickets.")}
    assert ours == {duty.task for duty in watchdog.DUTIES.values()}
    assert {outbox.DELIVER, inbound.READ} <= ours
    scheduled = PeriodicTask.objects.filter(task__startswith="tickets.")
    assert set(scheduled.values_list("task", flat=True)) <= ours
