"""The picture of a year: what each day is, computed from the hours alone."""

from datetime import date
from typing import Any

import pytest
from django.contrib.auth.models import Permission
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from sla.admin.year import Day, Kind, spans_of, year_of
from sla.core.hours import Hours
from sla.models import Calendar, Policy
from tests import factories

NINE_TO_FIVE = [("09:00", "17:00")]
OFFICE = dict.fromkeys(range(5), NINE_TO_FIVE)
ALL_DAY = [("00:00", "24:00")]
ROUND_THE_CLOCK = dict.fromkeys(range(7), ALL_DAY)


def days_of(hours: Hours, names: dict[date, str], year: int, today: date) -> dict[date, Day]:
    months, _ = year_of(hours, names, year=year, today=today)
    return {day.date: day for month in months for week in month.weeks for day in week if day}


DIWALI, EVE, SUNDAY = date(2026, 11, 9), date(2026, 12, 24), date(2026, 11, 1)
HOURS = Hours("Asia/Kolkata", OFFICE, {DIWALI: [], EVE: [("09:00", "13:00")], SUNDAY: []})
NAMES = {DIWALI: "Diwali", EVE: "Christmas Eve", SUNDAY: "Rajyotsava"}

# Day, what it is, and what its hover says.
DAYS = [
    (date(2026, 11, 2), Kind.OPEN, "Open, 09:00 to 17:00"),
    (date(2026, 11, 7), Kind.CLOSED, "Closed"),
    (DIWALI, Kind.HOLIDAY, "Diwali, closed"),
    (EVE, Kind.HALF_DAY, "Christmas Eve, 09:00 to 13:00"),
    (SUNDAY, Kind.HOLIDAY, "Rajyotsava, closed"),  # Closed anyway, and a holiday too.
]


@pytest.mark.parametrize(("day", "kind", "words"), DAYS)
def test_a_day_is_open_closed_a_holiday_or_a_half_day(day: date, kind: Kind, words: str) -> None:
    found = days_of(HOURS, NAMES, 2026, today=date(2026, 11, 2))[day]
    assert (found.kind, found.words) == (kind, words)


def test_a_year_has_each_of_its_days_once_and_in_its_weekday() -> None:
    for year in (2026, 2028):
        months, _ = year_of(HOURS, NAMES, year=year, today=date(2026, 11, 2))
        assert [month.first for month in months] == [date(year, n, 1) for n in range(1, 13)]
        columns = [
            (day.date, column)
            for month in months
            for week in month.weeks
            for column, day in enumerate(week)
            if day
        ]
        assert len(columns) == 365 + (year == 2028)
        assert columns == sorted(columns)
        assert all(day.weekday() == column for day, column in columns)


def test_holidays_and_half_days_are_listed_in_order() -> None:
    _, exceptions = year_of(HOURS, NAMES, year=2026, today=date(2026, 11, 2))
    assert [day.date for day in exceptions] == [SUNDAY, DIWALI, EVE]
    assert year_of(HOURS, NAMES, year=2027, today=date(2026, 11, 2))[1] == []


def test_today_is_marked_in_its_own_year_alone() -> None:
    today = date(2026, 11, 2)
    found = days_of(HOURS, NAMES, 2026, today=today)
    assert [day.date for day in found.values() if day.is_today] == [today]
    assert not any(day.is_today for day in days_of(HOURS, NAMES, 2027, today=today).values())


# Zone, day, its written hours, and what the clock on the wall shows of them.
CLOCKS = [
    ("Asia/Kolkata", date(2026, 11, 2), ALL_DAY, ALL_DAY),
    (
        "Asia/Kolkata",
        date(2026, 11, 2),
        [("09:00", "12:30"), ("13:30", "17:00")],
        [("09:00", "12:30"), ("13:30", "17:00")],
    ),
    # This date never existed there: the day after the 29th was the 31st.
    ("Pacific/Apia", date(2011, 12, 30), ALL_DAY, []),
    ("Pacific/Apia", date(2011, 12, 29), ALL_DAY, ALL_DAY),
    ("Pacific/Apia", date(2011, 12, 31), ALL_DAY, ALL_DAY),
    # 02:00 to 03:00 was skipped: an opening in it moves later (policy).
    ("Europe/Berlin", date(2026, 3, 29), [("02:30", "17:00")], [("03:30", "17:00")]),
    ("Europe/Berlin", date(2026, 3, 29), ALL_DAY, ALL_DAY),
    ("Europe/Berlin", date(2026, 10, 25), ALL_DAY, ALL_DAY),  # 25 hours.
    ("Africa/Cairo", date(2026, 4, 24), ALL_DAY, [("01:00", "24:00")]),  # It began at 01:00.
    ("Australia/Lord_Howe", date(2026, 10, 4), [("02:15", "03:00")], [("02:45", "03:00")]),
]


