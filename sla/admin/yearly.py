"""Which days a yearly rule of a calendar file (RFC 5545, RRULE) falls on."""

from __future__ import annotations

import re
from calendar import monthrange
from collections.abc import Collection, Container, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

DAYS = {"MO": 0, "TU": 1, "WE": 2, "TH": 3, "FR": 4, "SA": 5, "SU": 6}
NTH_DAY = re.compile(r"([+-]?[0-9]{1,2})?(MO|TU|WE|TH|FR|SA|SU)")
PARTS = {
    *("FREQ", "INTERVAL", "COUNT", "UNTIL", "WKST"),
    *("BYMONTH", "BYMONTHDAY", "BYDAY", "BYSETPOS"),
}


@dataclass(frozen=True)
class Yearly:
    """A rule that has been read; `nth_days` are pairs of (n, or 0 for each one, and weekday)."""

    start: date
    interval: int
    count: int | None
    until: date
    months: frozenset[int]
    month_days: frozenset[int]
    nth_days: frozenset[tuple[int, int]]
    positions: frozenset[int]

    def cost(self, years: Collection[int]) -> int:
        """How many days `dates` looks at, at most."""
        if self.month_days or not self.nth_days:
            months = len(self.months) or (12 if self.month_days else 1)
            a_year = months * (len(self.month_days) or 1)
        else:
            each = 5 if self.months else 53
            a_year = (len(self.months) or 1) * sum(1 if n else each for n, _ in self.nth_days)
        return a_year * sum(1 for _ in self._years(years))

    def dates(self, years: Collection[int]) -> Iterator[date]:
        """Its days in those years, in order, from its start on."""
        seen = 0
        for year in self._years(years):
            for day in self._days(year):
                if not self.start <= day <= self.until:
                    continue
                if seen == self.count:
                    return
                seen += 1
                if year in years:
                    yield day

    def _years(self, years: Collection[int]) -> Iterator[int]:
        """The years to look at: all since the start where days are counted, else the wanted."""
        for year in range(self.start.year, min(self.until.year, max(years)) + 1, self.interval):
            if self.count is not None or year in years:
                yield year

    def _days(self, year: int) -> Sequence[date]:
        if self.month_days or not self.nth_days:
            found = self._days_of_months(year)
        else:
            found = self._days_of_weeks(year)
        days = sorted(set(found))
        if not self.positions:
            return days
        wanted = {at - 1 if at > 0 else len(days) + at for at in self.positions}
        return [day for at, day in enumerate(days) if at in wanted]

    def _days_of_months(self, year: int) -> Iterator[date]:
        """Days by their number, of the weekdays that are named, if any."""
        numbers = self.month_days or {self.start.day}
        months = self.months or (range(1, 13) if self.month_days else {self.start.month})
        weekdays = {weekday for _, weekday in self.nth_days}
        for month in months:
            length = monthrange(year, month)[1]
            for number in numbers:
                n = number if number > 0 else length + 1 + number
                if 1 <= n <= length:
                    day = date(year, month, n)
                    if not weekdays or day.weekday() in weekdays:
                        yield day

    def _days_of_weeks(self, year: int) -> Iterator[date]:
        """The n-th weekdays of the months, or of the whole year when no month is named."""
        if not self.months:
            yield from self._nth(date(year, 1, 1), 337 + monthrange(year, 2)[1])
        for month in self.months:
            yield from self._nth(date(year, month, 1), monthrange(year, month)[1])

    def _nth(self, first: date, length: int) -> Iterator[date]:
        for n, weekday in self.nth_days:
            days = range((weekday - first.weekday()) % 7, length, 7)
            if n == 0:
                yield from (first + timedelta(days=at) for at in days)
            elif abs(n) <= len(days):
                yield first + timedelta(days=days[n - 1 if n > 0 else n])


def read_rule(rule: Mapping[str, Sequence[Any]], start: date) -> Yearly:
    """The rule of an all-day event that starts on that day.

    `rule` has the values of each part, read as numbers and dates. ValueError, with the end of a
    sentence, when the event repeats in another way.
    """
    frequency = str(rule.get("FREQ", ["in no known way"])[0]).lower()
    if frequency != "yearly":
        raise ValueError(f"it repeats {frequency}, and only yearly events are read")
    unknown = sorted(name for name in rule if name.upper() not in PARTS)
    if unknown:
        raise ValueError(f"it repeats by {unknown[0][:20]}, which is not read")
    return Yearly(
        start=start,
        interval=_one(rule, "INTERVAL") or 1,
        count=_one(rule, "COUNT"),
        until=_until(rule),
        months=_numbers(rule, "BYMONTH", range(1, 13)),
        month_days=_numbers(rule, "BYMONTHDAY", range(-31, 32)),
        nth_days=frozenset(_nth_day(word) for word in rule.get("BYDAY", ())),
        positions=_numbers(rule, "BYSETPOS", range(-366, 367)),
    )


def _one(rule: Mapping[str, Sequence[Any]], name: str) -> int | None:
    numbers = rule.get(name, ())
    if not numbers:
        return None
    if len(numbers) > 1 or numbers[0] < 1:
        raise _senseless(name)
    return int(numbers[0])


def _numbers(
    rule: Mapping[str, Sequence[Any]], name: str, allowed: Container[int]
) -> frozenset[int]:
    numbers = frozenset(rule.get(name, ()))
    for number in numbers:
        # A leap month of another calendar (RFC 7529) is a number with a mark.
        if number == 0 or number not in allowed or getattr(number, "leap", False):
            raise _senseless(name)
    return numbers


def _nth_day(word: object) -> tuple[int, int]:
    match = NTH_DAY.fullmatch(str(word).upper())
    if match is None:
        raise _senseless("BYDAY")
    return int(match[1] or 0), DAYS[match[2]]


def _until(rule: Mapping[str, Sequence[Any]]) -> date:
    ends = rule.get("UNTIL", ())
    if not ends:
        return date.max
    if len(ends) > 1 or not isinstance(ends[0], date):
        raise _senseless("UNTIL")
    return ends[0].date() if isinstance(ends[0], datetime) else ends[0]


def _senseless(name: str) -> ValueError:
    return ValueError(f"the {name} of its repetition makes no sense")
