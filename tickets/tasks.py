"""What Celery runs: doors that make one call each. Beat's schedule is in the database."""

from __future__ import annotations

from datetime import datetime
from typing import Protocol

from celery import shared_task
from django.utils import timezone

from sla.sweep import recorded
from tickets import (
    assignment,
    bulk,
    delivery,
    digests,
    escalation,
    fetching,
    inbound,
    indexing,
    monthly_reports,
    recalculation,
    scheduled_reports,
    watchdog,
)
from tickets.imports import jobs
from tickets.rules import following

AWAKE_SINCE = timezone.now()


class Work(Protocol):
    """Answers how many rows it handled."""

    def __call__(self, *, at: datetime) -> int: ...


@shared_task
def deliver() -> None:
    """Send what waits in the outbox."""
    _sweep(watchdog.OUTBOX, delivery.send_waiting)


@shared_task
def escalate() -> None:
    """Fire the escalation steps that are due."""
    _sweep(watchdog.ESCALATION, escalation.fire_due_steps)


@shared_task
def recalculate() -> None:
    """Go on with what a change of a calendar or a policy asked for."""
    _sweep(watchdog.RECALCULATION, recalculation.go_on)


@shared_task
def fetch_mail() -> None:
    """Fetch what is unread in the mailboxes."""
    _sweep(watchdog.FETCHING, fetching.fetch_due)


@shared_task
def read_mail() -> None:
    """Make tickets and replies of the messages that arrived."""
    _sweep(watchdog.INBOX, inbound.read_waiting)


@shared_task
def act_in_bulk() -> None:
    """Go on with what agents asked for on many tickets."""
    _sweep(watchdog.BULK, bulk.go_on)


@shared_task
def bring_in() -> None:
    """Go on with the files that administrators bring in."""
    _sweep(watchdog.IMPORTS, jobs.go_on)


@shared_task
def hand_out() -> None:
    """Give tickets to the agents who are at work, and take them from those who left."""
    _sweep(watchdog.ASSIGNMENT, assignment.go_on)


@shared_task
def follow_rules() -> None:
    """Do what the rules say about what happened."""
    _sweep(watchdog.RULES, following.follow)


@shared_task
def index_search() -> None:
    """Write the words of the tickets that have changed."""
    _sweep(watchdog.SEARCH, indexing.write_marked)


@shared_task
def notify() -> None:
    """Write to agents of what happened to their tickets."""
    _sweep(watchdog.NOTIFICATIONS, digests.go_on)


@shared_task
def send_reports() -> None:
    """Queue the monthly reports of customers that are due."""
    _sweep(watchdog.REPORTS, monthly_reports.send_due)


@shared_task
def send_scheduled_reports() -> None:
    """Queue the saved reports that are sent by mail and are due."""
    _sweep(watchdog.SCHEDULED_REPORTS, scheduled_reports.go_on)


def _sweep(name: str, work: Work) -> None:
    """Work, leave a record of it, and look whether the other sweeps run as well."""
    at = timezone.now()
    with recorded(name, period=watchdog.period_of(name), at=at) as run:
        run.did = work(at=at)
    watchdog.look(at=timezone.now(), since=AWAKE_SINCE)
