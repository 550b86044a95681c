"""Who is told about what happened to a ticket, and in which words."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from django.conf import settings
from django.db.models import Q, prefetch_related_objects

from sla.models import Clock, hours_of
from tickets import addresses, links, outbox, roles, wording
from tickets.models import Escalation, Message, RequestType, Ticket, User


def acknowledged(ticket: Ticket, clocks: Iterable[Clock], *, at: datetime) -> None:
    """Tell the requester that the request arrived, and when help comes.

    The address may be somebody else's: nothing that was typed into the form is in this message.
    """
    urgent = RequestType.objects.answered_day_and_night(ticket.policy).select_related("priority")
    is_urgent = any(
        ticket.priority_id == kind.priority_id or ticket.request_type_id == kind.pk
        for kind in urgent
    )
    tell(
        [ticket.requester],
        outbox.ACKNOWLEDGEMENT,
        ticket,
        cause=f"ack:{ticket.pk}",
        at=at,
        clocks=sorted(clocks, key=lambda clock: clock.metric),
        urgent=[] if is_urgent else list(urgent),
        opens_at=_next_opening(ticket, at),
    )


def replied(ticket: Ticket, message: Message, *, at: datetime) -> None:
    """Send an agent's public message to the requester and to the followers."""
    _answer("reply", ticket, message, at=at)


def wrote_automatically(ticket: Ticket, message: Message, *, at: datetime) -> None:
    """Send what the desk wrote by itself to the requester and to the followers."""
    _answer("automatic", ticket, message, at=at)


def resolved(ticket: Ticket, message: Message, *, at: datetime) -> None:
    """Tell the requester and the followers that it is solved, and how to disagree."""
    _answer("resolution", ticket, message, at=at)


def merged(source: Ticket, target: Ticket, *, at: datetime) -> None:
    """Tell whoever took part in the source that it goes on, and where, if he may see that."""
    for reader in _readers(source):
        sees = Ticket.objects.visible_to(reader).filter(pk=target.pk).exists()
        tell(
            [reader],
            "merged",
            source,
            cause=f"merged:{source.pk}:{at.isoformat()}",
            at=at,
            target=target if sees else None,
            target_link=_link(target, reader, at=at) if sees else "",
            answers=addresses.answers_are_read(),
        )


def assigned(ticket: Ticket, reader: User, *, by: User | None, at: datetime) -> outbox.Letter:
    """What the new assignee reads."""
    return letter(reader, "assignment", ticket, at=at, assigned_by=by)


def escalated(
    reader: User | str, occasion: str, escalation: Escalation, **context: Any
) -> outbox.Letter:
    """What one of those who are called reads, with a link of his own to acknowledge it."""
    return letter(
        reader,
        occasion,
        escalation.ticket,
        at=escalation.at,
        escalation=escalation,
        acknowledge_link=links.acknowledgement_url_for(escalation, reader),
        **context,
    )


def administrators() -> Sequence[User | str]:
    """Whoever can mend the desk, each once; the escalation address when there is nobody."""
    group = Q(is_staff=True, groups__name=roles.ADMINISTRATOR)
    people = User.objects.filter(Q(is_superuser=True) | group, is_active=True)
    return list(people.distinct()) or [settings.ESCALATION_ADDRESS]


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
        files = message.attachments.all()
        context |= {
            "file_names": [str(file) for file in files],
            "enclosed": outbox.fit(files),
            "signature": message.author.signature,
        }
    letters = [
        letter(reader, occasion, ticket, at=at, message=message, **context) for reader in readers
    ]
    outbox.queue(letters, occasion=occasion, cause=cause, ticket=ticket, at=at, message=message)


def letter(
    reader: User | str, occasion: str, ticket: Ticket, *, at: datetime, **context: Any
) -> outbox.Letter:
    """What one person reads on this occasion."""
    user = reader if isinstance(reader, User) else None
    words = wording.words(
        occasion,
        reader=user,
        zone=(user.time_zone if user else "") or ticket.policy.calendar.time_zone,
        at=at,
        ticket=ticket,
        link=_link(ticket, reader, at=at),
        **context,
    )
    address = user.email if user else str(reader)
    return outbox.Letter(address, words.subject, words.text, words.html, user)


def _next_opening(ticket: Ticket, at: datetime) -> datetime | None:
    """When support opens, for who writes while it is closed; None while it is open."""
    version_id = ticket.policy.calendar.current_version_id
    if version_id is None:
        return None
    hours = hours_of(version_id)
    return None if hours.is_open(at) else hours.next_open(at)


def _answer(occasion: str, ticket: Ticket, message: Message, *, at: datetime) -> None:
    """Each reader gets a mail of his own, so that nobody learns who else reads it."""
    readers = dict.fromkeys(_readers(ticket))
    readers.pop(message.author, None)
    cause, answers = f"message:{message.pk}", addresses.answers_are_read()
    tell(readers, occasion, ticket, cause=cause, at=at, message=message, answers=answers)


def _readers(ticket: Ticket) -> Sequence[User]:
    """The requester and the followers, each once."""
    following = [row.user for row in ticket.followers.select_related("user")]
    followers = [user for user in following if user.is_active]
    return list(dict.fromkeys([ticket.requester, *followers]))


def _link(ticket: Ticket, reader: User | str, *, at: datetime) -> str:
    """Where this reader sees the ticket."""
    if not isinstance(reader, User) or (reader.is_staff and reader.pk != ticket.requester_id):
        return links.desk_url_for(ticket)
    return links.url_for(ticket, reader, at=at)
