"""Exact percentiles of many values without sorting them: count coarsely, then count finely.

The first query counts values by ranges of SPAN seconds, which tells in which range each rank lies;
the second counts the single values of those ranges alone. Both are aggregates that PostgreSQL
spreads over its workers, and both count two kinds of seconds, the first one the tenths of their
time as well: reading two million promises once more takes longer than some more groups. A third
kind that has little to do with the others takes a quarter longer: whoever shows less asks for less.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from functools import reduce
from math import floor
from operator import or_
from typing import Any

from django.db.models import BigIntegerField, Case, Count, F, Q, Value, When
from django.db.models.functions import Cast, Floor

from sla.models import Metric
from sla.models.clocks import ClockQuerySet
from sla.reports.figures import USED, Seconds

SHARES = (0.5, 0.9)
# Whole seconds in opening hours, as the target counts them, and by the clock on the wall.
KINDS: dict[str, Any] = {
    "business": F("business_seconds"),
    "counted": F("counted_seconds"),
    "elapsed": Cast(Floor(Seconds(F("stopped_at") - F("started_at"))), BigIntegerField()),
}
SPAN = 1024
# More ranges of SPAN seconds than any promise lasts.
RANGES = 2**32
NO_CELL = -1

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
    their time (`figures.USED`). Groups in which nothing was fulfilled are not there, and none are
    in a kind that was not asked for.
    """

    business: Mapping[Group, Spread]
    counted: Mapping[Group, Spread]
    elapsed: Mapping[Group, Spread]
    used: Mapping[Group, Mapping[int, int]]


def spreads(fulfilled: ClockQuerySet, kinds: Collection[str] = tuple(KINDS)) -> Spreads:
    """How long fulfilled promises took, in these KINDS. Two queries, one where nothing was."""
    coarse = (
        fulfilled.annotate(**{name: KINDS[name] / Value(SPAN) for name in kinds})
        .annotate(used=USED)
        .values_list("priority_id", "metric", "used", *kinds)
        .annotate(count=Count("pk"))
        .order_by()
    )
    ranges: dict[str, dict[Group, Counter[int]]] = {name: defaultdict(Counter) for name in kinds}
    tenths: dict[Group, Counter[int]] = defaultdict(Counter)
    for priority, metric, used, *numbers, count in coarse:
        group = priority, metric
        for name, number in zip(kinds, numbers, strict=True):
            if number is not None:
                ranges[name][group][number] += count
        if used is not None:
            tenths[group][used] += count
    # The ranges that the ranks lie in, and how many values lie before each.
    wanted = {
        name: {group: _ranges_of_ranks(counts) for group, counts in groups.items()}
        for name, groups in ranges.items()
    }
    values = _values(fulfilled, wanted)
    found = {
        name: {
            group: Spread(
                *(_percentile(share, ranges[name][group], counts, values[name][group])
                  for share in SHARES)
            )
            for group, counts in groups.items()
        }
        for name, groups in wanted.items()
    }  # fmt: skip
    return Spreads(
        found.get("business", {}),
        found.get("counted", {}),
        found.get("elapsed", {}),
        used={group: dict(sorted(numbers.items())) for group, numbers in tenths.items()},
    )


def _values(
    fulfilled: ClockQuerySet, wanted: Mapping[str, Mapping[Group, Mapping[int, int]]]
) -> dict[str, dict[Group, list[tuple[int, int]]]]:
    """How often each single value of the wanted ranges is there. One query, or none."""
    cells = {
        name: [_cell(group, number) for group, ranges in groups.items() for number in ranges]
        or [NO_CELL]
        for name, groups in wanted.items()
    }
    values: dict[str, dict[Group, list[tuple[int, int]]]]
    values = {name: defaultdict(list) for name in wanted}
    if not any(wanted.values()):
        return values
    # What is in no wanted range counts as null, so that few of them are told apart.
    fine = (
        fulfilled.annotate(**{f"{name}_cell": _cell_of(KINDS[name]) for name in wanted})
        .filter(reduce(or_, (Q(**{f"{name}_cell__in": cells[name]}) for name in wanted)))
        .annotate(
            **{
                name: Case(When(**{f"{name}_cell__in": cells[name]}, then=KINDS[name]))
                for name in wanted
            }
        )
        .values_list("priority_id", "metric", *wanted)
        .annotate(count=Count("pk"))
        .order_by()
    )
    for priority, metric, *numbers, count in fine:
        for name, number in zip(wanted, numbers, strict=True):
            if number is not None:
                values[name][priority, metric].append((number, count))
    return values


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


def _cell_of(seconds: Any) -> Any:
    """The same in SQL: one number for priority, metric and range, so that one list tells all."""
    numbers = [When(metric=metric, then=Value(number)) for metric, number in NUMBERS.items()]
    metric = Case(*numbers, output_field=BigIntegerField())
    group = Cast("priority_id", BigIntegerField()) * Value(len(NUMBERS)) + metric
    return group * Value(RANGES) + seconds / Value(SPAN)
