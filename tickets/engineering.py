"""Engineering takes a ticket, says when it expects to be done, and gives it back."""

from __future__ import annotations

from datetime import date, datetime
from zoneinfo import ZoneInfo

from django.db import transaction

from sla import clocks
from sla.models import Condition
from tickets.acts import done, locked, move
from tickets.models import Event, Ticket, User
from tickets.refusals import AlreadyWithEngineering, NotWithEngineering, PastDate, SameExpectation
from tickets.states import Act


@transaction.atomic
def escalate_to_engineering(
    *,
    ticket: Ticket,
    by: User | None,
    at: datetime,
    reason: str = "",
    expected_on: date | None = None,
) -> Ticket:
    """Mark the ticket as with engineering. It keeps its clocks, unless the policy pauses them.

    The customer reads `expected_on`, a date in the calendar's zone, and never the reason.
    """
    ticket, at = locked(ticket, at)
    if ticket.with_engineering:
        raise AlreadyWithEngineering
    ticket.status = move(ticket, Act.TO_ENGINEERING)
    ticket.with_engineering = True
    ticket.engineering_reason = reason[:500]
    ticket.engineering_expected_on = _expected(ticket, expected_on, at)
    clocks.pause(
        ticket_id=ticket.pk,
        condition=Condition.WITH_ENGINEERING,
        at=at,
        by=by,
        reason=reason[:500],
    )
    detail = " ".join(filter(None, [reason, _expected_words(expected_on) if expected_on else ""]))
    return done(ticket, Event.Kind.TO_ENGINEERING, by=by, at=at, detail=detail)


@transaction.atomic
def expect(
    *,
    ticket: Ticket,
    by: User | None,
    at: datetime,
    expected_on: date | None = None,
    reason: str = "",
) -> Ticket:
    """Change the date that engineering expects, or take it back (None); the customer reads it."""
    ticket, at = locked(ticket, at)
    move(ticket, Act.EXPECT)
    if not ticket.with_engineering:
        raise NotWithEngineering
    if expected_on == ticket.engineering_expected_on:
        raise SameExpectation
    ticket.engineering_expected_on = _expected(ticket, expected_on, at)
    said = _expected_words(expected_on) if expected_on else "No date is expected any more."
    detail = f"{said} {reason}".rstrip()
    return done(ticket, Event.Kind.EXPECTED, by=by, at=at, detail=detail, moves_clocks=False)


@transaction.atomic
def return_from_engineering(
    *, ticket: Ticket, by: User | None, at: datetime, reason: str = ""
) -> Ticket:
    """Take the ticket back from engineering."""
    ticket, at = locked(ticket, at)
    if not ticket.with_engineering:
        raise NotWithEngineering
    ticket.status = move(ticket, Act.FROM_ENGINEERING)
    ticket.with_engineering = False
    ticket.engineering_reason, ticket.engineering_expected_on = "", None
    clocks.resume(
        ticket_id=ticket.pk,
        condition=Condition.WITH_ENGINEERING,
        at=at,
        by=by,
        reason=reason[:500],
    )
    return done(ticket, Event.Kind.FROM_ENGINEERING, by=by, at=at, detail=reason)


def _expected(ticket: Ticket, on: date | None, at: datetime) -> date | None:
    """The date, if it is not over where the ticket's calendar is. Raises PastDate."""
    today = at.astimezone(ZoneInfo(ticket.policy.calendar.time_zone)).date()
    if on is not None and on < today:
        raise PastDate
    return on


def _expected_words(on: date) -> str:
    return f"Expected on {on:%-d %B %Y}."
