"""Deadlines in bulk: the answer to each start is the one that it gets alone."""

from collections.abc import Callable, Iterable
from datetime import UTC, date, datetime, timedelta

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sla.core.bulk import Instants, deadlines, instants_at
from sla.core.deadlines import UNITS, Target, deadline, instant_at
from sla.core.hours import Hours, NeverOpen
from sla.core.table import instant, micros
from tests.sla.core.calendars import (
    ALL_DAY,
    APIA,
    BERLIN,
    DAY,
    HOUR,
    KOLKATA,
    LORD_HOWE,
    LUNCH,
    MINUTE,
    NEW_YORK,
    NIGHT,
    OFFICE,
    OFFICE_HOURS,
    Written,
    at,
    daily,
    weekdays,
)
from tests.sla.core.oracle import Oracle
from tests.sla.core.situations import situations

targets = st.builds(Target, st.integers(1, 40), st.sampled_from(UNITS))
strides = st.sampled_from([15 * MINUTE, 61 * MINUTE, timedelta(hours=5, microseconds=1)])
type Situation = tuple[Hours, Oracle, datetime, datetime]


def array(instants: Iterable[datetime]) -> Instants:
    return np.array([micros(t) for t in instants], dtype=np.int64)


def spread(first: int, last: int, count: int) -> Instants:
    """Instants from the year `first` up to `last`, in no order."""
    years = [micros(datetime(year, 1, 1, tzinfo=UTC)) for year in (first, last)]
    return np.random.default_rng(count).integers(*years, count)


def from_the_hour(first: datetime, stride: timedelta, count: int) -> Instants:
    """Instants of which many are those of an opening or a closing."""
    hour = first.replace(minute=0, second=0, microsecond=0)
    return array(hour + k * stride for k in range(count))


def outcome(ask: Callable[[], list[int]]) -> object:
    """The answers, or the error and its sentence."""
    try:
        return ask()
    except (NeverOpen, OverflowError) as error:
        return type(error), str(error)


def together(target: Target, hours: Hours, starts: Instants) -> object:
    return outcome(lambda: deadlines(target=target, hours=hours, starts=starts).tolist())


def alone(target: Target, hours: Hours, starts: Instants) -> object:
    return outcome(
        lambda: [
            micros(deadline(target=target, hours=hours, start=instant(t))) for t in starts.tolist()
        ]
    )


def steps_alone(
    target: Target, hours: Hours, starts: Instants, dues: list[datetime | None], percent: int
) -> list[int]:
    return [
        micros(instant_at(target=target, hours=hours, start=instant(t), percent=percent, due=due))
        for t, due in zip(starts.tolist(), dues, strict=True)
    ]


@settings(max_examples=150)
@given(situations(), targets, strides)
def test_deadlines_near_a_clock_change_are_those_of_each_start_alone(
    situation: Situation, target: Target, stride: timedelta
) -> None:
    hours, _, first, _ = situation
    starts = from_the_hour(first, stride, 200)
    assert together(target, hours, starts) == alone(target, hours, starts)


@settings(max_examples=80)
@given(situations(), targets, strides, st.integers(1, 250))
def test_steps_near_a_clock_change_are_those_of_each_start_alone(
    situation: Situation, target: Target, stride: timedelta, percent: int
) -> None:
    hours, _, first, cap = situation
    starts = from_the_hour(first, stride, 100)
    try:
        dues = deadlines(target=target, hours=hours, starts=starts)
        own = steps_alone(target, hours, starts, [None] * len(starts), percent)
    except NeverOpen:
        return
    found = instants_at(target=target, hours=hours, starts=starts, dues=dues, percent=percent)
    assert found.tolist() == own
    capped = np.minimum(dues, micros(cap))
    expected = steps_alone(target, hours, starts, [instant(t) for t in capped.tolist()], percent)
    found = instants_at(target=target, hours=hours, starts=starts, dues=capped, percent=percent)
    assert found.tolist() == expected


HALF_DAYS: dict[date, Written] = {
    date(2026, 12, 24): [("09:00", "12:00")],
    date(2026, 12, 25): [],
    date(2027, 2, 14): [("10:15", "10:16")],
}


@pytest.mark.parametrize("unit", UNITS)
@pytest.mark.parametrize(
    "hours",
    [
        # the policy's hours with half-days, a holiday and a Sunday of one minute
        Hours(KOLKATA, weekdays(OFFICE), HALF_DAYS),
        # a midday break and clock changes
        Hours(NEW_YORK, weekdays(LUNCH), HALF_DAYS),
        # night shifts over clock changes
        Hours(BERLIN, NIGHT, HALF_DAYS),
        # round the clock, where the clock changes by half an hour
        Hours(LORD_HOWE, daily(ALL_DAY), HALF_DAYS),
        # three spans a day, across a date that never existed
        Hours(APIA, daily([("00:00", "02:00"), ("08:00", "12:00"), ("22:30", "24:00")]), {}),
        # one opening in four weeks
        Hours(KOLKATA, {}, {date(2000, 1, 3) + 28 * k * DAY: OFFICE for k in range(700)}),
    ],
)
def test_a_multitude_of_starts_in_any_order_get_their_own_answers(hours: Hours, unit: str) -> None:
    target, starts = Target(3, unit), spread(2004, 2040, 70_000)
    dues = deadlines(target=target, hours=hours, starts=starts)
    assert dues.dtype == np.int64
    some = slice(0, None, 23)
    assert dues[some].tolist() == alone(target, hours, starts[some])
    for percent in (50, 100, 150):
        steps = instants_at(target=target, hours=hours, starts=starts, dues=dues, percent=percent)
        some = slice(percent, None, 173)
        own = steps_alone(target, hours, starts[some], [None] * len(starts[some]), percent)
        assert steps[some].tolist() == own


