"""Opening hours as they are written: read from text and checked; a bad week cannot exist."""

import re
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from itertools import pairwise
from zoneinfo import ZoneInfo

type DayHours = tuple[tuple[int, int], ...]
"""The opening spans of one day in wall-clock microseconds after midnight: in order, disjoint."""

WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
MINUTE = 60 * 1_000_000
DAY = 24 * 60 * MINUTE

_TIME = re.compile(r"([01][0-9]|2[0-3]):([0-5][0-9])")


def read_zone(zone: str) -> ZoneInfo:
    """The time zone of that IANA name; ValueError when there is none."""
    try:
        return ZoneInfo(zone)
    except (KeyError, ValueError, OSError, TypeError) as error:
        # A folder of zones ("America") is an OSError, a path ("../x") a ValueError.
        raise ValueError(f"there is no time zone named {zone!r}.") from error


def read_week(week: Mapping[int, Sequence[tuple[str, str]]]) -> tuple[DayHours, ...]:
    """The spans of Monday to Sunday; ValueError with a sentence that names the weekday."""
    for weekday in week:
        if weekday not in range(7):
            raise ValueError(f"{weekday!r} is no weekday: Monday is 0 and Sunday is 6.")
    return tuple(_read_day(week.get(n, ()), name) for n, name in enumerate(WEEKDAYS))


def read_exceptions(
    exceptions: Mapping[date, Sequence[tuple[str, str]]],
) -> dict[int, DayHours]:
    """The spans of each dated exception by its ordinal; ValueError that names the date."""
    read = {}
    for day, spans in exceptions.items():
        if not isinstance(day, date) or isinstance(day, datetime):
            raise ValueError(f"an exception is for a date, and {day!r} is none.")
        read[day.toordinal()] = _read_day(spans, day.isoformat())
    return dict(sorted(read.items()))


def _read_day(written: Sequence[tuple[str, str]], where: str) -> DayHours:
    spans = sorted(_read_span(span, where) for span in written)
    for (opens, closes), (next_opens, next_closes) in pairwise(spans):
        if next_opens < closes:
            raise ValueError(
                f"{where}: {_text(opens)}-{_text(closes)} overlaps "
                f"{_text(next_opens)}-{_text(next_closes)}."
            )
    return tuple(spans)


def _read_span(span: tuple[str, str], where: str) -> tuple[int, int]:
    if not isinstance(span, (tuple, list)) or len(span) != 2:
        raise ValueError(f"{where}: {span!r} is not a pair of an opening and a closing time.")
    opens = _read_time(span[0], where)
    closes = DAY if span[1] == "24:00" else _read_time(span[1], where)
    if closes <= opens:
        hint = " Midnight at the end of a day is written 24:00." if closes == 0 else ""
        raise ValueError(f"{where}: closes at {span[1]}, not after it opens at {span[0]}.{hint}")
    return opens, closes


def _read_time(text: str, where: str) -> int:
    match = _TIME.fullmatch(text) if isinstance(text, str) else None
    if match is None:
        raise ValueError(f'{where}: {text!r} is no time of day, which is written "HH:MM".')
    return (int(match[1]) * 60 + int(match[2])) * MINUTE


def _text(clock: int) -> str:
    return f"{clock // MINUTE // 60:02}:{clock // MINUTE % 60:02}"
