"""What happens to a ticket because of a mail: answers, and messages that are kept aside."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from tickets import lifecycle
from tickets.acts import Files, Mail, done, locked, move, must_be_staff, say
from tickets.models import Event, Follower, Message, Ticket, User
from tickets.refusals import AcceptedAlready, FollowsAlready
from tickets.states import Act


@transaction.atomic
def keep_aside(
    *,
    ticket: Ticket,
    by: User,
    text: str,
    at: datetime,
    mail: Mail,
    is_automatic: bool,
    attachments: Files = (),
    channel: str = Ticket.Channel.EMAIL,
) -> Message:
    """Add a message that staff see and nobody else, and that no clock and no status minds.

    A machine wrote it, or somebody who has no part in this ticket, until staff accept it.
    """
    ticket, at = locked(ticket, at)
    message = say(
        ticket,
        by=by,
        text=text,
        at=at,
        is_public=False,
        attachments=attachments,
        channel=channel,
        mail=mail,
        is_automatic=is_automatic,
        is_accepted=is_automatic,
    )
    kind = Event.Kind.AUTOMATIC if is_automatic else Event.Kind.UNVERIFIED
    done(ticket, kind, by=by, at=at, detail=f"From {by.email}.", moves_clocks=False)
    return message


@transaction.atomic
def accept(*, message: Message, by: User, at: datetime) -> Ticket:
    """Let a message of somebody unknown into the conversation, as one of the customer's.

    So it is shown, whoever it says that it is from: nobody proved that a colleague wrote it.
    """
    must_be_staff(by)
    ticket, at = locked(message.ticket, at)
    message = Message.objects.get(pk=message.pk)
    if message.is_accepted:
        raise AcceptedAlready
    was, status = ticket.status, move(ticket, Act.CUSTOMER_REPLY)
    message.is_accepted = message.is_public = True
    message.by_staff = False
    message.save(update_fields=["is_accepted", "is_public", "by_staff"])
    Event.objects.create(
        ticket=ticket, kind=Event.Kind.ACCEPTED, at=at, by=by, detail=f"Of {message.author.email}."
    )
    return lifecycle.customer_wrote(ticket, by=message.author, at=at, was=was, status=status)


@transaction.atomic
def follow(*, ticket: Ticket, user: User, by: User | None, at: datetime) -> Ticket:
    """Let somebody get the public answers by mail too. Raises FollowsAlready."""
    ticket, at = locked(ticket, at)
    move(ticket, Act.FOLLOW)
    if user.pk == ticket.requester_id:
        raise FollowsAlready
    values = {"added_at": at, "added_by": by}
    _, is_new = Follower.objects.get_or_create(ticket=ticket, user=user, defaults=values)
    if not is_new:
        raise FollowsAlready
    detail = f"{user.email} gets the answers too."
    return done(ticket, Event.Kind.FOLLOWED, by=by, at=at, detail=detail, moves_clocks=False)
