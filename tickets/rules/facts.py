"""What conditions ask about a ticket: as it is, or as it was when something happened."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sla.models import hours_of
from tickets.models import Event, Ticket


@dataclass(frozen=True)
class Facts:
    """Rows by number, None where there is none. What is asked for rarely is a function."""

    ticket: Ticket
    state: dict[str, Any]
    """See `Event.state`."""
    text: Callable[[], str]
    """Of the message that it is about."""
    is_after_hours: Callable[[], bool]

    @property
    def domain(self) -> str:
        """Of the requester's address."""
        return self.ticket.requester.email.rpartition("@")[2].lower()


def facts_now(ticket: Ticket, *, event: Event | None, at: datetime) -> Facts:
    """The ticket as it is; `event` is what happened to it, at `at`."""
    return Facts(
        ticket,
        ticket.state,
        text=lambda: _text(ticket, event),
        is_after_hours=lambda: is_after_hours(ticket, at),
    )


def is_after_hours(ticket: Ticket, at: datetime) -> bool:
    """Whether the calendar of the ticket's policy is closed at `at`."""
    version = ticket.policy.calendar.current_version_id
    return version is not None and not hours_of(version).is_open(at)


def _text(ticket: Ticket, event: Event | None) -> str:
    """Of the message that the event brought; else of the customer's last one."""
    messages = ticket.messages.order_by("-sent_at", "-pk")
    if event is not None and event.by_id is not None:
        brought = messages.filter(sent_at=event.at, author=event.by_id).first()
        if brought is not None:
            return brought.text
    last = messages.filter(is_public=True, by_staff=False).first()
    return last.text if last is not None else ""
