"""The conditions of a rule, as rows keep them (JSON), and whether they hold.

A condition is a dictionary: {"if": "priority", "values": [1, 2]}, with "not": True for the
opposite. Any of its values suffices; of several conditions, all have to hold.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from django.db.models import QuerySet

from sla.models import Priority
from tickets.models import Organization, RequestType, Tag, Team, Ticket
from tickets.rules.facts import Facts
from tickets.states import Status

type Condition = Mapping[str, Any]

MOST_CONDITIONS = 20
MOST_VALUES = 100
LONGEST_WORDS = 200
# A phrase in quotes, or a word.
WORDS = re.compile(r'"([^"]+)"|“([^”]+)”|([^\s",;“”]+)')


@dataclass(frozen=True)
class Kind:
    """One kind of condition: `value` is what the ticket has, one or a set; words are in `text`."""

    label: str
    value: Callable[[Facts], Any] | None = None
    choices: Mapping[str, Any] | None = None
    rows: Callable[[], QuerySet[Any]] | None = None
    """For rows by number; 0 is none of them."""
    none: str = ""
    """What 0 is called; empty: there is always one."""
    text: Callable[[Facts], str] | None = None
    yes_no: Callable[[Facts], bool] | None = None
    denied: str = ""
    """How the opposite of a yes or no reads."""


KINDS: dict[str, Kind] = {
    "channel": Kind(
        "Channel", lambda f: f.ticket.channel, choices=dict(Ticket.Channel.choices)
    ),
    "organization": Kind(
        "Organization", lambda f: f.ticket.organization_id or 0, rows=Organization.objects.all,
        none="no organization",
    ),
    "request_type": Kind(
        "Request type", lambda f: f.ticket.request_type_id or 0, rows=RequestType.objects.all,
        none="no request type",
    ),
    "priority": Kind("Priority", lambda f: f.state["priority"], rows=Priority.objects.all),
    "status": Kind("Status", lambda f: f.state["status"], choices=dict(Status.choices)),
    "team": Kind("Team", lambda f: f.state["team"] or 0, rows=Team.objects.all, none="no team"),
    "tag": Kind("Tag", lambda f: {tag.pk for tag in f.ticket.tags.all()}, rows=Tag.objects.all),
    "assigned": Kind(
        "Somebody is assigned", yes_no=lambda f: f.state["assignee"] is not None,
        denied="Nobody is assigned",
    ),
    "engineering": Kind(
        "With engineering", yes_no=lambda f: bool(f.state["engineering"]),
        denied="Not with engineering",
    ),
    "after_hours": Kind(
        "Outside of opening hours", yes_no=lambda f: f.is_after_hours(),
        denied="In opening hours",
    ),
    "domain": Kind("Requester's domain", lambda f: f.domain),
    "subject": Kind("Words in the subject", text=lambda f: f.ticket.subject),
    "message": Kind("Words in the message", text=lambda f: f.text()),
    "words": Kind(
        "Words in subject or message", text=lambda f: f"{f.ticket.subject}\n{f.text()}"
    ),
}  # fmt: skip


def holds(condition: Condition, facts: Facts) -> bool:
    """Whether it is so; a kind that the desk does not know any more is never so."""
    kind = KINDS.get(condition["if"])
    if kind is None:
        return False
    return _is(kind, condition.get("values", []), facts) is not bool(condition.get("not"))


def first_failing(conditions: Iterable[Condition], facts: Facts) -> Condition | None:
    """The condition because of which a rule does not follow; None when all of them hold."""
    return next((condition for condition in conditions if not holds(condition, facts)), None)


def _is(kind: Kind, values: Sequence[Any], facts: Facts) -> bool:
    if kind.yes_no is not None:
        return kind.yes_no(facts)
    if kind.text is not None:
        pattern = _pattern(tuple(values))
        return pattern is not None and pattern.search(kind.text(facts)) is not None
    value = kind.value(facts) if kind.value is not None else None
    return not value.isdisjoint(values) if isinstance(value, set) else value in values


@lru_cache(maxsize=256)
def _pattern(words: tuple[str, ...]) -> re.Pattern[str] | None:
    """Any of these as whole words, in any case, with any space between those of a phrase."""
    if not words:
        return None
    phrases = (r"\s+".join(re.escape(part) for part in phrase.split()) for phrase in words)
    return re.compile(rf"(?<!\w)(?:{'|'.join(phrases)})(?!\w)", re.IGNORECASE)


def read_words(text: str) -> list[str]:
    """Words and quoted phrases as people write them: refund, "cannot log in"."""
    found = (next(filter(None, match)).strip() for match in WORDS.findall(text))
    return list(dict.fromkeys(filter(None, found)))


def write_words(words: Iterable[str]) -> str:
    """The opposite of `read_words`."""
    return ", ".join(f'"{word}"' if " " in word else word for word in words)


class Names:
    """The rows that conditions name, each kind asked for once."""

    def __init__(self, conditions: Iterable[Condition]) -> None:
        wanted: dict[str, set[int]] = {}
        for condition in conditions:
            kind = KINDS.get(condition.get("if", ""))
            if kind is not None and kind.rows is not None:
                numbers = {value for value in condition.get("values", []) if _is_number(value)}
                wanted.setdefault(condition["if"], set()).update(numbers)
        self._found: dict[str, dict[Any, Any]] = {}
        for name, numbers in wanted.items():
            rows = KINDS[name].rows
            self._found[name] = rows().in_bulk(numbers) if rows and numbers else {}

    def has(self, name: str, number: int) -> bool:
        return number in self._found.get(name, {})

    def of(self, name: str, value: Any) -> str:
        """What people call a value of this kind of condition."""
        kind = KINDS[name]
        if kind.rows is not None:
            if value == 0 and kind.none:
                return kind.none
            row = self._found.get(name, {}).get(value)
            return str(row) if row is not None else "[one that is gone]"
        if kind.choices is not None:
            return str(kind.choices.get(value, value))
        return f"“{value}”" if kind.text is not None else str(value)


def describe(condition: Condition, names: Names | None = None) -> str:
    """The condition in words, such as "Priority is P1 or P2"."""
    kind = KINDS.get(condition.get("if", ""))
    if kind is None:
        return "Something that the desk does not know any more"
    denies = bool(condition.get("not"))
    if kind.yes_no is not None:
        return kind.denied if denies else kind.label
    names = names or Names([condition])
    values = " or ".join(names.of(condition["if"], value) for value in condition["values"])
    verb = ("are not", "are") if kind.text is not None else ("is not", "is")
    return f"{kind.label} {verb[0 if denies else 1]} {values}"


def validate(conditions: Any) -> list[str]:
    """What is wrong with the conditions, as sentences; none at all are right."""
    if not isinstance(conditions, list):
        return ["Conditions are a list."]
    if len(conditions) > MOST_CONDITIONS:
        return [f"There are {len(conditions)} conditions, and at most {MOST_CONDITIONS} fit."]
    names = Names(condition for condition in conditions if isinstance(condition, dict))
    return [
        f"Condition {number}: {problem}"
        for number, condition in enumerate(conditions, 1)
        if (problem := _problem(condition, names))
    ]


def _problem(condition: Any, names: Names) -> str:
    kind = KINDS.get(condition.get("if", "")) if isinstance(condition, dict) else None
    if kind is None:
        return "choose what to look at."
    if kind.yes_no is not None:
        return ""
    values = condition.get("values")
    if not isinstance(values, list) or not values:
        return f"“{kind.label}” needs at least one value."
    if len(values) > MOST_VALUES:
        return f"at most {MOST_VALUES} values fit."
    if kind.rows is not None:
        known = all(
            (value == 0 and kind.none) or (_is_number(value) and names.has(condition["if"], value))
            for value in values
        )
        return "" if known else f"one of “{kind.label}” does not exist, or not any more."
    if kind.choices is not None:
        known = all(value in kind.choices for value in values)
        return "" if known else f"there is no such {kind.label.lower()}."
    texts = all(isinstance(value, str) and 0 < len(value) <= LONGEST_WORDS for value in values)
    return "" if texts else f"write words of at most {LONGEST_WORDS} letters."


def _is_number(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)
