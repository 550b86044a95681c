"""Start, pause, resume, stop, reopen and supersede the clocks of a ticket.

Every function writes the facts, refreshes the caches from them, and adds a line to the ledger.
Callers hold the lock on the ticket's row; a ticket is only an id here.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from django.db.models import Exists, OuterRef

from sla.core import deadlines
from sla.core.hours import Hours
from sla.models import Clock, ClockEvent, EscalationStep, Metric, Pause, PauseRule, Target, hours_of
from sla.models.clocks import ClockQuerySet
from sla.models.policies import steps_for

if TYPE_CHECKING:
    from typing import Any

    from sla.models import Policy, Priority

    type Person = Any  # Of settings.AUTH_USER_MODEL, which lives above this floor.
    type Spans = Sequence[tuple[datetime, datetime]]

IN_BUSINESS_TIME = deadlines.Target(1, "business_hours")


@dataclass(frozen=True)
class Promise:
    """What would be promised to a ticket that is submitted now; nothing is stored."""

    target: Target
    due_at: datetime
    goal_at: datetime | None


def promises(*, policy: Policy, priority: Priority, at: datetime) -> list[Promise]:
    """The promises of this policy for a ticket of this priority submitted at `at`."""
    clocks = _fresh(
        ticket_id=0, policy=policy, priority=priority, metrics=Metric.values, started_at=at
    )
    targets = {target.metric: target for target in policy.targets.filter(priority=priority)}
    found = []
    for clock in clocks:
        due = due_of(clock, [])
        found.append(Promise(targets[clock.metric], due, goal_of(clock, [], due=due)))
    return found


def start(
    *,
    ticket_id: int,
    policy: Policy,
    priority: Priority,
    metrics: Iterable[str],
    at: datetime,
    by: Person | None = None,
    reason: str = "",
    measured_from: datetime | None = None,
) -> list[Clock]:
    """Start a clock for each metric that the policy promises something about.

    `measured_from` is where the target's time begins, `at` itself when it is not given.
    """
    clocks = _fresh(
        ticket_id=ticket_id,
        policy=policy,
        priority=priority,
        metrics=metrics,
        started_at=measured_from or at,
    )
    _begin(clocks, at=at, by=by, reason=reason)
    return clocks


def pause(
    *, ticket_id: int, condition: str, at: datetime, by: Person | None, reason: str = ""
) -> None:
    """Let the clocks stand still that their policy stops in this condition (reading 6)."""
    rule = PauseRule.objects.filter(
        policy=OuterRef("policy"), metric=OuterRef("metric"), condition=condition
    )
    paused = Pause.objects.filter(clock=OuterRef("pk"), reason=condition, ended_at=None)
    for clock in _running(ticket_id).filter(Exists(rule), ~Exists(paused)):
        clock.pauses.create(reason=condition, started_at=at)
        before = clock.due_at
        _refresh(clock)
        _record(clock, ClockEvent.Kind.PAUSED, at=at, by=by, reason=reason, before=before)


def resume(
    *, ticket_id: int, condition: str, at: datetime, by: Person | None, reason: str = ""
) -> None:
    """End the pauses of this condition; what they lasted is added to the deadline."""
    waiting = Pause.objects.filter(clock=OuterRef("pk"), reason=condition, ended_at=None)
    for clock in _running(ticket_id).filter(Exists(waiting)):
        clock.pauses.filter(reason=condition, ended_at=None).update(ended_at=at)
        before = clock.due_at
        _refresh(clock)
        _record(clock, ClockEvent.Kind.RESUMED, at=at, by=by, reason=reason, before=before)


def stop(
    *,
    ticket_id: int,
    metrics: Iterable[str],
    at: datetime,
    by: Person | None,
    reason: str = "",
) -> None:
    """The promise was fulfilled at `at`, in time or late; the deadline tells which."""
    for clock in _running(ticket_id).filter(metric__in=list(metrics)):
        _stop(clock, at=at, by=by, reason=reason)


def reopen(
    *,
    ticket_id: int,
    metric: str,
    priority: Priority,
    at: datetime,
    by: Person | None,
    reason: str = "",
) -> None:
    """Let the last stopped clock run on; the time it stood stopped is a pause (reading 7).

    Only one of the ticket's present priority: what lowering kept is over.
    """
    clock = (
        Clock.objects.filter(
            ticket_id=ticket_id, metric=metric, priority=priority, stopped_at__isnull=False
        )
        .select_related("earlier_promise")
        .order_by("-stopped_at", "-pk")
        .first()
    )
    if clock is None or clock.stopped_at is None:
        return
    clock.pauses.create(reason=Pause.Reason.RESOLVED, started_at=clock.stopped_at, ended_at=at)
    before = clock.due_at
    clock.stopped_at = None
    _refresh(clock)
    _record(clock, ClockEvent.Kind.REOPENED, at=at, by=by, reason=reason, before=before)


def change_priority(
    *,
    ticket_id: int,
    policy: Policy,
    before: Priority,
    after: Priority,
    metrics: Iterable[str],
    submitted_at: datetime,
    at: datetime,
    by: Person | None,
    reason: str = "",
) -> None:
    """Put the new priority's targets in the place of the running ones (reading 8).

    Raising measures from `at`, never later than what was promised before. Lowering measures from
    the submission, and keeps a promise that lowering keeps. A promise missed already stays missed
    on its own clock. `metrics` are those that the ticket still owes.
    """
    raised = after.is_above(before)
    previous = {clock.metric: clock for clock in _running(ticket_id)}
    missed = {metric for metric, clock in previous.items() if clock.is_breached(at)}
    histories = {metric: list(clock.pauses.all()) for metric, clock in previous.items()}
    for clock in previous.values():
        if clock.kept_by_lowering and not raised:
            _stop(clock, at=at, by=by, reason=reason)
        else:
            _supersede(clock, at=at, by=by, reason=reason)
    fresh = _fresh(
        ticket_id=ticket_id,
        policy=policy,
        priority=after,
        metrics=metrics,
        started_at=at if raised else submitted_at,
    )
    for clock in fresh:
        if raised and clock.metric in previous and clock.metric not in missed:
            clock.earlier_promise = previous[clock.metric]
    _begin(fresh, at=at, by=by, reason=reason, histories=histories)


def next_due(ticket_id: int) -> datetime | None:
    """The earliest deadline of the ticket that still draws nearer, or has passed unkept."""
    pressing = Clock.objects.filter(ticket_id=ticket_id).pressing()
    found: datetime | None = pressing.order_by("due_at").values_list("due_at", flat=True).first()
    return found


def due_of(clock: Clock, pauses: Spans) -> datetime:
    """The deadline as a pure function of the clock's facts: the earlier of two promises."""
    own = deadlines.deadline(
        target=clock.target, hours=_hours(clock), start=clock.started_at, pauses=pauses
    )
    earlier = clock.earlier_promise
    return min(own, due_of(earlier, pauses)) if earlier else own