@pytest.mark.parametrize(("zone", "day", "hours", "shown"), CLOCKS)
def test_hours_are_those_that_the_clock_on_the_wall_shows(
    zone: str, day: date, hours: list[tuple[str, str]], shown: list[tuple[str, str]]
) -> None:
    assert spans_of(Hours(zone, dict.fromkeys(range(7), hours), {}), day) == shown


def test_a_night_shift_is_shown_on_both_of_its_days() -> None:
    night = Hours("UTC", {0: [("22:00", "24:00")], 1: [("00:00", "06:00")]}, {})
    assert spans_of(night, date(2026, 11, 2)) == [("22:00", "24:00")]
    assert spans_of(night, date(2026, 11, 3)) == [("00:00", "06:00")]


@pytest.mark.parametrize("names", [{}, {date(2011, 12, 30): "A holiday"}])
def test_a_date_that_never_existed_is_neither_open_nor_a_holiday(names: dict[date, str]) -> None:
    apia = Hours("Pacific/Apia", ROUND_THE_CLOCK, {day: [] for day in names})
    found = days_of(apia, names, 2011, today=date(2026, 11, 2))
    lost = found.pop(date(2011, 12, 30))
    assert (lost.kind, lost.hours) == (Kind.LEFT_OUT, "")
    assert lost.words == "This date never existed in the zone"
    assert {day.kind for day in found.values()} == {Kind.OPEN}


def year_page(calendar: Calendar, year: int) -> str:
    return reverse("admin:sla_calendar_year", args=[calendar.pk, year])


def test_the_page_shows_what_was_published_and_leads_to_the_years_around(
    policy: Policy, client: Client
) -> None:
    calendar = policy.calendar
    calendar.holidays.create(date=DIWALI, name="Diwali <3")
    calendar.holidays.create(date=EVE, name="Christmas Eve", opens="09:00", closes="13:00")
    calendar.publish(at=factories.MONDAY)
    calendar.holidays.create(date=date(2026, 3, 4), name="Not published yet")
    client.force_login(factories.agent(group="Manager"))
    text = client.get(year_page(calendar, 2026)).content.decode()
    assert text.count("<caption>") == 12
    assert 'title="Mon 9 Nov: Diwali &lt;3, closed"' in text
    assert 'title="Thu 24 Dec: Christmas Eve, 09:00 to 13:00"' in text
    assert "Open, 09:00 to 17:00" in text
    assert "Not published yet" not in text
    assert "Closed; opens" in text or "Open until" in text
    assert year_page(calendar, 2025) in text
    assert year_page(calendar, 2027) in text
    change = reverse("admin:sla_calendar_change", args=[calendar.pk])
    this_year = timezone.localdate().year
    assert year_page(calendar, this_year) in client.get(change).content.decode()


def test_years_out_of_reach_have_no_page(policy: Policy, client: Client) -> None:
    client.force_login(factories.agent(group="Manager"))
    for year, status in [(1969, 404), (1970, 200), (2100, 200), (2101, 404), (99999, 404)]:
        assert client.get(year_page(policy.calendar, year)).status_code == status, year
    assert year_page(policy.calendar, 1969) not in (
        client.get(year_page(policy.calendar, 1970)).content.decode()
    )


def test_a_calendar_that_was_never_published_has_no_picture(policy: Policy, client: Client) -> None:
    client.force_login(factories.agent(group="Manager"))
    new = Calendar.objects.create(name="New")
    text = client.get(year_page(new, 2026)).content.decode()
    assert "has not been published yet" in text
    assert "<caption>" not in text


def test_who_may_look_at_calendars_sees_the_year_and_nobody_else(
    policy: Policy, client: Client
) -> None:
    page = year_page(policy.calendar, 2026)
    assert client.get(page).status_code == 302  # To the login.
    user = factories.agent()
    client.force_login(user)
    assert client.get(page).status_code == 403
    user.user_permissions.add(Permission.objects.get(codename="view_calendar"))
    text = client.get(page).content.decode()
    assert "<caption>" in text
    assert "Import holidays" not in text


def test_a_year_costs_the_same_queries_with_many_holidays(
    policy: Policy, client: Client, django_assert_num_queries: Any
) -> None:
    client.force_login(factories.agent(group="Manager"))
    page = year_page(policy.calendar, 2026)
    client.get(page)  # The first page notes that he is here.
    # Hours that no test of this process has met yet.
    policy.calendar.holidays.create(date=date(2026, 8, 1), name="One day")
    policy.calendar.publish(at=factories.MONDAY)
    with CaptureQueriesContext(connection) as few:
        client.get(page)
    for day in range(1, 29):
        policy.calendar.holidays.create(date=date(2026, 7, day), name=f"Day {day}")
    policy.calendar.publish(at=factories.MONDAY)
    with django_assert_num_queries(len(few)):
        client.get(page)
