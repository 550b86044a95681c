"""Promises that nobody was made: those of spam count in no report, unless it is none after all."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from sla.models import Clock, ClockEvent
from sla.models.clocks import ClockQuerySet

if TYPE_CHECKING:
    from typing import Any

    type Person = Any  # Of settings.AUTH_USER_MODEL, which lives above this floor.


def void(*, ticket_id: int, at: datetime, by: Person | None, reason: str = "") -> None:
    """Let no clock of the ticket count. All have ended before."""
    counted = Clock.objects.filter(ticket_id=ticket_id, voided_at=None)
    _record(counted, ClockEvent.Kind.VOIDED, at=at, by=by, reason=reason)
    counted.update(voided_at=at)


def restore(*, ticket_id: int, at: datetime, by: Person | None, reason: str = "") -> None:
    """Let the clocks of the ticket count again."""
    void_ones = Clock.objects.filter(ticket_id=ticket_id, voided_at__isnull=False)
    _record(void_ones, ClockEvent.Kind.RESTORED, at=at, by=by, reason=reason)
    void_ones.update(voided_at=None)


def _record(
    clocks: ClockQuerySet, kind: ClockEvent.Kind, *, at: datetime, by: Person | None, reason: str
) -> None:
    ClockEvent.objects.bulk_create(
        ClockEvent(
            clock=clock, kind=kind, at=at, by=by, reason=reason[:500],
            due_before=clock.due_at, due_after=clock.due_at,
        )
        for clock in clocks
    )  # fmt: skip
