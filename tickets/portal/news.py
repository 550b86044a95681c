"""What has changed on a ticket's page since a browser got it, and what it has not to be sent."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from urllib.parse import urlencode
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from django.db.models import QuerySet

from tickets.models import Message, Ticket


@dataclass(frozen=True)
class Known:
    """What a browser shows: so many messages up to one, the ticket's state, the minute, the zone.

    The minute, because promises say how long it is until they end. The zone, because a browser that
    has told us its own meanwhile would get a page with two of them.
    """

    last: int
    count: int
    changed: str
    status: str
    minute: int
    zone: str

    @classmethod
    def of(cls, ticket: Ticket, messages: Sequence[Message], *, at: datetime, zone: str) -> Known:
        """What the page shows that is made now."""
        last = max((message.pk for message in messages), default=0)
        changed = ticket.updated_at.isoformat()
        return cls(last, len(messages), changed, ticket.status, _minute(at), zone)

    @classmethod
    def said(cls, query: Mapping[str, Any]) -> Known:
        """What a browser says that it shows; nothing, where it says nonsense."""
        last, count, minute = (_number(query.get(n, "")) for n in ("last", "count", "minute"))
        changed, status = query.get("changed", ""), query.get("status", "")
        return cls(last, count, changed, status, minute, _zone(query.get("zone", "")))

    @property
    def query(self) -> str:
        """The same, as the address of the news says it."""
        names = ("last", "count", "changed", "status", "minute", "zone")
        return urlencode({name: getattr(self, name) for name in names})

    def is_changed(self, ticket: Ticket) -> bool:
        return self.changed != ticket.updated_at.isoformat()

    def is_up_to_date(self, ticket: Ticket, *, at: datetime) -> bool:
        return not self.is_changed(ticket) and self.minute == _minute(at)

    def later(self, at: datetime) -> Known:
        return replace(self, minute=_minute(at))


def news(
    known: Known, ticket: Ticket, messages: QuerySet[Message], *, at: datetime
) -> dict[str, Any]:
    """The messages that are new, for the template; all, where one was let in between old ones."""
    new = list(messages.filter(pk__gt=known.last))
    before = messages.filter(pk__lte=known.last).count()
    is_whole = before != known.count
    shown = list(messages) if is_whole else new
    last = max((message.pk for message in shown), default=known.last)
    present = Known.of(ticket, [], at=at, zone=known.zone)
    return {
        "is_changed": True,
        "is_whole": is_whole,
        "conversation": shown,
        "has_moved": known.status != ticket.status,
        "known": replace(present, last=last, count=before + len(new)),
    }


def _minute(at: datetime) -> int:
    return int(at.timestamp() // 60)


def _number(said: str) -> int:
    """What fits into the database's whole numbers; 0 for nonsense."""
    return int(said) if said.isascii() and said.isdigit() and len(said) <= 18 else 0


def _zone(said: str) -> str:
    """The zone, if it is one that this machine knows; else ""."""
    try:
        return ZoneInfo(said).key
    except (ValueError, OSError, ZoneInfoNotFoundError):
        return ""
