"""The ticket links in the words of a mail."""

from __future__ import annotations

import re

from tickets import links
from tickets.models import Ticket, User


def holders(words: str) -> set[tuple[Ticket, User]]:
    """Whom the links in these words let in, and to which ticket."""
    found = re.findall(r"/tickets/([A-Z]+-\d+)/([^/\s\"]+)/", words)
    return {holder for reference, key in found if (holder := links.holder(reference, key))}
