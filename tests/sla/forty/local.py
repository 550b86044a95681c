"""Local times of autumn 2026 as the tables write them, such as "Mon 19 10:00".

The weekday tells the month: the 19th is a Monday in October alone, of September to November.
Made absolute by two sentences of the almanac, and not by what the product knows of zones.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta

KOLKATA, BERLIN = "Asia/Kolkata", "Europe/Berlin"
MONTHS = (9, 10, 11)
WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
# On Sunday 25 October at 3:00 the clocks of Berlin are put back to 2:00.
PUT_BACK_AT = datetime(2026, 10, 25, 1, tzinfo=UTC)


def day_of(weekday: str, day: str) -> date:
    """Such as ("Mon", "19"). Raises StopIteration for a day that is none of that autumn."""
    fits = (date(2026, month, int(day)) for month in MONTHS if not (int(day) == 31 and month != 10))
    return next(found for found in fits if WEEKDAYS[found.weekday()] == weekday)


def offset(zone: str, at: datetime) -> timedelta:
    """How far the clocks of the zone are ahead of UTC."""
    if zone == KOLKATA:
        return timedelta(hours=5, minutes=30)
    return timedelta(hours=2 if at < PUT_BACK_AT else 1)


def instant(written: str, zone: str) -> datetime:
    """The instant; the first of the two where the clocks show a time twice."""
    weekday, day, clock = written.split()
    return instant_of(datetime.combine(day_of(weekday, day), time.fromisoformat(clock)), zone)


def instant_of(shown: datetime, zone: str) -> datetime:
    """When the clocks of the zone first show this naive time."""
    as_utc = shown.replace(tzinfo=UTC)
    if zone == KOLKATA:
        return as_utc - timedelta(hours=5, minutes=30)
    summer = as_utc - timedelta(hours=2)
    return summer if summer < PUT_BACK_AT else as_utc - timedelta(hours=1)


def wall(at: datetime, zone: str) -> datetime:
    """What the clocks of the zone show: a naive time."""
    return (at + offset(zone, at)).replace(tzinfo=None)


def span(written: str) -> timedelta:
    """Such as "26:30", hours and minutes."""
    hours, minutes = written.split(":")
    return timedelta(hours=int(hours), minutes=int(minutes))
