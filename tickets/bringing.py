"""Bring a ticket in from another desk, with the facts as they were there."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction

from sla import clocks
from sla.models import Condition, Metric, Priority
from tickets.acts import begin_holding
from tickets.models import Event, Message, Organization, Tag, Team, Ticket, User
from tickets.states import UNSOLVED, Status


@dataclass(frozen=True)
class Facts:
    """What the other desk knew of a ticket. Times without a value did not come."""

    reference: str
    subject: str
    text: str
    status: Status
    priority: Priority
    channel: str
    submitted_at: datetime
    team: Team | None = None
    assignee: User | None = None
    organization: Organization | None = None
    tags: Sequence[str] = ()
    answer: str = ""
    first_responded_at: datetime | None = None
    resolved_at: datetime | None = None
    closed_at: datetime | None = None


@transaction.atomic
def bring_in(*, facts: Facts, requester: User, by: User, at: datetime, source: str) -> Ticket:
    """Make the ticket, and tell nobody: no mail, no rule, no escalation of what is past.

    What is solved gets no clocks: nothing was promised for it here. What is unsolved is promised
    from `at` on. Raises IntegrityError for a reference that was brought in before.
    """
    unsolved = facts.status in UNSOLVED
    ticket = Ticket.objects.create(
        external_reference=facts.reference,
        subject=facts.subject,
        requester=requester,
        organization=facts.organization or requester.organization,
        priority=facts.priority,
        status=facts.status,
        team=facts.team,
        assignee=facts.assignee,
        channel=facts.channel,
        submitted_at=facts.submitted_at,
        first_responded_at=facts.first_responded_at,
        resolved_at=facts.resolved_at,
        closed_at=facts.closed_at,
        updated_at=at,
        acted_at=at,
    )
    begin_holding(ticket)
    if facts.tags:
        ticket.tags.set([Tag.objects.get_or_create(name=name)[0] for name in facts.tags])
    _conversation(ticket, facts, requester, by)
    if unsolved:
        _promise(ticket, by=by, at=at)
    # Not by `cues.write`: no rule follows from what happened elsewhere.
    Event.objects.create(
        ticket=ticket,
        kind=Event.Kind.IMPORTED,
        at=at,
        by=by,
        detail=source,
        state=ticket.state,
        # To the backlog an unsolved one comes in now; a solved one was never in it.
        turn=Event.Turn.IN if unsolved else "",
    )
    return ticket


def _conversation(ticket: Ticket, facts: Facts, requester: User, by: User) -> None:
    said = [(requester, False, facts.text, facts.submitted_at)]
    if facts.answer and facts.first_responded_at is not None:
        said.append((facts.assignee or by, True, facts.answer, facts.first_responded_at))
    Message.objects.bulk_create(
        Message(
            ticket=ticket, author=author, by_staff=by_staff, is_public=True, text=text,
            channel=facts.channel, sent_at=sent_at,
        )
        for author, by_staff, text, sent_at in said
    )  # fmt: skip


def _promise(ticket: Ticket, *, by: User, at: datetime) -> None:
    answered = ticket.first_responded_at is not None
    started = clocks.start(
        ticket_id=ticket.pk,
        policy=ticket.policy,
        priority=ticket.priority,
        metrics=[Metric.RESOLUTION, *([] if answered else [Metric.FIRST_RESPONSE])],
        at=at,
        by=by,
        reason="Brought in from another desk",
    )
    if started and ticket.status == Status.PENDING:
        condition = Condition.WAITING_FOR_CUSTOMER
        clocks.pause(ticket_id=ticket.pk, condition=condition, at=at, by=by, reason="As it came")
    ticket.next_due_at = clocks.next_due(ticket.pk)
    ticket.save(update_fields=["next_due_at"])
