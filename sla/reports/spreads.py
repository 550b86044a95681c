"""Exact percentiles of many values without sorting them: count coarsely, then count finely.

The first query counts values by ranges of SPAN seconds, which tells in which range each rank lies;
the others count the single values of those ranges alone. All are aggregates that PostgreSQL
spreads over its workers. The first one counts the tenths of their time as well: reading two million
promises once more takes longer than a few more groups.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from math import floor
from typing import Any

from django.db.models import BigIntegerField, Case, Count, F, Value, When
from django.db.models.functions import Cast

from sla.models import Metric
from sla.models.clocks import ClockQuerySet
from sla.reports.figures import USED

SHARES = (0.5, 0.9)
SPAN = 1024
# More ranges of SPAN seconds than any promise lasts.
RANGES = 2**32

type Group = tuple[int, str]
"""The number of a priority, and a metric."""

NUMBERS = {metric: number for number, metric in enumerate(Metric.values)}


@dataclass(frozen=True)
class Spread:
    """Median and 90th percentile, in seconds, interpolated (as percentile_cont)."""

    median: float
    ninetieth: float


@dataclass(frozen=True)
class Spreads:
    """Of each priority and metric: the spreads, and how many were fulfilled by which tenth of
    their time (`figures.USED`). Groups in which nothing was fulfilled are not there.
    """

    business: Mapping[Group, Spread]
    counted: Mapping[Group, Spread]
    used: Mapping[Group, Mapping[int, int]]


def spreads(fulfilled: ClockQuerySet) -> Spreads:
    """How long fulfilled promises took. Three queries, or one where there is nothing."""
    coarse = (
        fulfilled.annotate(
            business=F("business_seconds") / Value(SPAN),
            counted=F("counted_seconds") / Value(SPAN),
            used=USED,
        )
        .values_list("priority_id", "metric", "business", "counted", "used")
        .annotate(count=Count("pk"))
        .order_by()
    )
    ranges: dict[str, dict[Group, Counter[int]]] = {
        "business_seconds": defaultdict(Counter),
        "counted_seconds": defaultdict(Counter),
    }
    tenths: dict[Group, Counter[int]] = defaultdict(Counter)
    for priority, metric, business, counted, used, number in coarse:
        group = priority, metric
        if business is not None:
            ranges["business_seconds"][group][business] += number
        if counted is not None:
            ranges["counted_seconds"][group][counted] += number
        if used is not None:
            tenths[group][used] += number
    business, counted = (_spreads(fulfilled, name, groups) for name, groups in ranges.items())
    return Spreads(
        business,
        counted,
        used={group: dict(sorted(numbers.items())) for group, numbers in tenths.items()},
    )


def _spreads(
    fulfilled: ClockQuerySet, name: str, groups: Mapping[Group, Counter[int]]
) -> dict[Group, Spread]:
    if not groups:
        return {}
    # The ranges that the ranks lie in, and how many values lie before each.
    wanted = {group: _ranges_of_ranks(counts) for group, counts in groups.items()}
    cells = [_cell(group, number) for group, ranges in wanted.items() for number in ranges]
    fine = (
        fulfilled.annotate(cell=_cell_of(name))
        .filter(cell__in=cells)
        .values_list("priority_id", "metric", name)
        .annotate(count=Count("pk"))
        .order_by()
    )
    values: dict[Group, list[tuple[int, int]]] = defaultdict(list)
    for priority, metric, value, number in fine:
        values[priority, metric].append((value, number))
    return {
        group: Spread(
            *(_percentile(share, groups[group], wanted[group], values[group]) for share in SHARES)
        )
        for group in groups
    }


def _ranks(share: float, count: int) -> tuple[int, int, float]:
    """The two ranks between which a percentile lies, from 0, and how far after the first."""
    exact = share * (count - 1)
    low = floor(exact)
    return low, min(low + 1, count - 1), exact - low


def _ranges_of_ranks(counts: Counter[int]) -> dict[int, int]:
    """Range -> how many values lie before it, for the ranges in which a rank lies."""
    total = counts.total()
    ranks = {rank for share in SHARES for rank in _ranks(share, total)[:2]}
    found, before = {}, 0
    for number in sorted(counts):
        if any(before <= rank < before + counts[number] for rank in ranks):
            found[number] = before
        before += counts[number]
    return found


def _percentile(
    share: float,
    counts: Counter[int],
    ranges: Mapping[int, int],
    values: Iterable[tuple[int, int]],
) -> float:
    low, high, part = _ranks(share, counts.total())
    first = last = 0.0
    ends: dict[int, int] = dict(ranges)
    for value, number in sorted(values):
        start = ends[value // SPAN]
        ends[value // SPAN] = start + number
        if start <= low < start + number:
            first = float(value)
        if start <= high < start + number:
            last = float(value)
    return first + part * (last - first)


def _cell(group: Group, number: int) -> int:
    priority, metric = group
    return (priority * len(NUMBERS) + NUMBERS[metric]) * RANGES + number


def _cell_of(name: str) -> Any:
    """The same in SQL: one number for priority, metric and range, so that one list tells all."""
    numbers = [When(metric=metric, then=Value(number)) for metric, number in NUMBERS.items()]
    metric = Case(*numbers, output_field=BigIntegerField())
    group = Cast("priority_id", BigIntegerField()) * Value(len(NUMBERS)) + metric
    return group * Value(RANGES) + F(name) / Value(SPAN)
