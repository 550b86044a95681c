"""Who is told about what happened to a ticket, and in which words."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.db.models import prefetch_related_objects

from sla.models import Clock
from tickets import links, outbox, wording
from tickets.models import Message, RequestType, Ticket, User


def acknowledged(ticket: Ticket, clocks: Iterable[Clock], *, at: datetime) -> None:
    """Tell the requester that the request arrived, and when help comes.

    The address may be somebody else's: nothing that was typed into the form is in this message.
    """
    urgent = RequestType.objects.answered_day_and_night(ticket.policy)
    tell(
        [ticket.requester],
        "acknowledgement",
        ticket,
        cause=f"ack:{ticket.pk}",
        at=at,
        clocks=sorted(clocks, key=lambda clock: clock.metric),
        urgent=list(urgent),
    )


def replied(ticket: Ticket, message: Message, *, at: datetime) -> None:
    """Send an agent's public message to the requester."""
    cause = f"message:{message.pk}"
    tell([ticket.requester], "reply", ticket, cause=cause, at=at, message=message)


def resolved(ticket: Ticket, message: Message, *, at: datetime) -> None:
    """Tell the requester that the ticket is solved, and how to disagree."""
    cause = f"message:{message.pk}"
    tell([ticket.requester], "resolution", ticket, cause=cause, at=at, message=message)


def assigned(ticket: Ticket, *, by: User | None, at: datetime) -> None:
    """Tell the new assignee, unless the agent took the ticket himself."""
    assignee = ticket.assignee
    if assignee is not None and assignee != by:
        cause = f"assigned:{ticket.pk}:{assignee.pk}:{at.isoformat()}"
        tell([assignee], "assignment", ticket, cause=cause, at=at, assigned_by=by)


def tell(
    readers: Iterable[User | str],
    occasion: str,
    ticket: Ticket,
    *,
    cause: str,
    at: datetime,
    message: Message | None = None,
    **context: Any,
) -> None:
    """Queue the message of this occasion for people (users, or bare addresses), each once.

    Times are in the reader's own zone, else in that of the ticket's calendar.
    """
    if message is not None:
        prefetch_related_objects([message], "attachments")
    letters = []
    for reader in readers:
        user = reader if isinstance(reader, User) else None
        address = user.email if user else str(reader)
        is_requester = user is not None and user.pk == ticket.requester_id
        link = links.url_for(ticket, user) if user and is_requester else links.desk_url_for(ticket)
        words = wording.words(
            occasion,
            reader=user,
            zone=(user.time_zone if user else "") or ticket.policy.calendar.time_zone,
            at=at,
            ticket=ticket,
            message=message,
            link=link,
            **context,
        )
        letters.append(outbox.Letter(address, words.subject, words.text, words.html, user))
    outbox.queue(letters, occasion=occasion, cause=cause, ticket=ticket, at=at, message=message)
