"""The tables of what comes next."""

from __future__ import annotations

from operator import itemgetter

from sla.files import Field, Layout, column
from sla.reports.ahead import HORIZONS, DueRow
from sla.reports.tables.layouts import BUSINESS, METRIC, reference


def _within(hours: int) -> Field:
    def read(row: DueRow) -> int:
        return row.within[hours]

    note = "Tickets with a promise that is due in that many hours of its own calendar."
    return column(f"due_within_{hours}_business_hours", f"Within {hours} hours", note, read)


DUE_SOON = Layout(
    "due_soon",
    "Tickets that will break a promise",
    "A row for each team and priority; a ticket counts once.",
    [
        column("team", "Team", "Empty for tickets without one.", "team_name"),
        column("priority", "Priority", "Its code."),
        *map(_within, HORIZONS),
    ],
)
LOAD = Layout(
    "load",
    "Promises due in the next seven days",
    "A row for each team and local day, today first.",
    [
        column("team", "Team", "Empty for tickets without one.", lambda row: row[0].team_name),
        column("day", "Day", "Of today what is still to come.", lambda row: row[1]),
        column("promises", "Promises", "Due on it.", lambda row: row[0].due.get(row[1], 0)),
    ],
)
AHEAD = Layout(
    "promises_ahead",
    "Promises that come due",
    "A row for each promise, by its deadline.",
    [
        column("ticket", "Ticket", "", lambda row: reference(row["ticket_id"])),
        column("subject", "Subject", "", itemgetter("subject")),
        column("organization", "Organization", "", itemgetter("organization")),
        column("clock_id", "Clock", "As in the address of its page.", itemgetter("pk")),
        column("priority", "Priority", "Its code.", itemgetter("code")),
        column("metric", "Metric", METRIC, itemgetter("metric")),
        column("due_at", "Due", "", itemgetter("due_at")),
        column("left_business_seconds", "Left", BUSINESS, itemgetter("left")),
        column("assignee", "Agent", "Who has the ticket now.", itemgetter("assignee")),
        column("team", "Team", "Which has the ticket now.", itemgetter("team")),
    ],
)
