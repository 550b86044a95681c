"""The tables of lists: promises and tickets one by one, behind a figure or broken."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from operator import itemgetter
from typing import Any

from sla.files import Cell, Field, Layout, column
from sla.reports.breaches import BreachRow
from sla.reports.tables.layouts import BUSINESS, ELAPSED, METRIC, reference, target

STATUS = "new, open, pending, resolved or closed."
LATE = "From the deadline to the instant that decides"


def promise() -> list[Field]:
    """Which promise of which ticket."""
    return [
        column("ticket", "Ticket", "", lambda row: reference(row.ticket_id)),
        column("subject", "Subject"),
        column("organization", "Organization"),
        column("clock_id", "Clock", "The number of the promise, as in the address of its page."),
        column("priority", "Priority", "Its code."),
        column("metric", "Metric", METRIC),
    ]


def late(more: str = "") -> list[Field]:
    """How late it is, elapsed and in business time."""
    return [
        column("late_seconds", "Late", f"{LATE}. {ELAPSED}{more}", "late_by"),
        column(
            "late_business_seconds",
            "Late in opening hours",
            f"{LATE}. {BUSINESS}{more}",
            "late_in_business_time",
        ),
    ]


def holders() -> list[Field]:
    return [
        column("assignee", "Agent", "Who has the ticket now."),
        column("team", "Team", "Which has the ticket now."),
    ]


def _state(row: Any) -> str:
    if row.is_broken:
        return "broken"
    if row.ended_at:
        return "kept"
    return "paused" if row.is_paused else "running"


PROMISES = Layout(
    "promises",
    "Promises behind a figure",
    "A row for each promise; broken ones with the latest first, others by their deadlines.",
    [
        *promise(),
        *target(),
        column("started_at", "Measured from"),
        column("due_at", "Due"),
        column("ended_at", "Ended", "When it was fulfilled or replaced; empty before."),
        column("is_replaced", "Replaced", "Whether another priority's promise took its place."),
        column("state", "State", "kept, broken, running or paused.", _state),
        *late(" Empty when it is not broken."),
        column(
            "used_business_seconds",
            "Time used",
            f"Until it was fulfilled, without pauses. {BUSINESS}",
            "business_seconds",
        ),
        *holders(),
    ],
)
TICKETS = Layout(
    "report_tickets",
    "Tickets behind a figure",
    "A row for each time that the figure counts, in the order of time.",
    [
        column("ticket", "Ticket", "", lambda row: reference(row["number"])),
        column("subject", "Subject", "", itemgetter("title")),
        column("organization", "Organization", "", itemgetter("company")),
        column(
            "happened_at",
            "When",
            "When it came in, was solved, rated ...: what the figure counts.",
            itemgetter("when"),
        ),
        column("submitted_at", "Came in", "", itemgetter("came")),
        column("priority", "Priority now", "Its code.", itemgetter("code")),
        column("status", "Status now", STATUS, itemgetter("stands")),
        column("assignee", "Agent", "Who has it now.", itemgetter("who")),
        column("team", "Team", "Which has it now.", itemgetter("group")),
    ],
)


def _paused(name: str) -> Callable[[BreachRow], Cell]:
    def read(row: BreachRow) -> Cell:
        return sum((getattr(pause, name) for pause in row.pauses), timedelta())

    return read


BREACHES = Layout(
    "breaches",
    "Breaches",
    "A row for each broken promise, sorted as on the page.",
    [
        *promise(),
        *target(),
        column("due_at", "Due"),
        column("ended_at", "Ended", "Empty while nothing has ended it."),
        column("is_open", "Runs on", "Whether it gets later still."),
        *late(),
        column(
            "paused_by",
            "Paused by",
            "The reasons of pauses that began before the deadline.",
            lambda row: "; ".join(pause.reason for pause in row.pauses),
        ),
        column("paused_seconds", "Paused", f"All of them. {ELAPSED}", _paused("elapsed")),
        column(
            "paused_business_seconds",
            "Paused in opening hours",
            f"All of them. {BUSINESS}",
            _paused("business"),
        ),
        column("agent", "Agent", "Who had the ticket at the deadline."),
        column("team", "Team", "Which had the ticket at the deadline."),
        column("reason", "Reason", "What managers put it down to."),
        column("note", "Note", "What they wrote."),
    ],
)
