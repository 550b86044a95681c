"""All-day events of an uploaded calendar file (RFC 5545, .ics) as holidays. No database.

The file is hostile until read: sizes, events and dates are bounded, lines that holidays do not
need are thrown away first, and no rule is followed that could go on for long.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

import icalendar

from sla.admin.yearly import read_rule
from sla.public_holidays import LONGEST_NAME, FoundHoliday

LARGEST = 1_000_000
MOST_EVENTS = 2_000
MOST_DATES = 1_000
LONGEST_EVENT = 366
# Days that may be looked at, of all events and rules together.
MOST_WORK = 100_000

NAMELESS = "Holiday"
FOLD, NEW_LINE = re.compile(r"\r?\n[ \t]"), re.compile(r"\r?\n|\r")
# Lines of other names are not parsed: they cannot break the file, nor leave zones in memory.
NEEDED = re.compile(
    r"(?:BEGIN|END|UID|SUMMARY|STATUS|DTSTART|DTEND|DURATION|RRULE|RDATE|EXDATE|EXRULE"
    r"|RECURRENCE-ID)[:;]",
    re.IGNORECASE,
)
# What icalendar raises for nonsense, beside ValueError.
PARSE_ERRORS = (ValueError, KeyError, IndexError, TypeError, AttributeError, OverflowError)


@dataclass(frozen=True)
class CalendarFile:
    """What a file says about some years; `left_out` are sentences about its other events."""

    found: list[FoundHoliday]
    left_out: list[str]


@dataclass
class _Reading:
    """The names by date, and the sentences, as they grow."""

    years: Collection[int]
    names: dict[date, dict[str, None]] = field(default_factory=lambda: defaultdict(dict))
    left_out: list[str] = field(default_factory=list)
    work: int = 0

    def spend(self, days: int) -> None:
        """Count what is about to be looked at; ValueError when it is more than a file may cost."""
        self.work += days
        if self.work > MOST_WORK:
            raise ValueError("The file has too many repetitions: divide it.")

    def add(self, first: date, length: int, name: str) -> None:
        """The days of one event that lie in the wanted years."""
        self.spend(length)
        last = min(first.toordinal() + length - 1, date.max.toordinal())
        for ordinal in range(first.toordinal(), last + 1):
            day = date.fromordinal(ordinal)
            if day.year in self.years:
                self.names[day][name] = None
        if len(self.names) > MOST_DATES:
            raise ValueError(
                f"The file has more than {MOST_DATES:,} dates in these years: choose fewer "
                "years, or divide the file."
            )


def read(raw: bytes, years: Collection[int]) -> CalendarFile:
    """The all-day events of the file in those years, by date, each date once.

    ValueError with a sentence for people when there is nothing to read: the file is too large, is
    no calendar, or has no such event.
    """
    if len(raw) > LARGEST:
        raise ValueError("The file is larger than 1 MB.")
    events = list(_events(raw))
    if len(events) > MOST_EVENTS:
        raise ValueError(f"The file has more than {MOST_EVENTS:,} events: divide it.")
    reading = _Reading(years)
    replaced = _replaced(events)
    for event in events:
        name = _name(event)
        try:
            _read_event(event, name, replaced, reading)
        except _LeftOut as reason:
            reading.left_out.append(f"“{name}” was left out: {reason}.")
    if not reading.names:
        raise ValueError(_nothing(events, years, reading.left_out))
    found = [
        FoundHoliday(day, "; ".join(names)[:LONGEST_NAME])
        for day, names in sorted(reading.names.items())
    ]
    return CalendarFile(found, reading.left_out)


class _LeftOut(Exception):  # noqa: N818 - it is a reason, and no error
    """Why an event is no holiday: the end of a sentence."""


def _events(raw: bytes) -> Iterator[Mapping[str, Any]]:
    try:
        lines = NEW_LINE.split(FOLD.sub("", raw.decode("utf-8-sig", "replace")))
        needed = "\r\n".join(line for line in lines if NEEDED.match(line))
        # As bytes: a string may be taken for the path of a file.
        calendars = icalendar.Calendar.from_ical(needed.encode(), multiple=True)
    except PARSE_ERRORS as problem:
        raise ValueError("The file is not a calendar: it could not be read as .ics.") from problem
    if not any(found.name == "VCALENDAR" for found in calendars):
        raise ValueError("The file is not a calendar: it does not begin as an .ics file does.")
    for calendar in calendars:
        # Not by `walk`: it recurses, and a file may be nested without end.
        yield from (part for part in calendar.subcomponents if part.name == "VEVENT")


def _read_event(
    event: Mapping[str, Any],
    name: str,
    replaced: Mapping[str, set[date]],
    reading: _Reading,
) -> None:
    if str(_first(event.get("STATUS"))).upper() == "CANCELLED":
        return
    start = _day(event.get("DTSTART"), "its start")
    length = _length(event, start)
    instances = set(_dates(event.get("RDATE"), "RDATE"))
    leaving = set(_dates(event.get("EXDATE"), "EXDATE"))
    if "EXRULE" in event:
        raise _LeftOut("it has a rule of exceptions, which is not read")
    if "RECURRENCE-ID" not in event:
        leaving |= replaced.get(str(event.get("UID", "")), set())
    if "RRULE" in event:
        # An event of the year before may reach into a wanted year.
        around = {*reading.years, *(year - 1 for year in reading.years)}
        instances |= _repeated(event["RRULE"], start, around, reading)
    else:
        instances.add(start)
    for day in sorted(instances - leaving):
        reading.add(day, length, name)


def _repeated(rule: Any, start: date, years: Collection[int], reading: _Reading) -> set[date]:
    if not isinstance(rule, icalendar.vRecur):
        raise _LeftOut("its repetition makes no sense")
    try:
        yearly = read_rule(rule, start)
    except ValueError as problem:
        raise _LeftOut(str(problem)) from problem
    reading.spend(yearly.cost(years))
    return set(yearly.dates(years))


def _length(event: Mapping[str, Any], start: date) -> int:
    """In days; one when the event does not say, or says that it ends where it starts."""
    if "DTEND" in event:
        days = (_day(event["DTEND"], "its end") - start).days
    elif "DURATION" in event:
        duration = _value(event["DURATION"], "its duration")
        days = duration.days if isinstance(duration, timedelta) else 1
    else:
        days = 1
    if days > LONGEST_EVENT:
        raise _LeftOut("it lasts longer than a year")
    return max(days, 1)


def _replaced(events: Iterable[Mapping[str, Any]]) -> dict[str, set[date]]:
    """By UID, the days of a repeated event that another event of the file stands for."""
    found: dict[str, set[date]] = defaultdict(set)
    for event in events:
        stands_for = event.get("RECURRENCE-ID")
        if isinstance(stands_for, icalendar.vDDDTypes) and isinstance(stands_for.dt, date):
            day = stands_for.dt
            found[str(event.get("UID", ""))].add(day.date() if isinstance(day, datetime) else day)
    return found


def _day(value: Any, what: str) -> date:
    day = _value(value, what)
    if isinstance(day, datetime):
        raise _LeftOut("it has times, and only whole days are read")
    if not isinstance(day, date):
        raise _LeftOut(f"{what} is no date")
    return day


def _value(value: Any, what: str) -> Any:
    if not isinstance(value, icalendar.vDDDTypes):
        raise _LeftOut(f"{what} is missing or cannot be read")
    return value.dt


def _dates(value: Any, what: str) -> Iterator[date]:
    """Of one line or of several; instants among them are left alone."""
    lines = value if isinstance(value, list) else [value]
    for line in lines if value is not None else ():
        if not isinstance(line, icalendar.vDDDLists):
            raise _LeftOut(f"its {what} cannot be read")
        for entry in line.dts:
            if isinstance(entry.dt, date) and not isinstance(entry.dt, datetime):
                yield entry.dt


def _name(event: Mapping[str, Any]) -> str:
    """What the event is called, in one line without control characters."""
    text = str(_first(event.get("SUMMARY")) or "")
    words = "".join(letter if letter.isprintable() else " " for letter in text).split()
    return " ".join(words)[:LONGEST_NAME] or NAMELESS


def _first(value: Any) -> Any:
    return value[0] if isinstance(value, list) else value


def _nothing(
    events: Collection[Mapping[str, Any]], years: Collection[int], left_out: list[str]
) -> str:
    named = ", ".join(str(year) for year in sorted(years))
    if not events:
        return "The calendar in the file has no events."
    why = f" {left_out[0]}" if left_out else ""
    return f"The file has no all-day event in {named}.{why}"
