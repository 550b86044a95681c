"""Business time: tables of edge cases, each worked by hand."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from sla.core.hours import ALWAYS_OPEN, Hours
from tests.sla.core.calendars import (
    ALL_DAY,
    APIA,
    APIA_HOURS,
    BERLIN,
    DAY,
    EARLY_BERLIN,
    EARLY_LORD_HOWE,
    EARLY_NEW_YORK,
    HALF_DAY_HOURS,
    HOLIDAY_HOURS,
    HOUR,
    KOLKATA,
    LORD_HOWE,
    LUNCH,
    LUNCH_HOURS,
    MICROSECOND,
    NEW_YORK,
    NIGHT_HOURS,
    OFFICE,
    OFFICE_HOURS,
    SUNDAY_HOURS,
    Written,
    at,
    daily,
    weekdays,
)
from tests.sla.core.oracle import absolute


@pytest.mark.parametrize(
    ("hours", "start", "hours_added", "end"),
    [
        # within one day
        (OFFICE_HOURS, at("2026-11-02 10:00"), 2, at("2026-11-02 12:00")),
        # a deadline that lands on closing time stays there
        (OFFICE_HOURS, at("2026-11-02 10:00"), 7, at("2026-11-02 17:00")),
        # the same from a closed instant
        (OFFICE_HOURS, at("2026-11-01 10:00"), 8, at("2026-11-02 17:00")),
        # a start on closing time begins at the next opening
        (OFFICE_HOURS, at("2026-11-02 17:00"), 1, at("2026-11-03 10:00")),
        # over a weekend
        (OFFICE_HOURS, at("2026-11-06 16:00"), 8, at("2026-11-09 16:00")),
        # zero is the next opening, and not the closing time it starts on
        (OFFICE_HOURS, at("2026-11-02 17:00"), 0, at("2026-11-03 09:00")),
        # zero while open is the instant itself
        (OFFICE_HOURS, at("2026-11-02 10:00"), 0, at("2026-11-02 10:00")),
        # over a midday break
        (LUNCH_HOURS, at("2026-11-02 11:00"), 2, at("2026-11-02 14:00")),
        # onto the beginning of a midday break
        (LUNCH_HOURS, at("2026-11-02 11:00"), 1, at("2026-11-02 12:00")),
        # over a holiday on Monday
        (HOLIDAY_HOURS, at("2026-11-06 16:00"), 2, at("2026-11-10 10:00")),
        # over the missing afternoon of a half-day
        (HALF_DAY_HOURS, at("2026-11-03 12:00"), 2, at("2026-11-04 10:00")),
        # into a Sunday that an exception opens
        (SUNDAY_HOURS, at("2026-11-06 16:00"), 2, at("2026-11-08 11:00")),
        # a night shift in two spans is one opening
        (NIGHT_HOURS, at("2026-11-02 23:00"), 3, at("2026-11-03 02:00")),
        # New York loses an hour inside the opening
        (EARLY_NEW_YORK, at("2026-03-08 00:00", NEW_YORK), 4, at("2026-03-08 05:00", NEW_YORK)),
        # New York gains one
        (EARLY_NEW_YORK, at("2026-11-01 00:00", NEW_YORK), 4, at("2026-11-01 03:00", NEW_YORK)),
        # Berlin loses an hour
        (EARLY_BERLIN, at("2026-03-29 00:00", BERLIN), 5, at("2026-03-29 06:00", BERLIN)),
        # Berlin gains one: seven open hours from 0:00 to 6:00
        (EARLY_BERLIN, at("2026-10-25 00:00", BERLIN), 7, at("2026-10-25 06:00", BERLIN)),
        # Lord Howe loses half an hour
        (EARLY_LORD_HOWE, at("2026-10-04 00:00", LORD_HOWE), 5, at("2026-10-04 05:30", LORD_HOWE)),
        # Lord Howe gains half an hour
        (EARLY_LORD_HOWE, at("2026-04-05 00:00", LORD_HOWE), 6, at("2026-04-05 05:30", LORD_HOWE)),
        # Apia never had 30 December 2011
        (APIA_HOURS, at("2011-12-29 16:00", APIA), 2, at("2011-12-31 10:00", APIA)),
        # round the clock is elapsed time
        (ALWAYS_OPEN, at("2026-03-07 12:00", NEW_YORK), 24, at("2026-03-08 13:00", NEW_YORK)),
        # 400 days on, far beyond the table's first years
        (ALWAYS_OPEN, at("2026-11-02 10:00"), 9600, at("2027-12-07 10:00")),
    ],
)
def test_add_finds_the_earliest_instant_with_that_much_open_time(
    hours: Hours, start: datetime, hours_added: int, end: datetime
) -> None:
    assert hours.add(start, hours_added * HOUR) == end


@pytest.mark.parametrize(
    ("hours", "start", "n", "end"),
    [
        # open: the same wall clock on the next open day
        (OFFICE_HOURS, at("2026-11-02 10:00"), 1, at("2026-11-03 10:00")),
        # over the weekend
        (OFFICE_HOURS, at("2026-11-02 10:00"), 5, at("2026-11-09 10:00")),
        # opening time is open
        (OFFICE_HOURS, at("2026-11-02 09:00"), 1, at("2026-11-03 09:00")),
        # before opening: that date is the first day, and its closing the end
        (OFFICE_HOURS, at("2026-11-02 08:00"), 1, at("2026-11-02 17:00")),
        # closing time is not open
        (OFFICE_HOURS, at("2026-11-02 17:00"), 1, at("2026-11-03 17:00")),
        # on a weekend
        (OFFICE_HOURS, at("2026-11-07 12:00"), 2, at("2026-11-10 17:00")),
        # zero days: the next opening
        (OFFICE_HOURS, at("2026-11-07 12:00"), 0, at("2026-11-09 09:00")),
        # zero days while open: the instant itself
        (OFFICE_HOURS, at("2026-11-02 10:00"), 0, at("2026-11-02 10:00")),
        # a holiday is no open day
        (HOLIDAY_HOURS, at("2026-11-06 10:00"), 1, at("2026-11-10 10:00")),
        # a half-day is one, and clamps to its closing
        (HALF_DAY_HOURS, at("2026-11-02 16:00"), 1, at("2026-11-03 13:00")),
        # the next day is whole again
        (HALF_DAY_HOURS, at("2026-11-02 16:00"), 2, at("2026-11-04 16:00")),
        # before a special Sunday's opening: clamped to it
        (SUNDAY_HOURS, at("2026-11-06 09:30"), 1, at("2026-11-08 10:00")),
        # after its closing
        (SUNDAY_HOURS, at("2026-11-06 16:00"), 1, at("2026-11-08 12:00")),
        # on a Saturday before it: Sunday is the first open day
        (SUNDAY_HOURS, at("2026-11-07 16:00"), 1, at("2026-11-08 12:00")),
        # in a midday break: as from its end
        (LUNCH_HOURS, at("2026-11-02 12:30"), 1, at("2026-11-03 13:00")),
        # a break begins at the closing that ends the morning
        (LUNCH_HOURS, at("2026-11-02 12:00"), 1, at("2026-11-03 13:00")),
        # before the first of two openings: the last closing
        (LUNCH_HOURS, at("2026-11-02 08:00"), 1, at("2026-11-02 17:00")),
        # a clock inside the target day's break moves to the end of the break
        (
            Hours(KOLKATA, {0: OFFICE, 1: LUNCH}, {}),
            at("2026-11-02 12:30"),
            1,
            at("2026-11-03 13:00"),
        ),
        # so does one exactly at the beginning of the break
        (
            Hours(KOLKATA, {0: OFFICE, 1: LUNCH}, {}),
            at("2026-11-02 12:00"),
            1,
            at("2026-11-03 13:00"),
        ),
        # a night shift before midnight
        (NIGHT_HOURS, at("2026-11-02 23:00"), 1, at("2026-11-03 23:00")),
        # a night shift after midnight
        (NIGHT_HOURS, at("2026-11-03 05:00"), 1, at("2026-11-04 05:00")),
        # by day the date's second opening is near: as from there
        (NIGHT_HOURS, at("2026-11-03 12:00"), 1, at("2026-11-04 22:00")),
        # a closing at 24:00 is the midnight that ends the day
        (
            Hours(KOLKATA, {0: [("12:00", "24:00")]}, {}),
            at("2026-11-01"),
            1,
            at("2026-11-03 00:00"),
        ),
        # the same wall clock over a clock change
        (
            Hours(NEW_YORK, daily(OFFICE), {}),
            at("2026-03-07 10:00", NEW_YORK),
            1,
            at("2026-03-08 10:00", NEW_YORK),
        ),
        # a wall clock that the target day skips is moved later by the gap
        (
            EARLY_NEW_YORK,
            at("2026-03-07 02:30", NEW_YORK),
            1,
            at("2026-03-08 03:30", NEW_YORK),
        ),
        # but not beyond that day's closing
        (
            Hours(NEW_YORK, daily([("01:00", "03:15")]), {}),
            at("2026-03-07 02:30", NEW_YORK),
            1,
            at("2026-03-08 03:15", NEW_YORK),
        ),
        # a wall clock that the target day has twice is the first
        (EARLY_NEW_YORK, at("2026-10-31 01:30", NEW_YORK), 1, at("2026-11-01 01:30", NEW_YORK)),
        # from the second of the two it is the same wall clock the next day
        (
            EARLY_NEW_YORK,
            at("2026-11-01 01:30", NEW_YORK, second_time=True),
            1,
            at("2026-11-02 01:30", NEW_YORK),
        ),
        # Apia's missing date is no open day
        (APIA_HOURS, at("2011-12-29 10:00", APIA), 1, at("2011-12-31 10:00", APIA)),
        # nor is it from before opening
        (APIA_HOURS, at("2011-12-29 08:00", APIA), 2, at("2011-12-31 17:00", APIA)),
        # round the clock, a day has 24 hours
        (ALWAYS_OPEN, at("2026-11-02 10:00"), 400, at("2027-12-07 10:00")),
    ],
)
def test_add_days_counts_open_days(hours: Hours, start: datetime, n: int, end: datetime) -> None:
    assert hours.add_days(start, n) == end


@pytest.mark.parametrize(
    ("zone", "spans", "day", "opening"),
    [
        # an opening in the skipped hour moves later by an hour
        (NEW_YORK, [("02:30", "06:00")], "2026-03-08", ("07:30", "10:00")),
        # a closing in it does, too
        (NEW_YORK, [("01:00", "02:30")], "2026-03-08", ("06:00", "07:30")),
        # a span inside it moves whole
        (NEW_YORK, [("02:10", "02:50")], "2026-03-08", ("07:10", "07:50")),
        # a span that would close before it opens is none
        (NEW_YORK, [("02:30", "03:10")], "2026-03-08", None),
        # nor is one that closes as it opens
        (NEW_YORK, [("02:00", "03:00")], "2026-03-08", None),
        # two spans that the gap pushes over each other are one
        (NEW_YORK, [("01:30", "02:30"), ("03:00", "04:00")], "2026-03-08", ("06:30", "08:00")),
        # a span pushed behind the next keeps its own time
        (NEW_YORK, [("02:30", "02:45"), ("03:00", "03:30")], "2026-03-08", ("07:00", "07:45")),
        # an opening in the repeated hour is the first
        (NEW_YORK, [("01:30", "05:00")], "2026-11-01", ("05:30", "10:00")),
        # so is a closing
        (NEW_YORK, [("00:00", "01:30")], "2026-11-01", ("04:00", "05:30")),
        # two touching spans in the repeated hour leave nothing out
        (NEW_YORK, [("01:00", "01:30"), ("01:30", "03:00")], "2026-11-01", ("05:00", "08:00")),
        # half an hour skipped on Lord Howe, 2:00 to 2:30
        (LORD_HOWE, [("02:15", "06:00")], "2026-10-04", ("15:45", "19:00")),
        # half an hour repeated there, 1:30 to 2:00
        (LORD_HOWE, [("01:45", "06:00")], "2026-04-05", ("14:45", "19:30")),
        # midnight itself skipped: 0:00 to 1:00 in Beirut
        ("Asia/Beirut", [("00:00", "02:00")], "2026-03-29", ("22:00", "23:00")),
        # 24:00 before that is the same instant
        ("Asia/Beirut", [("22:00", "24:00")], "2026-03-28", ("20:00", "22:00")),
        # midnight repeated: the day before ends at the first one
        ("America/Havana", [("22:00", "24:00")], "2026-10-31", ("02:00", "04:00")),
        # the hour before midnight repeated: 24:00 comes once, after both
        ("America/Sao_Paulo", [("22:00", "24:00")], "2018-02-17", ("00:00", "03:00")),
        # the hour before midnight skipped: 23:30 opens half an hour into Sunday, but 24:00 is there
        ("America/Nuuk", [("22:00", "23:30")], "2026-03-28", ("00:00", "01:30")),
        # local mean time, with seconds, is exact: 5:53:28 ahead
        (KOLKATA, [("09:00", "17:00")], "1850-01-07", ("03:06:32", "11:06:32")),
        # a date that never existed has no hours: Apia, Kiritimati, Kwajalein, Fakaofo
        (APIA, ALL_DAY, "2011-12-30", None),
        ("Pacific/Kiritimati", ALL_DAY, "1994-12-31", None),
        ("Pacific/Kwajalein", ALL_DAY, "1993-08-21", None),
        ("Pacific/Fakaofo", ALL_DAY, "2011-12-30", None),
    ],
)
def test_local_hours_become_absolute_by_the_rule_for_clock_changes(
    zone: str, spans: Written, day: str, opening: tuple[str, str] | None
) -> None:
    midnight = absolute(zone, datetime.fromisoformat(day))
    hours = Hours(zone, {}, {date.fromisoformat(day): spans})
    open_stretches = [
        (f"{s.start:%H:%M:%S}".removesuffix(":00"), f"{s.end:%H:%M:%S}".removesuffix(":00"))
        for s in hours.stretches(midnight - 3 * DAY, midnight + 3 * DAY)
        if s.is_open
    ]
    assert open_stretches == ([opening] if opening else [])


def test_opening_time_is_open_and_closing_time_is_not() -> None:
    assert OFFICE_HOURS.is_open(at("2026-11-02 09:00"))
    assert OFFICE_HOURS.is_open(at("2026-11-02 17:00") - MICROSECOND)
    assert not OFFICE_HOURS.is_open(at("2026-11-02 17:00"))
    assert not OFFICE_HOURS.is_open(at("2026-11-02 09:00") - MICROSECOND)


def test_next_open_is_the_instant_itself_while_open() -> None:
    assert OFFICE_HOURS.next_open(at("2026-11-02 09:00")) == at("2026-11-02 09:00")
    assert OFFICE_HOURS.next_open(at("2026-11-02 17:00")) == at("2026-11-03 09:00")


def test_next_close_ends_the_present_opening_or_the_next_one() -> None:
    assert OFFICE_HOURS.next_close(at("2026-11-02 10:00")) == at("2026-11-02 17:00")
    assert OFFICE_HOURS.next_close(at("2026-11-02 17:00")) == at("2026-11-03 17:00")
    assert NIGHT_HOURS.next_close(at("2026-11-02 23:00")) == at("2026-11-03 06:00")


def test_next_close_sees_over_the_turn_of_every_year() -> None:
    week = dict.fromkeys(range(7), ALL_DAY)
    hours = Hours("UTC", week, {date(2031, 1, 5): []})
    assert hours.next_close(datetime(2029, 6, 1, tzinfo=UTC)) == datetime(2031, 1, 5, tzinfo=UTC)


def test_round_the_clock_never_closes() -> None:
    assert ALWAYS_OPEN.next_close(at("2026-11-02 10:00")) is None


def test_between_counts_from_start_to_end_and_never_backwards() -> None:
    assert OFFICE_HOURS.between(at("2026-11-06 16:00"), at("2026-11-09 10:00")) == 2 * HOUR
    assert OFFICE_HOURS.between(at("2026-11-09 10:00"), at("2026-11-06 16:00")) == timedelta(0)
    assert OFFICE_HOURS.between(at("2026-11-09 10:00"), at("2026-11-09 10:00")) == timedelta(0)


def test_every_answer_is_exact_to_the_microsecond() -> None:
    odd = timedelta(hours=3, microseconds=1)
    start = at("2026-11-02 10:00:00.999999")
    assert OFFICE_HOURS.add(start, odd) == at("2026-11-02 13:00:01.000000")
    assert OFFICE_HOURS.between(start, start + odd) == odd
    assert OFFICE_HOURS.add_days(start, 1) == at("2026-11-03 10:00:00.999999")
    assert ALWAYS_OPEN.add(start, odd) == start + odd


def test_instants_of_any_zone_go_in_and_utc_comes_out() -> None:
    start = at("2026-11-02 10:00").astimezone(ZoneInfo("America/Lima"))
    for answer in (
        OFFICE_HOURS.next_open(start),
        OFFICE_HOURS.add(start, HOUR),
        OFFICE_HOURS.add_days(start, 1),
        OFFICE_HOURS.next_close(start),
    ):
        assert answer is not None
        assert answer.tzinfo is UTC
    assert OFFICE_HOURS.add(start, HOUR) == at("2026-11-02 11:00")


def test_the_second_of_two_equal_wall_clocks_is_another_instant() -> None:
    zone = ZoneInfo(NEW_YORK)
    first = datetime(2026, 11, 1, 1, 30, tzinfo=zone)
    assert EARLY_NEW_YORK.between(first, first.replace(fold=1)) == HOUR


def test_spans_that_touch_are_one_opening() -> None:
    hours = Hours(KOLKATA, weekdays([("12:00", "17:00"), ("09:00", "12:00")]), {})
    assert hours.next_close(at("2026-11-02 10:00")) == at("2026-11-02 17:00")


def test_open_time_over_thousands_of_years_is_a_sum_of_centuries() -> None:
    start, end = datetime(3, 1, 1, tzinfo=UTC), datetime(503, 1, 1, tzinfo=UTC)
    assert ALWAYS_OPEN.between(start, end) == end - start
