"""Deadlines: the policy's worked examples, and tables of pauses and steps."""

from datetime import datetime
from typing import Any

import pytest

from sla.core.deadlines import Target, counted, deadline, explain, instant_at
from sla.core.hours import Hours, NeverOpen
from tests.sla.core.calendars import (
    EARLY_NEW_YORK,
    HOLIDAY_HOURS,
    HOUR,
    LUNCH_HOURS,
    NEW_YORK,
    OFFICE_HOURS,
    at,
)

# (first response, goal of the resolution, limit of the resolution), as the policy's table has them
PROMISES = {
    "P1": (Target(2, "hours"), None, Target(12, "hours")),
    "P2": (Target(8, "business_hours"), None, Target(72, "hours")),
    "P3": (Target(1, "business_days"), None, Target(5, "business_days")),
    "P4": (Target(2, "business_days"), Target(5, "business_days"), Target(10, "business_days")),
}


@pytest.mark.parametrize(
    ("submitted", "priority", "hours", "response", "goal", "resolution"),
    [
        # P1 by day
        ("11-02 10:00", "P1", OFFICE_HOURS, "11-02 12:00", None, "11-02 22:00"),
        # P1 in a weekend's night
        ("11-07 23:30", "P1", OFFICE_HOURS, "11-08 01:30", None, "11-08 11:30"),
        # P2 by day
        ("11-02 10:00", "P2", OFFICE_HOURS, "11-03 10:00", None, "11-05 10:00"),
        # P2 before a weekend: the resolution's hours pass over it, the response's do not
        ("11-06 16:00", "P2", OFFICE_HOURS, "11-09 16:00", None, "11-09 16:00"),
        # P2 in a weekend: eight business hours end at closing time
        ("11-07 12:00", "P2", OFFICE_HOURS, "11-09 17:00", None, "11-10 12:00"),
        # P3 by day
        ("11-02 10:00", "P3", OFFICE_HOURS, "11-03 10:00", None, "11-09 10:00"),
        # P3 after hours
        ("11-06 18:30", "P3", OFFICE_HOURS, "11-09 17:00", None, "11-13 17:00"),
        # P3 before a holiday
        ("11-06 10:00", "P3", HOLIDAY_HOURS, "11-10 10:00", None, "11-16 10:00"),
        # P4 by day, with a goal before the limit
        ("11-02 10:00", "P4", OFFICE_HOURS, "11-04 10:00", "11-09 10:00", "11-16 10:00"),
        # P4 before opening
        ("11-02 08:00", "P4", OFFICE_HOURS, "11-03 17:00", "11-06 17:00", "11-13 17:00"),
    ],
)
def test_the_worked_examples_of_the_policy_hold(
    submitted: str,
    priority: str,
    hours: Hours,
    response: str,
    goal: str | None,
    resolution: str,
) -> None:
    start = at(f"2026-{submitted}")
    first, soft, hard = PROMISES[priority]
    assert deadline(target=first, hours=hours, start=start) == at(f"2026-{response}")
    assert deadline(target=hard, hours=hours, start=start) == at(f"2026-{resolution}")
    if soft is not None:
        assert deadline(target=soft, hours=hours, start=start) == at(f"2026-{goal}")


EIGHT = Target(8, "business_hours")
TWELVE = Target(12, "hours")
ONE_DAY = Target(1, "business_days")
MONDAY_TEN = at("2026-11-02 10:00")


