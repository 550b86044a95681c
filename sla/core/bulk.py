"""Deadlines and steps of a million clocks at once, for recalculation.

Each answer is that of the function in `sla.core.deadlines` for the same facts without pauses, to
the microsecond; an error is the one that it gives for the first start that has no answer. Instants
are arrays of epoch microseconds: `sla.core.table.micros` makes one of them, `instant` reads it.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from sla.core.deadlines import BUSINESS_DAYS, HOURS, Target, deadline, instant_at
from sla.core.hours import ALWAYS_OPEN, HORIZON, Hours
from sla.core.table import TWO_YEARS, OpenDay, Table, instant, micros
from sla.core.week import DAY, MINUTE

type Instants = NDArray[np.int64]
type Mask = NDArray[np.bool_]
type One = Callable[[int], datetime]
type Many = Callable[[_Columns, Instants], tuple[Instants, Mask]]

# So many at a time fit into a processor's cache, and keep the memory flat.
_BLOCK = 1 << 15
# Beyond every instant, and with room above it in an int64.
_FAR = 1 << 61
# No day closes so long after its midnight, even when the clocks change.
_STRIDE = 3 * DAY


def deadlines(*, target: Target, hours: Hours, starts: Instants) -> Instants:
    """`deadline` for each start."""

    def one(i: int) -> datetime:
        return deadline(target=target, hours=hours, start=instant(starts.item(i)))

    def many(columns: _Columns, left: Instants) -> tuple[Instants, Mask]:
        if target.unit == BUSINESS_DAYS:
            return columns.add_days(starts[left], target.amount)
        return columns.add(starts[left], target.amount * 60 * MINUTE)

    return _answers(len(starts), target, hours, one, many)


def instants_at(
    *, target: Target, hours: Hours, starts: Instants, dues: Instants, percent: int
) -> Instants:
    """`instant_at` for each start and its due time, be that its own deadline or a cap of it."""
    if len(starts) != len(dues):
        raise ValueError(f"There are {len(starts)} starts, and {len(dues)} due times for them.")

    def one(i: int) -> datetime:
        start, due = instant(starts.item(i)), instant(dues.item(i))
        return instant_at(target=target, hours=hours, start=start, percent=percent, due=due)

    def many(columns: _Columns, left: Instants) -> tuple[Instants, Mask]:
        start, due = starts[left], dues[left]
        whole, is_known = columns.between(start, due)
        found, is_sure = columns.add(start, whole * percent // 100)
        is_due = (whole == 0) | (percent == 100)
        is_small = whole <= HORIZON * 100 // percent  # else the product may be too long for int64
        return np.where(is_due, due, found), is_known & (is_due | is_sure & is_small)

    return _answers(len(starts), target, hours, one, many)


def _answers(count: int, target: Target, hours: Hours, one: One, many: Many) -> Instants:
    """The answer to each index below `count`: of `one`, or of `many` where that is sure.

    `one` answers everything, raises what there is to raise, and leaves behind a table that holds
    its answer. `many` answers what lies in that table as well. What is left goes to `one` again:
    twice as many each time, because some is beyond the table and the rest beyond `many`.
    """
    keeper = ALWAYS_OPEN if target.unit == HOURS else hours
    found = np.empty(count, np.int64)
    for low in range(0, count, _BLOCK):
        left = np.arange(low, min(low + _BLOCK, count))
        turn = 1
        while left.size:
            found[left[:turn]] = [micros(one(i)) for i in left[:turn].tolist()]
            left = left[turn:]
            answers, is_sure = many(_columns(keeper.table), left)
            found[left[is_sure]] = answers[is_sure]
            left = left[~is_sure]
            turn *= 2
    return found


@dataclass(frozen=True, slots=True)
class _Columns:
    """A table as arrays, with one opening and one day more that lie beyond every answer.

    Answers come with a mask of where they are sure: where the way lies in the table and is allowed.
    """

    table: Table
    starts: Instants
    ends: Instants
    before: Instants
    owners: Instants
    dawns: Instants
    is_plain: Mask
    first_opens: Instants
    last_closes: Instants
    opens: Instants
    """The opening time of each span of each day."""
    closes: Instants
    """Its closing time, since the midnight of its day; that of day k counts as k strides."""

    def add(self, t: Instants, wanted: Instants | int) -> tuple[Instants, Mask]:
        """`Hours.add`; sure only where more than nothing is wanted."""
        goal = self._open_until(t) + wanted
        j = np.searchsorted(self.before, goal) - 1
        u = self.starts[j] + goal - self.before[j]
        return u, self._allows(t, u) & (wanted > 0) & (u < self.table.high)

    def between(self, a: Instants, b: Instants) -> tuple[Instants, Mask]:
        """`Hours.between`."""
        open_time = self._open_until(np.maximum(a, b)) - self._open_until(a)
        return open_time, self._holds(a) & self._holds(b)

    def add_days(self, t: Instants, n: int) -> tuple[Instants, Mask]:
        """`Hours.add_days` for n >= 1; sure only where no clock changes on the days it touches."""
        i = np.searchsorted(self.ends, t, side="right")
        start, owner = self.starts[i], self.owners[i]
        is_early = (t < start) & (start == self.first_opens[owner])
        s = np.maximum(t, start)
        d = np.searchsorted(self.dawns, s, side="right") - 1
        clock = s - self.dawns[d]
        k = np.minimum(np.where(is_early, owner + n - 1, d + n), len(self.dawns) - 1)
        u = np.where(is_early, self.last_closes[k], self._clamped(k, clock))
        has_clock = (clock < DAY) & self.is_plain[d] & self.is_plain[k]
        return u, self._allows(t, u) & (is_early | has_clock)

    def _clamped(self, k: Instants, clock: Instants) -> Instants:
        """The time of day on day k, clamped into its hours."""
        span = np.searchsorted(self.closes, k * _STRIDE + clock, side="right")
        wanted = np.maximum(self.dawns[k] + clock, self.opens[span])
        clamped: Instants = np.minimum(wanted, self.last_closes[k])
        return clamped

    def _open_until(self, t: Instants) -> Instants:
        i = np.searchsorted(self.starts, t, side="right") - 1
        return self.before[i] + np.minimum(t, self.ends[i]) - self.starts[i]

    def _holds(self, t: Instants) -> Mask:
        return (self.table.low <= t) & (t < self.table.high)

    def _allows(self, t: Instants, u: Instants) -> Mask:
        """Where the table holds t, and the way to u is neither too long nor closed too long."""
        is_allowed = self._holds(t) & (u - t <= HORIZON)
        for closes, opens in self.table.deserts:
            is_allowed &= (u < opens) | (opens - np.maximum(t, closes) <= TWO_YEARS)
        return is_allowed


@lru_cache(maxsize=16)
def _columns(table: Table) -> _Columns:
    days = [*table.days, OpenDay(0, _FAR, is_plain=False, spans=[(_FAR, 2 * _FAR)])]
    return _Columns(
        table=table,
        starts=_column([*table.starts, _FAR]),
        ends=_column([*table.ends, 2 * _FAR]),
        before=_column(table.before),
        owners=_column([*table.owners, len(table.days)]),
        dawns=_column(day.dawn for day in days),
        is_plain=np.array([day.is_plain for day in days]),
        first_opens=_column(day.spans[0][0] for day in days),
        last_closes=_column(day.spans[-1][1] for day in days),
        opens=_column(opens for day in days for opens, _ in day.spans),
        closes=_column(
            k * _STRIDE + closes - day.dawn for k, day in enumerate(days) for _, closes in day.spans
        ),
    )


def _column(values: Iterable[int]) -> Instants:
    return np.array(list(values), dtype=np.int64)
