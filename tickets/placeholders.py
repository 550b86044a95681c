"""Placeholders in texts that are kept, such as {{ requester }}: a short list, and no code."""

from __future__ import annotations

import re
from collections.abc import Callable

from tickets.models import Ticket, User

PLACEHOLDER = re.compile(r"\{\{\s*([^{}]*?)\s*\}\}")

VALUES: dict[str, Callable[[Ticket, User | None], str]] = {
    "requester": lambda ticket, by: str(ticket.requester),
    "first_name": lambda ticket, by: ticket.requester.get_short_name(),
    "organization": lambda ticket, by: str(ticket.organization or ""),
    "reference": lambda ticket, by: ticket.reference,
    "subject": lambda ticket, by: ticket.subject,
    "priority": lambda ticket, by: str(ticket.priority),
    "agent": lambda ticket, by: str(by or ""),
}


def fill(text: str, *, ticket: Ticket, by: User | None) -> str:
    """The text with what its placeholders stand for; one that is unknown stays as it is.

    What is put in is never looked at again, whatever a customer calls himself.
    """

    def value(match: re.Match[str]) -> str:
        known = VALUES.get(match[1])
        return known(ticket, by) if known else match[0]

    return PLACEHOLDER.sub(value, text)


def unknown(text: str) -> list[str]:
    """The placeholders that stand for nothing."""
    return [name for name in PLACEHOLDER.findall(text) if name not in VALUES]


def told() -> str:
    """The list for people who write a text."""
    return ", ".join(f"{{{{ {name} }}}}" for name in VALUES)