@pytest.mark.parametrize(
    ("target", "pauses", "due"),
    [
        # no pause
        (EIGHT, [], "11-03 10:00"),
        # an hour's pause while open
        (EIGHT, [("11-02 11:00", "11-02 12:00")], "11-03 11:00"),
        # a pause of which only the open part counts
        (EIGHT, [("11-02 16:00", "11-02 20:00")], "11-03 11:00"),
        # a pause in the night costs nothing
        (EIGHT, [("11-02 18:00", "11-03 08:00")], "11-03 10:00"),
        # but it does where the target's time passes day and night
        (TWELVE, [("11-02 18:00", "11-03 08:00")], "11-03 12:00"),
        # a pause that begins before the deadline and ends after it counts whole
        (EIGHT, [("11-03 09:00", "11-03 14:00")], "11-03 15:00"),
        # a pause that begins at the deadline does not count
        (EIGHT, [("11-03 10:00", "11-03 14:00")], "11-03 10:00"),
        # one that begins after it does not, either
        (EIGHT, [("11-03 11:00", "11-03 14:00")], "11-03 10:00"),
        # unless an earlier pause has put the deadline off beyond its beginning
        (
            EIGHT,
            [("11-02 12:00", "11-02 14:00"), ("11-03 11:00", "11-03 12:00")],
            "11-03 13:00",
        ),
        # the order in which pauses are given is no matter
        (
            EIGHT,
            [("11-03 11:00", "11-03 12:00"), ("11-02 12:00", "11-02 14:00")],
            "11-03 13:00",
        ),
        # pauses that overlap count once
        (
            EIGHT,
            [("11-02 11:00", "11-02 13:00"), ("11-02 12:00", "11-02 14:00")],
            "11-03 13:00",
        ),
        # one inside another adds nothing
        (
            EIGHT,
            [("11-02 11:00", "11-02 14:00"), ("11-02 12:00", "11-02 13:00")],
            "11-03 13:00",
        ),
        # what lies before the start is left out
        (EIGHT, [("11-02 08:00", "11-02 11:00")], "11-03 11:00"),
        (EIGHT, [("11-01 08:00", "11-02 10:00")], "11-03 10:00"),
        # a pause of no length is none
        (EIGHT, [("11-02 11:00", "11-02 11:00")], "11-03 10:00"),
        # business days are put off by the pause's open time
        (ONE_DAY, [("11-02 11:00", "11-02 12:30")], "11-03 11:30"),
        # onto closing time, where a deadline stays
        (ONE_DAY, [("11-02 10:00", "11-02 17:00")], "11-03 17:00"),
        # over the night
        (ONE_DAY, [("11-02 09:00", "11-03 09:30")], "11-04 09:30"),
        # over the weekend
        (Target(4, "business_days"), [("11-03 09:00", "11-03 17:00")], "11-09 10:00"),
    ],
)
def test_pauses_put_the_deadline_off_by_their_open_time(
    target: Target, pauses: list[tuple[str, str]], due: str
) -> None:
    instants = [(at(f"2026-{a}"), at(f"2026-{b}")) for a, b in pauses]
    found = deadline(target=target, hours=OFFICE_HOURS, start=MONDAY_TEN, pauses=instants)
    assert found == at(f"2026-{due}")


def test_a_deadline_at_closing_time_stays_there_after_a_pause_without_open_time() -> None:
    start = at("2026-11-02 09:00")
    pauses = [(at("2026-11-02 12:15"), at("2026-11-02 12:45"))]
    target = Target(7, "business_hours")
    found = deadline(target=target, hours=LUNCH_HOURS, start=start, pauses=pauses)
    assert found == at("2026-11-02 17:00")


def test_pauses_that_touch_count_like_one() -> None:
    # The deadline is Tuesday's opening, so that nothing is left to pause but the pause itself.
    hours = Hours("Asia/Kolkata", {0: [("08:00", "12:00")], 1: [("09:00", "17:00")]}, {})
    start = at("2026-11-02 08:30")
    pause = (at("2026-11-03 08:30"), at("2026-11-03 11:00"))
    parts = [(pause[0], at("2026-11-03 10:00")), (at("2026-11-03 10:00"), pause[1])]
    whole = deadline(target=ONE_DAY, hours=hours, start=start, pauses=[pause])
    assert whole == deadline(target=ONE_DAY, hours=hours, start=start, pauses=parts)
    assert whole == at("2026-11-03 11:00")


def test_the_repeated_hour_can_be_paused() -> None:
    pause = (at("2026-11-01 01:30", NEW_YORK), at("2026-11-01 01:30", NEW_YORK, second_time=True))
    start = at("2026-11-01 00:00", NEW_YORK)
    found = deadline(
        target=Target(2, "business_hours"), hours=EARLY_NEW_YORK, start=start, pauses=[pause]
    )
    assert found == at("2026-11-01 02:00", NEW_YORK)


@pytest.mark.parametrize(
    ("amount", "unit", "sentence"),
    [
        # a promise of no time
        (0, "hours", "at least 1, and not 0"),
        # a negative one
        (-1, "business_days", "at least 1, and not -1"),
        # half an hour has no unit
        (0.5, "hours", "whole number"),
        (None, "hours", "whole number"),
        # units that do not exist
        (1, "days", "'days' is no unit .* hours, business_hours, business_days"),
        (1, "", "'' is no unit"),
    ],
)
def test_a_target_that_promises_nothing_is_refused(amount: Any, unit: str, sentence: str) -> None:
    with pytest.raises(ValueError, match=sentence):
        Target(amount, unit)


def test_a_pause_that_ends_before_it_begins_is_refused() -> None:
    pauses = [(MONDAY_TEN + HOUR, MONDAY_TEN)]
    for ask in (deadline, explain):
        with pytest.raises(ValueError, match="cannot end before"):
            ask(target=EIGHT, hours=OFFICE_HOURS, start=MONDAY_TEN, pauses=pauses)


def test_naive_instants_are_refused_wherever_they_come_in() -> None:
    naive = datetime(2026, 11, 2, 10)  # noqa: DTZ001 - the point of the test
    common: dict[str, Any] = {"target": EIGHT, "hours": OFFICE_HOURS}
    for refused in (
        lambda: deadline(**common, start=naive),
        lambda: deadline(**common, start=MONDAY_TEN, pauses=[(naive, MONDAY_TEN)]),
        lambda: explain(**common, start=MONDAY_TEN, until=naive),
        lambda: instant_at(**common, start=MONDAY_TEN, percent=50, due=naive),
        lambda: counted(**common, start=MONDAY_TEN, end=naive),
    ):
        with pytest.raises(ValueError, match="has no time zone"):
            refused()


