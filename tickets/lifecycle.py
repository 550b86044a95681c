"""The verbs that change a ticket.

Each is atomic, locks the ticket's row first, keeps the clocks, writes one Event, queues the mail
that follows, and returns the ticket as it is now. `at` is when it happens; `by` is who does it.
A refusal is an exception of `tickets.refusals`, whose text is the sentence to show.
"""

from __future__ import annotations

from datetime import datetime

from django.db import IntegrityError, transaction

from sla import clocks
from sla.models import Clock, Condition, Metric, Priority
from tickets import cues, notices, notifications, pool
from tickets.acts import (
    Files,
    Mail,
    acts_as_customer,
    begin_holding,
    done,
    locked,
    move,
    must_be_staff,
    say,
)
from tickets.clockwork import asked, owed, responded, run_on, stand_still, stop_waiting
from tickets.engineering import escalate_to_engineering, return_from_engineering
from tickets.models import Availability, Event, Mailbox, RequestType, Team, Ticket, User
from tickets.refusals import (
    HandsBackNow,
    NobodyHasIt,
    NotAnAgent,
    NothingToAssign,
    NotTheRequester,
    SamePriority,
    TooLateToReopen,
)
from tickets.states import Act, Status
from tickets.taking_up import may_be_taken_up, reopen, takes_customer_replies

__all__ = [
    "add_note", "assign", "change_priority", "close", "customer_wrote", "escalate_to_engineering",
    "hand_back", "may_be_taken_up", "open_ticket", "owed", "reopen", "reply", "resolve", "resume",
    "return_from_engineering", "takes_customer_replies", "wait_for_customer",
]  # fmt: skip


def open_ticket(
    *,
    requester: User,
    subject: str,
    text: str,
    at: datetime,
    request_type: RequestType | None = None,
    priority: Priority | None = None,
    share_of_users: int | None = None,
    channel: str = Ticket.Channel.WEB,
    attachments: Files = (),
    nonce: str | None = None,
    mailbox: Mailbox | None = None,
    mail: Mail | None = None,
    acknowledge: bool = True,
) -> Ticket:
    """Accept a request: start its clocks and acknowledge it with the promised times.

    The priority is the given one, else the request type's, else the default one (reading 5).
    The same `nonce` again answers with the ticket that it made the first time. `mailbox` and `mail`
    are those of a request that came by mail.
    """
    if priority is None and request_type is not None:
        priority = request_type.priority_for(share_of_users)
    ticket = Ticket(
        subject=subject,
        requester=requester,
        organization=requester.organization,
        request_type=request_type,
        share_of_users=share_of_users,
        priority=priority or Priority.objects.get(is_default=True),
        team=(mailbox and mailbox.team) or (request_type.team if request_type else None),
        channel=channel,
        mailbox=mailbox,
        nonce=nonce,
        submitted_at=at,
        updated_at=at,
        acted_at=at,
    )
    try:
        with transaction.atomic():
            ticket.save(force_insert=True)
            begin_holding(ticket)
            started = _accept(ticket, text=text, attachments=attachments, at=at, mail=mail)
            if acknowledge:
                notices.acknowledged(ticket, started, at=at)
            return ticket
    except IntegrityError:
        first = Ticket.objects.filter(nonce=nonce).first() if nonce else None
        if first is None:
            raise
        return first


@transaction.atomic
def reply(
    *,
    ticket: Ticket,
    by: User,
    text: str,
    at: datetime,
    attachments: Files = (),
    channel: str = Ticket.Channel.WEB,
    mail: Mail | None = None,
) -> Ticket:
    """Say something in public: an agent's answer to the customer, or the customer's own message.

    The first public message of an agent is the first response (reading 4). A customer's message
    ends the waiting for it, and reopens a resolved ticket while it may be taken up.
    """
    ticket, at = locked(ticket, at)
    if acts_as_customer(by, ticket):
        was, status = ticket.status, move(ticket, Act.CUSTOMER_REPLY)
        if not takes_customer_replies(ticket, at):
            raise TooLateToReopen
        say(
            ticket, by=by, text=text, at=at, is_public=True, attachments=attachments,
            channel=channel, mail=mail,
        )  # fmt: skip
        return customer_wrote(ticket, by=by, at=at, was=was, status=status)
    ticket.status = move(ticket, Act.REPLY)
    message = say(ticket, by=by, text=text, at=at, is_public=True, attachments=attachments)
    responded(ticket, by=by, at=at)
    notices.replied(ticket, message, at=at)
    return done(ticket, Event.Kind.REPLIED, by=by, at=at)


