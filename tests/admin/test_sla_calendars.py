"""Calendars in the admin: refused with a sentence, or saved and published."""

import html
from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import Any

import pytest
from django.contrib.auth.models import Permission
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from sla.admin.previews import DECISION, NEW, SEEN
from sla.admin.week import FIELDS
from sla.models import Calendar, CalendarVersion, Clock, Holiday, Policy
from tests import factories
from tests.admin.posted import add_row, fields_of, sentences_of
from tickets import lifecycle
from tickets.models import User


@pytest.fixture
def calendar(policy: Policy) -> Calendar:
    return policy.calendar


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


def test_an_edit_for_new_tickets_alone_leaves_running_clocks_theirs(
    manager: Client, calendar: Calendar
) -> None:
    running = factories.ticket("P3")
    posted = {**page(manager, calendar), "monday": "09:00-18:00"}
    posted |= {DECISION: NEW, SEEN: "1"}
    response = manager.post(address(calendar), posted, follow=True)
    assert "Business hours version 2 is in force for new tickets" in response.content.decode()

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
    assert "is in force" not in response.content.decode()
    assert snapshot(calendar) == before


def no_hours(posted: dict[str, Any]) -> None:
    posted.update(dict.fromkeys(FIELDS, ""))


def overlap(posted: dict[str, Any]) -> None:
    posted["monday"] = "09:00-17:00, 12:00-18:00"


def past_midnight(posted: dict[str, Any]) -> None:
    posted["saturday"] = "22:00-06:00"


def no_time(posted: dict[str, Any]) -> None:
    posted["wednesday"] = "09:00-25:00"


def no_span(posted: dict[str, Any]) -> None:
    posted["sunday"] = "in the morning"


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
    (half_of_a_half_day, "Give both times"),
    (half_days_that_overlap, "09:00-13:00 overlaps 12:00-14:00"),
    (the_same_holiday_twice, "A date is listed twice"),
    (no_date, "Enter a valid date"),
]

# How the week is spoilt, the field at which the refusal stands, and its sentence.
REFUSED_AT = [
    (no_hours, "__all__", "is not open at all in the two years after"),
    (overlap, "monday", "Monday: 09:00-17:00 overlaps 12:00-18:00."),
    (past_midnight, "saturday", "Saturday: closes at 06:00, not after it opens at 22:00."),
    (no_time, "wednesday", "Wednesday: '25:00' is no time of day"),
    (no_span, "sunday", "Sunday: “in the morning” is no opening span."),
    (no_zone, "time_zone", "“Asia/Atlantis” is not a time zone"),
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


@pytest.mark.parametrize(("spoil", "field", "sentence"), REFUSED_AT)
def test_a_bad_week_is_refused_at_its_weekday_and_what_was_typed_stays(
    manager: Client,
    calendar: Calendar,
    spoil: Callable[[dict[str, Any]], None],
    field: str,
    sentence: str,
) -> None:
    before = snapshot(calendar)
    posted = page(manager, calendar) | {"name": "Renamed"}
    spoil(posted)
    response = manager.post(address(calendar), posted)
    errors = response.context["adminform"].form.errors
    assert list(errors) == [field]
    assert len(errors[field]) == 1
    assert sentence in errors[field][0]
    assert html.unescape(response.content.decode()).count(sentence) == 1
    shown = fields_of(response)
    assert all(shown.get(name, "") == posted.get(name, "") for name in FIELDS)
    assert snapshot(calendar) == before


def test_the_week_alone_is_refused_too_when_it_never_opens(
    client: Client, calendar: Calendar
) -> None:
    user = factories.agent()
    names = ["view_calendar", "change_calendar"]
    user.user_permissions.add(*Permission.objects.filter(codename__in=names))
    client.force_login(user)
    before = snapshot(calendar)
    posted = page(client, calendar)
    assert not any(name.startswith("holidays") for name in posted)
    no_hours(posted)
    said = sentences_of(client.post(address(calendar), posted))
    assert any("is not open at all" in sentence for sentence in said)
    assert snapshot(calendar) == before
    assert client.post(address(calendar), posted | {"monday": "09:00-12:00"}).status_code == 302


def test_a_new_calendar_without_hours_is_refused(manager: Client) -> None:
    add = reverse("admin:sla_calendar_add")
    posted = fields_of(manager.get(add)) | {"name": "Empty", "time_zone": "Europe/Berlin"}
    response = manager.post(add, posted)
    assert any("is not open at all" in said for said in sentences_of(response))
    assert not Calendar.objects.filter(name="Empty").exists()


def test_a_new_calendar_is_published_at_once(manager: Client) -> None:
    add = reverse("admin:sla_calendar_add")
    posted = fields_of(manager.get(add)) | {"name": "Berlin", "time_zone": "Europe/Berlin"}
    posted["monday"] = "00:00-24:00"
    posted["friday"] = "13:30 – 17:00, 9:00 to 12:30"
    assert manager.post(add, posted).status_code == 302
    made = Calendar.objects.get(name="Berlin")
    assert made.current_version is not None
    assert made.current_version.week == {
        "0": [["00:00", "24:00"]],
        "4": [["09:00", "12:30"], ["13:30", "17:00"]],
    }
    assert page(manager, made)["friday"] == "09:00-12:30, 13:30-17:00"
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


def test_a_calendar_whose_last_opening_is_past_can_still_be_looked_at(
    manager: Client, calendar: Calendar
) -> None:
    calendar.write_week({})
    last = date(2020, 7, 1)
    Holiday.objects.create(calendar=calendar, date=last, name="Half", opens="09:00", closes="13:00")
    calendar.publish(at=datetime(2020, 6, 1, tzinfo=UTC))
    year = reverse("admin:sla_calendar_year", args=[calendar.pk, 2020])
    for page_of_it in (address(calendar), reverse("admin:sla_calendar_changelist"), year):
        text = manager.get(page_of_it).content.decode()
        assert "Closed, and not open again within two years" in text


def test_nobody_deletes_a_calendar(admin_client: Client, calendar: Calendar) -> None:
    delete = reverse("admin:sla_calendar_delete", args=[calendar.pk])
    assert admin_client.get(delete).status_code == 403
    assert admin_client.post(delete, {"post": "yes"}).status_code == 403


def test_saving_the_same_hours_in_other_words_keeps_the_rows(
    manager: Client, calendar: Calendar
) -> None:
    before = snapshot(calendar), list(calendar.opening_hours.values_list("pk"))
    posted = page(manager, calendar) | {"monday": "9:00 to 17:00"}
    assert manager.post(address(calendar), posted).status_code == 302
    assert (snapshot(calendar), list(calendar.opening_hours.values_list("pk"))) == before


def test_who_may_only_look_sees_the_week_in_words_and_saves_nothing(
    client: Client, calendar: Calendar
) -> None:
    client.force_login(onlooker())
    before = snapshot(calendar)
    text = client.get(address(calendar)).content.decode()
    assert "Mon, Tue, Wed, Thu, Fri 09:00 to 17:00" in text
    assert 'name="monday"' not in text
    assert "Import holidays" not in text
    posted = {"name": "Renamed", "time_zone": "UTC", "monday": "10:00-11:00"}
    assert client.post(address(calendar), posted).status_code == 403
    assert snapshot(calendar) == before


def onlooker() -> User:
    user = factories.agent()
    user.user_permissions.add(Permission.objects.get(codename="view_calendar"))
    return user


def test_an_agent_does_not_edit_calendars(client: Client, calendar: Calendar) -> None:
    client.force_login(factories.agent())
    assert client.get(address(calendar)).status_code == 403
