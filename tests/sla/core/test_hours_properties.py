"""Business time: properties that hold for any calendar, and agreement with the slow oracle."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from sla.core.hours import Hours, NeverOpen
from tests.sla.core.calendars import DAY, HOUR, LUNCH, MICROSECOND, MINUTE, NEW_YORK, weekdays
from tests.sla.core.oracle import Oracle
from tests.sla.core.situations import situations

lengths = st.one_of(
    st.integers(0, 60 * 60).map(lambda m: m * MINUTE), st.timedeltas(MICROSECOND, 90 * HOUR)
)


def answer(ask: Callable[[], object]) -> object:
    """What the question gives, or that there is no answer."""
    try:
        return ask()
    except NeverOpen:
        return NeverOpen


@settings(max_examples=150)
@given(situations())
def test_open_times_are_those_of_the_oracle(
    situation: tuple[Hours, Oracle, datetime, datetime],
) -> None:
    hours, oracle, start, end = situation
    for t in (start, end):
        assert hours.is_open(t) == oracle.is_open(t)
        assert answer(lambda t=t: hours.next_open(t)) == answer(lambda t=t: oracle.next_open(t))
    assert hours.between(start, end) == oracle.between(start, end)


@settings(max_examples=150)
@given(situations(), lengths)
def test_adding_gives_what_the_oracle_gives(
    situation: tuple[Hours, Oracle, datetime, datetime], span: timedelta
) -> None:
    hours, oracle, start, _ = situation
    assert answer(lambda: hours.add(start, span)) == answer(lambda: oracle.add(start, span))


@settings(max_examples=100)
@given(situations(), lengths)
def test_subtracting_gives_the_latest_instant_with_that_much_open_time_since(
    situation: tuple[Hours, Oracle, datetime, datetime], span: timedelta
) -> None:
    hours, oracle, _, end = situation
    try:
        since = hours.subtract(end, span)
    except OverflowError:
        return
    assert oracle.between(since, end) >= span
    assert oracle.between(since + MICROSECOND, end) < span or span == timedelta(0)


@settings(max_examples=150)
@given(situations(), st.integers(0, 30))
def test_adding_days_gives_what_the_oracle_gives(
    situation: tuple[Hours, Oracle, datetime, datetime], n: int
) -> None:
    hours, oracle, start, _ = situation
    assert answer(lambda: hours.add_days(start, n)) == answer(lambda: oracle.add_days(start, n))


@settings(max_examples=40)
@given(situations())
def test_open_time_is_the_number_of_open_minutes(
    situation: tuple[Hours, Oracle, datetime, datetime],
) -> None:
    hours, _, start, _ = situation
    start = start.replace(second=0, microsecond=0)
    minutes = [start + k * MINUTE for k in range(24 * 60)]
    open_minutes = sum(hours.is_open(t) for t in minutes)
    assert hours.between(start, start + DAY) == open_minutes * MINUTE


@settings(max_examples=100)
@given(situations(), lengths.filter(bool), lengths.filter(bool))
def test_adding_is_exact_minimal_and_goes_on_where_it_stopped(
    situation: tuple[Hours, Oracle, datetime, datetime], one: timedelta, two: timedelta
) -> None:
    hours, _, start, later = situation
    try:
        end = hours.add(start, one)
        further = hours.add(end, two)
        later_end = hours.add(later, one)
    except NeverOpen:
        return
    assert hours.between(start, end) == one
    assert hours.is_open(end - MICROSECOND)
    assert further == hours.add(start, one + two)
    assert later_end >= end
    assert hours.between(start, further) == one + two


@settings(max_examples=100)
@given(situations())
def test_stretches_tile_the_time_and_tell_the_open_ones(
    situation: tuple[Hours, Oracle, datetime, datetime],
) -> None:
    hours, oracle, start, end = situation
    stretches = list(hours.stretches(start, end))
    edges = [start, *(s.end for s in stretches)]
    assert [s.start for s in stretches] == edges[:-1]
    assert edges[-1] == end
    open_time = sum((s.end - s.start for s in stretches if s.is_open), timedelta(0))
    assert open_time == oracle.between(start, end)
    for stretch in stretches:
        assert stretch.start < stretch.end
        assert oracle.is_open(stretch.start) == stretch.is_open
        assert stretch.holiday is None or stretch.holiday in oracle.exceptions


years = st.datetimes(datetime(1950, 1, 1), datetime(2150, 1, 1)).map(  # noqa: DTZ001
    lambda naive: naive.replace(tzinfo=UTC)
)


@settings(max_examples=30)
@given(st.lists(years, min_size=2, max_size=6))
def test_an_answer_does_not_depend_on_what_was_asked_before(instants: list[datetime]) -> None:
    exceptions = {t.date(): [] for t in instants}
    used = Hours(NEW_YORK, weekdays(LUNCH), exceptions)
    for t, other in pairwise(instants):
        fresh = Hours(NEW_YORK, weekdays(LUNCH), exceptions)
        assert used.add(t, 100 * HOUR) == fresh.add(t, 100 * HOUR)
        assert used.add_days(t, 30) == fresh.add_days(t, 30)
        near = t + timedelta(days=other.day)
        assert used.between(t, near) == fresh.between(t, near)


def test_threads_share_one_calendar() -> None:
    instants = [datetime(1990 + k % 50, 3, 4, 5, tzinfo=UTC) for k in range(400)]
    alone = Hours(NEW_YORK, weekdays(LUNCH), {})
    shared = Hours(NEW_YORK, weekdays(LUNCH), {})
    expected = [alone.add(t, 100 * HOUR) for t in instants]
    with ThreadPoolExecutor(8) as threads:
        assert list(threads.map(lambda t: shared.add(t, 100 * HOUR), instants)) == expected
