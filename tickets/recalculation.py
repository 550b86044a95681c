"""Reckon the deadlines of open tickets anew, after a change of a calendar or a policy."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from django.db.models import OuterRef, Subquery

from sla import recalculation
from sla.models import Clock
from tickets.models import Ticket

# One run ends long before Celery's time limits; beat lets the next one go on.
LONGEST_RUN_SECONDS = 30.0


def go_on(*, at: datetime, seconds: float = LONGEST_RUN_SECONDS) -> int:
    """Work on what people asked for; answers how many clocks it has come to."""
    return recalculation.go_on(at=at, seconds=seconds, on_moved=_find_next_due)


def _find_next_due(ticket_ids: Sequence[int]) -> None:
    """Put the tickets where they belong in the queue; `sla.clocks.next_due` for many at once."""
    pressing = Clock.objects.filter(ticket=OuterRef("pk")).pressing().order_by("due_at")
    Ticket.objects.filter(pk__in=ticket_ids).update(
        next_due_at=Subquery(pressing.values("due_at")[:1])
    )
