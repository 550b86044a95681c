"""The promises of a ticket as an agent reads them: words, the time left, and a bar."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, cast

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import OuterRef
from django.db.models.functions import JSONObject

from sla.core import deadlines
from sla.core.hours import ALWAYS_OPEN
from sla.models import Clock, Pause, hours_of
from sla.templatetags.figures import open_time
from tickets.admin.standing import Standing, standing
from tickets.models import Ticket
from tickets.templatetags.desk import duration


@dataclass(frozen=True)
class Bar:
    """How much of a promise's time is used, in percent, and where its goal lies on the way."""

    used: int
    goal: int | None
    words: str


@dataclass(frozen=True)
class ClockRow:
    """A clock beside its words; `still_because` names the open pauses."""

    clock: Clock
    standing: Standing
    still_because: str
    bar: Bar | None = None


def clock_rows(ticket: Ticket, at: datetime) -> list[ClockRow]:
    """Running clocks first, the earliest deadline on top; then what is over, newest first.

    One query: pauses come with their clocks.
    """
    pauses = Pause.objects.filter(clock=OuterRef("pk"), ended_at=None).values(
        row=JSONObject(reason="reason")
    )
    found = ticket.clocks.select_related("priority").annotate(open_pauses=ArraySubquery(pauses))
    clocks = list(found)
    running = sorted((c for c in clocks if c.is_running), key=lambda c: c.due_at)
    over = sorted((c for c in clocks if not c.is_running), key=lambda c: c.end_or(at), reverse=True)
    return [
        ClockRow(clock, standing(clock, at), _reasons(clock), _bar(clock, at)) for clock in running
    ] + [ClockRow(clock, standing(clock, at), "") for clock in over]


def _reasons(clock: Clock) -> str:
    labels = dict(Pause.Reason.choices)
    return ", ".join(str(labels[row["reason"]]) for row in cast("Any", clock).open_pauses)


def _bar(clock: Clock, at: datetime) -> Bar:
    """The way from the start to the deadline in the time that counts for this clock.

    Pauses that are over have moved the deadline, and are part of the way here.
    """
    is_elapsed = clock.target_unit == deadlines.HOURS
    hours = ALWAYS_OPEN if is_elapsed else hours_of(clock.calendar_version_id)
    now = max(min(clock.end_or(at), clock.due_at), clock.started_at)
    whole = hours.between(clock.started_at, clock.due_at)
    left = hours.between(now, clock.due_at)
    goal = None
    if clock.goal_at and clock.goal_at < clock.due_at:
        goal = _percent(hours.between(clock.started_at, clock.goal_at), whole)
    used = _percent(whole - left, whole)
    if clock.is_breached(at):
        return Bar(100, goal, "All the time is used.")
    if is_elapsed:
        return Bar(used, goal, f"{duration(left)} left, day and night")
    # Never in days: a business day is not 24 hours.
    return Bar(used, goal, f"{open_time(left)} of business time left")


def _percent(part: timedelta, whole: timedelta) -> int:
    return min(round(100 * (part / whole)), 100) if whole else 100
