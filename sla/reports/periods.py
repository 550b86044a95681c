"""The period that a report is about, and how a chart cuts it. Local dates come in here alone."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from sla.core.table import absolute, instant


@dataclass(frozen=True)
class Period:
    """The instants [start, end). ValueError when it does not end after it starts."""

    start: datetime
    end: datetime

    def __post_init__(self) -> None:
        if self.end <= self.start:
            raise ValueError("A period ends after it starts.")

    @classmethod
    def of_days(cls, first: date, last: date, zone: str) -> Period:
        """The local days from `first` to `last`, both included."""
        place = ZoneInfo(zone)
        return cls(
            instant(absolute(place, first.toordinal(), 0)),
            instant(absolute(place, last.toordinal() + 1, 0)),
        )


def step_of(period: Period) -> str:
    """How to cut the period for a chart: "day", "week" (Monday first) or "month"."""
    days = (period.end - period.start) / timedelta(days=1)
    # A period of local days may be an hour longer than its days.
    return "day" if days <= 31.5 else "week" if days <= 371 else "month"


def stretches(first: date, last: date, step: str) -> Iterator[date]:
    """The days, Mondays or firsts of months in whose stretch a day from `first` to `last` lies."""
    day = first
    if step == "week":
        day -= timedelta(days=day.weekday())
    elif step == "month":
        day = day.replace(day=1)
    while day <= last:
        yield day
        if step == "month":
            day = (day + timedelta(days=31)).replace(day=1)
        else:
            day += timedelta(days=7 if step == "week" else 1)