def test_a_calendar_that_never_opens_stops_business_time_but_not_elapsed_time() -> None:
    never = Hours("UTC", {}, {}, "Never")
    with pytest.raises(NeverOpen, match="Never"):
        deadline(target=EIGHT, hours=never, start=MONDAY_TEN)
    assert deadline(target=TWELVE, hours=never, start=MONDAY_TEN) == MONDAY_TEN + 12 * HOUR


@pytest.mark.parametrize(
    ("target", "start", "pauses", "percent", "reached"),
    [
        # half of eight business hours
        (EIGHT, "11-02 10:00", [], 50, "11-02 14:00"),
        # all of them are the deadline
        (EIGHT, "11-02 10:00", [], 100, "11-03 10:00"),
        # half as much again
        (EIGHT, "11-02 10:00", [], 150, "11-03 14:00"),
        # a step that falls on closing time stays there
        (Target(10, "business_hours"), "11-02 10:00", [], 70, "11-02 17:00"),
        # elapsed hours
        (Target(2, "hours"), "11-07 23:30", [], 50, "11-08 00:30"),
        # a business day from open to open is eight hours here
        (ONE_DAY, "11-02 10:00", [], 75, "11-02 16:00"),
        # a pause before the step puts it off
        (EIGHT, "11-02 10:00", [("11-02 11:00", "11-02 12:00")], 50, "11-02 15:00"),
        # a pause after it does not
        (EIGHT, "11-02 10:00", [("11-02 15:00", "11-02 16:00")], 50, "11-02 14:00"),
        # a pause behind the deadline puts a later step off
        (EIGHT, "11-02 10:00", [("11-03 11:00", "11-03 12:00")], 150, "11-03 15:00"),
    ],
)
def test_a_step_is_reached_when_so_much_of_the_counted_time_is_used(
    target: Target, start: str, pauses: list[tuple[str, str]], percent: int, reached: str
) -> None:
    instants = [(at(f"2026-{a}"), at(f"2026-{b}")) for a, b in pauses]
    found = instant_at(
        target=target,
        hours=OFFICE_HOURS,
        start=at(f"2026-{start}"),
        pauses=instants,
        percent=percent,
    )
    assert found == at(f"2026-{reached}")


@pytest.mark.parametrize(
    ("due", "percent", "reached"),
    [
        # an earlier promise caps the deadline: half of the four hours before it
        ("11-02 14:00", 50, "11-02 12:00"),
        # the cap is the deadline
        ("11-02 14:00", 100, "11-02 14:00"),
        # and time runs on behind it
        ("11-02 14:00", 150, "11-02 16:00"),
        # a cap after hours counts the open time before it, and is met exactly
        ("11-02 20:00", 50, "11-02 13:30"),
        ("11-02 20:00", 100, "11-02 20:00"),
        # a cap that was over at the start: every step has been reached
        ("11-02 09:30", 50, "11-02 09:30"),
        ("11-02 09:30", 200, "11-02 09:30"),
    ],
)
def test_an_earlier_promise_caps_the_steps(due: str, percent: int, reached: str) -> None:
    found = instant_at(
        target=EIGHT,
        hours=OFFICE_HOURS,
        start=MONDAY_TEN,
        percent=percent,
        due=at(f"2026-{due}"),
    )
    assert found == at(f"2026-{reached}")


@pytest.mark.parametrize("percent", [0, -50])
def test_a_step_before_the_start_is_refused(percent: int) -> None:
    with pytest.raises(ValueError, match="1 % of the target or later"):
        instant_at(target=EIGHT, hours=OFFICE_HOURS, start=MONDAY_TEN, percent=percent)


@pytest.mark.parametrize(
    ("target", "end", "pauses", "used"),
    [
        # open time, over the night
        (EIGHT, "11-03 10:00", [], 8),
        # less a pause, as far as it lies before the end
        (EIGHT, "11-03 10:00", [("11-03 09:00", "11-03 12:00")], 7),
        # overlapping pauses once
        (EIGHT, "11-03 10:00", [("11-02 10:00", "11-02 12:00"), ("11-02 11:00", "11-02 13:00")], 5),
        # elapsed time
        (TWELVE, "11-03 10:00", [("11-02 20:00", "11-03 08:00")], 12),
        # business days are counted in open time
        (ONE_DAY, "11-04 10:00", [], 16),
        # nothing before the start
        (EIGHT, "11-01 10:00", [("11-02 20:00", "11-03 08:00")], 0),
    ],
)
def test_counted_time_is_open_and_not_paused(
    target: Target, end: str, pauses: list[tuple[str, str]], used: int
) -> None:
    instants = [(at(f"2026-{a}"), at(f"2026-{b}")) for a, b in pauses]
    found = counted(
        target=target,
        hours=OFFICE_HOURS,
        start=MONDAY_TEN,
        end=at(f"2026-{end}"),
        pauses=instants,
    )
    assert found == used * HOUR
