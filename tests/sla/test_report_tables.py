"""The tables that files are made of: what the functions of the reports return, and nothing else."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from sla import reports
from sla.files import Table
from sla.models import SavedReport
from sla.reports import Dimension, Filters, Question
from sla.reports.attainment import cut
from tests.sla import november
from tests.sla.november import NOW, ZONE

pytestmark = pytest.mark.usefixtures("policy")

Page = SavedReport.Page
ASKED = Question(date(2026, 11, 1), date(2026, 11, 30), ZONE, Filters())
SCOPE: dict[str, Any] = {"period": ASKED.period, "at": NOW}


def rows(table: Table) -> list[dict[str, Any]]:
    names = [column.name for column in table.columns]
    return [dict(zip(names, row, strict=True)) for row in table.rows]


def overview() -> dict[str, list[dict[str, Any]]]:
    return {table.name: rows(table) for table in reports.tables_for(Page.OVERVIEW, ASKED, at=NOW)}


def test_the_tables_of_the_overview_are_its_figures() -> None:
    november.tell()
    found, tables = reports.overview(ASKED, at=NOW), overview()
    assert [
        (row["priority"], row["metric"], row["promises"], row["kept"], row["broken"])
        for row in tables["attainment"]
    ] == [(row.priority, row.metric, row.promises, row.kept, row.broken) for row in found.rows]
    for line, row in zip(tables["attainment"], found.rows, strict=True):
        assert line["attainment_percent"] == (row.attainment and cut(row.attainment))
        spent = line["median_business_seconds"]
        assert (spent and spent.total_seconds()) == (row.business and row.business.median)
    first = tables["attainment"][0]
    assert (first["targets"], first["priority_name"]) == ("2 hours", "Critical")
    assert [(row["metric"], row["kept"]) for row in tables["totals"]] == [
        (row.metric, row.kept) for row in found.totals
    ]
    assert {row["engineering"] for row in tables["engineering"]} == {"all", "with", "without"}
    assert sum(row["kept"] for row in tables["engineering"]) == 2 * sum(
        row.kept for row in found.totals
    )
    assert [(row["starts_on"], row["broken"]) for row in tables["attainment_over_time"]] == [
        (row.starts, row.broken) for row in found.over_time
    ]
    assert {row["step"] for row in tables["volume"]} == {"day"}
    assert [(row["came_in"], row["backlog"]) for row in tables["volume"]] == [
        (row.came_in, row.backlog) for row in found.volume
    ]
    assert sum(row["promises"] for row in tables["heat_map"]) == 29
    assert [(row["metric"], row["fulfilled"]) for row in tables["time_used"]] == [
        (metric, number) for metric, used in found.used.items() for number in used.values()
    ]
    assert [row["tickets"] for row in tables["ageing"]] == [row.tickets for row in found.ageing]
    numbers = {row["figure"]: row["number"] for row in tables["ticket_figures"]}
    assert numbers == {
        **{figure.value: number for figure, number in found.tickets.numbers.items()},
        "rated": 0,
        "average_stars": None,
    }
    assert [row["stars"] for row in tables["satisfaction"]] == [5, 4, 3, 2, 1]


def test_a_breakdown_has_every_row_and_says_by_what() -> None:
    november.tell()
    for by in Dimension:
        [table] = reports.tables_for(Page.BREAKDOWN, ASKED, at=NOW, query=f"span=30d&by={by}")
        assert table.about["by"] == by.value
        assert [(row["key"], row["name"], row["promises"]) for row in rows(table)] == [
            (row.key, row.name, row.promises) for row in reports.breakdown(by=by, **SCOPE)
        ]
    [table] = reports.tables_for(Page.BREAKDOWN, ASKED, at=NOW)
    assert {row["by"] for row in rows(table)} == {"priority"}
    with pytest.raises(ValueError, match="beauty"):
        reports.tables_for(Page.BREAKDOWN, ASKED, at=NOW, query="by=beauty")
