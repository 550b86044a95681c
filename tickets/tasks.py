"""What Celery runs: doors that make one call each. Beat's schedule is in the database."""

from __future__ import annotations

from datetime import timedelta

from celery import shared_task
from django.utils import timezone

from sla.sweep import recorded
from tickets import delivery, escalation

SWEEP_PERIOD = timedelta(seconds=10)


@shared_task
def deliver() -> None:
    """Send what waits in the outbox."""
    at = timezone.now()
    with recorded("outbox", period=SWEEP_PERIOD, at=at) as run:
        run.did = delivery.send_waiting(at=at)


@shared_task
def escalate() -> None:
    """Fire the escalation steps that are due."""
    at = timezone.now()
    with recorded("escalation", period=SWEEP_PERIOD, at=at) as run:
        run.did = escalation.fire_due_steps(at=at)
