"""Our own mail addresses: those that customers write to, and one of its own for each ticket."""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
from email.utils import parseaddr

from django.conf import settings

from tickets.models import Mailbox, Ticket

# 20 letters and digits are 100 bits; lower case, because servers may fold the case of an address.
TOKEN_LENGTH = 20
_TAGGED = re.compile(
    r"(?P<local>[^@]*)\+(?P<number>[0-9]{1,18})-(?P<token>[a-z2-7]{20})@(?P<domain>.+)"
)


def reply_address(ticket: Ticket) -> str:
    """Where answers to this ticket go: `support+1042-token@example.com` (RFC 5233, subaddress).

    Nobody can make one for another ticket: the token is a MAC of the ticket's number.
    """
    address = ticket.mailbox.address if ticket.mailbox else sender_address()
    local, _, domain = address.rpartition("@")
    return f"{local}+{ticket.pk}-{_token(ticket.pk)}@{domain}"


def ticket_number(address: str) -> int | None:
    """The number of the ticket whose reply address this is; None for any other, forged or not."""
    found = _TAGGED.fullmatch(address.strip().lower())
    if found is None:
        return None
    number = int(found["number"])
    return number if hmac.compare_digest(_token(number), found["token"]) else None


def is_ours(address: str) -> bool:
    """Whether this address is one of ours: a mailbox, also with a tag, or what we send from."""
    plain = re.sub(r"\+[^@]*@", "@", address.strip().lower())
    return plain == sender_address() or Mailbox.objects.filter(address=plain).exists()


def answers_are_read() -> bool:
    """Whether an answer to our mails reaches the desk: by a mailbox, or a provider's webhook."""
    return bool(settings.ANYMAIL_WEBHOOK_SECRET) or Mailbox.objects.exists()


def sender_address() -> str:
    """The bare address of DEFAULT_FROM_EMAIL, in lower case."""
    return parseaddr(settings.DEFAULT_FROM_EMAIL)[1].lower()


def _token(number: int) -> str:
    key = hashlib.sha256(b"tickets.addresses" + settings.SECRET_KEY.encode()).digest()
    mac = hmac.new(key, str(number).encode(), hashlib.sha256).digest()
    return base64.b32encode(mac).decode()[:TOKEN_LENGTH].lower()
