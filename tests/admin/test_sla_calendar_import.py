"""Holidays from a country or from a file: found, chosen, added, and published at once."""

import html
import re
from datetime import date
from typing import Any

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Permission
from django.core.files.uploadedfile import SimpleUploadedFile
from django.http import HttpResponse
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from sla.admin.holiday_import import ChoiceForm
from sla.models import Calendar, CalendarVersion, Holiday, Policy
from tests import factories


@pytest.fixture
def calendar(policy: Policy) -> Calendar:
    return policy.calendar


def address(calendar: Calendar) -> str:
    return reverse("admin:sla_calendar_import", args=[calendar.pk])


def text_of(response: HttpResponse) -> str:
    """What a reader sees of the page, in one line."""
    body = html.unescape(response.content.decode())
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", "", body))


def choice_of(response: HttpResponse) -> ChoiceForm:
    context: Any = response.context  # type: ignore[attr-defined]
    choice: ChoiceForm = context["offer"].choice
    return choice


def posted_from(response: HttpResponse, *leave_out: date) -> dict[str, Any]:
    """What a browser posts from the page, with the boxes of some days not ticked."""
    choice = choice_of(response)
    names = ("found", "country", "subdivision")
    ticked = [row.date for row, is_there, is_ticked in choice.boxes() if is_ticked and not is_there]
    dates = [day.isoformat() for day in ticked if day not in leave_out]
    return {**{name: choice[name].value() or "" for name in names}, "dates": dates}


def ask(manager: Client, calendar: Calendar, **place: Any) -> HttpResponse:
    this_year = timezone.localdate().year
    asked = {"country": "IN", "years": [this_year, this_year + 1], "show": "1", **place}
    return manager.get(address(calendar), asked)


def upload(manager: Client, calendar: Calendar, raw: bytes, **fields: Any) -> HttpResponse:
    this_year = timezone.localdate().year
    file = SimpleUploadedFile("days.ics", raw, content_type="text/calendar")
    return manager.post(
        address(calendar), {"file": file, "years": [this_year, this_year + 1], **fields}
    )


def ics(*days: date) -> bytes:
    events = "".join(
        f"BEGIN:VEVENT\r\nDTSTART;VALUE=DATE:{day:%Y%m%d}\r\nSUMMARY:Day {n}\r\nEND:VEVENT\r\n"
        for n, day in enumerate(days, start=1)
    )
    return f"BEGIN:VCALENDAR\r\n{events}END:VCALENDAR\r\n".encode()


def republic_day(years_from_now: int = 0) -> date:
    return date(timezone.localdate().year + years_from_now, 1, 26)


def test_a_country_is_asked_for_first_and_then_only_its_own_parts(
    manager: Client, calendar: Calendar
) -> None:
    assert calendar.country == ""
    first = manager.get(address(calendar))
    assert first.context["offer"].place is None
    assert '<option value="IN">India</option>' in first.content.decode()
    second = manager.get(address(calendar), {"country": "in"})
    parts = dict(second.context["offer"].place["subdivision"].field.choices)
    assert parts["KA"] == "Karnataka (KA)"
    assert "BY" not in parts
    assert choice_of(second) is None
    japan = manager.get(address(calendar), {"country": "JP"})
    assert "subdivision" not in japan.context["offer"].place.fields


def test_this_year_and_the_next_are_chosen_at_first(manager: Client, calendar: Calendar) -> None:
    page = manager.get(address(calendar), {"country": "IN"}).content.decode()
    ticked = re.findall(r'name="years" value="(\d+)" [^>]*checked', page)
    this_year = timezone.localdate().year
    assert ticked == [str(this_year), str(this_year + 1)] * 2  # In both of the forms.


ASKED_BADLY = [
    ({"country": "XX"}, "No public holidays are known for that country."),
    ({"years": []}, "Choose at least one year."),
    ({"years": ["1492"]}, "1492 is not one of the available choices."),
    ({"subdivision": "BY"}, "The country has no such state or region."),
]


@pytest.mark.parametrize(("asked", "sentence"), ASKED_BADLY)
def test_a_senseless_question_is_answered_with_a_sentence(
    manager: Client, calendar: Calendar, asked: dict[str, Any], sentence: str
) -> None:
    response = ask(manager, calendar, **asked)
    assert response.status_code == 200
    assert sentence in text_of(response)
    assert choice_of(response) is None


