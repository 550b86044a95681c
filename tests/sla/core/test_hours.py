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
    NIGHT_BERLIN,
    NIGHT_HOURS,
    OFFICE,
    OFFICE_HOURS,
    SUNDAY_HOURS,
    THREE_SPANS,
    at,
    daily,
    weekdays,
)


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
        # Berlin loses an hour inside a night shift
        (NIGHT_BERLIN, at("2026-03-28 23:00", BERLIN), 4, at("2026-03-29 04:00", BERLIN)),
        # over two of three spans, into the third
        (THREE_SPANS, at("2026-11-02 09:00"), 4, at("2026-11-02 17:00")),
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
        # half an hour skipped on Lord Howe moves the wall clock by half an hour
        (EARLY_LORD_HOWE, at("2026-10-03 02:15", LORD_HOWE), 1, at("2026-10-04 02:45", LORD_HOWE)),
        # half an hour repeated there: the first of the two
        (EARLY_LORD_HOWE, at("2026-04-04 01:45", LORD_HOWE), 1, at("2026-04-05 01:45", LORD_HOWE)),
        # the clock inside a later one of three spans, and between two of them
        (THREE_SPANS, at("2026-11-02 17:00"), 2, at("2026-11-04 17:00")),
        (THREE_SPANS, at("2026-11-02 15:00"), 1, at("2026-11-03 16:00")),
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


@pytest.mark.parametrize(
    ("hours", "start", "end", "open_time"),
    [
        # over a weekend
        (OFFICE_HOURS, at("2026-11-06 16:00"), at("2026-11-09 10:00"), 2 * HOUR),
        # never backwards
        (OFFICE_HOURS, at("2026-11-09 10:00"), at("2026-11-06 16:00"), timedelta(0)),
        (OFFICE_HOURS, at("2026-11-09 10:00"), at("2026-11-09 10:00"), timedelta(0)),
        # a half-day and a holiday
        (HALF_DAY_HOURS, at("2026-11-02 17:00"), at("2026-11-04 09:00"), 4 * HOUR),
        (HOLIDAY_HOURS, at("2026-11-08 00:00"), at("2026-11-10 09:00"), timedelta(0)),
        # two nights
        (NIGHT_HOURS, at("2026-11-02 12:00"), at("2026-11-04 12:00"), 16 * HOUR),
        # three spans
        (THREE_SPANS, at("2026-11-02 00:00"), at("2026-11-03 00:00"), 6 * HOUR),
        # half an hour lost on Lord Howe, and half an hour gained
        (
            EARLY_LORD_HOWE,
            at("2026-10-04 00:00", LORD_HOWE),
            at("2026-10-05 00:00", LORD_HOWE),
            5.5 * HOUR,
        ),
        (
            EARLY_LORD_HOWE,
            at("2026-04-05 00:00", LORD_HOWE),
            at("2026-04-06 00:00", LORD_HOWE),
            6.5 * HOUR,
        ),
        # a date that never existed has no open time
        (APIA_HOURS, at("2011-12-29 17:00", APIA), at("2011-12-31 09:00", APIA), timedelta(0)),
    ],
)
def test_between_counts_the_open_time(
    hours: Hours, start: datetime, end: datetime, open_time: timedelta
) -> None:
    assert hours.between(start, end) == open_time


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
