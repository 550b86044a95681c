"""The columns of files: what the import understands, and what the page says about each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Column:
    """A column by its title, a sentence about it, and a cell of the example file."""

    title: str
    about: str
    example: str
    is_required: bool = False


TICKETS: Sequence[Column] = (
    Column(
        "external_reference",
        "What the other desk called it. A ticket with the same one is not brought in again.",
        "OLD-1001",
        is_required=True,
    ),
    Column("subject", "At most 200 characters.", "The report stands still", is_required=True),
    Column(
        "requester",
        "The customer's address. One that is new becomes a customer.",
        "erika@acme.example",
        is_required=True,
    ),
    Column(
        "submitted_at",
        "When it was submitted, with its zone: 2026-11-02T10:00:00+00:00.",
        "2026-11-02T10:00:00+00:00",
        is_required=True,
    ),
    Column("requester_name", "Of a customer who is new.", "Erika Muster"),
    Column("text", "What the customer wrote; without it, the subject.", "It shows last week."),
    Column(
        "status",
        "new, open, pending, resolved or closed; without it, new, or resolved when resolved_at "
        "says so.",
        "resolved",
    ),
    Column("priority", "P1 to P4; without it, the desk's usual one.", "P3"),
    Column("team", "The name of a team here.", ""),
    Column("assignee", "The address of an agent here.", ""),
    Column("organization", "The name of one here; without it, the requester's.", ""),
    Column("channel", "web, email, slack, google_chat, whatsapp or phone; without it, web.", ""),
    Column("tags", "With commas between them.", "billing, report"),
    Column("answer", "The first public answer; it needs first_responded_at.", "We mended it."),
    Column(
        "first_responded_at", "When the customer got the first answer.", "2026-11-02T11:30:00+00:00"
    ),
    Column("resolved_at", "When it was solved.", "2026-11-03T09:00:00+00:00"),
    Column("closed_at", "When it was closed; without it, when it was solved.", ""),
)
PEOPLE: Sequence[Column] = (
    Column(
        "email",
        "Who is here already is changed where the file says something else, and never twice.",
        "erika@acme.example",
        is_required=True,
    ),
    Column("name", "At most 150 characters.", "Erika Muster"),
    Column("organization", "The name of one here.", ""),
    Column("time_zone", "By its name in the tz database.", "Europe/Berlin"),
    Column("language", "en-gb or de.", "de"),
)
# Columns of our own exports that the desk reckons by itself: they may stand in a file.
LEFT_OUT = {
    "tickets": {"reference", "with_engineering", "next_due_at", "updated_at"},
    "people": {"staff", "active", "joined_at", "last_login"},
}
COLUMNS = {"tickets": TICKETS, "people": PEOPLE}
