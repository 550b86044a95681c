"""Deadlines: properties that hold for any target, calendar, start and pauses."""

from datetime import UTC, date, datetime, timedelta
from typing import NamedTuple

from hypothesis import assume, given, settings
from hypothesis import strategies as st

from sla.core.deadlines import Target, counted, deadline, explain, instant_at
from sla.core.hours import Hours
from tests.sla.core.calendars import (
    ALL_DAY,
    BERLIN,
    KOLKATA,
    LORD_HOWE,
    LUNCH,
    NEW_YORK,
    NIGHT,
    OFFICE,
    Written,
    daily,
    weekdays,
)
from tests.sla.core.oracle import Oracle

type Pauses = list[tuple[datetime, datetime]]

BOOKS: list[tuple[str, dict[int, Written], dict[date, Written]]] = [
    # the policy's hours, with a holiday and a half-day
    (KOLKATA, weekdays(OFFICE), {date(2026, 3, 27): [], date(2026, 3, 30): [("10:00", "13:00")]}),
    # a midday break, with a special Sunday and its clock change
    (NEW_YORK, weekdays(LUNCH), {date(2026, 3, 8): [("01:00", "05:00")], date(2026, 3, 10): []}),
    # night shifts over clock changes
    (BERLIN, NIGHT, {date(2026, 3, 31): []}),
    # round the clock, where some days have no 24 hours
    (LORD_HOWE, daily(ALL_DAY), {date(2026, 4, 4): [("12:00", "24:00")]}),
]
CALENDARS = [(Hours(*book), Oracle(*book)) for book in BOOKS]
SPRING = datetime(2026, 3, 1, tzinfo=UTC)


class Case(NamedTuple):
    hours: Hours
    oracle: Oracle
    target: Target
    start: datetime
    pauses: Pauses


@st.composite
def pause_lists(draw: st.DrawFn, start: datetime) -> Pauses:
    """Pauses in any order, overlapping, touching, empty, before the start or behind the end."""
    begins = st.integers(-24 * 2, 24 * 12).map(lambda k: start + k * timedelta(minutes=37))
    spans = st.one_of(st.integers(0, 40).map(lambda k: timedelta(hours=k)), st.just(timedelta(0)))
    return [(a, a + b) for a, b in draw(st.lists(st.tuples(begins, spans), max_size=5))]


@st.composite
def cases(draw: st.DrawFn) -> Case:
    hours, oracle = draw(st.sampled_from(CALENDARS))
    unit = draw(st.sampled_from(["hours", "business_hours", "business_days"]))
    amount = draw(st.integers(1, 10 if unit == "business_days" else 72))
    start = SPRING + draw(st.timedeltas(timedelta(0), timedelta(days=50)))
    return Case(hours, oracle, Target(amount, unit), start, draw(pause_lists(start)))


def due(case: Case, pauses: Pauses | None = None) -> datetime:
    return deadline(
        target=case.target,
        hours=case.hours,
        start=case.start,
        pauses=case.pauses if pauses is None else pauses,
    )


def step(case: Case, percent: int, cap: datetime | None = None) -> datetime:
    return instant_at(
        target=case.target,
        hours=case.hours,
        start=case.start,
        pauses=case.pauses,
        percent=percent,
        due=cap,
    )


def used(case: Case, end: datetime) -> timedelta:
    return counted(
        target=case.target, hours=case.hours, start=case.start, end=end, pauses=case.pauses
    )


def whole(case: Case) -> timedelta:
    """The counted time that the target grants."""
    if case.target.unit == "business_days":
        return case.hours.between(case.start, due(case, []))
    return timedelta(hours=case.target.amount)


def walked(case: Case) -> datetime:
    """The deadline of an hourly target, by walking: stand still while closed or paused."""
    left, u = timedelta(hours=case.target.amount), case.start
    edges = sorted(edge for pause in case.pauses for edge in pause)
    is_elapsed = case.target.unit == "hours"
    while True:
        halt = next((edge for edge in edges if edge > u), u + timedelta(days=400))
        if not any(a <= u < b for a, b in case.pauses):
            run = halt - u if is_elapsed else case.oracle.between(u, halt)
            if run >= left:
                return u + left if is_elapsed else case.oracle.add(u, left)
            left -= run
        u = halt


@settings(max_examples=40)
@given(cases())
def test_an_hourly_deadline_is_where_walking_the_time_ends(case: Case) -> None:
    assume(case.target.unit != "business_days")
    assert due(case) == walked(case)


@settings(max_examples=200)
@given(cases(), st.data())
def test_another_pause_never_makes_a_deadline_earlier(case: Case, data: st.DataObject) -> None:
    more = data.draw(pause_lists(case.start))
    assert due(case) >= due(case, [])
    assert due(case, case.pauses + more) >= due(case)


@settings(max_examples=100)
@given(cases(), st.randoms(use_true_random=False))
def test_the_order_of_pauses_and_their_overlaps_are_no_matter(case: Case, random: object) -> None:
    shuffled = [*case.pauses, *case.pauses]
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    assert due(case, shuffled) == due(case)


@settings(max_examples=200)
@given(cases())
def test_an_explanation_is_without_holes_and_its_counted_parts_add_up(case: Case) -> None:
    segments = explain(target=case.target, hours=case.hours, start=case.start, pauses=case.pauses)
    edges = [case.start, *(s.end for s in segments)]
    assert [s.start for s in segments] == edges[:-1]
    assert edges[-1] == due(case)
    assert all(s.start < s.end for s in segments)
    assert all(s.counted == (s.why == "counted") for s in segments)
    assert sum((s.end - s.start for s in segments if s.counted), timedelta(0)) == whole(case)


@settings(max_examples=100)
@given(cases(), st.integers(1, 400))
def test_an_explanation_up_to_a_step_adds_up_to_its_share(case: Case, percent: int) -> None:
    until = step(case, percent)
    segments = explain(
        target=case.target, hours=case.hours, start=case.start, pauses=case.pauses, until=until
    )
    total = sum((s.end - s.start for s in segments if s.counted), timedelta(0))
    assert total == used(case, until) == whole(case) * percent // 100
    assert segments[-1].end == until


@settings(max_examples=150)
@given(cases(), st.integers(1, 300), st.integers(1, 300))
def test_steps_come_in_the_order_of_their_percentages(case: Case, one: int, two: int) -> None:
    low, high = sorted((one, two))
    assert case.start <= step(case, low) <= step(case, high)
    assert step(case, 100) == due(case)
    assert (step(case, high) > due(case)) == (high > 100)


@settings(max_examples=100)
@given(cases(), st.integers(1, 300))
def test_a_cap_that_is_the_deadline_itself_changes_no_step(case: Case, percent: int) -> None:
    assert step(case, percent, due(case)) == step(case, percent)


@settings(max_examples=150)
@given(cases(), st.integers(1, 300), st.timedeltas(timedelta(days=-2), timedelta(days=20)))
def test_steps_keep_to_the_side_of_the_cap_they_belong_to(
    case: Case, percent: int, after: timedelta
) -> None:
    cap = min(case.start + after, due(case))
    found = step(case, percent, cap)
    assert step(case, 100, cap) == cap
    assert found <= cap if percent <= 100 else found >= cap


@settings(max_examples=100)
@given(cases())
def test_a_later_start_never_has_an_earlier_hourly_deadline(case: Case) -> None:
    assume(case.target.unit != "business_days")
    later = case._replace(start=case.start + timedelta(minutes=91))
    assert due(later) >= due(case)
