"""Ticket links: new ones, and those in the words of a mail."""

from __future__ import annotations

import re
from datetime import datetime

from django.utils import timezone

from tickets import links
from tickets.models import Ticket, User


def key(ticket: Ticket, person: User | None = None, *, via: str = links.WEB) -> str:
    """The key of a link made now, for views, which read the clock; the requester's by default."""
    return links.key_for(ticket, person or ticket.requester, at=timezone.now(), via=via)


def holders(words: str, *, at: datetime) -> set[tuple[Ticket, User]]:
    """Whom the links in these words let in then, and to which ticket."""
    found = re.findall(r"/tickets/([A-Z]+-\d+)/([^/\s\"]+)/", words)
    held = (links.holder(reference, key, at=at) for reference, key in found)
    return {holder for holder in held if holder}
