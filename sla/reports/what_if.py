"""What would have become of past promises under other terms: their facts, replayed on paper.

When a promise began, was paused, fulfilled or replaced is on record and stays; the deadlines are
reckoned anew from that by the functions that reckon them every day. Nothing is written.

Of a promise that another one replaced the outcome may change as well: one that was replaced in
time would have been missed before, or the other way round. So they are all looked at, and
`Outcome.REPLACED` says that another promise stands for it. A raised promise is never later than
the one before it, unless that one was missed by then: the replay decides that anew, too.

Which waiting pauses which clock, and what lowering keeps, is as it was.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from enum import IntEnum
from typing import NamedTuple

import numpy as np
from django.db import connection, transaction
from numpy.typing import NDArray

from sla.core.table import micros
from sla.models import Clock, Priority
from sla.models.clocks import ClockQuerySet
from sla.reports.figures import percentage
from sla.reports.filters import EVERYTHING, Filters
from sla.reports.paper import Paper
from sla.reports.periods import Period
from sla.reports.replay import NEVER, Group, Instants, replayed

# Promises that one page replays.
MOST = 250_000

type Codes = NDArray[np.int64]


class Outcome(IntEnum):
    """What became, or would have become, of a promise."""

    KEPT = 0
    BROKEN = 1
    RUNNING = 2
    REPLACED = 3
    UNKNOWN = 4
    """On paper there is no such instant: the hours lead nowhere."""


class Tally(NamedTuple):
    """How many promises have which outcome."""

    kept: int
    broken: int
    running: int
    replaced: int
    unknown: int

    @property
    def attainment(self) -> float | None:
        return percentage(self.kept, self.broken)


@dataclass
class WhatIfRow:
    """The promises of one priority and metric: how many went from which outcome to which.

    `at_goal` are those fulfilled at their goal or before: as it was, and on paper.
    """

    priority: str
    priority_name: str
    metric: str
    moves: Codes
    at_goal: tuple[int, int] = (0, 0)

    @property
    def was(self) -> Tally:
        return Tally(*self.moves.sum(axis=1).tolist())

    @property
    def would(self) -> Tally:
        return Tally(*self.moves.sum(axis=0).tolist())

    @property
    def changed(self) -> int:
        return int(self.moves.sum() - self.moves.trace())

    @property
    def won(self) -> int:
        """Broken ones that would have been kept."""
        return int(self.moves[Outcome.BROKEN, Outcome.KEPT])

    @property
    def lost(self) -> int:
        """Kept ones that would have been broken."""
        return int(self.moves[Outcome.KEPT, Outcome.BROKEN])

    @property
    def others(self) -> int:
        """Changes that are neither, such as a broken promise that would still be running."""
        return self.changed - self.won - self.lost


class TooMany(Exception):  # noqa: N818 - it names what is asked for
    """More promises than one page replays."""


def what_if(
    *, paper: Paper, period: Period, at: datetime, filters: Filters = EVERYTHING
) -> list[WhatIfRow]:
    """A row for each priority and metric about which something was promised in the period.

    As it was, the figures are those of `reports.attainment`. TooMany above MOST promises. To be
    called in a transaction, best in one that is `read_only`.
    """
    scope = promises_replayed(period, at, filters).order_by()
    if scope[: MOST + 1].count() > MOST:
        raise TooMany(f"More than {MOST:,} promises were made then.")
    priorities = Priority.objects.in_bulk()
    rows: dict[tuple[int, str], WhatIfRow] = {}
    for group in (group for block in replayed(scope, paper) for group in block):
        key = group.facts[0].priority_id, group.facts[0].metric
        if key not in rows:
            priority = priorities[key[0]]
            rows[key] = WhatIfRow(priority.code, priority.name, key[1], np.zeros((5, 5), np.int64))
        _count(rows[key], group, at)
    ranked = sorted(rows, key=lambda key: (priorities[key[0]].rank, key[1]))
    return [row for row in map(rows.__getitem__, ranked) if _stood(row)]


@contextmanager
def read_only() -> Iterator[None]:
    """A transaction in which the database itself refuses every write."""
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SET TRANSACTION READ ONLY")
        yield


def outcomes(group: Group, at: datetime) -> tuple[Codes, Codes]:
    """The outcome of each promise, as it was and on paper."""
    return _outcome(group, group.column("due"), at), _outcome(group, group.due, at)


def promises_replayed(period: Period, at: datetime, filters: Filters) -> ClockQuerySet:
    """Every promise made in the period; replaced ones too, be it in time or late."""
    made: ClockQuerySet = Clock.objects.filter(
        started_at__gte=period.start, started_at__lt=period.end, voided_at=None
    )
    return filters.of(made, at)


def _outcome(group: Group, due: Instants, at: datetime) -> Codes:
    """As the report decides: `ClockQuerySet.with_end` and `counted_in_reports`."""
    stopped, superseded, paused = map(group.column, ("stopped", "superseded", "paused"))
    # A pause that begins at the deadline comes too late to put it off.
    still = (paused != NEVER) & (paused != due)
    standing = np.where(still, paused, micros(at))
    end = np.where(stopped != NEVER, stopped, np.where(superseded != NEVER, superseded, standing))
    in_time = np.where(
        stopped != NEVER,
        Outcome.KEPT,
        np.where(superseded != NEVER, Outcome.REPLACED, Outcome.RUNNING),
    )
    decided = np.where(end > due, Outcome.BROKEN, in_time)
    return np.where(due == NEVER, Outcome.UNKNOWN, decided).astype(np.int64)


def _count(row: WhatIfRow, group: Group, at: datetime) -> None:
    before, then = outcomes(group, at)
    row.moves += np.bincount(before * 5 + then, minlength=25).reshape(5, 5)
    stopped = group.column("stopped")
    was, would = row.at_goal
    row.at_goal = (
        was + _at_goal(stopped, group.column("goal"), before),
        would + _at_goal(stopped, group.goal, then),
    )


def _at_goal(stopped: Instants, goal: Instants, outcome: Codes) -> int:
    return int(np.sum((outcome == Outcome.KEPT) & (goal != NEVER) & (stopped <= goal)))


def _stood(row: WhatIfRow) -> bool:
    """Whether any of its promises stands for itself, then or on paper."""
    return bool(row.moves.sum() > row.moves[Outcome.REPLACED, Outcome.REPLACED])