def goal_of(clock: Clock, pauses: Spans, *, due: datetime) -> datetime | None:
    """When the ticket turns amber: the goal, at the latest the deadline itself."""
    if clock.goal is None:
        return None
    goal = deadlines.deadline(
        target=clock.goal, hours=_hours(clock), start=clock.started_at, pauses=pauses
    )
    return min(goal, due)


def step_at(clock: Clock, step: EscalationStep, pauses: Spans) -> datetime:
    """When this step is due: so many percent of the counted time from start to deadline."""
    return deadlines.instant_at(
        target=clock.target,
        hours=_hours(clock),
        start=clock.started_at,
        pauses=pauses,
        percent=step.percent,
        due=clock.due_at,
    )


def finished_pauses(clock: Clock) -> list[tuple[datetime, datetime]]:
    """The pauses that are over, as the pure functions take them."""
    return [
        (pause.started_at, pause.ended_at)
        for pause in clock.pauses.all()
        if pause.ended_at is not None
    ]


def schedule_step(clock: Clock, waiting: Iterable[EscalationStep], pauses: Spans) -> None:
    """Set `next_step_at` to the earliest of the steps that have not fired yet."""
    stands_still = not clock.is_running or clock.paused_at is not None
    times = [] if stands_still else [step_at(clock, step, pauses) for step in waiting]
    clock.next_step_at = min(times, default=None)


def _running(ticket_id: int) -> ClockQuerySet:
    running: ClockQuerySet = Clock.objects.filter(ticket_id=ticket_id).running()
    return running.select_related("earlier_promise")


def _hours(clock: Clock) -> Hours:
    return hours_of(clock.calendar_version_id)