@transaction.atomic
def add_note(
    *, ticket: Ticket, by: User, text: str, at: datetime, attachments: Files = ()
) -> Ticket:
    """Add an internal note: the customer never sees it, and no clock minds it."""
    ticket, at = locked(ticket, at)
    must_be_staff(by)
    say(ticket, by=by, text=text, at=at, is_public=False, attachments=attachments)
    return done(ticket, Event.Kind.NOTED, by=by, at=at, moves_clocks=False)


@transaction.atomic
def assign(
    *,
    ticket: Ticket,
    by: User | None,
    at: datetime,
    assignee: User | None = None,
    team: Team | None = None,
    reason: str = "",
) -> Ticket:
    """Hand the ticket to an agent, a team, or both; what is None stays as it is."""
    ticket, at = locked(ticket, at)
    if assignee is not None and not (assignee.is_staff and assignee.is_active):
        raise NotAnAgent
    new_assignee = assignee is not None and assignee.pk != ticket.assignee_id
    new_team = team is not None and team.pk != ticket.team_id
    if not (new_assignee or new_team):
        raise NothingToAssign
    status = move(ticket, Act.ASSIGN)
    if new_assignee:
        if Availability.objects.handing_back(at).filter(user=assignee).exists():
            raise HandsBackNow
        ticket.assignee, ticket.status = assignee, status
        notifications.assigned(ticket, by=by, at=at)
    if new_team:
        ticket.team = team
        pool.entered(ticket)
    names = [str(to) for to, new in ((assignee, new_assignee), (team, new_team)) if new]
    detail = f"To {', '.join(names)}. {reason}".rstrip()
    return done(ticket, Event.Kind.ASSIGNED, by=by, at=at, detail=detail, moves_clocks=False)


@transaction.atomic
def hand_back(*, ticket: Ticket, by: User | None, at: datetime, reason: str = "") -> Ticket:
    """Nobody has the ticket any more: it is back in its team's pool."""
    ticket, at = locked(ticket, at)
    ticket.status = move(ticket, Act.HAND_BACK)
    if ticket.assignee is None:
        raise NobodyHasIt
    detail = f"By {ticket.assignee}{': ' + reason if reason else '.'}"
    ticket.assignee = None
    pool.entered(ticket)
    return done(ticket, Event.Kind.HANDED_BACK, by=by, at=at, detail=detail, moves_clocks=False)


@transaction.atomic
def change_priority(
    *, ticket: Ticket, priority: Priority, by: User | None, at: datetime, reason: str = ""
) -> Ticket:
    """Raise or lower the priority, and put the new targets in place (reading 8)."""
    ticket, at = locked(ticket, at)
    move(ticket, Act.CHANGE_PRIORITY)
    before = ticket.priority
    if priority == before:
        raise SamePriority
    ticket.priority = priority
    detail = f"From {before.code} to {priority.code}{': ' + reason if reason else '.'}"
    clocks.change_priority(
        ticket_id=ticket.pk,
        policy=ticket.policy,
        before=before,
        after=priority,
        owed=owed(ticket),
        at=at,
        by=by,
        reason=detail[:500],
    )
    stand_still(ticket, by=by, at=at, reason=detail)
    return done(ticket, Event.Kind.PRIORITY_CHANGED, by=by, at=at, detail=detail)


@transaction.atomic
def wait_for_customer(*, ticket: Ticket, by: User | None, at: datetime, reason: str = "") -> Ticket:
    """The next move is the customer's: the clocks that the policy names stand still."""
    ticket, at = locked(ticket, at)
    ticket.status = move(ticket, Act.WAIT)
    clocks.pause(
        ticket_id=ticket.pk,
        condition=Condition.WAITING_FOR_CUSTOMER,
        at=at,
        by=by,
        reason=reason[:500],
    )
    return done(ticket, Event.Kind.WAITING, by=by, at=at, detail=reason)


