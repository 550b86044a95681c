"""Spam: nobody is answered, no promise was made, and it can be taken back."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from sla import clocks, voiding
from sla.models import Metric
from tickets.acts import done, locked, move, must_be_staff
from tickets.clockwork import cut_off, run_on
from tickets.models import Delivery, Event, Ticket, User
from tickets.refusals import BlockedAlready, IsStaff, NotBlocked
from tickets.states import Act

WHY = "Marked as spam"


@transaction.atomic
def mark_spam(
    *, ticket: Ticket, by: User, at: datetime, blocks: bool = False, reason: str = ""
) -> Ticket:
    """Close it without a word: its clocks count in no report, and no mail of it leaves any more.

    `blocks`: later mails of its requester are ignored, and nothing is sent to him.
    """
    must_be_staff(by)
    ticket, at = locked(ticket, at)
    ticket.status = move(ticket, Act.SPAM)
    if blocks:
        _block(ticket, at)
    ticket.closed_as, ticket.closed_at = Ticket.ClosedAs.SPAM, at
    ticket.engineering_expected_on = None
    clocks.stop(ticket_id=ticket.pk, metrics=Metric.values, at=at, by=by, reason=WHY)
    voiding.void(ticket_id=ticket.pk, at=at, by=by, reason=WHY)
    unsent = ticket.deliveries.filter(state=Delivery.State.QUEUED)
    unsent.update(state=Delivery.State.CANCELLED, last_error="The ticket was marked as spam.")
    blocked = f"{ticket.requester.email} is blocked." if blocks else ""
    detail = " ".join(filter(None, [reason, blocked]))
    return done(ticket, Event.Kind.SPAM, by=by, at=at, detail=detail)


@transaction.atomic
def not_spam(*, ticket: Ticket, by: User, at: datetime, reason: str = "") -> Ticket:
    """Take it up after all: its clocks count and run on, and its requester may write again."""
    must_be_staff(by)
    ticket, at = locked(ticket, at)
    status = move(ticket, Act.NOT_SPAM)
    ticket.closed_as = ""
    why = "Not spam after all"
    voiding.restore(ticket_id=ticket.pk, at=at, by=by, reason=why)
    metrics = [Metric.RESOLUTION, *cut_off(ticket)]
    run_on(ticket, metrics=metrics, by=by, at=at, status=status, reason=why)
    unblocked = User.objects.filter(pk=ticket.requester_id, blocked_at__isnull=False)
    if unblocked.update(blocked_at=None):
        reason = f"{reason} {ticket.requester.email} is blocked no more.".strip()
    return done(ticket, Event.Kind.NOT_SPAM, by=by, at=at, detail=reason)


@transaction.atomic
def block(*, user: User, by: User, at: datetime) -> User:
    """Hear nothing of this person any more, on whichever way, and send nothing there."""
    must_be_staff(by)
    user = User.objects.select_for_update(no_key=True).get(pk=user.pk)
    if user.is_staff:
        raise IsStaff
    if user.blocked_at is not None:
        raise BlockedAlready
    user.blocked_at = at
    user.save(update_fields=["blocked_at"])
    return user


@transaction.atomic
def unblock(*, user: User, by: User, at: datetime) -> User:
    """Hear this person again; what was ignored meanwhile stays so."""
    must_be_staff(by)
    user = User.objects.select_for_update(no_key=True).get(pk=user.pk)
    if user.blocked_at is None:
        raise NotBlocked
    user.blocked_at = None
    user.save(update_fields=["blocked_at"])
    return user


def _block(ticket: Ticket, at: datetime) -> None:
    if ticket.requester.is_staff:
        raise IsStaff
    User.objects.filter(pk=ticket.requester_id, blocked_at=None).update(blocked_at=at)
