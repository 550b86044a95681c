"""Lets the demo happen: every act at its time, and between them the escalations that were due."""

from __future__ import annotations

import heapq
from collections.abc import Callable
from datetime import datetime, timedelta

from django.db import transaction

from sla.models import Clock
from tickets import escalation
from tickets.management.demo_desk.people import People
from tickets.management.demo_desk.planning import Planner
from tickets.management.demo_desk.setting import Setting, Step
from tickets.models import Delivery, Ticket

NEVER_SENT = "Made by the demo; never sent."
# As often as the sweep of a real desk comes by.
SWEEP_PERIOD = timedelta(seconds=10)

type OnProgress = Callable[[int, int], None]


@transaction.atomic
def make(
    people: People,
    *,
    tickets: int,
    days: int,
    seed: int,
    at: datetime,
    on_progress: OnProgress = lambda done, of: None,
) -> list[int]:
    """Make so many tickets over the days before `at`; answers their primary keys, oldest first.

    The same seed and `at` give the same desk. All of it appears at once, or not at all: a sweep
    that runs meanwhile must not see a ticket in the middle of its past. Mail is written and
    cancelled. Raises NotReady, or Policy.DoesNotExist before load_policy.
    """
    setting = Setting.of_desk(people, seed=seed)
    plan = Planner(setting, start=at - timedelta(days=days), end=at).steps(tickets)
    past = _Days()
    for done, step in enumerate(plan, start=1):
        past.do(step)
        on_progress(done, len(plan))
    past.escalate(until=at)
    made = [ticket.pk for ticket in past.tickets.values()]
    Delivery.objects.unsettled().filter(ticket__in=made).update(
        state=Delivery.State.CANCELLED, last_error=NEVER_SENT
    )
    return made


class _Days:
    """The desk's past as it goes by: acts, and the escalation steps that fall due between them."""

    def __init__(self) -> None:
        self.tickets: dict[int, Ticket] = {}
        # When a ticket's next escalation step is due at the earliest, and which ticket's it is.
        self._upcoming: list[tuple[datetime, int]] = []

    def do(self, step: Step) -> None:
        self.escalate(until=step.at)
        known = {"ticket": self.tickets[step.ticket]} if step.turn else {}
        self.tickets[step.ticket] = step.act(at=step.at, **known)
        if step.may_hasten:
            self._look_ahead(step.ticket, after=step.at)

    def escalate(self, *, until: datetime) -> None:
        """Fire what is due up to then, each step at its own moment."""
        while self._upcoming and self._upcoming[0][0] <= until:
            at, number = heapq.heappop(self._upcoming)
            if (due := self._next_step(number)) is not None:
                if due <= at:
                    escalation.fire_due_steps(at=at)
                self._look_ahead(number, after=at + SWEEP_PERIOD)

    def _look_ahead(self, number: int, *, after: datetime) -> None:
        """Note when the ticket's next step is due; one that a change put into the past, now."""
        if (due := self._next_step(number)) is not None:
            heapq.heappush(self._upcoming, (max(due, after), number))

    def _next_step(self, number: int) -> datetime | None:
        if not self.tickets[number].is_unsolved:
            return None
        clocks = Clock.objects.filter(ticket=self.tickets[number], next_step_at__isnull=False)
        times = clocks.running().order_by("next_step_at").values_list("next_step_at", flat=True)
        return times.first()
