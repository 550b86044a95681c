"""Find the escalation steps that are due, let each fire once, and keep a record of the run."""

from __future__ import annotations

import logging
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction

from sla import reckoning
from sla.models import Clock, EscalationStep, Firing, Sweep
from sla.models.steps import steps_for

logger = logging.getLogger(__name__)

# The tickets of a batch are locked until all of it has fired: people wait no longer than that.
BATCH = 100
POSTPONEMENT = timedelta(minutes=5)

type OnFirings = Callable[[list[Firing]], None]
type Waiting = Mapping[int, Sequence[EscalationStep]]


@dataclass
class Run:
    """How many rows a sweep has handled so far."""

    did: int = 0


@contextmanager
def recorded(name: str, *, period: timedelta, at: datetime) -> Iterator[Run]:
    """Write down when the sweep ran, how long it took and what it did (see `Sweep.is_late`).

    A run that raises is not on record as one. What was told to the administrators counts as over
    after a run in time: the first one behind a lateness may be followed by the next lateness.
    """
    period_seconds, began = int(period.total_seconds()), time.monotonic()
    before, _ = Sweep.objects.get_or_create(name=name, defaults={"period_seconds": period_seconds})
    outcome: dict[str, object] = {} if before.is_late(at) else {"alarmed_at": None}
    row, run = Sweep.objects.filter(name=name), Run()
    row.update(period_seconds=period_seconds, running_since=at)
    try:
        yield run
        took_ms = int((time.monotonic() - began) * 1000)
        row.update(last_run_at=at, took_ms=took_ms, did=run.did, **outcome)
    finally:
        # Another worker may have begun the next run meanwhile.
        row.filter(running_since=at).update(running_since=None)


def fire_due_steps(*, at: datetime, on_firings: OnFirings) -> int:
    """Fire every step that is due at `at`; answers how many fired.

    `on_firings` runs in the transaction of its firings. Workers may call this side by side: rows
    that another one holds are left to it.
    """
    fired = 0
    # Mostly nothing is due, and one look at the index says so.
    if not Clock.objects.step_due(at).exists():
        return fired
    while batch := _fire_batch(at=at, on_firings=on_firings):
        fired += batch.fired
        if batch.claimed < BATCH:
            break
    return fired


@dataclass
class _Batch:
    claimed: int
    fired: int

    def __bool__(self) -> bool:
        return self.claimed > 0


@transaction.atomic
def _fire_batch(*, at: datetime, on_firings: OnFirings) -> _Batch:
    claimed = list(
        Clock.objects.step_due(at)
        .select_for_update(skip_locked=True, no_key=True, of=("self", "ticket"))
        .select_related("ticket", "earlier_promise", "priority")
        .prefetch_related("pauses")
        .order_by("next_step_at", "pk")[:BATCH]
    )
    if not claimed:
        return _Batch(claimed=0, fired=0)
    waiting = _waiting_steps(claimed)
    return _Batch(claimed=len(claimed), fired=_fire_together(claimed, waiting, at, on_firings))


def _waiting_steps(claimed: Sequence[Clock]) -> Waiting:
    """The steps of each clock that have not fired yet, in two queries for the whole batch."""
    by_policy: defaultdict[int, list[EscalationStep]] = defaultdict(list)
    policies = {clock.policy_id for clock in claimed}
    steps = EscalationStep.objects.filter(policy__in=policies, is_active=True)
    for step in steps.select_related("hand_to"):
        by_policy[step.policy_id].append(step)
    gone = set(Firing.objects.filter(clock__in=claimed).values_list("clock_id", "step_id"))
    return {
        clock.pk: [
            step
            for step in steps_for(
                by_policy[clock.policy_id], priority_id=clock.priority_id, metric=clock.metric
            )
            if (clock.pk, step.pk) not in gone
        ]
        for clock in claimed
    }


def _fire_together(
    claimed: Sequence[Clock], waiting: Waiting, at: datetime, on_firings: OnFirings
) -> int:
    """Fire a batch at once; when it fails, each clock alone, so that one cannot stop the rest."""
    try:
        with transaction.atomic():
            return _fire(claimed, waiting, at, on_firings)
    except Exception:
        if len(claimed) > 1:
            return sum(_fire_together([clock], waiting, at, on_firings) for clock in claimed)
        logger.exception("The steps of clock %s could not fire; postponed.", claimed[0].pk)
        Clock.objects.filter(pk=claimed[0].pk).update(next_step_at=at + POSTPONEMENT)
        return 0


def _fire(claimed: Sequence[Clock], waiting: Waiting, at: datetime, on_firings: OnFirings) -> int:
    firings = []
    for clock in claimed:
        pauses = reckoning.finished(clock.pauses.all())
        steps = waiting[clock.pk]
        due = [step for when, step in reckoning.reachable(clock, steps, pauses) if when <= at]
        firings += [Firing(clock=clock, step=step, percent=step.percent, at=at) for step in due]
        rest = [step for step in steps if step not in due]
        clock.next_step_at = reckoning.next_step_of(clock, rest, pauses)
    # First: what a step does to the ticket may change its clocks, which are read anew for that.
    Clock.objects.write(claimed, ["next_step_at"])
    Firing.objects.bulk_create(firings)
    on_firings(firings)
    return len(firings)
