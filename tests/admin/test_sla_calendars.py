"""Calendars in the admin: refused with a sentence, or saved and published."""

import html
from datetime import date
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from sla.models import Calendar, CalendarVersion, Clock, Holiday, Policy
from tests import factories
from tests.admin.posted import add_row, fields_of, sentences_of
from tickets import lifecycle


@pytest.fixture
def calendar(policy: Policy) -> Calendar:
    return policy.calendar


@pytest.fixture
def manager(policy: Policy, client: Client) -> Client:
    client.force_login(factories.agent(group="Manager"))
    return client


def address(calendar: Calendar) -> str:
    return reverse("admin:sla_calendar_change", args=[calendar.pk])


def page(manager: Client, calendar: Calendar) -> dict[str, Any]:
    return fields_of(manager.get(address(calendar)))


def snapshot(calendar: Calendar) -> tuple[Any, ...]:
    calendar = Calendar.objects.get(pk=calendar.pk)
    return (
        calendar.name,
        calendar.time_zone,
        calendar.week(),
        calendar.exceptions(),
        calendar.current_version_id,
        CalendarVersion.objects.count(),
    )


def test_the_page_shows_the_calendar_and_whether_it_is_open(
    manager: Client, calendar: Calendar
) -> None:
    response = manager.get(address(calendar))
    text = response.content.decode()
    assert "Closed; opens" in text or "Open until" in text
    assert "Mon, Tue, Wed, Thu, Fri 09:00 to 17:00" in text
    assert manager.get(reverse("admin:sla_calendar_changelist")).status_code == 200


def test_saving_an_edit_publishes_a_version_and_running_clocks_keep_theirs(
    manager: Client, calendar: Calendar
) -> None:
    running = factories.ticket("P3")
    posted = page(manager, calendar)
    posted["opening_hours-0-closes"] = "18:00"
    response = manager.post(address(calendar), posted, follow=True)
    assert "Version 2 is published" in response.content.decode()

    calendar.refresh_from_db()
    assert calendar.current_version is not None
    assert calendar.current_version.number == 2
    assert calendar.current_version.week["0"] == [["09:00", "18:00"]]
    versions = Clock.objects.filter(ticket=running).values_list("calendar_version__number")
    assert set(versions) == {(1,)}
    lifecycle.reply(ticket=running, by=factories.agent(), text="Yes.", at=factories.MONDAY)
    assert set(versions.all()) == {(1,)}
    later = factories.ticket("P3")
    assert set(later.clocks.values_list("calendar_version__number")) == {(2,)}


def test_saving_without_a_change_publishes_nothing(manager: Client, calendar: Calendar) -> None:
    before = snapshot(calendar)
    response = manager.post(address(calendar), page(manager, calendar), follow=True)
    assert response.status_code == 200
    assert "is published" not in response.content.decode()
    assert snapshot(calendar) == before


def no_hours(posted: dict[str, Any]) -> None:
    for number in range(5):
        posted[f"opening_hours-{number}-DELETE"] = "on"


def overlap(posted: dict[str, Any]) -> None:
    add_row(posted, "opening_hours", weekday="0", opens="12:00", closes="18:00")


def touch_midnight(posted: dict[str, Any]) -> None:
    add_row(posted, "opening_hours", weekday="5", opens="22:00", closes="06:00")


def open_twice(posted: dict[str, Any]) -> None:
    for closes in ("12:00", "13:00"):
        add_row(posted, "opening_hours", weekday="6", opens="10:00", closes=closes)


def no_time(posted: dict[str, Any]) -> None:
    posted["opening_hours-0-opens"] = "9:00"


def no_zone(posted: dict[str, Any]) -> None:
    posted["time_zone"] = "Asia/Atlantis"


def half_of_a_half_day(posted: dict[str, Any]) -> None:
    add_row(posted, "holidays", date=day(), name="Half", opens="09:00", closes="")


def half_days_that_overlap(posted: dict[str, Any]) -> None:
    add_row(posted, "holidays", date=day(), name="Morning", opens="09:00", closes="13:00")
    add_row(posted, "holidays", date=day(), name="Noon", opens="12:00", closes="14:00")


