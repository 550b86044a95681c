"""Taking up again what was solved."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction

from sla.models import Metric
from tickets import notifications
from tickets.acts import Files, acts_as_customer, done, locked, move, say
from tickets.clockwork import asked, cut_off, run_on
from tickets.models import Event, Ticket, User
from tickets.refusals import TooLateToReopen
from tickets.states import Act


@transaction.atomic
def reopen(
    *,
    ticket: Ticket,
    by: User | None,
    at: datetime,
    reason: str = "",
    text: str = "",
    attachments: Files = (),
) -> Ticket:
    """Take up a solved ticket again; the promises that its end fulfilled run on (reading 7).

    Staff may at any time, customers while it may be taken up. `text` is what a customer says about
    it in public; who is not the requester says something.
    """
    ticket, at = locked(ticket, at)
    status = move(ticket, Act.REOPEN)
    metrics = [Metric.RESOLUTION, *cut_off(ticket)]
    says = False
    if by is not None and acts_as_customer(by, ticket):
        if not may_be_taken_up(ticket, at):
            raise TooLateToReopen
        notifications.customer_replied(ticket, by=by, at=at, words="Not solved: open again.")
        says = bool(text.strip()) or by.pk != ticket.requester_id
        reason = reason or "Taken up again by the customer."
    if by is not None and says:
        say(ticket, by=by, text=text, at=at, is_public=True, attachments=attachments)
    run_on(ticket, metrics=metrics, by=by, at=at, status=status, reason=reason)
    if by is not None and says:
        asked(ticket, by=by, at=at)
    return done(ticket, Event.Kind.REOPENED, by=by, at=at, detail=reason)


def may_be_taken_up(ticket: Ticket, at: datetime) -> bool:
    """Whether a customer may reopen it: for REOPEN_DAYS after it was solved, or closed."""
    solved_at = ticket.closed_at or ticket.resolved_at
    days = timedelta(days=settings.REOPEN_DAYS)
    if ticket.closed_as:
        return False
    return not ticket.is_unsolved and solved_at is not None and at <= solved_at + days


def takes_customer_replies(ticket: Ticket, at: datetime) -> bool:
    """Whether `reply` lets a customer write: what was solved too long ago is over for him."""
    fits = ticket.is_unsolved or may_be_taken_up(ticket, at)
    return fits and ticket.may(Act.CUSTOMER_REPLY)
