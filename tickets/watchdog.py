"""Notice a sweep that does not run any more, and tell the administrators once.

Whoever is alive looks: each sweep after its own work, and the web process on its health page.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import QuerySet
from django_celery_beat.models import IntervalSchedule, PeriodicTask

from sla.models import Sweep
from tickets import cues, notices, outbox, pool, wording
from tickets.models import User

OCCASION = "watchdog"
# A schedule that is faster is not watched more closely: beat looks at it every five seconds.
SHORTEST_PERIOD = timedelta(seconds=10)
# Whoever is started together with the one who looks needs a while.
START_UP = timedelta(minutes=1)


@dataclass(frozen=True)
class Duty:
    """What is to be done again and again: the task, and what stands still without it."""

    task: str
    without: str


OUTBOX, ESCALATION, RECALCULATION = "outbox", "escalation", "recalculation"
FETCHING, INBOX = "fetching", "inbox"
ASSIGNMENT, BULK, RULES = "assignment", "bulk actions", "rules"
SEARCH, NOTIFICATIONS = "search", "notifications"
REPORTS, SCHEDULED_REPORTS = "reports", "saved reports"
IMPORTS = "imports"
DUTIES = {
    OUTBOX: Duty(outbox.DELIVER, "mail does not go out"),
    ESCALATION: Duty("tickets.tasks.escalate", "nobody is told that a promise is at risk"),
    RECALCULATION: Duty(
        "tickets.tasks.recalculate", "deadlines do not follow a changed calendar or policy"
    ),
    FETCHING: Duty("tickets.tasks.fetch_mail", "mail is not fetched"),
    INBOX: Duty("tickets.tasks.read_mail", "mail that arrived does not become tickets"),
    ASSIGNMENT: Duty(pool.HAND_OUT, "tickets of teams are handed to nobody"),
    BULK: Duty("tickets.tasks.act_in_bulk", "what agents do to many tickets stands still"),
    IMPORTS: Duty("tickets.tasks.bring_in", "files that were begun are not brought in"),
    RULES: Duty(cues.FOLLOW, "the rules are not followed"),
    NOTIFICATIONS: Duty("tickets.tasks.notify", "agents are not written to of their tickets"),
    SEARCH: Duty("tickets.tasks.index_search", "search does not find what is new"),
    REPORTS: Duty("tickets.tasks.send_reports", "customers do not get their monthly reports"),
    SCHEDULED_REPORTS: Duty(
        "tickets.tasks.send_scheduled_reports", "saved reports are not sent by mail"
    ),
}


def look(*, at: datetime, since: datetime | None = None) -> list[Sweep]:
    """The sweeps that are late, as `sweeps` has them; tells the administrators what is news.

    `since` is when the caller's process began. Each sweep then gets time to begin as well, so that
    a desk that was switched off for the night raises no alarm in the morning.
    """
    rows = _rows(Sweep.objects.all())
    watched_since = since + START_UP if since else None
    if _unknown(rows, at, watched_since):
        _tell(at, watched_since)
    return [sweep for sweep in _complete(rows) if sweep.is_late(at)]


def sweeps() -> list[Sweep]:
    """Every sweep that there should be, with the period of beat's schedule.

    One that never ran is late and has no row. No mail is sent about it: it may be a new desk.
    """
    return _complete(_rows(Sweep.objects.all()))


def period_of(name: str) -> timedelta:
    """How often this sweep is meant to run, by beat's schedule."""
    return _periods().get(DUTIES[name].task, SHORTEST_PERIOD)


def watched_period(interval: IntervalSchedule) -> timedelta:
    """How often we expect a task with this schedule."""
    every: timedelta = interval.schedule.run_every
    return max(every, SHORTEST_PERIOD)


@transaction.atomic
def _tell(at: datetime, watched_since: datetime | None) -> None:
    """Queue a mail to each administrator; of those who look at the same time, one does."""
    rows = _rows(Sweep.objects.select_for_update(no_key=True).order_by("name"))
    unknown = _unknown(rows, at, watched_since)
    told_at = max((row.alarmed_at for row in rows if row.alarmed_at), default=None)
    Sweep.objects.filter(pk__in=[row.pk for row in unknown]).update(alarmed_at=at)
    # One that has not run since the last mail stood still already: that mail said so.
    if any(told_at is None or (row.ended_at and row.ended_at > told_at) for row in unknown):
        cause = f"{OCCASION}:{at.isoformat()}"
        letters = _letters(_complete(rows), at)
        outbox.queue(letters, occasion=OCCASION, cause=cause, ticket=None, at=at)


def _unknown(rows: Iterable[Sweep], at: datetime, watched_since: datetime | None) -> list[Sweep]:
    """Those that are late, of whom nobody was told."""
    untold = (row for row in rows if row.alarmed_at is None)
    return [row for row in untold if row.is_late(at, watched_since=watched_since)]


def _letters(found: Sequence[Sweep], at: datetime) -> list[outbox.Letter]:
    lines = [
        {
            "sweep": sweep,
            "without": DUTIES[sweep.name].without,
            "is_late": sweep.is_late(at),
            "quiet": at - sweep.ended_at if sweep.ended_at else None,
        }
        for sweep in found
    ]
    context: dict[str, Any] = {
        "late": [line for line in lines if line["is_late"]],
        "in_time": [line for line in lines if not line["is_late"]],
    }
    return [_letter(reader, context) for reader in notices.administrators()]


def _letter(reader: User | str, context: dict[str, Any]) -> outbox.Letter:
    user = reader if isinstance(reader, User) else None
    zone = (user.time_zone if user else "") or settings.TIME_ZONE
    words = wording.words(OCCASION, reader=user, zone=zone, **context)
    address = user.email if user else str(reader)
    return outbox.Letter(address, words.subject, words.text, words.html, user)


def _rows(rows: QuerySet[Sweep]) -> list[Sweep]:
    """Those that we know, with the period of now: a row has that of its last run."""
    periods = _periods()
    known = list(rows.filter(name__in=DUTIES))
    for row in known:
        period = periods.get(DUTIES[row.name].task, SHORTEST_PERIOD)
        row.period_seconds = int(period.total_seconds())
    return known


def _complete(rows: Iterable[Sweep]) -> list[Sweep]:
    by_name = {row.name: row for row in rows}
    seconds = int(SHORTEST_PERIOD.total_seconds())
    return [by_name.get(name) or Sweep(name=name, period_seconds=seconds) for name in DUTIES]


def _periods() -> dict[str, timedelta]:
    """By task; without those that have no interval, or that are switched off."""
    tasks = [duty.task for duty in DUTIES.values()]
    scheduled = PeriodicTask.objects.filter(task__in=tasks, enabled=True, interval__isnull=False)
    return {
        task.task: watched_period(task.interval) for task in scheduled.select_related("interval")
    }
