"""The tables of a customer's report, as they are written to files."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from operator import attrgetter
from typing import Any

from sla.files import Cell, Field, Layout, Table, column
from sla.reports.tables.layouts import ELAPSED, METRIC, PERCENT, in_words, shown
from tickets.customer_reports import Outcome, Report, TicketLine

type Told = tuple[TicketLine, Outcome | None]
"""A ticket with one of its promises; None: nothing was promised about it."""


def _put_to_use(name: str, title: str) -> Field:
    read = attrgetter(name)
    note = "Promises; empty where none of them was needed."
    return column(name, title, note, lambda line: None if line.row is None else read(line.row))


def _of(name: str, title: str, note: str = "") -> Field:
    read = attrgetter(name)
    return column(name, title, note, lambda told: None if told[1] is None else read(told[1]))


def _result(told: Told) -> Cell:
    outcome = told[1]
    if outcome is None:
        return None
    return "kept" if outcome.is_kept else "broken" if outcome.is_broken else "running"


FIGURES = Layout(
    "customer_figures",
    "A customer's month in numbers",
    "A row for each number at the head of the report.",
    [
        column(
            "figure",
            "Figure",
            "opened, solved, unsolved (at the end of the month), rated or average_stars.",
            lambda row: row[0],
        ),
        column(
            "number",
            "Number",
            "Of average_stars the average, from 1 to 5, not rounded; empty where nobody rated.",
            lambda row: row[1],
        ),
    ],
)
PROMISES = Layout(
    "customer_promises",
    "What was promised to a customer",
    "A row for each promise of the customer's policy, and for what else was promised in the month.",
    [
        column("priority", "Priority", "Its code."),
        column("priority_name", "Name of the priority"),
        column("metric", "Metric", METRIC),
        column(
            "targets",
            "Targets",
            "Amount and unit; with “or” where there were several.",
            lambda line: in_words(line.targets),
        ),
        _put_to_use("kept", "Kept"),
        _put_to_use("broken", "Broken"),
        _put_to_use("running", "Still running"),
        column("attainment_percent", "Attainment", PERCENT, lambda line: shown(line.attainment)),
    ],
)
TICKETS = Layout(
    "customer_tickets",
    "A customer's tickets",
    "A row for each promise about a ticket of the month, or for a ticket without one.",
    [
        column("ticket", "Ticket", "", lambda told: told[0].reference),
        column("subject", "Subject", "", lambda told: told[0].subject),
        column("submitted_at", "Submitted", "", lambda told: told[0].submitted_at),
        _of("priority", "Priority", "Its code."),
        _of("metric", "Metric", METRIC),
        _of("due_at", "Promised by"),
        _of("ended_at", "Done", "Empty before."),
        column("result", "Result", "kept, broken or running.", _result),
        column(
            "late_seconds",
            "Late",
            f"Empty when it is not broken. {ELAPSED}",
            lambda told: None if told[1] is None else told[1].late_by,
        ),
    ],
)
LAYOUTS = (FIGURES, PROMISES, TICKETS)
NAMES = tuple(layout.name for layout in LAYOUTS)


def tables_of(report: Report) -> list[Table]:
    """The report's tables; its figures are of all tickets, its list has those that it lists."""
    about: dict[str, Any] = {
        "organization": str(report.organization),
        "first_day": report.month,
        "last_day": report.last_day,
        "zone": report.zone,
        "made_at": report.at,
    }
    return [
        FIGURES.table(_figures(report), about),
        PROMISES.table(report.promises, about),
        TICKETS.table(_told(report), about),
    ]


def _figures(report: Report) -> list[tuple[str, float | None]]:
    given = report.satisfaction
    numbers = [("rated", given.ratings), ("average_stars", given.average)]
    return [*asdict(report.volume).items(), *numbers]


def _told(report: Report) -> Iterator[Told]:
    for ticket in report.tickets:
        if not ticket.outcomes:
            yield ticket, None
        for outcome in ticket.outcomes:
            yield ticket, outcome
