"""How many promises were kept, per priority and metric, with engineering, and over time."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import groupby
from typing import Any

from django.db.models import Count

from sla.core import deadlines
from sla.models import Priority
from sla.reports.figures import BROKEN, KEPT, OF_TARGET, Counted, Figure, Promised, promises_of
from sla.reports.filters import EVERYTHING, Engineering, Filters
from sla.reports.hours import TimeRow, by_hour, over_time
from sla.reports.periods import Period
from sla.reports.spreads import KINDS, Spread, spreads


@dataclass(frozen=True)
class AttainmentRow(Counted):
    """One priority and metric in a period.

    The spreads are of fulfilled promises alone, None where there is none, and where such times were
    not asked for: `business` in opening hours of the calendar, `elapsed` from beginning to end by
    the clock on the wall, `counted` as the target itself counts; that is None too where targets of
    different units meet, because units are never mixed. `used` says how many were fulfilled after
    which share of their time: see `figures.USED`.
    """

    priority: str
    priority_name: str
    metric: str
    targets: Sequence[Promised]
    promises: int
    kept: int
    broken: int
    business: Spread | None
    counted: Spread | None
    elapsed: Spread | None
    used: Mapping[int, int]

    @property
    def is_mixed(self) -> bool:
        """Whether targets of different units meet in it."""
        return len({target.unit for target in self.targets}) > 1

    @property
    def is_elapsed(self) -> bool:
        """Whether the targets count day and night, so that `counted` differs from `business`."""
        return all(target.unit == deadlines.HOURS for target in self.targets)


@dataclass(frozen=True)
class TotalRow(Counted):
    """All priorities together, for one metric."""

    metric: str
    promises: int
    kept: int
    broken: int


def cut(share: float) -> float:
    """A percentage as reports show it: cut after the first decimal, so that 99.96 is no 100."""
    return int(share * 10) / 10


def attainment(
    *, period: Period, at: datetime, filters: Filters = EVERYTHING
) -> list[AttainmentRow]:
    """Each priority and metric about which something was promised in the period; four queries.

    `at` decides what is late by now; the package's docstring defines every figure.
    """
    scope: dict[str, Any] = {"period": period, "at": at, "filters": filters}
    return with_times(counts(**scope), **scope)


def with_times(
    groups: Mapping[tuple[int, str], AttainmentRow],
    *,
    period: Period,
    at: datetime,
    filters: Filters = EVERYTHING,
    kinds: Collection[str] = tuple(KINDS),
) -> list[AttainmentRow]:
    """What `counts` found in the period, with the times of these `spreads.KINDS`; two queries."""
    found = spreads(promises_of(period, at, Figure.FULFILLED, filters), kinds)
    return [
        replace(
            row,
            business=found.business.get(key),
            counted=None if row.is_mixed else found.counted.get(key),
            elapsed=found.elapsed.get(key),
            used=found.used.get(key, {}),
        )
        for key, row in groups.items()
    ]


def counts(
    *, period: Period, at: datetime, filters: Filters = EVERYTHING
) -> dict[tuple[int, str], AttainmentRow]:
    """The same without the times, by the number of the priority and the metric; two queries."""
    lines = (
        promises_of(period, at, filters=filters)
        .values(*OF_TARGET, "priority_id", "metric")
        .annotate(
            promises=Count("pk"),
            kept=Count("pk", filter=KEPT),
            broken=Count("pk", filter=BROKEN),
        )
        .order_by()
    )
    by_group: dict[tuple[int, str], list[dict[str, Any]]] = {}
    for line in lines:
        by_group.setdefault((line["priority_id"], line["metric"]), []).append(line)
    priorities = Priority.objects.in_bulk()
    order = sorted(by_group, key=lambda key: (priorities[key[0]].rank, key[1]))
    return {key: _attainment_row(priorities[key[0]], by_group[key]) for key in order}


def engineering(*, period: Period, at: datetime, filters: Filters = EVERYTHING) -> list[TotalRow]:
    """Of each metric, the promises of tickets that engineering was asked about; at most one query.

    None of those that the filters leave is one where they ask for those without it.
    """
    if filters.engineering is Engineering.WITHOUT:
        return []
    asked = replace(filters, engineering=Engineering.WITH)
    rows = (
        promises_of(period, at, filters=asked)
        .values_list("metric")
        .annotate(
            promises=Count("pk"), kept=Count("pk", filter=KEPT), broken=Count("pk", filter=BROKEN)
        )
        .order_by("metric")
    )
    return [TotalRow(*row) for row in rows]


def totals(rows: Iterable[AttainmentRow]) -> list[TotalRow]:
    """The sums of the report's rows for each metric, in the order of the metrics' names."""
    by_metric = groupby(sorted(rows, key=lambda row: row.metric), key=lambda row: row.metric)
    found = []
    for metric, group in by_metric:
        same = list(group)
        found.append(
            TotalRow(
                metric=metric,
                promises=sum(row.promises for row in same),
                kept=sum(row.kept for row in same),
                broken=sum(row.broken for row in same),
            )
        )
    return found


def attainment_over_time(
    *, period: Period, at: datetime, zone: str, step: str, filters: Filters = EVERYTHING
) -> list[TimeRow]:
    """Kept, broken and running promises by the local day, week or month they were made in.

    One query. All rows add up to the table of `attainment`.
    """
    rows = by_hour(period=period, at=at, zone=zone, filters=filters)
    return over_time(rows, period=period, zone=zone, step=step)


def _attainment_row(priority: Priority, lines: Sequence[Mapping[str, Any]]) -> AttainmentRow:
    promised = {Promised.of(line) for line in lines}
    return AttainmentRow(
        priority=priority.code,
        priority_name=priority.name,
        metric=lines[0]["metric"],
        targets=sorted(promised, key=lambda one: (one.unit, one.amount, one.goal_amount or 0)),
        promises=sum(line["promises"] for line in lines),
        kept=sum(line["kept"] for line in lines),
        broken=sum(line["broken"] for line in lines),
        business=None,
        counted=None,
        elapsed=None,
        used={},
    )