def the_same_holiday_twice(posted: dict[str, Any]) -> None:
    for _ in range(2):
        add_row(posted, "holidays", date=day(), name="Founders' day", opens="", closes="")


def no_date(posted: dict[str, Any]) -> None:
    add_row(posted, "holidays", date="31 February", name="Never", opens="", closes="")


def day() -> str:
    return f"{timezone.localdate().year + 1}-07-01"


REFUSED = [
    (no_hours, "is not open at all"),
    (overlap, "Monday: 09:00-17:00 overlaps 12:00-18:00"),
    (touch_midnight, "write a night shift as two spans on two days"),
    (open_twice, "A weekday has two spans that open at the same time."),
    (no_time, "Write the time as HH:MM"),
    (no_zone, "“Asia/Atlantis” is not a time zone"),
    (half_of_a_half_day, "Give both times"),
    (half_days_that_overlap, "09:00-13:00 overlaps 12:00-14:00"),
    (the_same_holiday_twice, "A date is listed twice"),
    (no_date, "Enter a valid date"),
]


def test_a_bad_calendar_is_refused_with_a_sentence_and_nothing_is_saved(
    manager: Client, calendar: Calendar
) -> None:
    before = snapshot(calendar)
    shown = page(manager, calendar) | {"name": "Renamed"}
    for spoil, sentence in REFUSED:
        posted = dict(shown)
        spoil(posted)
        response = manager.post(address(calendar), posted)
        assert response.status_code == 200, spoil.__name__
        said = sentences_of(response)
        assert any(sentence in words for words in said), (spoil.__name__, said)
        assert sentence in html.unescape(response.content.decode()), spoil.__name__
    assert snapshot(calendar) == before


def test_a_new_calendar_without_hours_is_refused(manager: Client) -> None:
    add = reverse("admin:sla_calendar_add")
    posted = fields_of(manager.get(add)) | {"name": "Empty", "time_zone": "Europe/Berlin"}
    response = manager.post(add, posted)
    assert any("is not open at all" in said for said in sentences_of(response))
    assert not Calendar.objects.filter(name="Empty").exists()


def test_a_new_calendar_is_published_at_once(manager: Client) -> None:
    add = reverse("admin:sla_calendar_add")
    posted = fields_of(manager.get(add)) | {"name": "Berlin", "time_zone": "Europe/Berlin"}
    add_row(posted, "opening_hours", weekday="0", opens="00:00", closes="24:00")
    assert manager.post(add, posted).status_code == 302
    made = Calendar.objects.get(name="Berlin")
    assert made.current_version is not None
    assert made.current_version.week == {"0": [["00:00", "24:00"]]}
    assert manager.get(reverse("admin:sla_calendar_changelist")).status_code == 200


def test_half_days_alone_are_open_time_enough(manager: Client, calendar: Calendar) -> None:
    posted = page(manager, calendar)
    no_hours(posted)
    for year in range(2):
        half_day = f"{timezone.localdate().year + 1 + year}-07-01"
        add_row(posted, "holidays", date=half_day, name="Half", opens="09:00", closes="13:00")
    assert manager.post(address(calendar), posted).status_code == 302


def test_holidays_of_past_years_stay_though_they_are_not_listed(
    manager: Client, calendar: Calendar
) -> None:
    Holiday.objects.create(calendar=calendar, date=date(2020, 1, 1), name="Long ago")
    posted = page(manager, calendar)
    assert posted["holidays-INITIAL_FORMS"] == 0
    add_row(posted, "holidays", date=day(), name="Founders' day", opens="", closes="")
    assert manager.post(address(calendar), posted).status_code == 302
    calendar.refresh_from_db()
    assert calendar.current_version is not None
    assert list(calendar.current_version.exceptions) == ["2020-01-01", day()]


def test_nobody_deletes_a_calendar(admin_client: Client, calendar: Calendar) -> None:
    delete = reverse("admin:sla_calendar_delete", args=[calendar.pk])
    assert admin_client.get(delete).status_code == 403
    assert admin_client.post(delete, {"post": "yes"}).status_code == 403


def test_an_agent_does_not_edit_calendars(client: Client, calendar: Calendar) -> None:
    client.force_login(factories.agent())
    assert client.get(address(calendar)).status_code == 403
