"""What agents do at one press that is more than one verb: all of it happens, or nothing."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from tickets import lifecycle
from tickets.acts import Files
from tickets.models import Ticket, User


@transaction.atomic
def reply_and_wait(
    *, ticket: Ticket, by: User, text: str, at: datetime, attachments: Files = ()
) -> Ticket:
    """Ask the customer something, and wait for the answer.

    Where one of the two is refused, neither happens: no mail goes out and no clock stands still.
    """
    ticket = lifecycle.reply(ticket=ticket, by=by, text=text, at=at, attachments=attachments)
    return lifecycle.wait_for_customer(
        ticket=ticket, by=by, at=ticket.updated_at, reason="Asked in a reply."
    )
