"""What the desk says by itself, where a rule tells it to: never an answer, and never a loop."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import transaction

from sla import clocks
from sla.models import Metric
from tickets import notices, outbox
from tickets.acts import done, locked, move, say
from tickets.models import Delivery, Event, Message, Ticket, User
from tickets.refusals import NobodyAnswered, NotAcknowledged, TooManyAutomatic
from tickets.states import Act

# To one ticket within a day: beyond that a robot answers a robot.
MOST_A_DAY = 3
A_DAY = timedelta(days=1)


@transaction.atomic
def send(*, ticket: Ticket, text: str, at: datetime) -> Ticket:
    """Tell the customer something in public. It answers nothing and moves nothing (reading 4)."""
    ticket, at = locked(ticket, at)
    move(ticket, Act.REPLY)
    message = _send(ticket, text, at)
    notices.wrote_automatically(ticket, message, at=at)
    kind = Event.Kind.SENT_AUTOMATICALLY
    return done(ticket, kind, by=None, at=at, moves_clocks=False)


@transaction.atomic
def note(*, ticket: Ticket, text: str, at: datetime) -> Ticket:
    """Add an internal note in the desk's name."""
    ticket, at = locked(ticket, at)
    say(
        ticket, by=User.objects.machine(), text=text, at=at, is_public=False, attachments=(),
        is_automatic=True,
    )  # fmt: skip
    return done(ticket, Event.Kind.NOTED, by=None, at=at, moves_clocks=False)


@transaction.atomic
def resolve(*, ticket: Ticket, at: datetime, text: str = "") -> Ticket:
    """End what has been answered. A ticket that still owes an answer is left to people."""
    ticket, at = locked(ticket, at)
    ticket.status = move(ticket, Act.RESOLVE)
    if ticket.first_responded_at is None or ticket.unanswered_since() is not None:
        raise NobodyAnswered
    ticket.resolved_at = at
    message = _send(ticket, text or "We have resolved your request.", at)
    clocks.stop(ticket_id=ticket.pk, metrics=[Metric.RESOLUTION], at=at, by=None, reason="Resolved")
    notices.resolved(ticket, message, at=at)
    return done(ticket, Event.Kind.RESOLVED, by=None, at=at)


def _send(ticket: Ticket, text: str, at: datetime) -> Message:
    """A public message in the desk's name. Raises Withheld where a loop may be at work."""
    ours = Message.objects.filter(ticket=ticket, is_public=True, by_staff=True, is_automatic=True)
    if ours.filter(sent_at__gt=at - A_DAY).count() >= MOST_A_DAY:
        raise TooManyAutomatic
    if ticket.channel == Ticket.Channel.EMAIL:
        # What a list or a program sent, or one mail of too many, was not acknowledged either.
        told = Delivery.objects.filter(ticket=ticket, occasion=outbox.ACKNOWLEDGEMENT)
        if not told.exists():
            raise NotAcknowledged
    return say(
        ticket, by=User.objects.machine(), text=text, at=at, is_public=True, attachments=(),
        is_automatic=True,
    )  # fmt: skip
