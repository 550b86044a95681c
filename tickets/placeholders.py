"""Placeholders in texts that are kept, such as {{ requester.name }}: a short list, and no code."""

from __future__ import annotations

import re
from collections.abc import Callable

from django.core.exceptions import ValidationError

from tickets.models import Ticket, User
from tickets.templatetags.desk import local_time

PLACEHOLDER = re.compile(r"\{\{\s*([^{}]*?)\s*\}\}")


def _due(ticket: Ticket, by: User | None) -> str:
    """When the next promise ends, in the requester's zone, else in the calendar's; "" for none."""
    if ticket.next_due_at is None:
        return ""
    zone = ticket.requester.time_zone or ticket.policy.calendar.time_zone
    return local_time(ticket.next_due_at, zone)


VALUES: dict[str, Callable[[Ticket, User | None], str]] = {
    "requester.name": lambda ticket, by: str(ticket.requester),
    "requester.first_name": lambda ticket, by: ticket.requester.get_short_name(),
    "requester.email": lambda ticket, by: ticket.requester.email,
    "organization.name": lambda ticket, by: str(ticket.organization or ""),
    "ticket.reference": lambda ticket, by: ticket.reference,
    "ticket.subject": lambda ticket, by: ticket.subject,
    "ticket.priority": lambda ticket, by: str(ticket.priority),
    "ticket.status": lambda ticket, by: ticket.get_status_display(),
    "agent.name": lambda ticket, by: str(by or ""),
    "due": _due,
}
# Shorter names for the same.
SHORT = {
    "requester": "requester.name",
    "first_name": "requester.first_name",
    "organization": "organization.name",
    "reference": "ticket.reference",
    "subject": "ticket.subject",
    "priority": "ticket.priority",
    "agent": "agent.name",
}


def fill(text: str, *, ticket: Ticket, by: User | None, missing: str = "") -> str:
    """The text with what its placeholders stand for; one that is unknown stays as it is.

    What is put in is never looked at again, whatever a customer calls himself. `missing` stands
    where the ticket has nothing of the kind.
    """

    def value(match: re.Match[str]) -> str:
        known = VALUES.get(SHORT.get(match[1], match[1]))
        return (known(ticket, by) or missing) if known else match[0]

    return PLACEHOLDER.sub(value, text)


def unknown(text: str) -> list[str]:
    """The placeholders that stand for nothing."""
    return [name for name in PLACEHOLDER.findall(text) if SHORT.get(name, name) not in VALUES]


def check(text: str) -> None:
    """Raises ValidationError for a placeholder of no meaning, and for braces without a pair."""
    if strange := unknown(text):
        listed = ", ".join(f"“{name}”" for name in dict.fromkeys(strange))
        raise ValidationError(f"There is no placeholder {listed}. These are known: {told()}.")
    rest = PLACEHOLDER.sub("", text)
    if "{{" in rest or "}}" in rest:
        raise ValidationError("Two braces open a placeholder, and two close it: one is missing.")


def explained() -> str:
    """What they are for, beside a field; a line never ends within one of them."""
    kept = told().replace("{{ ", "{{\N{NO-BREAK SPACE}").replace(" }}", "\N{NO-BREAK SPACE}}}")
    return (
        "Write one of these where the words of the ticket at hand belong, and they are put in its "
        f"place: {kept}. The last is when the next promise ends."
    )


def told() -> str:
    """The list for people who write a text."""
    return ", ".join(f"{{{{ {name} }}}}" for name in VALUES)
