"""A message about another matter becomes a ticket of its own.

The message stays where it was said, marked with where it is answered; the new ticket begins with
a copy. What the customer was promised runs from when he wrote it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

from django.db import transaction

from sla import clocks
from sla.models import Metric
from tickets import pool
from tickets.acts import begin_holding, done, locked, move, must_be_staff, must_see
from tickets.models import Attachment, Event, Message, Ticket, TicketLink, User
from tickets.refusals import NothingToSplit, NotToBeSplit
from tickets.states import Act


@transaction.atomic
def split(
    *,
    ticket: Ticket,
    by: User,
    at: datetime,
    messages: Iterable[Message],
    subject: str = "",
) -> Ticket:
    """Make a new ticket of these messages of one customer, and answer it; both name each other.

    It is as urgent as the ticket, and in the care of the same team. An answer that the ticket got
    since is one to the new ticket as well; what is still to be answered there is owed here alone.
    """
    must_be_staff(by)
    must_see(by, ticket)
    ticket, at = locked(ticket, at)
    move(ticket, Act.SPLIT)
    chosen = _chosen(ticket, messages)
    answer = ticket.messages.filter(
        is_public=True, by_staff=True, sent_at__gte=chosen[0].sent_at
    ).first()
    new = _opened(ticket, chosen, subject=subject, answered_at=answer.sent_at if answer else None)
    _copy(chosen, new)
    Message.objects.filter(pk__in=[message.pk for message in chosen]).update(split_into=new)
    was_missed = _owed_there_no_more(ticket, new, by=by, at=at)
    owed = [Metric.RESOLUTION] if answer else [Metric.FIRST_RESPONSE, Metric.RESOLUTION]
    started = [
        clock
        for metric in owed
        for clock in clocks.start(
            ticket_id=new.pk, policy=new.policy, priority=new.priority, metrics=[metric], at=at,
            by=by, reason=f"Split from {ticket.reference}",
            # One question is not missed twice.
            since=at if was_missed and metric == Metric.FIRST_RESPONSE else new.submitted_at,
        )
    ]  # fmt: skip
    new.next_due_at = min((clock.due_at for clock in started), default=None)
    pool.entered(new)
    TicketLink.objects.create(
        ticket=new, other=ticket, kind=TicketLink.Kind.SPLIT_FROM, at=at, by=by
    )
    detail = f"{new.reference}: {new.subject}."
    done(ticket, Event.Kind.SPLIT, by=by, at=at, detail=detail)
    return done(new, Event.Kind.SPLIT_FROM, by=by, at=at, detail=f"{ticket.reference}.")


def _chosen(ticket: Ticket, messages: Iterable[Message]) -> Sequence[Message]:
    """The messages, oldest first. Raises NothingToSplit, NotToBeSplit."""
    numbers = {message.pk for message in messages}
    if not numbers:
        raise NothingToSplit
    can = splittable(ticket)
    chosen = [message for message in can if message.pk in numbers]
    if len(chosen) != len(numbers) or len({message.author_id for message in chosen}) != 1:
        raise NotToBeSplit
    return chosen


def splittable(ticket: Ticket) -> Sequence[Message]:
    """What may be split off: public messages of customers, each once, and never the first."""
    said = ticket.messages.filter(is_public=True, by_staff=False).select_related("author")
    return [message for message in said[1:] if message.split_into_id is None]


def _opened(
    ticket: Ticket, chosen: Sequence[Message], *, subject: str, answered_at: datetime | None
) -> Ticket:
    first = chosen[0]
    requester = User.objects.select_related("organization").get(pk=first.author_id)
    new = Ticket.objects.create(
        subject=(subject.strip() or ticket.subject)[:200],
        requester=requester,
        organization=requester.organization,
        priority=ticket.priority,
        team=ticket.team,
        channel=first.channel,
        mailbox=ticket.mailbox,
        submitted_at=first.sent_at,
        updated_at=first.sent_at,
        first_responded_at=answered_at,
    )
    begin_holding(new)
    return new


def _copy(chosen: Sequence[Message], new: Ticket) -> None:
    """The messages and their files: the bytes on the disk are shared."""
    for message in chosen:
        files = list(message.attachments.all())
        copy = Message.objects.create(
            ticket=new,
            author_id=message.author_id,
            by_staff=message.by_staff,
            is_public=True,
            text=message.text,
            channel=message.channel,
            sent_at=message.sent_at,
            mail_message_id=message.mail_message_id,
            whole_text=message.whole_text,
            html=message.html,
            remarks=message.remarks,
        )
        Attachment.objects.bulk_create(
            Attachment(
                message=copy, file=file.file.name, filename=file.filename, size=file.size,
                content_type=file.content_type, content_id=file.content_id,
            )
            for file in files
        )  # fmt: skip


def _owed_there_no_more(ticket: Ticket, new: Ticket, *, by: User, at: datetime) -> bool:
    """End the promise of a next answer where its question is gone; whether that was missed."""
    if ticket.first_responded_at is None or ticket.unanswered_since() is not None:
        return False
    ended = clocks.withdraw(
        ticket_id=ticket.pk, metrics=[Metric.NEXT_RESPONSE], at=at, by=by,
        reason=f"Answered in {new.reference}",
    )  # fmt: skip
    return any(clock.is_breached(at) for clock in ended)
