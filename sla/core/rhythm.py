"""When something comes again: every day, week or month, when the clocks of a zone show a time.

Absolute across clock changes (policy: local to absolute): a local time that happens twice is the
first one, one that is skipped comes later by the length of the gap, and a date that never existed
has no occasion.
"""

from calendar import monthrange
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, time
from enum import StrEnum
from typing import NamedTuple
from zoneinfo import ZoneInfo

from sla.core.table import absolute, instant
from sla.core.week import MINUTE, read_zone

# Two months of 31 days, and a day on either side for the zone: an occasion lies within.
REACH = 64


class Every(StrEnum):
    """How often."""

    DAY = "day"
    WEEK = "week"
    MONTH = "month"


class Occasion(NamedTuple):
    """The local date, and the instant (UTC) at which it is due."""

    day: date
    at: datetime


@dataclass(frozen=True)
class Rhythm:
    """Every day; every week on `weekday` (Monday is 0); every month on `day`, or on its last one.

    `clock` is the local time, to the minute. ValueError for a zone that does not exist.
    """

    every: Every
    zone: str
    clock: time
    weekday: int = 0
    day: int = 1

    def __post_init__(self) -> None:
        read_zone(self.zone)

    def next_after(self, at: datetime) -> Occasion:
        """The first occasion that comes later than `at`."""
        first = self._local(at) - 1
        return next(each for each in self._among(range(first, first + REACH)) if each.at > at)

    def newest(self, at: datetime) -> Occasion:
        """The last occasion until `at`."""
        last = self._local(at) + 1
        return next(each for each in self._among(range(last, last - REACH, -1)) if each.at <= at)

    def between(self, first: datetime, last: datetime) -> Iterator[Occasion]:
        """The occasions from `first` to `last`, both included."""
        days = range(self._local(first) - 1, self._local(last) + 2)
        return (each for each in self._among(days) if first <= each.at <= last)

    def falls_on(self, day: date) -> bool:
        """Whether this local date is one of it."""
        if self.every is Every.WEEK:
            return day.weekday() == self.weekday
        if self.every is Every.MONTH:
            return day.day == min(self.day, monthrange(day.year, day.month)[1])
        return True

    def _local(self, at: datetime) -> int:
        return at.astimezone(ZoneInfo(self.zone)).toordinal()

    def _among(self, ordinals: Iterable[int]) -> Iterator[Occasion]:
        zone, clock = ZoneInfo(self.zone), (self.clock.hour * 60 + self.clock.minute) * MINUTE
        for ordinal in ordinals:
            day = date.fromordinal(ordinal)
            if self.falls_on(day) and _exists(zone, ordinal):
                yield Occasion(day, instant(absolute(zone, ordinal, clock)))


def _exists(zone: ZoneInfo, ordinal: int) -> bool:
    return instant(absolute(zone, ordinal, 0)).astimezone(zone).toordinal() == ordinal
