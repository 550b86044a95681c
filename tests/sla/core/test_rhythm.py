"""When something comes again, by hand and by counting days; clocks that change included."""

from calendar import monthrange
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sla.core.rhythm import Every, Rhythm

DAY, WEEK, MONTH = Every.DAY, Every.WEEK, Every.MONTH
KOLKATA, BERLIN, APIA = "Asia/Kolkata", "Europe/Berlin", "Pacific/Apia"

CASES: list[tuple[Every, str, str, dict[str, int], str, list[str]]] = [
    # Every day; the very instant is over.
    (DAY, KOLKATA, "08:00", {}, "2026-11-02T02:29:59", ["2026-11-02T02:30", "2026-11-03T02:30"]),
    (DAY, KOLKATA, "08:00", {}, "2026-11-02T02:30:00", ["2026-11-03T02:30", "2026-11-04T02:30"]),
    # Every Monday, and every Sunday.
    (WEEK, KOLKATA, "08:00", {"weekday": 0}, "2026-11-03T00:00", ["2026-11-09T02:30"]),
    (WEEK, KOLKATA, "23:30", {"weekday": 6}, "2026-11-02T00:00", ["2026-11-08T18:00"]),
    # In Kolkata it is Monday already while it is Sunday in UTC.
    (WEEK, KOLKATA, "00:15", {"weekday": 0}, "2026-11-08T12:00", ["2026-11-08T18:45"]),
    # The first of the month, over a new year.
    (MONTH, KOLKATA, "08:00", {"day": 1}, "2026-12-02T00:00",
     ["2027-01-01T02:30", "2027-02-01T02:30"]),
    # The 31st: a shorter month has it on its last day, in leap years too.
    (MONTH, KOLKATA, "08:00", {"day": 31}, "2027-01-31T03:00",
     ["2027-02-28T02:30", "2027-03-31T02:30", "2027-04-30T02:30"]),
    (MONTH, KOLKATA, "08:00", {"day": 31}, "2028-02-01T00:00", ["2028-02-29T02:30"]),
    (MONTH, KOLKATA, "08:00", {"day": 30}, "2027-02-01T00:00",
     ["2027-02-28T02:30", "2027-03-30T02:30"]),
    # Summer time begins on 29 March 2026 at 02:00: 02:30 is skipped, and comes an hour later.
    (DAY, BERLIN, "02:30", {}, "2026-03-28T00:00",
     ["2026-03-28T01:30", "2026-03-29T01:30", "2026-03-30T00:30"]),
    # It ends on 25 October 2026 at 03:00: 02:30 happens twice, and the first one counts.
    (DAY, BERLIN, "02:30", {}, "2026-10-24T12:00", ["2026-10-25T00:30", "2026-10-26T01:30"]),
    # The wall clock stays, the instant moves.
    (WEEK, BERLIN, "08:00", {"weekday": 0}, "2026-10-19T07:00",
     ["2026-10-26T07:00", "2026-11-02T07:00"]),
    # Samoa had no 30 December 2011.
    (DAY, APIA, "08:00", {}, "2011-12-28T20:00", ["2011-12-29T18:00", "2011-12-30T18:00"]),
]  # fmt: skip


def utc(at: str) -> datetime:
    return datetime.fromisoformat(at).replace(tzinfo=UTC)


@pytest.mark.parametrize(("every", "zone", "clock", "on", "after", "come"), CASES)
def test_the_next_occasions_are_as_by_hand(
    every: Every, zone: str, clock: str, on: dict[str, int], after: str, come: list[str]
) -> None:
    rhythm, at = Rhythm(every, zone, time.fromisoformat(clock), **on), utc(after)
    for expected in come:
        occasion = rhythm.next_after(at)
        assert occasion.at == utc(expected)
        assert occasion.day == occasion.at.astimezone(ZoneInfo(zone)).date()
        at = occasion.at


def test_the_newest_one_may_be_this_very_instant() -> None:
    rhythm = Rhythm(MONTH, KOLKATA, time(8), day=31)
    assert rhythm.newest(utc("2027-02-28T02:30")).day == date(2027, 2, 28)
    assert rhythm.newest(utc("2027-02-28T02:29")).day == date(2027, 1, 31)
    assert rhythm.newest(utc("2027-03-30T23:59")).day == date(2027, 2, 28)


def test_those_between_are_counted_with_both_ends() -> None:
    rhythm = Rhythm(DAY, KOLKATA, time(8))
    first, last = utc("2026-11-02T02:30"), utc("2026-11-05T02:30")
    assert [each.day.day for each in rhythm.between(first, last)] == [2, 3, 4, 5]
    assert list(rhythm.between(last, first)) == []


def test_a_zone_that_there_is_not_is_refused() -> None:
    with pytest.raises(ValueError, match="Nowhere"):
        Rhythm(DAY, "Europe/Nowhere", time(8))


RHYTHMS = st.builds(
    Rhythm,
    every=st.sampled_from(Every),
    zone=st.sampled_from(
        [KOLKATA, BERLIN, "America/New_York", "Australia/Lord_Howe", "America/Sao_Paulo", "UTC"]
    ),
    clock=st.times().map(lambda clock: clock.replace(second=0, microsecond=0)),
    weekday=st.integers(0, 6),
    day=st.integers(1, 31),
)
INSTANTS = st.integers(1_420_000_000, 2_050_000_000).map(
    lambda seconds: datetime.fromtimestamp(seconds, UTC)
)


def dates(rhythm: Rhythm, first: date, days: int) -> list[date]:
    """The local dates that it falls on, as one would count them on a calendar."""
    found = []
    for number in range(days):
        day = first + timedelta(days=number)
        last = monthrange(day.year, day.month)[1]
        on: dict[Any, bool] = {
            DAY: True,
            WEEK: day.isoweekday() - 1 == rhythm.weekday,
            MONTH: day.day == rhythm.day or (day.day == last and rhythm.day > last),
        }
        if on[rhythm.every]:
            found.append(day)
    return found


@given(RHYTHMS, INSTANTS)
def test_each_date_has_its_occasion_and_there_are_no_others(rhythm: Rhythm, at: datetime) -> None:
    came = []
    while len(came) < 5:
        occasion = rhythm.next_after(at)
        assert occasion.at > at
        assert rhythm.newest(occasion.at) == occasion
        assert rhythm.newest(occasion.at - timedelta(microseconds=1)).at <= at
        came.append(occasion)
        at = occasion.at
    days = [each.day for each in came]
    assert days == dates(rhythm, days[0], (days[-1] - days[0]).days + 1)
    for occasion in came:
        local = occasion.at.astimezone(ZoneInfo(rhythm.zone))
        wall = datetime.combine(occasion.day, rhythm.clock)
        late = local.replace(tzinfo=None) - wall
        # By the clock, but for a time that was skipped: that one comes later by the gap.
        assert late in (timedelta(), timedelta(minutes=30), timedelta(hours=1))
        assert local.fold == 0
    assert list(rhythm.between(came[0].at, came[-1].at)) == came
