"""Promises by the local hour in which they were made, rolled up to stretches and weekdays.

The database counts by hours of equal length, which is integer arithmetic; where the zone's clock
stands is known here, and asked once an hour and not once a promise.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from math import gcd
from typing import Any
from zoneinfo import ZoneInfo

from django.db.models import Count, DateTimeField, DurationField, F, Func, QuerySet, Value

from sla.reports.figures import BROKEN, KEPT, percentage, promises_of
from sla.reports.filters import EVERYTHING, Filters
from sla.reports.periods import Period, stretches

# Longer periods, such as all time, begin with the first stretch that has anything.
LONG = timedelta(days=366 * 5)


@dataclass(frozen=True)
class HourRow:
    """What was promised within one hour from `at`, in the zone's local time.

    Less than an hour where the zone's clock changes by less.
    """

    at: datetime
    promises: int
    kept: int
    broken: int


@dataclass(frozen=True)
class TimeRow:
    """The promises made in one stretch (a day, week or month) that begins at a local date."""

    starts: date
    kept: int
    broken: int
    running: int

    @property
    def attainment(self) -> float | None:
        """In percent; None while nothing is decided."""
        return percentage(self.kept, self.broken)


@dataclass(frozen=True)
class HeatCell:
    """The promises made in one hour of one weekday (0 is Monday), local time."""

    weekday: int
    hour: int
    promises: int
    kept: int
    broken: int


class DateBin(Func):
    """PostgreSQL's date_bin: the beginning of the bin of equal length in which an instant lies."""

    function = "date_bin"
    output_field = DateTimeField()


def bins_of(column: str, period: Period, zone: str) -> DateBin:
    """Bins of an hour that never hold two local hours of this zone, within the period."""
    length, offset = _common(period, zone)
    origin = datetime(2000, 1, 1, tzinfo=UTC) - offset
    return DateBin(Value(length, DurationField()), F(column), Value(origin, DateTimeField()))


def by_hour(
    *, period: Period, at: datetime, zone: str, filters: Filters = EVERYTHING
) -> list[HourRow]:
    """The hours in which anything was promised. One query."""
    promises: QuerySet[Any, Any] = promises_of(period, at, filters=filters)
    rows = (
        promises.annotate(hour_of=bins_of("started_at", period, zone))
        .values_list("hour_of")
        .annotate(
            promises=Count("pk"), kept=Count("pk", filter=KEPT), broken=Count("pk", filter=BROKEN)
        )
        .order_by()
    )
    place = ZoneInfo(zone)
    return [HourRow(hour.astimezone(place), *numbers) for hour, *numbers in rows]


def over_time(rows: Iterable[HourRow], *, period: Period, zone: str, step: str) -> list[TimeRow]:
    """Stretches from the first to the last; those without a promise are there too, with zeros.

    The first and the last one hold only what lies in the period.
    """
    sums: dict[date, list[int]] = defaultdict(lambda: [0, 0, 0])
    for row in rows:
        sum_ = sums[stretch_of(row.at.date(), step)]
        for i, number in enumerate((row.kept, row.broken, row.promises - row.kept - row.broken)):
            sum_[i] += number
    return [TimeRow(day, *sums.get(day, (0, 0, 0))) for day in shown(period, zone, step, sums)]


def heat(rows: Iterable[HourRow]) -> list[HeatCell]:
    """The cells in which anything was promised, by weekday and hour of the zone's clock."""
    sums: dict[tuple[int, int], list[int]] = defaultdict(lambda: [0, 0, 0])
    for row in rows:
        sum_ = sums[row.at.weekday(), row.at.hour]
        for i, number in enumerate((row.promises, row.kept, row.broken)):
            sum_[i] += number
    return [HeatCell(*cell, *sums[cell]) for cell in sorted(sums)]


def shown(period: Period, zone: str, step: str, found: Iterable[date]) -> Sequence[date]:
    """The stretches that a chart shows; of a period of many years only those that have anything."""
    place = ZoneInfo(zone)
    first = period.start.astimezone(place).date()
    last = (period.end - timedelta(microseconds=1)).astimezone(place).date()
    if last - first > LONG:
        days = set(found)
        if not days:
            return []
        first, last = max(first, min(days)), min(last, max(days))
    return list(stretches(first, last, step))


def stretch_of(day: date, step: str) -> date:
    """The first day of the stretch that this day lies in."""
    if step == "week":
        return day - timedelta(days=day.weekday())
    return day.replace(day=1) if step == "month" else day


@lru_cache(maxsize=64)
def _common(period: Period, zone: str) -> tuple[timedelta, timedelta]:
    """The length that fits into an hour and every change of the clock, and the first offset."""
    place = ZoneInfo(zone)
    first, length = _offset(period.start, place), 3600
    at = period.start
    while at < period.end:
        length = gcd(length, int((_offset(at, place) - first).total_seconds()))
        at += timedelta(days=1)
    return timedelta(seconds=length), first


def _offset(at: datetime, place: ZoneInfo) -> timedelta:
    return at.astimezone(place).utcoffset() or timedelta()