def test_found_holidays_are_added_and_published_but_for_those_left_out(
    manager: Client, calendar: Calendar
) -> None:
    page = ask(manager, calendar, subdivision="KA")
    assert "Republic Day" in text_of(page)
    posted = posted_from(page, republic_day(1))
    response = manager.post(address(calendar), posted, follow=True)

    days = dict(calendar.holidays.values_list("date", "name"))
    assert days[republic_day()] == "Republic Day"
    assert republic_day(1) not in days
    assert len(days) == len(posted["dates"]) == len(choice_of(page).rows) - 1
    calendar.refresh_from_db()
    assert (calendar.country, calendar.subdivision) == ("IN", "KA")
    version = calendar.current_version
    assert version is not None
    assert version.number == 2
    assert set(version.exceptions) == {day.isoformat() for day in days}
    assert f"{len(days)} holidays added." in text_of(response)
    assert "Business hours version 2 is in force." in text_of(response)
    assert LogEntry.objects.get().get_change_message() == f"{len(days)} holidays added."


def test_the_next_import_offers_the_same_place(manager: Client, calendar: Calendar) -> None:
    manager.post(address(calendar), posted_from(ask(manager, calendar, subdivision="KA")))
    page = manager.get(address(calendar))
    assert page.context["offer"].country_name == "India"
    assert '<option value="KA" selected>' in page.content.decode()
    other = manager.get(address(calendar), {"country": "DE"}).content.decode()
    assert '<option value="" selected>Only those of the whole country</option>' in other


def test_dates_that_the_calendar_has_are_marked_and_not_added_twice(
    manager: Client, calendar: Calendar
) -> None:
    calendar.holidays.create(date=republic_day(), name="Ours", opens="09:00", closes="12:00")
    page = ask(manager, calendar)
    assert "Republic Dayin the calendar already" in text_of(page)  # On two lines.
    posted = posted_from(page)
    assert republic_day().isoformat() not in posted["dates"]
    # Somebody else was quicker: what was added meanwhile is not added again either.
    manager.post(address(calendar), posted, follow=True)
    count = calendar.holidays.count()
    again = manager.post(address(calendar), posted, follow=True)
    assert "0 holidays added." in text_of(again)
    assert "is published" not in text_of(again)
    assert calendar.holidays.count() == count
    assert calendar.holidays.get(date=republic_day()).name == "Ours"
    assert "Nothing to add" in text_of(ask(manager, calendar))


def test_a_file_goes_the_same_way(manager: Client, calendar: Calendar) -> None:
    calendar.holidays.create(date=republic_day(), name="Ours")
    days = [republic_day(), republic_day().replace(day=27), republic_day().replace(day=28)]
    page = upload(manager, calendar, ics(*days, republic_day(-20)))
    assert "3 holidays found: days.ics" in text_of(page)
    assert not Holiday.objects.exclude(name="Ours").exists()
    assert manager.post(address(calendar), posted_from(page, days[2])).status_code == 302
    assert list(calendar.holidays.values_list("date", "name")) == [
        (days[0], "Ours"),
        (days[1], "Day 2"),
    ]
    calendar.refresh_from_db()
    assert calendar.country == ""  # A file says nothing about that.
    assert CalendarVersion.objects.count() == 2


def test_events_that_are_left_out_are_listed(manager: Client, calendar: Calendar) -> None:
    timed = b"BEGIN:VEVENT\r\nDTSTART:20260101T090000Z\r\nSUMMARY:<i>Lunch</i>\r\nEND:VEVENT\r\n"
    raw = ics(republic_day()).replace(b"BEGIN:VEVENT", timed * 30 + b"BEGIN:VEVENT", 1)
    response = upload(manager, calendar, raw)
    assert "&lt;i&gt;Lunch&lt;/i&gt;" in response.content.decode()
    assert text_of(response).count("” was left out: it has times") == 20
    assert "And 10 more events were left out." in text_of(response)


FILES_REFUSED = [
    (b"", "The file is empty."),
    (b"no calendar", "The file is not a calendar"),
    (ics(date(1999, 1, 1)), "The file has no all-day event in"),
    (ics(date(1999, 1, 1)) + b" " * 1_000_000, "The file is larger than 1 MB."),
]


@pytest.mark.parametrize(("raw", "sentence"), FILES_REFUSED)
def test_a_bad_file_is_refused_with_a_sentence_at_its_field(
    manager: Client, calendar: Calendar, raw: bytes, sentence: str
) -> None:
    response = upload(manager, calendar, raw)
    (said,) = response.context["offer"].file.errors["file"]  # type: ignore[attr-defined]
    assert sentence in said
    assert said in text_of(response)
    assert choice_of(response) is None


