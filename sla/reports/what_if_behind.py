"""The promises behind each number of what if, one by one."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np
from django.db.models.functions import Coalesce
from numpy.typing import NDArray

from sla.core.table import instant
from sla.models import Clock
from sla.models.clocks import ClockQuerySet
from sla.reports.behind import PER_PAGE
from sla.reports.filters import EVERYTHING, Filters
from sla.reports.names import OF_CLOCKS, Named, named, of_tickets
from sla.reports.paper import Paper
from sla.reports.periods import Period
from sla.reports.replay import NEVER, replayed
from sla.reports.what_if import Codes, Outcome, outcomes, promises_replayed, read_only

type Found = dict[int, tuple[Outcome, Outcome, int]]
"""By the number of a clock: its outcome as it was and on paper, and its deadline on paper."""


@dataclass(frozen=True)
class Wanted:
    """Which changes are behind a number: see `what_if_promises`."""

    was: Outcome | None
    would: Outcome | None
    others: bool

    def of(self, before: Codes, then: Codes) -> NDArray[np.bool_]:
        """Of each promise, whether it is one of them."""
        if self.was is None and self.would is None:
            changed: NDArray[np.bool_] = np.not_equal(before, then)
            if self.others:
                changed[_won_or_lost(before, then)] = False
            return changed
        fits: NDArray[np.bool_] = np.ones(len(before), np.bool_)
        if self.was is not None:
            fits &= before == self.was
        if self.would is not None:
            fits &= then == self.would
        return fits


def _won_or_lost(before: Codes, then: Codes) -> NDArray[np.bool_]:
    won: NDArray[np.bool_] = (before == Outcome.BROKEN) & (then == Outcome.KEPT)
    lost: NDArray[np.bool_] = (before == Outcome.KEPT) & (then == Outcome.BROKEN)
    return won | lost


@dataclass(frozen=True)
class WhatIfPromise(Named):
    """A promise, as it was and as it would have been. `due_on_paper`: None where there is none."""

    started_at: datetime
    ended_at: datetime | None
    due_at: datetime
    due_on_paper: datetime | None
    was: Outcome
    would: Outcome
    assignee: str | None
    team: str | None


def what_if_promises(
    *,
    paper: Paper,
    period: Period,
    at: datetime,
    filters: Filters = EVERYTHING,
    was: Outcome | None = None,
    would: Outcome | None = None,
    others: bool = False,
    after: int = 0,
    reader: Any,
) -> tuple[list[WhatIfPromise], int | None]:
    """The promises behind a number, 50 a page in the order of their making; and what comes after.

    Neither `was` nor `would`: those whose outcome changes; with `others` without those that are
    won and lost, as `WhatIfRow.others` counts them. The second answer is the `after` of the
    next page, None when this is the last one. Of tickets that the reader may not see there is none.
    """
    scope = promises_replayed(period, at, filters).visible_to(reader).filter(pk__gt=after)
    found: Found = {}
    for part in _found(scope, paper, at, Wanted(was, would, others)):
        found |= part
        if len(found) > PER_PAGE:
            break
    page = sorted(found)[:PER_PAGE]
    return _promises(page, found), page[-1] if len(found) > PER_PAGE else None


def all_what_if_promises(
    *,
    paper: Paper,
    period: Period,
    at: datetime,
    filters: Filters = EVERYTHING,
    was: Outcome | None = None,
    would: Outcome | None = None,
    others: bool = False,
    reader: Any,
) -> Iterator[WhatIfPromise]:
    """The same, all of them: one query more for each part of them."""
    scope = promises_replayed(period, at, filters).visible_to(reader)
    with read_only():
        for found in _found(scope, paper, at, Wanted(was, would, others)):
            yield from _promises(sorted(found), found)


def _found(scope: ClockQuerySet, paper: Paper, at: datetime, wanted: Wanted) -> Iterator[Found]:
    """The promises that are wanted, a block of them at a time, in the order of their making."""
    for block in replayed(scope.order_by("pk"), paper):
        found: Found = {}
        for group in block:
            before, then = outcomes(group, at)
            for i in np.flatnonzero(wanted.of(before, then)).tolist():
                codes = Outcome(before.item(i)), Outcome(then.item(i))
                found[group.facts[i].pk] = (*codes, group.due.item(i))
        yield found


def _promises(page: Sequence[int], found: Found) -> list[WhatIfPromise]:
    rows: Any = Clock.objects.filter(pk__in=page).order_by("pk").values(
        *OF_CLOCKS, "started_at", "due_at",
        **of_tickets(),
        ended=Coalesce("stopped_at", "superseded_at"),
    )  # fmt: skip
    return [_promise(row, *found[row["pk"]]) for row in rows]


def _promise(row: dict[str, Any], was: Outcome, would: Outcome, due: int) -> WhatIfPromise:
    return WhatIfPromise(
        **named(row),
        started_at=row["started_at"],
        ended_at=row["ended"],
        due_at=row["due_at"],
        due_on_paper=None if due == NEVER else instant(due),
        was=was,
        would=would,
        assignee=row["assignee"],
        team=row["team"],
    )
