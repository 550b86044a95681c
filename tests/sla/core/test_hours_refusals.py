"""Business time: bad weeks, calendars that never open, and instants out of reach are refused."""

from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from sla.core.hours import ALWAYS_OPEN, Hours, NeverOpen
from tests.sla.core.calendars import (
    DAY,
    HOUR,
    KOLKATA,
    MICROSECOND,
    NEW_YORK,
    OFFICE,
    OFFICE_HOURS,
    Written,
    at,
)


@pytest.mark.parametrize(
    ("zone", "week", "exceptions", "sentence"),
    [
        # spans that overlap, named with their weekday
        (KOLKATA, {2: [("09:00", "12:00"), ("11:00", "14:00")]}, {}, "Wednesday: 09:00-12:00 over"),
        # the same span twice
        (
            KOLKATA,
            {0: [("09:00", "12:00"), ("09:00", "12:00")]},
            {},
            "Monday: 09:00-12:00 overlaps",
        ),
        # written in any order, they overlap all the same
        (KOLKATA, {0: [("13:00", "14:00"), ("09:00", "13:01")]}, {}, "overlaps 13:00-14:00"),
        # close before open
        (
            KOLKATA,
            {4: [("17:00", "09:00")]},
            {},
            "Friday: closes at 09:00, not after it opens at 17",
        ),
        # close as it opens
        (KOLKATA, {4: [("09:00", "09:00")]}, {}, "Friday: closes at 09:00"),
        # midnight at the end of a day is 24:00, and the sentence says so
        (KOLKATA, {4: [("22:00", "00:00")]}, {}, "written 24:00"),
        # opening at 24:00 is the next day's business
        (KOLKATA, {4: [("24:00", "24:00")]}, {}, "Friday: '24:00' is no time of day"),
        # hours and minutes that no clock shows
        (KOLKATA, {0: [("09:00", "25:00")]}, {}, "'25:00' is no time of day"),
        (KOLKATA, {0: [("09:60", "17:00")]}, {}, "'09:60' is no time of day"),
        # a time in another form
        (KOLKATA, {0: [("9:00", "17:00")]}, {}, "'9:00' is no time of day"),
        (KOLKATA, {0: [("09:00\n", "17:00")]}, {}, "is no time of day"),
        (KOLKATA, {0: [("٠٩:٠٠", "17:00")]}, {}, "is no time of day"),
        (KOLKATA, {0: [(9, 17)]}, {}, "9 is no time of day"),
        # no pair
        (KOLKATA, {0: [("09:00",)]}, {}, "Monday: .* is not a pair"),
        (KOLKATA, {0: ["09"]}, {}, "Monday: '09' is not a pair"),
        (KOLKATA, {0: [9]}, {}, "Monday: 9 is not a pair"),
        # a weekday that no week has
        (KOLKATA, {7: OFFICE}, {}, "7 is no weekday"),
        (KOLKATA, {"0": OFFICE}, {}, "'0' is no weekday"),
        # a dated exception is named by its date
        (KOLKATA, {}, {date(2026, 11, 9): [("13:00", "09:00")]}, "2026-11-09: closes at 09:00"),
        # an instant is no date
        (KOLKATA, {}, {datetime(2026, 11, 9, tzinfo=UTC): []}, "is for a date"),
        # zones that do not exist, among them a folder, a path and nothing
        ("Asia/Atlantis", {}, {}, "no time zone named 'Asia/Atlantis'"),
        ("America", {}, {}, "no time zone named 'America'"),
        ("../../etc/passwd", {}, {}, "no time zone named"),
        ("", {}, {}, "no time zone named ''"),
        ("a\0b", {}, {}, "no time zone named"),
    ],
)
def test_a_bad_week_is_refused_with_the_sentence_that_says_where(
    zone: str, week: Mapping[int, Written], exceptions: Mapping[date, Written], sentence: str
) -> None:
    with pytest.raises(ValueError, match=sentence) as refusal:
        Hours(zone, week, exceptions, "Support desk")
    assert 'Calendar "Support desk"' in str(refusal.value)


ASK: list[Callable[[Hours, datetime], object]] = [
    lambda hours, t: hours.next_open(t),
    lambda hours, t: hours.next_close(t),
    lambda hours, t: hours.add(t, HOUR),
    lambda hours, t: hours.add(t, timedelta(0)),
    lambda hours, t: hours.add_days(t, 1),
    lambda hours, t: hours.add_days(t, 0),
]


