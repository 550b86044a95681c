"""The tables of the reports as files: what their pages show, all of it, and for the same people."""

from __future__ import annotations

import csv
import io
import json
from importlib import import_module
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from openpyxl import load_workbook

from sla import reports
from sla.admin.exports import SOURCES
from sla.models import Clock, Policy, SavedReport
from sla.reports.tables import LAYOUTS, OF_PAGE, overview_table, overview_tables
from tests import acme, factories
from tests.admin.test_sla_report import NOVEMBER, many
from tests.sla import november
from tests.sla.november import NOW
from tickets.admin.customer_files import NAMES
from tickets.models import Ticket, User

pytestmark = pytest.mark.usefixtures("_noon")


def asked(table: str) -> dict[str, Any]:
    """A question that the table answers with a row at least."""
    number = factories.priority("P3").pk
    more: dict[str, dict[str, Any]] = {
        "breakdown": {"by": "team"},
        "promises": {"figure": "all"},
        "report_tickets": {"figure": "came_in"},
        "what_if": {f"t{number}_resolution_amount": 6},
        "what_if_promises": {f"t{number}_resolution_amount": 6, "would": 0},
    }
    own = {"due_soon": {}, "load": {}, "promises_ahead": {}}
    return own.get(table, NOVEMBER | more.get(table, {}))


def export(client: Client, table: str, kind: str = "json", **question: Any) -> Any:
    address = reverse("admin:sla_report_export", args=[table, kind])
    return client.get(address, question or asked(table))


def whole(client: Client, table: str, **question: Any) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(export(client, table, **question).getvalue())
    return found


def test_every_table_comes_in_every_kind_with_the_same_rows(manager: Client) -> None:
    november.tell()
    assert [layout.name for layout in LAYOUTS] == list(SOURCES)
    for layout in LAYOUTS:
        found = whole(manager, layout.name)
        names = [column.name for column in layout.columns]
        assert [column["name"] for column in found["columns"]] == names
        assert found["question"]["made_at"] == "2026-11-20T06:30:00+00:00"
        assert all(list(row) == names for row in found["rows"])
        assert found["rows"], layout.name
        text = export(manager, layout.name, "csv").getvalue().decode("utf-8-sig")
        lines = list(csv.reader(io.StringIO(text)))
        assert lines[0] == names
        assert len(lines) == 1 + len(found["rows"])
        book = load_workbook(io.BytesIO(export(manager, layout.name, "xlsx").getvalue()))
        sheet = [[cell.value for cell in row] for row in book.worksheets[0].iter_rows()]
        assert sheet[0] == names
        assert len(sheet) == len(lines)
        assert book.sheetnames == [layout.name]


def test_json_holds_the_question(manager: Client) -> None:
    november.tell()
    found = whole(manager, "attainment", **NOVEMBER, priority="P3", engineering="without")
    assert found["question"] == {
        "first_day": "2026-11-01",
        "last_day": "2026-11-30",
        "zone": "Asia/Kolkata",
        "starts_at": "2026-10-31T18:30:00+00:00",
        "ends_before": "2026-11-30T18:30:00+00:00",
        "filters": {"priority": "P3", "engineering": "without"},
        "made_at": "2026-11-20T06:30:00+00:00",
    }
    assert {row["priority"] for row in found["rows"]} == {"P3"}
    row = next(row for row in found["rows"] if row["metric"] == "first_response")
    assert (row["kept"], row["broken"], row["attainment_percent"]) == (5, 3, 62.5)