def _fresh(
    *,
    ticket_id: int,
    policy: Policy,
    priority: Priority,
    metrics: Iterable[str],
    started_at: datetime,
) -> list[Clock]:
    """Clocks with a copy of their targets and of the calendar's version, not saved yet."""
    version_id = policy.calendar.current_version_id
    if version_id is None:
        raise ValueError(f"The calendar “{policy.calendar}” has never been published.")
    targets = policy.targets.filter(priority=priority, metric__in=list(metrics))
    return [
        Clock(
            ticket_id=ticket_id,
            policy=policy,
            priority=priority,
            metric=target.metric,
            target_amount=target.amount,
            target_unit=target.unit,
            goal_amount=target.goal_amount,
            kept_by_lowering=target.kept_by_lowering,
            calendar_version_id=version_id,
            started_at=started_at,
        )
        for target in targets
    ]


def _begin(
    clocks: Sequence[Clock],
    *,
    at: datetime,
    by: Person | None,
    reason: str,
    histories: dict[str, list[Pause]] | None = None,
) -> None:
    """Save new clocks with their caches, the pauses that they inherit, and their first entry."""
    if not clocks:
        return
    steps = list(clocks[0].policy.steps.filter(is_active=True))
    for clock in clocks:
        inherited = (histories or {}).get(clock.metric, [])
        waiting = steps_for(steps, priority_id=clock.priority_id, metric=clock.metric)
        _compute(clock, inherited, waiting)
    Clock.objects.bulk_create(clocks)
    Pause.objects.bulk_create(
        Pause(clock=clock, reason=old.reason, started_at=old.started_at, ended_at=old.ended_at)
        for clock in clocks
        for old in (histories or {}).get(clock.metric, [])
    )
    ClockEvent.objects.bulk_create(
        ClockEvent(
            clock=clock,
            kind=ClockEvent.Kind.STARTED,
            at=at,
            by=by,
            reason=reason,
            due_after=clock.due_at,
        )
        for clock in clocks
    )


def _stop(clock: Clock, *, at: datetime, by: Person | None, reason: str) -> None:
    before = clock.due_at
    _end_pauses(clock, at=at)
    clock.stopped_at = at
    _refresh(clock)
    _record(clock, ClockEvent.Kind.STOPPED, at=at, by=by, reason=reason, before=before)


def _supersede(clock: Clock, *, at: datetime, by: Person | None, reason: str) -> None:
    before = clock.due_at
    _end_pauses(clock, at=at)
    clock.superseded_at = at
    _refresh(clock)
    _record(clock, ClockEvent.Kind.SUPERSEDED, at=at, by=by, reason=reason, before=before)


def _end_pauses(clock: Clock, *, at: datetime) -> None:
    if clock.paused_at is not None:
        clock.pauses.filter(ended_at=None).update(ended_at=at)


def _refresh(clock: Clock) -> None:
    """Recompute every cache of a saved clock from its facts, and save it."""
    waiting = EscalationStep.objects.filter(policy_id=clock.policy_id, is_active=True)
    applying = steps_for(
        waiting.exclude(firings__clock=clock),
        priority_id=clock.priority_id,
        metric=clock.metric,
    )
    _compute(clock, list(clock.pauses.all()), applying)
    clock.save()


def _compute(clock: Clock, pauses: Sequence[Pause], waiting: Iterable[EscalationStep]) -> None:
    spans = [(pause.started_at, pause.ended_at) for pause in pauses if pause.ended_at is not None]
    open_since = [pause.started_at for pause in pauses if pause.ended_at is None]
    clock.paused_at = max(min(open_since), clock.started_at) if open_since else None
    clock.due_at = due_of(clock, spans)
    clock.goal_at = goal_of(clock, spans, due=clock.due_at)
    schedule_step(clock, waiting, spans)
    end = clock.stopped_at or clock.superseded_at
    clock.counted_seconds = _used(clock, clock.target, end, spans)
    clock.business_seconds = _used(clock, IN_BUSINESS_TIME, end, spans)


def _used(
    clock: Clock, target: deadlines.Target, end: datetime | None, pauses: Spans
) -> int | None:
    if end is None:
        return None
    used: timedelta = deadlines.counted(
        target=target, hours=_hours(clock), start=clock.started_at, end=end, pauses=pauses
    )
    return int(used.total_seconds())


def _record(
    clock: Clock,
    kind: ClockEvent.Kind,
    *,
    at: datetime,
    by: Person | None,
    reason: str,
    before: datetime,
) -> None:
    clock.events.create(
        kind=kind, at=at, by=by, reason=reason, due_before=before, due_after=clock.due_at
    )
