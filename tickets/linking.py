"""Links between tickets that have to do with each other."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction
from django.db.models import Q, QuerySet

from tickets.acts import both_locked, done, move, must_be_staff, must_see
from tickets.models import Event, Ticket, TicketLink, User
from tickets.refusals import LinkedAlready, LinkToItself, NotLinked
from tickets.states import Act


@transaction.atomic
def link(
    *,
    ticket: Ticket,
    by: User,
    at: datetime,
    other: Ticket,
    kind: str = TicketLink.Kind.RELATED,
) -> Ticket:
    """Say what the ticket is of the other one; both are changed, and both histories say it."""
    ticket, other, at = _pair(ticket, other, by, at)
    if _between(ticket, other).exists():
        raise LinkedAlready
    made = TicketLink.objects.create(ticket=ticket, other=other, kind=kind, at=at, by=by)
    what = made.get_kind_display()
    back = f"{ticket.reference}: {what} this ticket."
    done(other, Event.Kind.LINKED, by=by, at=at, detail=back, moves_clocks=False)
    detail = f"{what} {other.reference}."
    return done(ticket, Event.Kind.LINKED, by=by, at=at, detail=detail, moves_clocks=False)


@transaction.atomic
def unlink(*, ticket: Ticket, by: User, at: datetime, other: Ticket) -> Ticket:
    """Take the link between the two away, whichever of them it was made on."""
    ticket, other, at = _pair(ticket, other, by, at)
    if not _between(ticket, other).delete()[0]:
        raise NotLinked
    kind = Event.Kind.UNLINKED
    done(other, kind, by=by, at=at, detail=f"{ticket.reference}.", moves_clocks=False)
    return done(ticket, kind, by=by, at=at, detail=f"{other.reference}.", moves_clocks=False)


def _pair(ticket: Ticket, other: Ticket, by: User, at: datetime) -> tuple[Ticket, Ticket, datetime]:
    must_be_staff(by)
    if ticket.pk == other.pk:
        raise LinkToItself
    must_see(by, ticket)
    must_see(by, other)
    ticket, other, at = both_locked(ticket, other, at)
    move(ticket, Act.LINK)
    return ticket, other, at


def _between(ticket: Ticket, other: Ticket) -> QuerySet[TicketLink]:
    return TicketLink.objects.filter(Q(ticket=ticket, other=other) | Q(ticket=other, other=ticket))
