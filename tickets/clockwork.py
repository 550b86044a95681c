"""What a ticket's acts mean for its clocks: what it owes, what was answered, what stands still.

Callers hold the lock on the ticket's row, and save it.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from sla import clocks, promising
from sla.models import Clock, Condition, Metric
from tickets.models import Ticket, User
from tickets.states import Status


def owed(ticket: Ticket) -> promising.Owed:
    """What the ticket owes its customer now, and since when: a solution, and an answer."""
    owes = {Metric.RESOLUTION.value: ticket.submitted_at}
    if ticket.first_responded_at is None:
        owes[Metric.FIRST_RESPONSE.value] = ticket.submitted_at
    elif (taken_over := _first_response_taken_over(ticket)) is not None:
        owes[Metric.FIRST_RESPONSE.value] = taken_over
    elif (asked_at := ticket.unanswered_since()) is not None:
        owes[Metric.NEXT_RESPONSE.value] = asked_at
    return owes


def _first_response_taken_over(ticket: Ticket) -> datetime | None:
    """Since when a first answer is owed to one whose ticket was merged into this one."""
    first = Clock.objects.filter(ticket=ticket, metric=Metric.FIRST_RESPONSE).running()
    since: datetime | None = first.values_list("started_at", flat=True).first()
    return since


def asked(ticket: Ticket, *, by: User, at: datetime) -> bool:
    """The customer waits for the next answer from now on, unless he waits for one already."""
    metric = Metric.NEXT_RESPONSE
    if ticket.first_responded_at is None or clocks.is_running(ticket_id=ticket.pk, metric=metric):
        return False
    reason = "The customer wrote"
    started = clocks.start(
        ticket_id=ticket.pk,
        policy=ticket.policy,
        priority=ticket.priority,
        metrics=[metric],
        at=at,
        by=by,
        reason=reason,
    )
    if started:
        stand_still(ticket, by=by, at=at, reason=reason)
    return bool(started)


def responded(ticket: Ticket, *, by: User, at: datetime) -> None:
    if ticket.first_responded_at is None:
        ticket.first_responded_at = at
    answered = [Metric.FIRST_RESPONSE, Metric.NEXT_RESPONSE]
    clocks.stop(ticket_id=ticket.pk, metrics=answered, at=at, by=by, reason="Answered")


def stop_waiting(
    ticket: Ticket, *, by: User | None, at: datetime, status: Status, reason: str
) -> None:
    ticket.status = status
    clocks.resume(
        ticket_id=ticket.pk,
        condition=Condition.WAITING_FOR_CUSTOMER,
        at=at,
        by=by,
        reason=reason[:500],
    )


def cut_off(ticket: Ticket) -> list[str]:
    """The answers that the ticket still owed when it was closed: closing stopped their clocks."""
    if ticket.closed_at is None:
        return []
    stopped = Clock.objects.filter(ticket=ticket, stopped_at=ticket.closed_at)
    metrics = set(stopped.exclude(metric=Metric.RESOLUTION).values_list("metric", flat=True))
    return sorted(metrics & set(owed(ticket))) if metrics else []


def run_on(
    ticket: Ticket,
    *,
    metrics: Iterable[str],
    by: User | None,
    at: datetime,
    status: Status,
    reason: str,
) -> None:
    ticket.status = status
    ticket.resolved_at = ticket.closed_at = None
    for metric in metrics:
        clocks.reopen(
            ticket_id=ticket.pk,
            metric=metric,
            priority=ticket.priority,
            at=at,
            by=by,
            reason=reason[:500],
        )
    stand_still(ticket, by=by, at=at, reason=reason)


def stand_still(ticket: Ticket, *, by: User | None, at: datetime, reason: str) -> None:
    """Pause the clocks that began, or run on, while the ticket waits already."""
    conditions = {
        Condition.WAITING_FOR_CUSTOMER: ticket.status == Status.PENDING,
        Condition.WITH_ENGINEERING: ticket.with_engineering,
    }
    for condition, holds in conditions.items():
        if holds:
            clocks.pause(
                ticket_id=ticket.pk, condition=condition, at=at, by=by, reason=reason[:500]
            )
