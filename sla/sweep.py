"""Find the escalation steps that are due, let each fire once, and keep a record of the run."""

from __future__ import annotations

import logging
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction

from sla import clocks
from sla.models import Clock, EscalationStep, Firing, Sweep
from sla.models.policies import steps_for

logger = logging.getLogger(__name__)

# The tickets of a batch are locked until all of it has fired: people wait no longer than that.
BATCH = 20
POSTPONEMENT = timedelta(minutes=5)

type OnFiring = Callable[[Firing], None]


@dataclass
class Run:
    """How many rows a sweep has handled so far."""

    did: int = 0


@contextmanager
def recorded(name: str, *, period: timedelta, at: datetime) -> Iterator[Run]:
    """Write down that the sweep ran, how long it took and what it did, for the health page."""
    run, began = Run(), time.monotonic()
    yield run
    Sweep.objects.update_or_create(
        name=name,
        defaults={
            "period_seconds": int(period.total_seconds()),
            "last_run_at": at,
            "took_ms": int((time.monotonic() - began) * 1000),
            "did": run.did,
        },
    )


def fire_due_steps(*, at: datetime, on_firing: OnFiring) -> int:
    """Fire every step that is due at `at`; answers how many fired.

    `on_firing` runs in the transaction of its Firing. Workers may call this side by side: rows
    that another one holds are left to it.
    """
    fired = 0
    while batch := _fire_batch(at=at, on_firing=on_firing):
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
def _fire_batch(*, at: datetime, on_firing: OnFiring) -> _Batch:
    claimed = list(
        Clock.objects.step_due(at)
        .select_for_update(skip_locked=True, no_key=True, of=("self", "ticket"))
        .select_related("ticket", "earlier_promise")
        .prefetch_related("pauses")
        .order_by("next_step_at")[:BATCH]
    )
    waiting = _waiting_steps(claimed)
    fired = sum(_fire_or_postpone(clock, waiting[clock.pk], at, on_firing) for clock in claimed)
    return _Batch(claimed=len(claimed), fired=fired)


def _waiting_steps(claimed: Sequence[Clock]) -> dict[int, list[EscalationStep]]:
    """The steps of each clock that have not fired yet, in two queries for the whole batch."""
    by_policy: defaultdict[int, list[EscalationStep]] = defaultdict(list)
    policies = {clock.policy_id for clock in claimed}
    for step in EscalationStep.objects.filter(policy__in=policies, is_active=True):
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


def _fire_or_postpone(
    clock: Clock, waiting: Sequence[EscalationStep], at: datetime, on_firing: OnFiring
) -> int:
    """Fire what is due of one clock. One that raises is logged and tried again later."""
    try:
        with transaction.atomic():
            return _fire(clock, waiting, at, on_firing)
    except Exception:
        logger.exception("The steps of clock %s could not fire; postponed.", clock.pk)
        Clock.objects.filter(pk=clock.pk).update(next_step_at=at + POSTPONEMENT)
        return 0


def _fire(
    clock: Clock, waiting: Sequence[EscalationStep], at: datetime, on_firing: OnFiring
) -> int:
    pauses = clocks.finished_pauses(clock)
    due = [step for step in waiting if clocks.step_at(clock, step, pauses) <= at]
    for step in due:
        on_firing(Firing.objects.create(clock=clock, step=step, at=at))
    clocks.schedule_step(clock, [step for step in waiting if step not in due], pauses)
    clock.save(update_fields=["next_step_at"])
    return len(due)
