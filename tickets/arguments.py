"""What steps take: rows by their numbers, words, dates, and which of them are right."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.core.exceptions import ValidationError
from django.db.models import QuerySet

from sla.models import Priority
from sla.models.steps import Role
from tickets import placeholders
from tickets.models import Macro, Team, Ticket, User, clean_tag

type Step = Mapping[str, Any]

LONGEST_REASON = 500
LONGEST_TEXT = 20_000
MOST_DAYS = 250


@dataclass(frozen=True)
class Argument:
    """One value of a step: what people call it, which values are right, and how it reads."""

    label: str
    problem: Callable[[Any], str] = lambda value: ""
    """What is wrong with the value, as a sentence; "" when nothing is."""
    rows: Callable[[], QuerySet[Any]] | None = None
    """For the number of a row: those that may be named."""
    noun: str = ""
    reads: Callable[[Any], str] = str
    """The value, or the row, in words for people who may not see all of it."""


def _words(value: Any) -> str:
    if problem := _text(LONGEST_TEXT)(value):
        return problem
    strange = placeholders.unknown(value)
    return f"there is no placeholder {{{{ {strange[0]} }}}}." if strange else ""


def _text(most: int) -> Callable[[Any], str]:
    def problem(value: Any) -> str:
        if not isinstance(value, str) or not value.strip():
            return "write some text."
        return "" if len(value) <= most else f"a text has at most {most:,} characters."

    return problem


def _roles(value: Any) -> str:
    known = isinstance(value, list) and value and all(role in Role.values for role in value)
    return "" if known else "choose whom to tell."


def _tag(value: Any) -> str:
    try:
        clean_tag(value if isinstance(value, str) else "")
    except ValidationError as wrong:
        sentence = wrong.messages[0]
        return sentence[0].lower() + sentence[1:]
    return ""


def _date(value: Any) -> str:
    try:
        date.fromisoformat(value)
    except (TypeError, ValueError):
        return "choose a date."
    return ""


def _days(value: Any) -> str:
    fits = _is_number(value) and 1 <= value <= MOST_DAYS
    return "" if fits else f"choose a number of days from 1 to {MOST_DAYS}."


def _yes(value: Any) -> str:
    return "" if value is True else "choose yes, or leave it out."


ARGUMENTS: dict[str, Argument] = {
    "team": Argument("Team", rows=Team.objects.all, noun="team"),
    "agent": Argument("Agent", rows=User.objects.staff, noun="agent"),
    "priority": Argument("Priority", rows=Priority.objects.all, noun="priority"),
    "tag": Argument("Tag", _tag),
    "other": Argument(
        "Other ticket", rows=Ticket.objects.all, noun="ticket", reads=lambda row: row.reference
    ),
    "expected_on": Argument(
        "Expected on", _date, reads=lambda value: f"on {date.fromisoformat(value):%-d %B %Y}"
    ),
    "days": Argument(
        "Expected in business days", _days,
        reads=lambda value: f"in {value} business day{'' if value == 1 else 's'}",
    ),
    "blocks": Argument("Block its sender", _yes, reads=lambda value: "and block its sender"),
    "reason": Argument("Reason", _text(LONGEST_REASON)),
    "text": Argument("Text", _words),
    "roles": Argument(
        "Whom", _roles,
        reads=lambda roles: ", ".join(
            Role(role).label if role in Role.values else str(role) for role in roles
        ),
    ),
    "macro": Argument("Macro", rows=lambda: Macro.objects.filter(is_active=True), noun="macro"),
}  # fmt: skip


class Rows:
    """The rows that steps name, each kind asked for once, however many steps there are."""

    def __init__(self, steps: Iterable[Step]) -> None:
        wanted: dict[str, set[int]] = {}
        for step in steps:
            for name, value in step.items():
                if name in ARGUMENTS and ARGUMENTS[name].rows and _is_number(value):
                    wanted.setdefault(name, set()).add(value)
        self._found: dict[str, dict[Any, Any]] = {}
        for name, numbers in wanted.items():
            rows = ARGUMENTS[name].rows
            self._found[name] = rows().in_bulk(numbers) if rows else {}

    def of(self, name: str) -> list[Any]:
        """All rows of a kind that the steps name."""
        return list(self._found.get(name, {}).values())

    def get(self, name: str, number: Any) -> Any:
        """The row, or None where it may not be named any more."""
        return self._found.get(name, {}).get(number) if _is_number(number) else None


def _is_number(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)
