"""Put messages into the outbox, in the transaction of their cause, and wake the senders up."""

from __future__ import annotations

import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from email.utils import parseaddr

from celery import current_app
from django.conf import settings
from django.db import connection, transaction

from tickets.models import Delivery, Message, Ticket, User

DELIVER = "tickets.tasks.deliver"


@dataclass(frozen=True)
class Letter:
    """The final text of one message to one address; `user` is its owner where we know one."""

    address: str
    subject: str
    text: str
    html: str
    user: User | None = None


def queue(
    letters: Iterable[Letter],
    *,
    occasion: str,
    cause: str,
    ticket: Ticket,
    at: datetime,
    message: Message | None = None,
) -> None:
    """Queue the letters; a `cause` reaches each address once, however often it is queued."""
    Delivery.objects.bulk_create(
        [
            Delivery(
                key=f"{cause}:{letter.address}",
                ticket=ticket,
                message=message,
                user=letter.user,
                occasion=occasion,
                recipient=letter.address,
                subject=letter.subject,
                text=letter.text,
                html=letter.html,
                mail_message_id=new_message_id(ticket),
                next_attempt_at=at,
                created_at=at,
            )
            for letter in letters
        ],
        ignore_conflicts=True,
    )
    wake()


def new_message_id(ticket: Ticket) -> str:
    """A new Message-ID (RFC 5322, 3.6.4) at the domain that we send from."""
    domain = parseaddr(settings.DEFAULT_FROM_EMAIL)[1].rpartition("@")[2]
    return f"<{ticket.reference.lower()}.{secrets.token_hex(12)}@{domain}>"


def wake() -> None:
    """Let a worker look into the outbox after the commit; at most once in a transaction.

    Only a matter of seconds: beat looks as well, so a missing broker loses no message.
    """
    if not any(entry[1] is _send_wake_up for entry in connection.run_on_commit):
        transaction.on_commit(_send_wake_up, robust=True)


def _send_wake_up() -> None:
    current_app.send_task(DELIVER, ignore_result=True, retry=False, expires=60)
