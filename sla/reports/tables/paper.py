"""The tables of what if."""

from __future__ import annotations

from sla.files import Field, Layout, column
from sla.reports.tables.layouts import METRIC, percent
from sla.reports.tables.lists import holders, promise

OUTCOME = "kept, broken, running, replaced or unknown."


def _pair(name: str, title: str) -> list[Field]:
    return [
        column(name, title, "As it was.", f"was.{name}"),
        column(f"{name}_on_paper", f"{title} on paper", "As it would have been.", f"would.{name}"),
    ]


def _outcome(name: str, title: str, which: str) -> Field:
    return column(name, title, OUTCOME, lambda row: getattr(row, which).name.lower())


WHAT_IF = Layout(
    "what_if",
    "What if",
    "A row for each priority and metric: as it was, and on paper.",
    [
        column("priority", "Priority", "Its code."),
        column("priority_name", "Name of the priority"),
        column("metric", "Metric", METRIC),
        percent("attainment_percent", "Attainment", "was.attainment"),
        percent("attainment_on_paper_percent", "Attainment on paper", "would.attainment"),
        *_pair("kept", "Kept"),
        *_pair("broken", "Broken"),
        *_pair("running", "Still running"),
        column("at_goal", "At the goal", "Kept by the goal.", lambda row: row.at_goal[0]),
        column("at_goal_on_paper", "At the goal on paper", "", lambda row: row.at_goal[1]),
        column("won", "Broken, would be kept"),
        column("lost", "Kept, would be broken"),
        column("others", "All other changes"),
    ],
)
WHAT_IF_PROMISES = Layout(
    "what_if_promises",
    "Promises on paper",
    "A row for each promise, in the order of their making.",
    [
        *promise(),
        column("started_at", "Measured from"),
        column("ended_at", "Ended", "When it was fulfilled or replaced; empty before."),
        column("due_at", "Due"),
        column("due_on_paper_at", "Due on paper", "Empty where there is none.", "due_on_paper"),
        _outcome("outcome", "As it was", "was"),
        _outcome("outcome_on_paper", "On paper", "would"),
        *holders(),
    ],
)
