"""How customers reach people beside the form: what is configured, and nothing else.

A channel that is added later gives its own function here.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from email.utils import parseaddr
from urllib.parse import quote

from django.conf import settings
from django.utils.translation import gettext as _

from tickets.models import Mailbox


@dataclass(frozen=True)
class Contact:
    """One way to reach us. `href` is "" for words that lead nowhere."""

    channel: str
    words: str
    href: str


def contacts() -> list[Contact]:
    """The configured ways, those in writing first. One query."""
    return [*_by_mail(), *_by_telephone()]


def _by_mail() -> Iterator[Contact]:
    fetched = Mailbox.objects.filter(is_active=True).order_by("pk")
    said = parseaddr(settings.SUPPORT_EMAIL)[1].lower()
    addresses = [said, *fetched.values_list("address", flat=True)]
    for address in dict.fromkeys(address.lower() for address in addresses if address):
        yield Contact(_("E-mail"), address, f"mailto:{quote(address, safe='@')}")


def _by_telephone() -> Iterator[Contact]:
    number = settings.SUPPORT_PHONE
    dialled = re.sub(r"[^\d+]", "", number)
    if number:
        yield Contact(_("Telephone"), number, f"tel:{dialled}" if dialled else "")
