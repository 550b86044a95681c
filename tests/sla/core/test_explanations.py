"""Explanations: each stretch of a clock's time, counted or not, and why."""

from datetime import UTC, date, timedelta

import pytest

from sla.core.deadlines import Segment, Target, explain, instant_at
from tests.sla.core.calendars import (
    HALF_DAY_HOURS,
    HOLIDAY_HOURS,
    HOUR,
    OFFICE_HOURS,
    SUNDAY_HOURS,
    at,
)

EIGHT = Target(8, "business_hours")
TWELVE = Target(12, "hours")
MONDAY_TEN = at("2026-11-02 10:00")


def said(segments: list[Segment]) -> list[tuple[str, str, str]]:
    """Local start and end, and why, with what names it."""
    india = timedelta(hours=5, minutes=30)
    return [
        (
            f"{s.start + india:%a %H:%M}",
            f"{s.end + india:%a %H:%M}",
            " ".join(str(part) for part in (s.why, s.day, s.reason) if part),
        )
        for s in segments
    ]


def test_an_explanation_names_weekends_and_holidays() -> None:
    start = at("2026-11-06 16:00")
    assert said(explain(target=Target(2, "business_hours"), hours=HOLIDAY_HOURS, start=start)) == [
        ("Fri 16:00", "Fri 17:00", "counted"),
        ("Fri 17:00", "Mon 00:00", "closed"),
        ("Mon 00:00", "Tue 00:00", "holiday 2026-11-09"),
        ("Tue 00:00", "Tue 09:00", "closed"),
        ("Tue 09:00", "Tue 10:00", "counted"),
    ]


def test_an_explanation_names_the_missing_part_of_a_half_day() -> None:
    start = at("2026-11-03 12:00")
    assert said(explain(target=Target(2, "business_hours"), hours=HALF_DAY_HOURS, start=start)) == [
        ("Tue 12:00", "Tue 13:00", "counted"),
        ("Tue 13:00", "Tue 17:00", "holiday 2026-11-03"),
        ("Tue 17:00", "Wed 09:00", "closed"),
        ("Wed 09:00", "Wed 10:00", "counted"),
    ]


def test_an_exception_that_opens_a_day_is_no_holiday() -> None:
    start = at("2026-11-06 16:00")
    assert said(explain(target=Target(2, "business_hours"), hours=SUNDAY_HOURS, start=start)) == [
        ("Fri 16:00", "Fri 17:00", "counted"),
        ("Fri 17:00", "Sun 10:00", "closed"),
        ("Sun 10:00", "Sun 11:00", "counted"),
    ]


def test_an_explanation_gives_the_reason_of_each_pause() -> None:
    pauses = [
        (at("2026-11-02 16:00"), at("2026-11-03 10:00")),
        (at("2026-11-02 11:00"), at("2026-11-02 12:00")),
        (at("2026-11-03 09:00"), at("2026-11-03 11:00")),
    ]
    reasons = ["resolved", "waiting for you", "waiting for you"]
    found = explain(
        target=EIGHT, hours=OFFICE_HOURS, start=MONDAY_TEN, pauses=pauses, reasons=reasons
    )
    assert said(found) == [
        ("Mon 10:00", "Mon 11:00", "counted"),
        ("Mon 11:00", "Mon 12:00", "paused waiting for you"),
        ("Mon 12:00", "Mon 16:00", "counted"),
        # where two pauses overlap, the one that began first holds
        ("Mon 16:00", "Tue 10:00", "paused resolved"),
        ("Tue 10:00", "Tue 11:00", "paused waiting for you"),
        ("Tue 11:00", "Tue 14:00", "counted"),
    ]


def test_an_explanation_goes_on_behind_the_deadline_when_asked_to() -> None:
    pauses = [(at("2026-11-03 11:00"), at("2026-11-03 12:00"))]
    until = instant_at(
        target=EIGHT, hours=OFFICE_HOURS, start=MONDAY_TEN, pauses=pauses, percent=150
    )
    found = explain(target=EIGHT, hours=OFFICE_HOURS, start=MONDAY_TEN, pauses=pauses, until=until)
    assert said(found) == [
        ("Mon 10:00", "Mon 17:00", "counted"),
        ("Mon 17:00", "Tue 09:00", "closed"),
        # cut at the deadline
        ("Tue 09:00", "Tue 10:00", "counted"),
        ("Tue 10:00", "Tue 11:00", "counted"),
        ("Tue 11:00", "Tue 12:00", "paused"),
        ("Tue 12:00", "Tue 15:00", "counted"),
    ]


def test_an_explanation_can_end_before_the_deadline() -> None:
    until = at("2026-11-02 12:00")
    found = explain(target=EIGHT, hours=OFFICE_HOURS, start=MONDAY_TEN, until=until)
    assert said(found) == [("Mon 10:00", "Mon 12:00", "counted")]
    assert explain(target=EIGHT, hours=OFFICE_HOURS, start=MONDAY_TEN, until=MONDAY_TEN) == []


def test_elapsed_hours_are_explained_without_the_calendar() -> None:
    pauses = [(at("2026-11-08 08:00"), at("2026-11-08 09:00"))]
    start = at("2026-11-07 23:30")
    found = explain(target=TWELVE, hours=HOLIDAY_HOURS, start=start, pauses=pauses)
    assert said(found) == [
        ("Sat 23:30", "Sun 08:00", "counted"),
        ("Sun 08:00", "Sun 09:00", "paused"),
        ("Sun 09:00", "Sun 12:30", "counted"),
    ]


def test_each_pause_needs_its_reason_once_reasons_are_given() -> None:
    pauses = [(MONDAY_TEN, MONDAY_TEN + HOUR)]
    with pytest.raises(ValueError, match="1 pauses, and 2 reasons"):
        explain(
            target=EIGHT,
            hours=OFFICE_HOURS,
            start=MONDAY_TEN,
            pauses=pauses,
            reasons=["one", "two"],
        )


def test_a_segment_carries_instants_in_utc_and_the_date_of_its_holiday() -> None:
    start = at("2026-11-06 16:00")
    found = explain(target=Target(2, "business_hours"), hours=HOLIDAY_HOURS, start=start)
    assert all(s.start.tzinfo is UTC and s.end.tzinfo is UTC for s in found)
    assert [s.day for s in found if s.why == "holiday"] == [date(2026, 11, 9)]
