"""Reports by mail in the admin: made from a saved report, edited, tried, left, and looked after."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from sla.models import ReportSchedule, SavedReport, SentReport
from tests import factories
from tickets import scheduled_reports
from tickets.models import Delivery, User

pytestmark = pytest.mark.usefixtures("policy")

LIST = "/admin/sla/reportschedule/"
ADD = f"{LIST}add/"


@pytest.fixture
def maria() -> User:
    return factories.agent("maria@desk.example", group="Manager", name="Maria")


@pytest.fixture
def ben() -> User:
    return factories.agent("ben@desk.example", group="Manager", name="Ben")


@pytest.fixture
def desk(client: Client, maria: User) -> Client:
    client.force_login(maria)
    return client


def report(owner: User, name: str = "Mornings", **fields: Any) -> SavedReport:
    return SavedReport.objects.create(owner=owner, name=name, query="span=yesterday", **fields)


def schedule(owner: User, of: SavedReport | None = None, *recipients: User) -> ReportSchedule:
    made = ReportSchedule(report=of or report(owner), owner=owner, every="day", time_zone="UTC")
    made.reschedule(at=timezone.now())
    made.save()
    made.recipients.set(recipients or [owner])
    return made


def form(of: SavedReport, *recipients: User, **fields: Any) -> dict[str, Any]:
    return {
        "report": of.pk, "recipients": [user.pk for user in recipients], "every": "week",
        "weekday": 2, "day": 1, "time": "07:30", "time_zone": "Europe/Berlin", "is_active": "on",
    } | fields  # fmt: skip


def page_of(row: ReportSchedule, name: str = "change") -> str:
    return f"{LIST}{row.pk}/{name}/"


def test_a_saved_report_leads_to_the_form_that_sends_it(desk: Client, maria: User) -> None:
    saved = report(maria)
    for page in ("/admin/sla/savedreport/", f"/admin/sla/savedreport/{saved.pk}/change/"):
        shown = desk.get(page).content.decode()
        assert f'href="{ADD}?report={saved.pk}">Send it by mail</a>' in shown
    filled = desk.get(ADD, {"report": saved.pk}).context["adminform"].form
    assert str(filled["report"].value()) == str(saved.pk)
    # To oneself, in one's own zone.
    assert filled["recipients"].value() == [maria.pk]
    assert filled["time_zone"].value() == "Asia/Kolkata"


def test_it_is_saved_with_its_owner_and_when_it_comes_next(
    desk: Client, maria: User, ben: User
) -> None:
    saved, before = report(maria), timezone.now()
    answer = desk.post(ADD, form(saved, maria, ben))
    assert answer.status_code == 302
    made = ReportSchedule.objects.get()
    assert made.owner == maria
    assert {*made.recipients.all()} == {maria, ben}
    assert made.next_at == made.rhythm.next_after(before).at
    assert made.timing == "every Wednesday at 07:30 (Europe/Berlin)"
    shown = desk.get(LIST).content.decode()
    assert "every Wednesday at 07:30 (Europe/Berlin)" in shown
    # In the zone of who looks.
    assert "12:00 IST" in shown or "11:00 IST" in shown
    assert "every Wednesday at 07:30" in desk.get("/admin/sla/savedreport/").content.decode()


REFUSED: list[tuple[dict[str, Any], str]] = [
    ({"recipients": []}, "This field is required"),
    ({"day": 32}, "less than or equal to 31"),
    ({"time_zone": "Europe/Nowhere"}, "Select a valid choice"),
    ({"every": "year"}, "Select a valid choice"),
]


@pytest.mark.parametrize(("fields", "sentence"), REFUSED)
def test_what_makes_no_sense_gets_a_sentence(
    desk: Client, maria: User, fields: dict[str, Any], sentence: str
) -> None:
    answer = desk.post(ADD, form(report(maria), maria, **fields))
    assert answer.status_code == 200
    assert sentence in answer.content.decode()
    assert not ReportSchedule.objects.exists()


def test_only_own_and_shared_reports_go_to_those_who_may_read_reports(
    desk: Client, maria: User, ben: User
) -> None:
    private, shared = report(ben, "His"), report(ben, "Ours", is_shared=True)
    agent = factories.agent()
    gone = factories.agent(group="Manager", is_active=False)
    page = desk.get(ADD).content.decode()
    assert "Ours" in page
    assert "His" not in page
    assert agent.email not in page
    for of, to in [(private, maria), (shared, agent), (shared, gone)]:
        assert desk.post(ADD, form(of, to)).status_code == 200
    assert not ReportSchedule.objects.exists()
    assert desk.post(ADD, form(shared, ben)).status_code == 302


def test_what_is_awaited_stays_awaited_whatever_else_is_edited(desk: Client, maria: User) -> None:
    row = schedule(maria)
    earlier = timezone.now() - timedelta(minutes=5)
    ReportSchedule.objects.update(next_at=earlier, every="week", weekday=2, time_zone="UTC")
    same = {"time": "08:00", "time_zone": "UTC"}
    desk.post(page_of(row), form(row.report, maria, factories.agent(group="Manager"), **same))
    row.refresh_from_db()
    assert (row.recipients.count(), row.next_at) == (2, earlier)
    desk.post(page_of(row), form(row.report, maria, **(same | {"time": "09:00"})))
    row.refresh_from_db()
    assert row.next_at is not None
    assert row.next_at > timezone.now()
    desk.post(page_of(row), form(row.report, maria, **(same | {"is_active": ""})))
    row.refresh_from_db()
    assert (row.is_active, row.next_at) == (False, None)
    assert "Switched off" in desk.get(LIST).content.decode()


def test_who_switches_it_on_again_gives_it_a_new_start(desk: Client, maria: User) -> None:
    row = schedule(maria)
    ReportSchedule.objects.update(is_active=False, next_at=None, problem="Team: gone.")
    assert "Team: gone." in desk.get(page_of(row)).content.decode()
    desk.post(page_of(row), form(row.report, maria))
    row.refresh_from_db()
    assert (row.is_active, row.problem) == (True, "")
    assert row.next_at is not None


def test_others_see_what_concerns_them_and_change_nothing(
    desk: Client, maria: User, ben: User
) -> None:
    # Ben's, of a report that he shares, to Maria; and one that is none of her business.
    row = schedule(ben, report(ben, is_shared=True), maria, ben)
    alien = schedule(ben, report(ben, "His own"))
    shown = desk.get(LIST).content.decode()
    assert "Mornings" in shown
    assert "His own" not in shown
    page = desk.get(page_of(row)).content.decode()
    assert 'name="_save"' not in page
    assert "Send me a test now" not in page
    assert desk.post(page_of(row), form(row.report, maria)).status_code == 403
    assert desk.post(page_of(row, "test")).status_code == 403
    assert desk.post(page_of(row, "delete"), {"post": "yes"}).status_code == 403
    for name in ("test", "leave"):
        assert desk.post(page_of(alien, name)).status_code == 404
        assert desk.get(page_of(row, name)).status_code == 405


def test_one_gets_it_no_more_by_a_button(desk: Client, maria: User, ben: User) -> None:
    row = schedule(ben, report(ben, is_shared=True), maria, ben)
    assert "Send it to me no more" in desk.get(page_of(row)).content.decode()
    answer = desk.post(page_of(row, "leave"), follow=True)
    assert "no more." in answer.content.decode()
    assert [*row.recipients.all()] == [ben]
    assert desk.get(page_of(row)).status_code == 302


def test_whose_report_it_is_sees_and_stops_where_it_is_sent(
    desk: Client, maria: User, ben: User
) -> None:
    row = schedule(ben, report(maria, is_shared=True))
    assert "Ben" in desk.get(LIST).content.decode()
    assert desk.post(page_of(row, "delete"), {"post": "yes"}).status_code == 302
    assert not ReportSchedule.objects.exists()


def test_a_report_that_is_sent_is_not_deleted_without_saying_so(desk: Client, maria: User) -> None:
    row = schedule(maria)
    address = f"/admin/sla/savedreport/{row.report.pk}/delete/"
    page = desk.get(address).content.decode()
    assert "Mornings, every day at 08:00 (UTC)" in page
    assert page_of(row) in page
    desk.post(address, {"post": "yes"})
    assert SavedReport.objects.filter(pk=row.report.pk).exists()
    row.delete()
    desk.post(address, {"post": "yes"})
    assert not SavedReport.objects.exists()


def test_with_its_owner_both_go(maria: User) -> None:
    schedule(maria)
    maria.delete()
    assert not ReportSchedule.objects.exists()


def test_a_test_goes_to_oneself_by_the_outbox(desk: Client, maria: User, ben: User) -> None:
    row = schedule(maria, None, maria, ben)
    assert "Send me a test now" in desk.get(page_of(row)).content.decode()
    answer = desk.post(page_of(row, "test"), follow=True)
    assert "A test goes to maria@desk.example in a moment." in answer.content.decode()
    scheduled_reports.go_on(at=timezone.now())
    (mail,) = Delivery.objects.filter(occasion="saved_report")
    assert mail.recipient == maria.email
    assert mail.subject.startswith("Test: Mornings: ")
    assert not SentReport.objects.exists()


def test_the_page_has_what_was_sent_and_what_became_of_it(
    desk: Client, maria: User, ben: User
) -> None:
    row = schedule(maria, None, maria, ben)
    assert row.next_at is not None
    scheduled_reports.go_on(at=row.next_at + timedelta(days=2))
    Delivery.objects.filter(recipient=ben.email).update(state="dead", last_error="550 No such user")
    page = desk.get(page_of(row)).content.decode()
    assert "maria@desk.example: queued" in page
    assert "ben@desk.example: not delivered (550 No such user)" in page
    assert "2 earlier left out" in page


def test_the_list_takes_as_many_queries_for_many_rows_as_for_few(
    desk: Client, maria: User, ben: User
) -> None:
    schedule(maria)
    desk.get(LIST)
    with CaptureQueriesContext(connection) as few:
        desk.get(LIST)
    assert len(few) <= 12
    for number in range(15):
        schedule(maria, report(maria, f"Number {number}"), maria, ben)
    with CaptureQueriesContext(connection) as many:
        desk.get(LIST)
    assert len(many) == len(few)
    for page in ("/admin/sla/savedreport/", reverse("admin:sla_report")):
        assert desk.get(page).status_code == 200


def test_the_list_of_saved_reports_asks_once_for_all_that_is_sent(
    desk: Client, maria: User
) -> None:
    address = "/admin/sla/savedreport/"
    schedule(maria)
    desk.get(address)
    with CaptureQueriesContext(connection) as few:
        desk.get(address)
    for number in range(10):
        schedule(maria, report(maria, f"Number {number}"))
    with CaptureQueriesContext(connection) as many:
        desk.get(address)
    assert len(many) == len(few) <= 12