def test_no_file_and_no_years_are_refused(manager: Client, calendar: Calendar) -> None:
    said = text_of(manager.post(address(calendar), {}))
    assert "Choose a file." in said
    assert "Choose at least one year." in said


# What is posted instead, and what the page says.
CHOSEN_BADLY: list[tuple[dict[str, Any], str]] = [
    ({"dates": []}, "Choose at least one holiday."),
    ({"dates": ["2026-07-01"]}, "2026-07-01 is not among the dates found."),
    ({"found": "2026-13-01 Never"}, "came back garbled"),
    ({"found": "2026-01-26"}, "came back garbled"),
    ({"found": "2026-01-26 " + "x" * 201}, "came back garbled"),
    ({"found": "1066-10-14 Long ago"}, "came back garbled"),
    ({"found": "2026-01-26 Nul\x00"}, "came back garbled"),
    ({"found": "2026-01-26 A\n" * 1_001}, "came back garbled"),
    ({"country": "XX"}, "came back garbled"),
    ({"country": "IN", "subdivision": "BY"}, "came back garbled"),
]


@pytest.mark.parametrize(("changed", "sentence"), CHOSEN_BADLY)
def test_a_choice_that_the_page_did_not_offer_adds_nothing(
    manager: Client, calendar: Calendar, changed: dict[str, Any], sentence: str
) -> None:
    posted = posted_from(ask(manager, calendar)) | changed
    response = manager.post(address(calendar), posted)
    assert response.status_code == 200
    assert sentence in text_of(response)
    assert not Holiday.objects.exists()
    assert CalendarVersion.objects.count() == 1


def test_ticks_stay_when_a_choice_comes_back(manager: Client, calendar: Calendar) -> None:
    posted = posted_from(ask(manager, calendar), republic_day()) | {"country": "XX"}
    boxes = choice_of(manager.post(address(calendar), posted)).boxes()
    assert [row.date for row, _, is_ticked in boxes if not is_ticked] == [republic_day()]


def test_holidays_that_would_close_the_calendar_for_ever_are_refused(
    manager: Client, calendar: Calendar
) -> None:
    calendar.write_week({})
    half_day = republic_day(1)
    calendar.holidays.create(date=half_day, name="Half", opens="09:00", closes="13:00")
    calendar.publish(at=timezone.now())
    calendar.holidays.all().delete()  # By hand, in the database: not published.
    before = CalendarVersion.objects.count()
    page = ask(manager, calendar)
    response = manager.post(address(calendar), posted_from(page))
    assert "is not open at all" in text_of(response)
    assert not Holiday.objects.exists()
    assert CalendarVersion.objects.count() == before
    calendar.refresh_from_db()
    assert calendar.country == ""


def test_only_who_may_change_calendars_imports(client: Client, calendar: Calendar) -> None:
    posted = {"found": f"{republic_day()} Republic Day", "dates": [republic_day().isoformat()]}
    assert client.get(address(calendar)).status_code == 302  # To the login.
    onlooker = factories.agent()
    onlooker.user_permissions.add(Permission.objects.get(codename="view_calendar"))
    for user in (factories.agent(), onlooker):
        client.force_login(user)
        assert client.get(address(calendar)).status_code == 403
        assert client.post(address(calendar), posted).status_code == 403
        assert upload(client, calendar, ics(republic_day())).status_code == 403
    assert not Holiday.objects.exists()
    client.force_login(factories.agent(group="Manager"))
    assert client.post(address(calendar), posted).status_code == 302
    assert Holiday.objects.count() == 1


def test_a_post_from_elsewhere_is_refused(calendar: Calendar) -> None:
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(factories.agent(group="Manager"))
    posted = {"found": f"{republic_day()} Republic Day", "dates": [republic_day().isoformat()]}
    assert strict.post(address(calendar), posted).status_code == 403
    assert upload(strict, calendar, ics(republic_day())).status_code == 403
    assert not Holiday.objects.exists()


def test_a_calendar_that_is_not_there_has_no_import(manager: Client) -> None:
    assert manager.get(reverse("admin:sla_calendar_import", args=[999_999])).status_code == 404


def test_the_calendar_page_leads_to_the_import(manager: Client, calendar: Calendar) -> None:
    page = manager.get(reverse("admin:sla_calendar_change", args=[calendar.pk])).content.decode()
    assert f'href="{address(calendar)}"' in page
    assert address(calendar) not in manager.get(reverse("admin:sla_calendar_add")).content.decode()
