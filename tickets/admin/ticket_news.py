"""What has changed on a ticket's page since a browser got it; nothing, most of the time."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from tickets.models import Event, Ticket

# What changes messages that are on the page already, and adds none.
CHANGES_OLD_ONES = [Event.Kind.ACCEPTED, Event.Kind.SPLIT, Event.Kind.NOT_SPAM]


@dataclass(frozen=True)
class Shown:
    """What a browser shows: the ticket as of its last change, in this minute, up to a message.

    The minute, because clocks say how long it is until they end.
    """

    changed: str
    minute: int
    last: int

    @classmethod
    def of(cls, ticket: Ticket, *, at: datetime, last: int) -> Shown:
        """What a page shows that is made now."""
        return cls(ticket.updated_at.isoformat(), int(at.timestamp() // 60), last)

    @classmethod
    def said(cls, query: Mapping[str, Any]) -> Shown:
        """What a browser says that it shows; nothing, where it says nonsense."""
        return cls(
            str(query.get("changed", "")), _number(query.get("minute")), _number(query.get("last"))
        )

    @property
    def query(self) -> str:
        """The same, as the address of the news says it."""
        values = {"changed": self.changed, "minute": self.minute, "last": self.last}
        return urlencode(values)

    def is_changed(self, ticket: Ticket) -> bool:
        """Whether a verb has changed the ticket since."""
        return self.changed != ticket.updated_at.isoformat()

    def has_old_ones_changed(self, ticket: Ticket) -> bool:
        """Whether messages that are shown already read otherwise now."""
        try:
            since = datetime.fromisoformat(self.changed)
        except ValueError:
            return True
        if since.tzinfo is None:
            return True
        return ticket.events.filter(kind__in=CHANGES_OLD_ONES, at__gt=since).exists()


def _number(said: Any) -> int:
    """What fits into the database's whole numbers; 0 for nonsense."""
    text = str(said or "")
    return int(text) if text.isascii() and text.isdigit() and len(text) <= 18 else 0
