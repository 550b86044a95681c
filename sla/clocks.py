"""Start, pause, resume, stop, reopen and supersede the clocks of a ticket.

Every function writes the facts, refreshes the caches from them, and adds a line to the ledger.
Callers hold the lock on the ticket's row; a ticket is only an id here.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from django.db.models import Exists, OuterRef

from sla import promising, reckoning
from sla.models import Clock, ClockEvent, EscalationStep, Firing, Pause
from sla.models.clocks import ClockQuerySet

if TYPE_CHECKING:
    from typing import Any

    from sla.models import Policy, Priority

    type Person = Any  # Of settings.AUTH_USER_MODEL, which lives above this floor.


def start(
    *,
    ticket_id: int,
    policy: Policy,
    priority: Priority,
    metrics: Iterable[str],
    at: datetime,
    by: Person | None = None,
    reason: str = "",
    since: datetime | None = None,
) -> list[Clock]:
    """Start a clock for each metric that the policy promises something about.

    It measures from `since`, where the customer waits longer than since `at`.
    """
    measured = dict.fromkeys(metrics, since or at)
    clocks = promising.fresh(policy=policy, priority=priority, since=measured, ticket_id=ticket_id)
    _begin(clocks, at=at, by=by, reason=reason)
    return clocks


def pause(
    *, ticket_id: int, condition: str, at: datetime, by: Person | None, reason: str = ""
) -> None:
    """Let the clocks stand still that their policy stops in this condition (reading 6)."""
    paused = Pause.objects.filter(clock=OuterRef("pk"), reason=condition, ended_at=None)
    for clock in _running(ticket_id).filter(~Exists(paused)).select_related("policy_version"):
        if clock.policy_version.pauses(clock.metric, condition):
            clock.pauses.create(reason=condition, started_at=at)
            _changed(clock, ClockEvent.Kind.PAUSED, at=at, by=by, reason=reason)


def resume(
    *, ticket_id: int, condition: str, at: datetime, by: Person | None, reason: str = ""
) -> None:
    """End the pauses of this condition; what they lasted is added to the deadline."""
    waiting = Pause.objects.filter(clock=OuterRef("pk"), reason=condition, ended_at=None)
    for clock in _running(ticket_id).filter(Exists(waiting)):
        clock.pauses.filter(reason=condition, ended_at=None).update(ended_at=at)
        _changed(clock, ClockEvent.Kind.RESUMED, at=at, by=by, reason=reason)


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


def withdraw(
    *,
    ticket_id: int,
    metrics: Iterable[str],
    at: datetime,
    by: Person | None,
    reason: str = "",
) -> list[Clock]:
    """End promises that are not for this ticket to keep; answers those clocks as they are now.

    They count as neither kept nor broken, but for what was missed already.
    """
    withdrawn = list(_running(ticket_id).filter(metric__in=list(metrics)))
    for clock in withdrawn:
        _supersede(clock, at=at, by=by, reason=reason)
    return withdrawn


def take_over(
    withdrawn: Sequence[Clock],
    *,
    ticket_id: int,
    priority: Priority,
    at: datetime,
    by: Person | None,
    reason: str = "",
) -> list[Clock]:
    """Let a ticket keep what another one had promised; answers the clocks that it does so by.

    A promise that ends no later here is kept as it is. A missed one stays missed where it was.
    """
    running = {clock.metric: clock for clock in _running(ticket_id)}
    fresh, histories = [], {}
    for old in withdrawn:
        present = running.get(old.metric)
        if old.is_breached(at) or (present is not None and present.due_at <= old.due_at):
            continue
        if present is not None:
            _supersede(present, at=at, by=by, reason=reason)
        pauses = list(old.pauses.all())
        fresh.append(promising.as_promised(old, pauses, ticket_id=ticket_id, priority=priority))
        histories[old.metric] = pauses
    _begin(fresh, at=at, by=by, reason=reason, histories=histories)
    return fresh


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
    clock.stopped_at = None
    _changed(clock, ClockEvent.Kind.REOPENED, at=at, by=by, reason=reason)


def change_priority(
    *,
    ticket_id: int,
    policy: Policy,
    before: Priority,
    after: Priority,
    owed: promising.Owed,
    at: datetime,
    by: Person | None,
    reason: str = "",
) -> None:
    """Put the new priority's targets in the place of the running ones (reading 8).

    Raising measures from `at`, never later than what was promised before. Lowering measures from
    when the ticket began to owe it, and keeps a promise that lowering keeps. A promise missed
    already stays missed on its own clock.
    """
    running = list(_running(ticket_id).prefetch_related("pauses"))
    fresh = promising.replacing(
        running, policy=policy, before=before, after=after, owed=owed, at=at
    )
    histories = {clock.metric: list(clock.pauses.all()) for clock in running}
    for clock in running:
        if clock.kept_by_lowering and before.is_above(after):
            _stop(clock, at=at, by=by, reason=reason)
        else:
            _supersede(clock, at=at, by=by, reason=reason)
    for clock in fresh:
        clock.ticket_id = ticket_id
    _begin(fresh, at=at, by=by, reason=reason, histories=histories)


def is_running(*, ticket_id: int, metric: str) -> bool:
    """Whether a clock of this metric is on its way."""
    return _running(ticket_id).filter(metric=metric).exists()


def next_due(ticket_id: int) -> datetime | None:
    """The earliest deadline of the ticket that still draws nearer, or has passed unkept."""
    pressing = Clock.objects.filter(ticket_id=ticket_id).pressing()
    found: datetime | None = pressing.order_by("due_at").values_list("due_at", flat=True).first()
    return found


def _running(ticket_id: int) -> ClockQuerySet:
    running: ClockQuerySet = Clock.objects.filter(ticket_id=ticket_id).running()
    return running.select_related("earlier_promise")


def _begin(
    clocks: Sequence[Clock],
    *,
    at: datetime,
    by: Person | None,
    reason: str,
    histories: Mapping[str, Sequence[Pause]] | None = None,
) -> None:
    """Save new clocks with their caches, the pauses that they inherit, and their first entry."""
    if not clocks:
        return
    histories = histories or {}
    steps = list(clocks[0].policy.steps.filter(is_active=True))
    for clock in clocks:
        reckoning.refreshed(clock, histories.get(clock.metric, []), steps, fired=[])
    Clock.objects.bulk_create(clocks)
    Pause.objects.bulk_create(
        Pause(clock=clock, reason=old.reason, started_at=old.started_at, ended_at=old.ended_at)
        for clock in clocks
        for old in histories.get(clock.metric, [])
    )
    kind = ClockEvent.Kind.STARTED
    ClockEvent.objects.bulk_create(
        ClockEvent(clock=clock, kind=kind, at=at, by=by, reason=reason, due_after=clock.due_at)
        for clock in clocks
    )


def _stop(clock: Clock, *, at: datetime, by: Person | None, reason: str) -> None:
    _end_pauses(clock, at=at)
    clock.stopped_at = at
    _changed(clock, ClockEvent.Kind.STOPPED, at=at, by=by, reason=reason)


def _supersede(clock: Clock, *, at: datetime, by: Person | None, reason: str) -> None:
    _end_pauses(clock, at=at)
    clock.superseded_at = at
    _changed(clock, ClockEvent.Kind.SUPERSEDED, at=at, by=by, reason=reason)


def _end_pauses(clock: Clock, *, at: datetime) -> None:
    if clock.paused_at is not None:
        clock.pauses.filter(ended_at=None).update(ended_at=at)


def _changed(
    clock: Clock, kind: ClockEvent.Kind, *, at: datetime, by: Person | None, reason: str
) -> None:
    """Its facts have changed: recompute and save every cache, and write it into the ledger."""
    before = clock.due_at
    pauses = list(Pause.objects.filter(clock=clock))
    steps = EscalationStep.objects.filter(policy_id=clock.policy_id, is_active=True)
    # Nothing fires once a clock has ended.
    fired = Firing.objects.filter(clock=clock).values_list("step_id", flat=True)
    ends = not clock.is_running
    reckoning.refreshed(clock, pauses, [] if ends else steps, [] if ends else fired)
    clock.save()
    clock.events.create(
        kind=kind, at=at, by=by, reason=reason, due_before=before, due_after=clock.due_at
    )