@transaction.atomic
def resume(*, ticket: Ticket, by: User | None, at: datetime, reason: str = "") -> Ticket:
    """Stop waiting for the customer."""
    ticket, at = locked(ticket, at)
    stop_waiting(ticket, by=by, at=at, status=move(ticket, Act.RESUME), reason=reason)
    return done(ticket, Event.Kind.RESUMED, by=by, at=at, detail=reason)


@transaction.atomic
def resolve(
    *, ticket: Ticket, by: User, at: datetime, text: str = "", attachments: Files = ()
) -> Ticket:
    """Tell the customer that it is solved. This is the response when there was none (reading 4)."""
    ticket, at = locked(ticket, at)
    must_be_staff(by)
    ticket.status = move(ticket, Act.RESOLVE)
    ticket.resolved_at = at
    ticket.engineering_expected_on = None
    message = say(
        ticket,
        by=by,
        text=text or "We have resolved your request.",
        at=at,
        is_public=True,
        attachments=attachments,
    )
    responded(ticket, by=by, at=at)
    clocks.stop(ticket_id=ticket.pk, metrics=[Metric.RESOLUTION], at=at, by=by, reason="Resolved")
    notices.resolved(ticket, message, at=at)
    return done(ticket, Event.Kind.RESOLVED, by=by, at=at)


@transaction.atomic
def close(*, ticket: Ticket, by: User | None, at: datetime, reason: str = "") -> Ticket:
    """Close for good. The requester may at any time; staff only what has been resolved."""
    ticket, at = locked(ticket, at)
    withdrawn = by is not None and acts_as_customer(by, ticket)
    if by is not None and withdrawn and by.pk != ticket.requester_id:
        raise NotTheRequester
    ticket.status = move(ticket, Act.WITHDRAW if withdrawn else Act.CLOSE)
    ticket.closed_at = at
    ticket.engineering_expected_on = None
    why = "Closed by the customer" if withdrawn else "Closed"
    clocks.stop(ticket_id=ticket.pk, metrics=Metric.values, at=at, by=by, reason=why)
    return done(ticket, Event.Kind.CLOSED, by=by, at=at, detail=reason or f"{why}.")


def _accept(
    ticket: Ticket, *, text: str, attachments: Files, at: datetime, mail: Mail | None
) -> list[Clock]:
    """Everything that follows from a new ticket's row; answers the clocks that began."""
    requester = ticket.requester
    say(
        ticket,
        by=requester,
        text=text,
        at=at,
        is_public=True,
        attachments=attachments,
        channel=ticket.channel,
        mail=mail,
    )
    pool.entered(ticket)
    started = clocks.start(
        ticket_id=ticket.pk,
        policy=ticket.policy,
        priority=ticket.priority,
        metrics=[Metric.FIRST_RESPONSE, Metric.RESOLUTION],
        at=at,
        reason="Submitted",
    )
    if started:
        ticket.next_due_at = min(clock.due_at for clock in started)
        ticket.save(update_fields=["next_due_at"])
    detail = f"{ticket.priority.code}, {ticket.get_channel_display()}."
    cues.write(ticket, Event.Kind.OPENED, by=requester, at=at, detail=detail)
    return started


def customer_wrote(ticket: Ticket, *, by: User, at: datetime, was: str, status: Status) -> Ticket:
    """What follows from a customer's public message; the ticket is locked, the message is there."""
    if was == Status.PENDING:
        stop_waiting(ticket, by=by, at=at, status=status, reason="The customer replied")
    elif was == Status.RESOLVED:
        metrics, why = [Metric.RESOLUTION], "The customer replied"
        run_on(ticket, metrics=metrics, by=by, at=at, status=status, reason=why)
    waits = asked(ticket, by=by, at=at)
    notifications.customer_replied(ticket, by=by, at=at)
    detail = "The ticket is open again." if status != was else ""
    kind, moved = Event.Kind.CUSTOMER_REPLIED, waits or status != was
    return done(ticket, kind, by=by, at=at, detail=detail, moves_clocks=moved)
