"""Calendars and instants that the tests of business time share."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from sla.core.hours import Hours

type Written = Sequence[tuple[str, str]]

OFFICE: Written = [("09:00", "17:00")]
LUNCH: Written = [("09:00", "12:00"), ("13:00", "17:00")]
ALL_DAY: Written = [("00:00", "24:00")]
KOLKATA, NEW_YORK, BERLIN = "Asia/Kolkata", "America/New_York", "Europe/Berlin"
LORD_HOWE, APIA = "Australia/Lord_Howe", "Pacific/Apia"
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
MICROSECOND = timedelta(microseconds=1)


def daily(spans: Written) -> dict[int, Written]:
    return dict.fromkeys(range(7), spans)


def weekdays(spans: Written) -> dict[int, Written]:
    return dict.fromkeys(range(5), spans)


def at(text: str, zone: str = KOLKATA, *, second_time: bool = False) -> datetime:
    """That local time, in UTC."""
    naive = datetime.fromisoformat(text)
    return naive.replace(tzinfo=ZoneInfo(zone), fold=int(second_time)).astimezone(UTC)


HOLIDAY: dict[date, Written] = {date(2026, 11, 9): []}
HALF_DAY: dict[date, Written] = {date(2026, 11, 3): [("09:00", "13:00")]}
SPECIAL_SUNDAY: dict[date, Written] = {date(2026, 11, 8): [("10:00", "12:00")]}
NIGHT: dict[int, Written] = daily([("00:00", "06:00"), ("22:00", "24:00")])

OFFICE_HOURS = Hours(KOLKATA, weekdays(OFFICE), {})
LUNCH_HOURS = Hours(KOLKATA, weekdays(LUNCH), {})
HOLIDAY_HOURS = Hours(KOLKATA, weekdays(OFFICE), HOLIDAY)
HALF_DAY_HOURS = Hours(KOLKATA, weekdays(OFFICE), HALF_DAY)
SUNDAY_HOURS = Hours(KOLKATA, weekdays(OFFICE), SPECIAL_SUNDAY)
NIGHT_HOURS = Hours(KOLKATA, NIGHT, {})
NIGHT_BERLIN = Hours(BERLIN, NIGHT, {})
THREE_SPANS = Hours(
    KOLKATA, daily([("08:00", "10:00"), ("12:00", "14:00"), ("16:00", "18:00")]), {}
)
EARLY_NEW_YORK = Hours(NEW_YORK, daily([("00:00", "06:00")]), {})
EARLY_BERLIN = Hours(BERLIN, daily([("00:00", "06:00")]), {})
EARLY_LORD_HOWE = Hours(LORD_HOWE, daily([("00:00", "06:00")]), {})
APIA_HOURS = Hours(APIA, daily(OFFICE), {})