def test_starts_further_apart_than_any_table_reaches_get_their_own_answers() -> None:
    hours = Hours(NEW_YORK, weekdays(LUNCH), HALF_DAYS)
    target, starts = Target(3, "business_days"), spread(1970, 2060, 1000)
    found = deadlines(target=target, hours=hours, starts=starts)
    # Alone in their order, which spares the table.
    assert found[np.argsort(starts)].tolist() == alone(target, hours, np.sort(starts))


FAIR: dict[date, Written] = {
    date(2026, 11, 2): OFFICE,
    date(2026, 11, 3): OFFICE,
    date(2030, 1, 1): OFFICE,
    date(2030, 1, 2): OFFICE,
}
MONDAY = at("2026-11-02 10:00")
NEXT_FAIR = at("2029-06-01 10:00")
BEYOND = datetime(9999, 6, 1, tzinfo=UTC)


@pytest.mark.parametrize("unit", UNITS)
@pytest.mark.parametrize(
    ("exceptions", "amount", "starts"),
    [
        # never open at all
        ({}, 1, [MONDAY]),
        # open no more after the second start
        (FAIR, 9, [MONDAY, MONDAY + DAY, MONDAY]),
        # the same, when the table has reached the next fair already
        (FAIR, 9, [NEXT_FAIR, MONDAY, MONDAY + DAY]),
        (FAIR, 9, [NEXT_FAIR + k * MINUTE for k in range(50)] + [MONDAY + DAY, MONDAY]),
        # a start between two fairs, too far from the second
        (FAIR, 1, [NEXT_FAIR + k * MINUTE for k in range(50)] + [at("2027-06-01 10:00")]),
        # closed for ever after the last one
        (FAIR, 1, [NEXT_FAIR + k * DAY for k in range(300)]),
        # years that no table has, as the first start and as the last
        (FAIR, 1, [BEYOND, MONDAY]),
        (FAIR, 1, [MONDAY] * 50 + [BEYOND]),
        # an amount beyond every calendar
        (FAIR, 10**9, [MONDAY]),
    ],
)
def test_the_first_start_without_an_answer_is_refused_in_its_own_words(
    exceptions: dict[date, Written], amount: int, starts: list[datetime], unit: str
) -> None:
    target = Target(amount, unit)
    expected = alone(target, Hours(KOLKATA, {}, exceptions, "Fair"), array(starts))
    used = Hours(KOLKATA, {}, exceptions, "Fair")
    for _ in range(2):
        assert together(target, used, array(starts)) == expected
    assert isinstance(expected, tuple) or unit == "hours"


@pytest.mark.parametrize("unit", UNITS)
@pytest.mark.parametrize("week", [weekdays(OFFICE), NIGHT, daily(ALL_DAY), {0: LUNCH}])
def test_the_turn_of_the_year_is_no_end(week: dict[int, Written], unit: str) -> None:
    # The first answer needs the table of one year alone, later ones that of the next year.
    target, starts = Target(9, unit), from_the_hour(MONDAY, 5 * HOUR, 400)
    known = Hours(KOLKATA, week, {})
    dues = deadlines(target=target, hours=Hours(KOLKATA, week, {}), starts=starts)
    assert dues.tolist() == alone(target, known, starts)
    fresh = Hours(KOLKATA, week, {})
    steps = instants_at(target=target, hours=fresh, starts=starts, dues=dues, percent=40)
    assert steps.tolist() == steps_alone(target, known, starts, [None] * 400, 40)


def test_a_step_at_no_time_is_where_the_start_is() -> None:
    # Half of a microsecond is none; and none from opening time on is not yesterday's closing.
    target = Target(1, "business_hours")
    starts = array(at("2026-11-02 09:00") + k * DAY for k in range(5))
    found = instants_at(
        target=target, hours=OFFICE_HOURS, starts=starts, dues=starts + 1, percent=50
    )
    assert found.tolist() == starts.tolist()


# So many microseconds that 2**20 times as many are one hour's worth in 64 bits, without the rest.
WRAPPED = timedelta(hours=1, microseconds=1 << 44)


@pytest.mark.parametrize(
    ("percent", "dues", "sentence"),
    [
        # a step that is none
        (0, [MONDAY, MONDAY], "1 % of the target or later"),
        # a due time too few
        (50, [MONDAY], "2 starts, and 1 due times"),
        # a step that no calendar reaches, at once and behind one that is reached
        (10**6, [MONDAY + 100 * DAY, MONDAY], "more than 200 years"),
        (1 << 20, [MONDAY + MINUTE, MONDAY + WRAPPED], "more than 200 years"),
    ],
)
def test_steps_that_cannot_be_are_refused(
    percent: int, dues: list[datetime], sentence: str
) -> None:
    target, starts = Target(1, "hours"), array([MONDAY, MONDAY])
    with pytest.raises((ValueError, OverflowError), match=sentence):
        instants_at(
            target=target, hours=OFFICE_HOURS, starts=starts, dues=array(dues), percent=percent
        )


@pytest.mark.parametrize("unit", UNITS)
def test_no_starts_have_no_deadlines(unit: str) -> None:
    # Not even those of a calendar that never opens.
    target, hours, none = Target(1, unit), Hours(KOLKATA, {}, {}), array([])
    found = deadlines(target=target, hours=hours, starts=none)
    steps = instants_at(target=target, hours=hours, starts=none, dues=none, percent=50)
    assert found.shape == steps.shape == (0,)
    assert found.dtype == steps.dtype == np.int64
