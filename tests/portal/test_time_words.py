"""Time in words."""

from datetime import UTC, datetime, timedelta

import pytest
from django.utils import translation

from sla.core import deadlines
from sla.models import Clock, Target
from tickets.templatetags.desk import (
    due_words,
    duration,
    local_time,
    local_time_and_year,
    units,
)

NOON = datetime(2026, 11, 3, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("zone", "expected"),
    [
        ("Asia/Kolkata", "Tue 3 Nov, 17:30 IST"),
        ("Europe/Berlin", "Tue 3 Nov, 13:00 CET"),
        ("America/New_York", "Tue 3 Nov, 07:00 EST"),
        # Zones without letters are named by their distance from UTC.
        ("America/Sao_Paulo", "Tue 3 Nov, 09:00 UTC-03"),
        ("Asia/Kathmandu", "Tue 3 Nov, 17:45 UTC+05:45"),
        # The date is that of the zone.
        ("Pacific/Auckland", "Wed 4 Nov, 01:00 NZDT"),
    ],
)
def test_a_time_is_local_and_names_its_zone(zone: str, expected: str) -> None:
    assert local_time(NOON, zone) == expected


def test_a_time_without_a_zone_is_in_the_active_one() -> None:
    assert local_time(NOON) == "Tue 3 Nov, 12:00 UTC"


def test_a_time_long_ago_has_its_year() -> None:
    assert local_time_and_year(NOON, "Asia/Kolkata") == "3 Nov 2026, 17:30 IST"


def test_no_time_is_no_words() -> None:
    assert local_time(None) == local_time_and_year(None) == due_words(None, NOON) == ""


@pytest.mark.parametrize(
    ("span", "expected"),
    [
        (timedelta(0), "less than 1 min"),
        (timedelta(seconds=59), "less than 1 min"),
        (timedelta(seconds=60), "1 min"),
        (timedelta(minutes=35, seconds=59), "35 min"),
        (timedelta(hours=1), "1 h"),
        (timedelta(hours=2, minutes=10), "2 h 10 min"),
        (timedelta(hours=23, minutes=59), "23 h 59 min"),
        (timedelta(days=1), "1 d"),
        (timedelta(days=3, hours=4, minutes=59), "3 d 4 h"),
        (timedelta(days=400), "400 d"),
        # The sign is left out: "late" says it.
        (timedelta(minutes=-35), "35 min"),
        # Seconds will do as well.
        (7800, "2 h 10 min"),
        (90.5, "1 min"),
    ],
)
def test_a_duration_has_two_units_at_most(span: timedelta | float, expected: str) -> None:
    assert duration(span) == expected


@pytest.mark.parametrize(
    ("away", "expected"),
    [
        (timedelta(hours=2, minutes=10), "due in 2 h 10 min"),
        (timedelta(seconds=1), "due in less than 1 min"),
        # At its very instant a deadline is not missed yet.
        (timedelta(0), "due now"),
        (timedelta(seconds=-1), "less than 1 min late"),
        (timedelta(minutes=-35), "35 min late"),
        (timedelta(days=-2, hours=-5), "2 d 5 h late"),
    ],
)
def test_a_deadline_is_ahead_now_or_late(away: timedelta, expected: str) -> None:
    assert due_words(NOON + away, NOON) == expected


@pytest.mark.parametrize(
    ("amount", "unit", "goal", "expected"),
    [
        (8, "business_hours", None, "8 business hours"),
        (1, "business_hours", None, "1 business hour"),
        (1, "business_days", None, "1 business day"),
        (12, "hours", None, "12 hours, day and night"),
        (1, "hours", None, "1 hour, day and night"),
        (10, "business_days", 5, "5 to 10 business days"),
        # A goal that is the limit says nothing.
        (5, "business_days", 5, "5 business days"),
    ],
)
def test_a_target_is_an_amount_and_its_unit(
    amount: int, unit: str, goal: int | None, expected: str
) -> None:
    assert units(Target(amount=amount, unit=unit, goal_amount=goal)) == expected
    assert units(Clock(target_amount=amount, target_unit=unit, goal_amount=goal)) == expected


def test_a_bare_target_has_no_goal() -> None:
    assert units(deadlines.Target(8, "business_hours")) == "8 business hours"


# --- In another language --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("zone", "expected"),
    [
        ("Asia/Kolkata", "Di., 3. Nov., 17:30 Uhr IST"),
        # A zone that has letters of its own in German.
        ("Europe/Berlin", "Di., 3. Nov., 13:00 Uhr MEZ"),
        ("Asia/Kathmandu", "Di., 3. Nov., 17:45 Uhr UTC+05:45"),
    ],
)
def test_a_time_is_written_as_the_language_writes_it(zone: str, expected: str) -> None:
    with translation.override("de"):
        assert local_time(NOON, zone) == expected


def test_a_month_without_a_short_name_has_no_full_stop() -> None:
    with translation.override("de"):
        assert local_time_and_year(NOON, "UTC") == "3. Nov. 2026, 12:00 Uhr UTC"
        may = NOON.replace(month=5)
        assert local_time_and_year(may, "Europe/Berlin") == "3. Mai 2026, 14:00 Uhr MESZ"


@pytest.mark.parametrize(
    ("away", "expected"),
    [
        (timedelta(hours=2, minutes=10), "noch 2 h 10 min"),
        (timedelta(days=1, hours=4), "noch 1 Tag 4 h"),
        (timedelta(0), "jetzt fällig"),
        (timedelta(seconds=-1), "weniger als 1 min zu spät"),
        (timedelta(days=-2), "2 Tage zu spät"),
    ],
)
def test_a_deadline_is_ahead_now_or_late_in_german(away: timedelta, expected: str) -> None:
    with translation.override("de"):
        assert due_words(NOON + away, NOON) == expected


@pytest.mark.parametrize(
    ("amount", "unit", "goal", "expected"),
    [
        (8, "business_hours", None, "8 Stunden Geschäftszeit"),
        (1, "business_hours", None, "1 Stunde Geschäftszeit"),
        (1, "business_days", None, "1 Arbeitstag"),
        (12, "hours", None, "12 Stunden, rund um die Uhr"),
        (10, "business_days", 5, "5 bis 10 Arbeitstage"),
    ],
)
def test_a_target_has_the_plural_of_the_language(
    amount: int, unit: str, goal: int | None, expected: str
) -> None:
    with translation.override("de"):
        assert units(Target(amount=amount, unit=unit, goal_amount=goal)) == expected
