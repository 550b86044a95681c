"""A year of a calendar as a picture: each day open, closed, a holiday or a half-day. Pure."""

from __future__ import annotations

from calendar import monthcalendar
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

from sla.core.hours import Hours

ONE_DAY = timedelta(days=1)


class Kind(StrEnum):
    """What a day is; `LEFT_OUT` never existed in its zone."""

    OPEN = "open"
    CLOSED = "closed"
    HOLIDAY = "holiday"
    HALF_DAY = "half-day"
    LEFT_OUT = "left-out"


EXCEPTIONS = (Kind.HOLIDAY, Kind.HALF_DAY)


@dataclass(frozen=True)
class Day:
    """A local date; `spans` are its open times as the clock on the wall shows them."""

    date: date
    kind: Kind
    spans: Sequence[tuple[str, str]]
    name: str
    is_today: bool

    @property
    def hours(self) -> str:
        """Such as "09:00 to 12:30 and 13:30 to 17:00"; "" for none."""
        return " and ".join(f"{opens} to {closes}" for opens, closes in self.spans)

    @property
    def words(self) -> str:
        """What the day is, in a line without its date."""
        if self.kind is Kind.LEFT_OUT:
            return "This date never existed in the zone"
        what = self.name or ("Open" if self.spans else "Closed")
        rest = self.hours or ("closed" if self.name else "")
        return f"{what}, {rest}" if rest else what


@dataclass(frozen=True)
class Month:
    """Weeks from Monday to Sunday; None where the week belongs to another month."""

    first: date
    weeks: Sequence[Sequence[Day | None]]


def year_of(
    hours: Hours, names: Mapping[date, str], *, year: int, today: date
) -> tuple[list[Month], list[Day]]:
    """The months of a year (2 to 9998), and its holidays and half-days in order.

    `names` are those of the calendar's exceptions; `today` is the date in the calendar's zone.
    """
    months, exceptions = [], []
    for month in range(1, 13):
        weeks = []
        for numbers in monthcalendar(year, month):
            dates = [date(year, month, number) if number else None for number in numbers]
            days = [_day(hours, names, at, today) if at else None for at in dates]
            exceptions += [day for day in days if day and day.kind in EXCEPTIONS]
            weeks.append(days)
        months.append(Month(date(year, month, 1), weeks))
    return months, exceptions


def spans_of(hours: Hours, day: date) -> list[tuple[str, str]]:
    """The open times of a local date, as "HH:MM" on the wall; the end of the day is "24:00"."""
    zone = ZoneInfo(hours.zone)
    start, end = _midnight(day, zone), _midnight(day + ONE_DAY, zone)
    return [
        (
            f"{stretch.start.astimezone(zone):%H:%M}",
            "24:00" if stretch.end == end else f"{stretch.end.astimezone(zone):%H:%M}",
        )
        for stretch in hours.stretches(start, end)
        if stretch.is_open
    ]


def _day(hours: Hours, names: Mapping[date, str], day: date, today: date) -> Day:
    spans = spans_of(hours, day)
    if _midnight(day, zone := ZoneInfo(hours.zone)) == _midnight(day + ONE_DAY, zone):
        kind = Kind.LEFT_OUT
    elif day in names:
        kind = Kind.HALF_DAY if spans else Kind.HOLIDAY
    else:
        kind = Kind.OPEN if spans else Kind.CLOSED
    return Day(day, kind, spans, names.get(day, ""), day == today)


def _midnight(day: date, zone: ZoneInfo) -> datetime:
    """When a local date begins; one that never existed begins where the next one does."""
    return datetime(day.year, day.month, day.day, tzinfo=zone).astimezone(UTC)