def test_a_list_has_what_its_function_returns_and_more_than_a_page(
    manager: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    november.tell()
    many(5)
    boss = User.objects.get(groups__name="Manager")
    question = manager.get(reverse("admin:sla_report"), NOVEMBER).context["asked"].question
    scope = {"period": question.period, "at": NOW, "reader": boss}
    promises = list(reports.all_clocks_behind(figure=reports.Figure.BROKEN, **scope))
    first, page = reports.clocks_behind(figure=reports.Figure.BROKEN, **scope)
    assert page.paginator.count == len(promises) == 60 > len(first)
    assert first == promises[: len(first)]
    rows = whole(manager, "promises", **NOVEMBER, figure="broken", page="2")["rows"]
    assert [(row["clock_id"], row["state"]) for row in rows] == [
        (row.clock_id, "broken") for row in promises
    ]
    late = rows[0]
    assert late["late_seconds"] == int(promises[0].late_by.total_seconds())
    assert late["late_business_seconds"] == 26 * 3600
    assert late["due_at"] == "2026-11-17T04:30:00+00:00"

    # Pauses are read for a part of the list at a time.
    monkeypatch.setattr(import_module("sla.reports.breaches"), "CHUNK", 7)
    breaches = list(reports.all_breaches(order=reports.Order.DUE, **scope))
    rows = whole(manager, "breaches", **NOVEMBER, order="due")["rows"]
    assert [row["clock_id"] for row in rows] == [row.clock_id for row in breaches]
    assert [row["paused_seconds"] for row in rows] == [
        sum(int(pause.elapsed.total_seconds()) for pause in row.pauses) for row in breaches
    ]
    tickets = list(reports.all_tickets_behind(figure=reports.TicketFigure.CAME_IN, **scope))
    rows = whole(manager, "report_tickets")["rows"]
    assert [row["subject"] for row in rows] == [row["title"] for row in tickets]


def test_the_files_of_what_if_have_the_numbers_of_the_page(manager: Client) -> None:
    november.tell()
    question = asked("what_if")
    lines = manager.get(reverse("admin:sla_what_if"), question).context["lines"]
    rows = whole(manager, "what_if")["rows"]
    assert [(f"{row['won']:,}", f"{row['lost']:,}") for row in rows] == [
        (line.won.words, line.lost.words) for line in lines
    ]
    supposed = whole(manager, "what_if_promises")
    assert len(supposed["rows"]) == sum(row["kept_on_paper"] for row in rows)
    assert {row["outcome_on_paper"] for row in supposed["rows"]} == {"kept"}
    assert supposed["question"]["paper"]["would"] == "0"


def test_text_is_harmless_to_spreadsheets_and_as_it_is_in_json(manager: Client) -> None:
    factories.ticket(subject="=1+1", at=NOW)
    question = {"span": "7d", "figure": "all"}
    text = export(manager, "promises", "csv", **question).getvalue().decode("utf-8-sig")
    assert {row["subject"] for row in csv.DictReader(io.StringIO(text))} == {"'=1+1"}
    assert {row["subject"] for row in whole(manager, "promises", **question)["rows"]} == {"=1+1"}
    book = load_workbook(io.BytesIO(export(manager, "promises", "xlsx", **question).getvalue()))
    cells = [cell for row in book.worksheets[0].iter_rows() for cell in row]
    assert all(cell.data_type != "f" for cell in cells)
    assert any(isinstance(cell.value, int) for cell in cells)


def test_what_there_is_not_is_404_and_what_makes_no_sense_gets_a_sentence(manager: Client) -> None:
    for table, kind in (("beauty", "csv"), ("attainment", "exe"), ("customer_promises", "csv")):
        assert export(manager, table, kind, **NOVEMBER).status_code == 404
    address = reverse("admin:sla_report_export", args=["attainment", "csv"])
    assert manager.post(address).status_code == 405
    for table, question, sentence in [
        ("attainment", {"first": "2026-11-31", "last": "2026-12-01"}, "From: That is not a day."),
        ("breakdown", {"by": "beauty"}, "Select a valid choice"),
        ("breaches", {"order": "beauty"}, "Select a valid choice"),
        ("promises", {"span": "7d"}, "Figure: This field is required."),
        ("report_tickets", {"figure": "lost"}, "Select a valid choice"),
        ("promises_ahead", {"within": "5"}, "Select a valid choice"),
        ("what_if", {"span": "7d"}, "Nothing is changed on paper yet."),
    ]:
        answer = export(manager, table, "csv", **question)
        assert answer.status_code == 400, table
        assert sentence in answer.content.decode(), table


@pytest.mark.parametrize(
    ("page", "tables"),
    [
        ("sla_report", {"attainment", "totals", "engineering", "attainment_over_time", "heat_map",
                        "time_used", "volume", "ticket_figures", "ageing"}),
        ("sla_report_breakdown", {"breakdown"}),
        ("sla_report_breaches", {"breaches", "breaches_by_reason"}),
        ("sla_report_clocks", {"promises"}),
        ("sla_report_tickets", {"report_tickets"}),
        ("sla_ahead", {"due_soon", "load"}),
        ("sla_ahead_clocks", {"promises_ahead"}),
        ("sla_what_if", {"what_if"}),
        ("sla_what_if_clocks", {"what_if_promises"}),
    ],
)  # fmt: skip
def test_beside_each_table_are_its_files_with_the_same_question(
    manager: Client, page: str, tables: set[str]
) -> None:
    november.tell()
    question = asked(max(tables)) if page != "sla_report" else NOVEMBER | {"page": "1"}
    answer = manager.get(reverse(f"admin:{page}"), question)
    text = answer.content.decode()
    addresses = {name: reverse("admin:sla_report_export", args=[name, "csv"]) for name in SOURCES}
    shown = {name for name, address in addresses.items() if address in text}
    assert shown == tables
    for name in tables:
        for kind, address in answer.context["files"][name].links:
            assert "page=" not in address
            assert address.replace("&", "&amp;") in text
            assert manager.get(address).status_code == 200, kind
        assert f"{reverse('admin:export_columns')}#{name}" in text


def test_files_need_the_same_queries_at_10_and_at_1000_tickets(manager: Client) -> None:
    def queries() -> dict[str, int]:
        counts = {}
        for table in SOURCES:
            with CaptureQueriesContext(connection) as captured:
                answer = export(manager, table, "csv")
                assert answer.status_code == 200
                answer.getvalue()
            counts[table] = len(captured)
        return counts

    november.tell()
    Ticket.objects.filter(subject__in=["paused", "paused late", "reopened", "of October"]).delete()
    queries()  # Business time is kept by the process from the first question on.
    few = queries()
    many(99)
    assert Ticket.objects.count() == 1000
    assert queries() == few


# The queries of each file of the overview; its person, session and question are some twelve of
# them. Each file took 31 when it reckoned the whole overview.
QUERIES = {
    "attainment": 19, "totals": 17, "engineering": 16, "attainment_over_time": 14, "heat_map": 14,
    "time_used": 17, "volume": 16, "ticket_figures": 21, "ageing": 15, "satisfaction": 14,
}  # fmt: skip


def test_a_file_of_the_overview_asks_for_what_its_table_needs_alone(manager: Client) -> None:
    november.tell()
    question = manager.get(reverse("admin:sla_report"), NOVEMBER).context["asked"].question
    whole = {table.name: list(table.rows) for table in overview_tables(question, at=NOW)}
    counts = {}
    for layout in OF_PAGE[SavedReport.Page.OVERVIEW]:
        assert list(overview_table(layout, question, at=NOW).rows) == whole[layout.name]
        with CaptureQueriesContext(connection) as captured:
            export(manager, layout.name, **NOVEMBER).getvalue()
        counts[layout.name] = len(captured)
    assert counts == QUERIES


def test_breaches_are_saved_like_other_reports(manager: Client) -> None:
    november.tell()
    page = manager.get(reverse("admin:sla_report_breaches"), {"span": "30d", "order": "due"})
    form = manager.get(page.context["saving"]).context["adminform"].form
    assert form.initial == {"page": "breaches", "query": "span=30d&order=due"}
    add = reverse("admin:sla_savedreport_add")
    assert manager.post(add, {**form.initial, "name": "Late ones"}).status_code == 302
    saved = SavedReport.objects.get()
    page = manager.get(reverse("admin:sla_report"))
    link = next(link for link in page.context["saved"] if link.name == saved.name)
    again = manager.get(link.address)
    assert again.context["asked"].form.cleaned_data["order"] == "due"
    form = reports.asked_by(saved.query, at=NOW)
    assert form.is_valid()
    boss = User.objects.get(groups__name="Manager")
    listed, by_reason = reports.tables_for(
        SavedReport.Page.BREACHES, form.question, at=NOW, query=saved.query, reader=boss
    )
    assert len(list(listed.rows)) == len(again.context["rows"])
    assert [row[2] for row in by_reason.rows] == [len(again.context["rows"])]
    with pytest.raises(ValueError, match="say who reads it"):
        reports.tables_for(SavedReport.Page.BREACHES, form.question, at=NOW, query=saved.query)


def test_a_file_of_breaches_has_none_that_its_reader_may_not_see(manager: Client) -> None:
    november.tell()
    nobody = factories.agent()
    hidden = Clock.objects.breached(NOW)[0].ticket
    Ticket.objects.filter(pk=hidden.pk).update(team=factories.team("Theirs"))
    question = manager.get(reverse("admin:sla_report"), NOVEMBER).context["asked"].question
    listed, by_reason = reports.tables_for(
        SavedReport.Page.BREACHES, question, at=NOW, reader=nobody
    )
    references = {row[0] for row in listed.rows}
    assert references
    assert hidden.reference not in references
    assert sum(row[2] for row in by_reason.rows) < 10


def test_the_tables_of_a_customer_are_those_of_his_report(
    client: Client, policy: Policy, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("django.utils.timezone.now", lambda: acme.DUE)
    monkeypatch.setattr("tickets.customer_reports.MOST_ON_A_PAGE", 1)
    told = acme.tell(policy)
    question = {"organization": told.organization.pk, "month": "2026-11"}

    def get(table: str, kind: str = "json", **more: Any) -> Any:
        address = reverse("admin:customer_report_export", args=[table, kind])
        return client.get(address, question | more)

    client.force_login(told.spoc)
    page = client.get(reverse("admin:customer_report"), question)
    numbers = json.loads(get("customer_figures").getvalue())["rows"]
    assert {row["figure"]: row["number"] for row in numbers} == {
        "opened": 3, "solved": 2, "unsolved": 2, "rated": 2, "average_stars": 4.5,
    }  # fmt: skip
    promises = json.loads(get("customer_promises").getvalue())
    assert [(row["priority"], row["kept"]) for row in promises["rows"]] == [
        (line.priority, line.row and line.row.kept) for line in page.context["report"].promises
    ]
    assert promises["question"]["organization"] == "Acme"
    tickets = json.loads(get("customer_tickets").getvalue())["rows"]
    assert {row["subject"] for row in tickets} >= {"over the holiday"}
    assert {row["result"] for row in tickets} >= {"kept", "broken"}
    for name in NAMES:
        text = page.content.decode()
        assert reverse("admin:customer_report_export", args=[name, "xlsx"]) in text
        assert get(name, "xlsx").status_code == 200
    assert get("beauty").status_code == 404
    assert get("customer_promises", "exe").status_code == 404
    client.force_login(factories.agent(group="Manager"))
    refused = get("customer_promises", month="yesterday")
    assert refused.status_code == 400
    assert "Write the month as year-month" in refused.content.decode()
    client.force_login(factories.agent())
    assert get("customer_promises").status_code == 403
