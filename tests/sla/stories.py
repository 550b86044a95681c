"""Stories of November 2026 about one ticket and its clocks, in the words of the policy.

Times are local to Kolkata. A P3 of Monday 2 November 10:00 is answered by Tuesday 3 10:00 and
resolved by Monday 9 10:00.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from sla.models import Clock, Metric
from tests import factories
from tickets import lifecycle
from tickets.models import Ticket, User

FIRST = Metric.FIRST_RESPONSE
RESOLUTION = Metric.RESOLUTION
SECOND = timedelta(seconds=1)

type Span = tuple[datetime, datetime]


def last(ticket: Ticket, metric: str) -> Clock:
    """The clock that began last."""
    return Clock.objects.filter(ticket=ticket, metric=metric).latest("pk")


def of_priority(ticket: Ticket, code: str, metric: str = RESOLUTION) -> Clock:
    found = Clock.objects.filter(ticket=ticket, metric=metric, priority__code=code)
    return found.latest("pk")


def due(ticket: Ticket) -> tuple[datetime, datetime]:
    """The promised times of the first response and of the resolution."""
    return last(ticket, FIRST).due_at, last(ticket, RESOLUTION).due_at


def change(ticket: Ticket, code: str, by: User | None, at: datetime, reason: str = "") -> Ticket:
    return lifecycle.change_priority(
        ticket=ticket, priority=factories.priority(code), by=by, at=at, reason=reason
    )


def wait(ticket: Ticket, spans: list[Span]) -> None:
    """Wait for the customer in each of these spans."""
    for start, end in spans:
        lifecycle.wait_for_customer(ticket=ticket, by=None, at=start)
        lifecycle.resume(ticket=ticket, by=None, at=end)


def ledger(clock: Clock) -> list[tuple[Any, ...]]:
    """What is on record: kind, when, by whom, why, the deadline before and after."""
    return list(clock.events.values_list("kind", "at", "by", "reason", "due_before", "due_after"))
