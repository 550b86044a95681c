"""Deadlines, goals and steps of a clock, reckoned from its facts; nothing is written.

What the rows store of these answers (`due_at`, `goal_at`, `next_step_at` ...) are caches of them,
which `refreshed` sets. Pauses are given as rows, or as the spans of those that are over.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from datetime import datetime, timedelta

from sla.core import deadlines
from sla.core.hours import Hours, NeverOpen
from sla.models import Clock, EscalationStep, Pause, Recalculation, hours_of
from sla.models.steps import steps_for

type Spans = Sequence[tuple[datetime, datetime]]

# The caches, as the database calls them.
CACHES = (
    "paused_at", "due_at", "goal_at", "next_step_at", "counted_seconds", "business_seconds",
)  # fmt: skip

IN_BUSINESS_TIME = deadlines.Target(1, deadlines.BUSINESS_HOURS)


def hours(clock: Clock) -> Hours:
    """The business time that the clock runs on."""
    return hours_of(clock.calendar_version_id)


def own_due(clock: Clock, pauses: Spans) -> datetime:
    """When this clock's own target is over, whatever was promised before."""
    return deadlines.deadline(
        target=clock.target, hours=hours(clock), start=clock.started_at, pauses=pauses
    )


def due_of(clock: Clock, pauses: Spans) -> datetime:
    """The deadline as a pure function of the clock's facts: the earlier of two promises."""
    own = own_due(clock, pauses)
    earlier = clock.earlier_promise
    return min(own, due_of(earlier, pauses)) if earlier else own


def deciding(clock: Clock, pauses: Spans) -> Clock:
    """The clock whose own target is the deadline: this one, or the promise before a raise."""
    found, due = clock, own_due(clock, pauses)
    earlier = clock.earlier_promise
    while earlier is not None:
        if (own := own_due(earlier, pauses)) < due:
            found, due = earlier, own
        earlier = earlier.earlier_promise
    return found


def goal_of(clock: Clock, pauses: Spans, *, due: datetime) -> datetime | None:
    """When the ticket turns amber: the goal, at the latest the deadline itself."""
    if clock.goal is None:
        return None
    goal = deadlines.deadline(
        target=clock.goal, hours=hours(clock), start=clock.started_at, pauses=pauses
    )
    return min(goal, due)


def step_at(clock: Clock, step: EscalationStep, pauses: Spans) -> datetime:
    """When this step is due: so many percent of the counted time from start to deadline.

    A step that keeps to opening hours waits for the next opening of the clock's calendar.
    """
    # The deadline itself takes no reckoning.
    at = (
        clock.due_at
        if step.percent == 100
        else deadlines.instant_at(
            target=clock.target,
            hours=hours(clock),
            start=clock.started_at,
            pauses=pauses,
            percent=step.percent,
            due=clock.due_at,
        )
    )
    return hours(clock).next_open(at) if step.only_in_opening_hours else at


def reachable(
    clock: Clock, steps: Iterable[EscalationStep], pauses: Spans
) -> Iterator[tuple[datetime, EscalationStep]]:
    """The steps with their instants; without those that lie further away than hours are known.

    A step at many times the target, or one that waits for an opening that never comes, must not
    keep a ticket from its promise.
    """
    for step in steps:
        with suppress(NeverOpen, OverflowError):
            yield step_at(clock, step, pauses), step


def next_step_of(clock: Clock, waiting: Iterable[EscalationStep], pauses: Spans) -> datetime | None:
    """The earliest of the steps that have not fired yet; None while the clock stands still."""
    if not clock.is_running or clock.paused_at is not None:
        return None
    return min((at for at, _ in reachable(clock, waiting, pauses)), default=None)


def finished(pauses: Iterable[Pause]) -> list[tuple[datetime, datetime]]:
    """The pauses that are over, as the pure functions take them."""
    return [(pause.started_at, pause.ended_at) for pause in pauses if pause.ended_at is not None]


def refreshed(
    clock: Clock, pauses: Sequence[Pause], steps: Iterable[EscalationStep], fired: Iterable[int]
) -> Clock:
    """Set every cache of the clock from its facts. `steps` are its policy's, `fired` their ids."""
    spans = finished(pauses)
    open_since = [pause.started_at for pause in pauses if pause.ended_at is None]
    clock.paused_at = max(min(open_since), clock.started_at) if open_since else None
    clock.due_at = due_of(clock, spans)
    clock.goal_at = goal_of(clock, spans, due=clock.due_at)
    gone = set(fired)
    applying = steps_for(steps, priority_id=clock.priority_id, metric=clock.metric)
    clock.next_step_at = next_step_of(clock, (s for s in applying if s.pk not in gone), spans)
    end = clock.stopped_at or clock.superseded_at
    clock.counted_seconds = _used(clock, clock.target, end, spans)
    clock.business_seconds = _used(clock, IN_BUSINESS_TIME, end, spans)
    return clock


def adopt(clock: Clock, change: Recalculation) -> bool:
    """Give the clock the facts of the new version; answers whether it has any new ones.

    A promise that the new version does not make any more runs on as it was made; new pause rules
    hold for the next wait, and one that has begun goes on as it began.
    """
    if change.calendar_version is not None:
        clock.calendar_version = change.calendar_version
        return True
    version = change.policy_version
    if version is None:
        return False
    targets = version.promised(priority_id=clock.priority_id, metrics=[clock.metric])
    if not targets:
        return False
    clock.policy_version, target = version, targets[0]
    clock.target_amount, clock.target_unit = target.amount, target.unit
    clock.goal_amount, clock.kept_by_lowering = target.goal_amount, target.kept_by_lowering
    current = version.calendar.current_version
    if current is not None and clock.calendar_version.calendar_id != version.calendar_id:
        clock.calendar_version = current
    return True


def _used(
    clock: Clock, target: deadlines.Target, end: datetime | None, pauses: Spans
) -> int | None:
    if end is None:
        return None
    used: timedelta = deadlines.counted(
        target=target, hours=hours(clock), start=clock.started_at, end=end, pauses=pauses
    )
    return int(used.total_seconds())