@pytest.mark.parametrize("ask", ASK)
@pytest.mark.parametrize(
    "hours",
    [
        # no hours at all
        Hours(KOLKATA, {}, {}, "Empty"),
        # hours only in the past
        Hours(KOLKATA, {}, {date(2020, 1, 1): OFFICE}, "Empty"),
        # hours only more than two years ahead
        Hours(KOLKATA, {}, {date(2028, 11, 9): OFFICE}, "Empty"),
        # a span that its clock change leaves nothing of
        Hours(NEW_YORK, {}, {date(2027, 3, 14): [("02:30", "03:10")]}, "Empty"),
        # a week whose every day is an exception
        Hours(KOLKATA, {0: OFFICE}, {date(2026, 11, 2) + k * DAY: [] for k in range(740)}, "Empty"),
    ],
)
def test_a_calendar_that_never_opens_is_refused_by_its_name(
    hours: Hours, ask: Callable[[Hours, datetime], object]
) -> None:
    with pytest.raises(NeverOpen, match=r'Calendar "Empty" .* not open at all in the two years'):
        ask(hours, at("2026-11-01 10:00"))
    # At once: no more years were laid out than it takes to know.
    assert hours.table.last - hours.table.first <= 5


def test_a_calendar_that_stops_opening_is_refused_where_it_stops() -> None:
    hours = Hours(KOLKATA, {}, {date(2026, 11, 2): OFFICE, date(2030, 1, 1): OFFICE}, "Fair")
    start, stop = at("2026-11-02 10:00"), r"Fair.* in the two years after 2026-11-02 11:30 UTC"
    assert hours.add(start, 7 * HOUR) == at("2026-11-02 17:00")
    for _ in range(2):  # the second time the table holds the far opening already
        with pytest.raises(NeverOpen, match=stop):
            hours.add(start, 8 * HOUR)
        with pytest.raises(NeverOpen, match=stop):
            hours.add_days(start, 1)
        assert hours.add(at("2029-06-01 10:00"), HOUR) == at("2030-01-01 10:00")
    assert hours.between(start, at("2031-01-01 00:00")) == 15 * HOUR


def test_a_calendar_without_a_name_is_called_by_its_zone() -> None:
    with pytest.raises(NeverOpen, match="The calendar in Asia/Kolkata"):
        Hours(KOLKATA, {}, {}).next_open(at("2026-11-01 10:00"))


def test_a_closed_calendar_is_closed_and_has_no_open_time() -> None:
    hours = Hours(KOLKATA, {}, {})
    assert not hours.is_open(at("2026-11-02 10:00"))
    assert hours.between(at("2026-11-02 10:00"), at("2036-11-02 10:00")) == timedelta(0)


NAIVE = datetime(2026, 11, 2, 10)  # noqa: DTZ001 - the point of the test


@pytest.mark.parametrize("ask", [*ASK, lambda hours, t: hours.is_open(t)])
def test_a_naive_datetime_is_refused(ask: Callable[[Hours, datetime], object]) -> None:
    with pytest.raises(ValueError, match="has no time zone"):
        ask(OFFICE_HOURS, NAIVE)


@pytest.mark.parametrize(("start", "end"), [(NAIVE, at("2026-11-02")), (at("2026-11-02"), NAIVE)])
def test_between_refuses_a_naive_datetime_on_either_side(start: datetime, end: datetime) -> None:
    with pytest.raises(ValueError, match="has no time zone"):
        OFFICE_HOURS.between(start, end)


def test_a_negative_amount_is_refused() -> None:
    with pytest.raises(ValueError, match="negative"):
        OFFICE_HOURS.add(at("2026-11-02 10:00"), -MICROSECOND)
    with pytest.raises(ValueError, match="negative"):
        OFFICE_HOURS.add_days(at("2026-11-02 10:00"), -1)


@pytest.mark.parametrize("hours", [OFFICE_HOURS, ALWAYS_OPEN])
@pytest.mark.parametrize(
    "ask",
    [
        # spans and counts beyond every calendar
        lambda hours, t: hours.add(t, timedelta.max),
        lambda hours, t: hours.add_days(t, 10**12),
        # an answer more than 200 years away
        lambda hours, t: hours.add(t, timedelta(days=365 * 201)),
        lambda hours, t: hours.add_days(t, 366 * 200 + 1),
        # instants at both ends of the calendar
        lambda hours, t: hours.is_open(datetime.max.replace(tzinfo=UTC)),
        lambda hours, t: hours.add(datetime.max.replace(tzinfo=UTC), HOUR),
        lambda hours, t: hours.next_open(datetime.min.replace(tzinfo=ZoneInfo(KOLKATA))),
        lambda hours, t: hours.add(datetime(9998, 12, 29, tzinfo=UTC), 1000 * HOUR),
    ],
)
def test_an_instant_beyond_the_calendar_is_refused(
    hours: Hours, ask: Callable[[Hours, datetime], object]
) -> None:
    with pytest.raises(OverflowError, match=r"more than 200 years|from the year 2 to"):
        ask(hours, at("2026-11-02 10:00"))
