"""Move open clocks to a new version of their calendar or policy, or to new escalation steps.

A person has seen what it does (`sla.preview`) and asked for it; the work is done in batches by
whoever calls `go_on`, and goes on where it stopped. Stopped clocks never move (policy, reading 10).
"""

from __future__ import annotations

import logging
import time
from collections import defaultdict
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from django.db import transaction

from sla import reckoning
from sla.models import (
    CalendarVersion,
    Clock,
    ClockEvent,
    EscalationStep,
    Firing,
    Policy,
    PolicyVersion,
    Recalculation,
)
from sla.models.clocks import ClockQuerySet

if TYPE_CHECKING:
    from typing import Any

    type Person = Any  # Of settings.AUTH_USER_MODEL, which lives above this floor.

logger = logging.getLogger(__name__)

# The tickets of a batch are locked until all of it is reckoned: people wait no longer than that.
BATCH = 500
FACTS = (
    "calendar_version_id", "policy_version_id", "target_amount", "target_unit", "goal_amount",
    "kept_by_lowering",
)  # fmt: skip

type OnMoved = Callable[[Sequence[int]], None]


def request(
    *,
    at: datetime,
    by: Person | None,
    calendar_version: CalendarVersion | None = None,
    policy_version: PolicyVersion | None = None,
    steps_of: Policy | None = None,
) -> Recalculation:
    """Ask for open clocks to move to this version, or to the present steps of this policy."""
    recalculation = Recalculation(
        calendar_version=calendar_version,
        policy_version=policy_version,
        steps_of=steps_of,
        requested_at=at,
        requested_by=by,
        total=0,
    )
    recalculation.total = recalculation.scope().count()
    recalculation.save()
    return recalculation


def go_on(*, at: datetime, seconds: float, on_moved: OnMoved) -> int:
    """Work on what was asked for, and begin no batch after so many seconds; answers how many.

    `on_moved` gets the ids of the tickets of each batch, in its transaction. Workers may call this
    side by side: one of them works, and the others find nothing to do.
    """
    done, until = 0, time.monotonic() + seconds
    while time.monotonic() < until and (came_to := _next_batch(at=at, on_moved=on_moved)):
        done += came_to
    return done


@transaction.atomic
def _next_batch(*, at: datetime, on_moved: OnMoved) -> int:
    """One batch of the first unfinished recalculation; 0 when there is none, or another has it."""
    first = Recalculation.objects.unfinished().values("pk")[:1]
    recalculation = (
        Recalculation.objects.filter(pk__in=first)
        .select_for_update(skip_locked=True, no_key=True, of=("self",))
        .select_related("calendar_version__calendar", "policy_version__policy", "steps_of")
        .first()
    )
    if recalculation is None:
        return 0
    scope = recalculation.scope().filter(pk__gt=recalculation.cursor).order_by("pk")
    ids = list(scope.values_list("pk", flat=True)[:BATCH])
    if not ids:
        recalculation.finished_at = at
        recalculation.save(update_fields=["finished_at"])
        # There may be another one behind it.
        return 1
    batch = recalculation.scope().filter(pk__in=ids)
    _lock(batch)
    # Read after the locks: what changed while we waited for them counts.
    clocks = list(batch.with_facts().order_by("pk"))
    moved = _recalculate(clocks, recalculation, at=at)
    on_moved(sorted({clock.ticket_id for clock in clocks}))
    recalculation.done += len(ids)
    recalculation.moved += moved
    recalculation.cursor = max(ids)
    recalculation.save(update_fields=["done", "moved", "failed", "cursor"])
    return len(ids)


def _lock(clocks: ClockQuerySet) -> None:
    """Hold the tickets, in one order, as every verb does before it touches a clock."""
    tickets = clocks.select_related("ticket").only("pk", "ticket__id").order_by("ticket_id", "pk")
    list(tickets.select_for_update(no_key=True, of=("ticket",)))


def _recalculate(clocks: Sequence[Clock], recalculation: Recalculation, *, at: datetime) -> int:
    """Give the clocks their new facts, reckon them anew, save them; answers how many moved."""
    steps, fired = _steps_and_firings(clocks)
    entries = []
    for clock in clocks:
        before = clock.due_at
        facts = {name: getattr(clock, name) for name in (*FACTS, *reckoning.CACHES)}
        try:
            is_new = reckoning.adopt(clock, recalculation)
            pauses = list(clock.pauses.all())
            reckoning.refreshed(clock, pauses, steps[clock.policy_id], fired[clock.pk])
        except (ValueError, OverflowError):
            # A calendar that leads nowhere for this one: it keeps its promise.
            logger.exception("Clock %s could not be reckoned anew, and stays.", clock.pk)
            for name, value in facts.items():
                setattr(clock, name, value)
            recalculation.failed += 1
            continue
        if is_new:
            entries.append(_entry(clock, recalculation, before=before, at=at))
    Clock.objects.write(clocks, [*FACTS, *reckoning.CACHES])
    ClockEvent.objects.bulk_create(entries)
    return sum(entry.due_before != entry.due_after for entry in entries)


def _steps_and_firings(
    clocks: Sequence[Clock],
) -> tuple[dict[int, list[EscalationStep]], dict[int, list[int]]]:
    """The active steps by policy, and the steps that have fired by clock."""
    steps: defaultdict[int, list[EscalationStep]] = defaultdict(list)
    policies = {clock.policy_id for clock in clocks}
    for step in EscalationStep.objects.filter(policy__in=policies, is_active=True):
        steps[step.policy_id].append(step)
    fired: defaultdict[int, list[int]] = defaultdict(list)
    firings = Firing.objects.filter(clock__in=clocks)
    for clock_id, step_id in firings.values_list("clock_id", "step_id"):
        fired[clock_id].append(step_id)
    return steps, fired


def _entry(
    clock: Clock, recalculation: Recalculation, *, before: datetime, at: datetime
) -> ClockEvent:
    return ClockEvent(
        clock=clock,
        kind=ClockEvent.Kind.RECALCULATED,
        at=at,
        by_id=recalculation.requested_by_id,
        reason=str(recalculation)[:500],
        due_before=before,
        due_after=clock.due_at,
    )
