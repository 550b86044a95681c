"""The recorded facts of promises, and the deadlines that follow from them on paper.

Promises without pauses and without a promise before them are reckoned in bulk, the others one by
one; both by the functions of `sla.core` that reckon every deadline. Nothing is written.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from itertools import batched
from typing import Any, NamedTuple

import numpy as np
from django.db.models import Exists, OuterRef
from numpy.typing import NDArray

from sla import reckoning
from sla.core import bulk, deadlines
from sla.core.hours import Hours, NeverOpen
from sla.core.table import micros
from sla.models import Clock, Pause
from sla.models.clocks import ClockQuerySet
from sla.models.instants import microseconds
from sla.reports.paper import Paper, Terms

BLOCK = 10_000
# In place of an instant that there is not: no goal, or hours that lead nowhere.
NEVER = np.iinfo(np.int64).max

MOMENTS = ("started", "due", "stopped", "superseded", "paused", "goal")

type Instants = NDArray[np.int64]
type Spans = Sequence[tuple[datetime, datetime]]


class Facts(NamedTuple):
    """One promise as the database has it; instants in epoch microseconds, None for none."""

    pk: int
    is_plain: bool
    priority_id: int
    metric: str
    calendar_version_id: int
    amount: int
    unit: str
    goal_amount: int | None
    started: int
    due: int
    stopped: int | None
    superseded: int | None
    paused: int | None
    goal: int | None

    @property
    def terms(self) -> Terms:
        return Terms(self.amount, self.unit, self.goal_amount)


@dataclass(frozen=True)
class Group:
    """Promises alike in priority, metric, terms and calendar, with what follows on paper.

    `due` and `goal` are NEVER where there is no such instant.
    """

    facts: Sequence[Facts]
    due: Instants
    goal: Instants

    def column(self, name: str) -> Instants:
        """An instant of each; NEVER for none."""
        values = (getattr(fact, name) for fact in self.facts)
        return np.array([NEVER if value is None else value for value in values], np.int64)


def replayed(scope: ClockQuerySet, paper: Paper) -> Iterator[list[Group]]:
    """The promises of the scope, replayed, in its order: a list of groups for each block.

    To be called in a transaction: the rows come from a cursor, and memory stays flat.
    """
    replay = _Replay(paper)
    paused = Pause.objects.filter(clock=OuterRef("pk"), ended_at__isnull=False)
    before = Clock.objects.filter(
        ticket=OuterRef("ticket"), metric=OuterRef("metric"), superseded_at=OuterRef("started_at")
    )
    rows = scope.annotate(
        is_plain=~Exists(paused) & ~Exists(before),
        **{f"{name}_us": microseconds(f"{name}_at") for name in MOMENTS},
    ).values_list(
        "pk", "is_plain", "priority_id", "metric", "calendar_version_id", "target_amount",
        "target_unit", "goal_amount", *(f"{name}_us" for name in MOMENTS),
    )  # fmt: skip
    for block in batched(rows.iterator(chunk_size=BLOCK), BLOCK):
        alike: defaultdict[tuple[Any, ...], list[Facts]] = defaultdict(list)
        for row in block:
            alike[row[1:8]].append(Facts(*row))
        yield [replay.group(facts) for facts in alike.values()]


class _Replay:
    """The deadlines on one paper."""

    def __init__(self, paper: Paper) -> None:
        self._paper = paper
        self._hours = cache(paper.hours_instead_of)

    def group(self, facts: Sequence[Facts]) -> Group:
        """Facts alike in all but their instants."""
        if not facts[0].is_plain:
            return self._one_by_one(facts)
        try:
            return self._in_bulk(facts)
        except (ValueError, OverflowError):
            # One of them has no answer: which one it is shows when each is asked alone.
            return self._one_by_one(facts)

    def _in_bulk(self, facts: Sequence[Facts]) -> Group:
        first = facts[0]
        terms = self._paper.terms_of(first.priority_id, first.metric, first.terms)
        hours = self._hours(first.calendar_version_id)
        starts = np.array([fact.started for fact in facts], np.int64)
        due = bulk.deadlines(target=terms.target, hours=hours, starts=starts)
        goal = np.full(len(facts), NEVER)
        if terms.goal is not None:
            goals = bulk.deadlines(target=terms.goal, hours=hours, starts=starts)
            goal = np.minimum(goals, due)
        return Group(facts, due, goal)

    def _one_by_one(self, facts: Sequence[Facts]) -> Group:
        clocks, befores = _with_histories([fact.pk for fact in facts])
        found = [self._due_and_goal(clocks[fact.pk], befores) for fact in facts]
        due, goal = (np.array(column, np.int64) for column in zip(*found, strict=True))
        return Group(facts, due, goal)

    def _due_and_goal(self, clock: Clock, befores: dict[int, Clock]) -> tuple[int, int]:
        pauses = reckoning.finished(clock.pauses.all())
        try:
            due = self._due_of(clock, pauses, befores)
            goal = self._terms(clock).goal
            if goal is None:
                return micros(due), NEVER
            return micros(due), micros(min(due, self._deadline(clock, goal, pauses)))
        except (ValueError, NeverOpen, OverflowError):
            return NEVER, NEVER

    def _due_of(self, clock: Clock, pauses: Spans, befores: dict[int, Clock]) -> datetime:
        """As `reckoning.due_of`: the earlier of this promise and an unmissed one before it."""
        own = self._deadline(clock, self._terms(clock).target, pauses)
        before = befores.get(clock.pk)
        if before is None or self._was_missed(before, befores):
            return own
        return min(own, self._due_of(before, pauses, befores))

    def _was_missed(self, clock: Clock, befores: dict[int, Clock]) -> bool:
        """Whether it was late already when it was replaced, as `Clock.is_breached` saw it then.

        A pause that its replacement ended was still open at that time.
        """
        replaced_at = clock.superseded_at
        pauses = list(clock.pauses.all())
        open_since = [pause.started_at for pause in pauses if pause.ended_at == replaced_at]
        over = [
            (pause.started_at, pause.ended_at)
            for pause in pauses
            if pause.ended_at is not None and pause.ended_at != replaced_at
        ]
        due = self._due_of(clock, over, befores)
        paused_at = max(min(open_since), clock.started_at) if open_since else None
        end = replaced_at if paused_at is None or paused_at == due else paused_at
        return end is not None and end > due

    def _deadline(self, clock: Clock, target: deadlines.Target, pauses: Spans) -> datetime:
        hours: Hours = self._hours(clock.calendar_version_id)
        return deadlines.deadline(target=target, hours=hours, start=clock.started_at, pauses=pauses)

    def _terms(self, clock: Clock) -> Terms:
        recorded = Terms(clock.target_amount, clock.target_unit, clock.goal_amount)
        return self._paper.terms_of(clock.priority_id, clock.metric, recorded)


def _with_histories(ids: Sequence[int]) -> tuple[dict[int, Clock], dict[int, Clock]]:
    """These clocks with their pauses, and of each raised one the promise that it was raised from.

    That a promise was late when its priority was raised is decided anew: so the promise before is
    found by its end, and not only where the record keeps it as a cap. Three queries.
    """
    tickets = Clock.objects.filter(pk__in=ids).values("ticket")
    every = Clock.objects.filter(ticket__in=tickets).select_related("priority")
    clocks = {clock.pk: clock for clock in every.order_by("pk").prefetch_related("pauses")}
    ended = {
        (clock.ticket_id, clock.metric, clock.superseded_at): clock
        for clock in clocks.values()
        if clock.superseded_at is not None
    }
    return clocks, dict(_befores(clocks, ended))


def _befores(
    clocks: dict[int, Clock], ended: dict[tuple[int, str, datetime], Clock]
) -> Iterable[tuple[int, Clock]]:
    for clock in clocks.values():
        if clock.earlier_promise_id is not None:
            yield clock.pk, clocks[clock.earlier_promise_id]
            continue
        before = ended.get((clock.ticket_id, clock.metric, clock.started_at))
        if before is not None and before.pk < clock.pk and clock.priority.is_above(before.priority):
            yield clock.pk, before
