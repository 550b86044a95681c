"""How many tickets came in, were solved and stayed, told by the events that said so at the time."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from itertools import pairwise
from typing import Any
from zoneinfo import ZoneInfo

from django.db.models import Case, Count, Q, QuerySet, Sum, Value, When
from django.db.models.functions import Coalesce

from sla.core.hours import Hours
from sla.reports.filters import EVERYTHING, Filters, rows_of
from sla.reports.hours import bins_of, shown, stretch_of
from sla.reports.periods import Period

IN, OUT, AGAIN = "in", "out", "again"
# How many open days old a ticket of the backlog is at least; the last one is open to the top.
AGES = (0, 1, 2, 5, 10, 20)
STARS = (5, 4, 3, 2, 1)
# What is counted: rows. Their numbers are not in the indexes, which are enough to count.
EACH = Value(1)


class TicketFigure(StrEnum):
    """A number of tickets in a report, by which they are asked for."""

    CAME_IN = "came_in"
    SOLVED = "solved"
    REOPENED = "reopened"
    BACKLOG = "backlog"
    AGE = "age"
    ENGINEERING = "engineering"
    ESCALATED = "escalated"
    RATED = "rated"


TURNS = {TicketFigure.CAME_IN: IN, TicketFigure.SOLVED: OUT, TicketFigure.REOPENED: AGAIN}
KINDS = {
    TicketFigure.ENGINEERING: "to_engineering",
    TicketFigure.ESCALATED: "escalated_by_customer",
}


@dataclass(frozen=True)
class VolumeRow:
    """One stretch: what came in, was solved and reopened in it, and what was unsolved at its end.

    `backlog` is None for a stretch that has not begun yet.
    """

    starts: date
    came_in: int
    solved: int
    reopened: int
    backlog: int | None


@dataclass(frozen=True)
class AgeRow:
    """Unsolved tickets that are at least `days` open days old, and less than the next row's.

    Submitted in (after, until]; None: without a bound.
    """

    days: int
    below: int | None
    after: datetime | None
    until: datetime
    tickets: int


@dataclass(frozen=True)
class Satisfaction:
    """What requesters thought: how many gave each number of stars, the best first."""

    stars: Sequence[tuple[int, int]]

    @property
    def ratings(self) -> int:
        return sum(number for _, number in self.stars)

    @property
    def average(self) -> float | None:
        total = sum(stars * number for stars, number in self.stars)
        return total / self.ratings if self.ratings else None


def volume(
    *, period: Period, at: datetime, zone: str, step: str, filters: Filters = EVERYTHING
) -> list[VolumeRow]:
    """Each stretch from the first to the last. Three queries.

    An event counts when it happened; what the ticket has become since then does not matter, but
    for spam and merged tickets, which count nowhere. The backlog is what is unsolved now without
    what came since: most periods end now, and begin long after the first ticket.
    """
    place, end = ZoneInfo(zone), min(period.end, max(at, period.start))
    turns = filters.of_tickets(rows_of("Event").exclude(turn=""))
    since = turns.filter(at__gte=end).aggregate(
        balance=Coalesce(Sum(Case(When(turn=OUT, then=-1), default=1)), 0)
    )
    standing = filters.of_tickets(unsolved(), "pk").count() - since["balance"]
    hours = (
        turns.filter(at__gte=period.start, at__lt=end)
        .annotate(hour_of=bins_of("at", period, zone))
        .values_list("hour_of")
        .annotate(
            came_in=Count(EACH, filter=Q(turn=IN)),
            solved=Count(EACH, filter=Q(turn=OUT)),
            reopened=Count(EACH, filter=Q(turn=AGAIN)),
        )
        .order_by()
    )
    sums: dict[date, list[int]] = defaultdict(lambda: [0, 0, 0])
    for hour, *numbers in hours:
        sum_ = sums[stretch_of(hour.astimezone(place).date(), step)]
        for i, number in enumerate(numbers):
            sum_[i] += number
    standing -= sum(came_in + reopened - solved for came_in, solved, reopened in sums.values())
    today, rows = at.astimezone(place).date(), []
    for day in shown(period, zone, step, sums):
        came_in, solved, reopened = sums.get(day, (0, 0, 0))
        standing += came_in + reopened - solved
        backlog = standing if day <= today else None
        rows.append(VolumeRow(day, came_in, solved, reopened, backlog))
    return rows


def ageing(*, at: datetime, hours: Hours, filters: Filters = EVERYTHING) -> list[AgeRow]:
    """The present backlog by age, in open days of these hours, as the policy counts them.

    One query, which reads only tickets that are unsolved.
    """
    spans = [age_span(hours, at, days) for days in AGES]
    counted = {
        f"age{days}": Count(EACH, filter=submitted(*span))
        for days, span in zip(AGES, spans, strict=True)
    }
    found = filters.of_tickets(unsolved(), "pk").aggregate(**counted)
    return [
        AgeRow(days, below, *span, found[f"age{days}"])
        for days, below, span in zip(AGES, (*AGES[1:], None), spans, strict=True)
    ]


def age_span(hours: Hours, at: datetime, days: int) -> tuple[datetime | None, datetime]:
    """When what is so many of AGES open days old was submitted: in (after, until]."""
    below = dict(pairwise((*AGES, None)))[days]
    until = oldest_below(hours, at, days) if days else at
    return None if below is None else oldest_below(hours, at, below), until


def oldest_below(hours: Hours, at: datetime, days: int) -> datetime:
    """The latest instant from which so many open days have passed by now: see `Hours.add_days`.

    Found by halving, to the second: the end of so many open days never comes earlier for what
    began later.
    """
    late, early = at, at - timedelta(days=days)
    while hours.add_days(early, days) > at:
        early -= timedelta(days=2 * days)
    while late - early > timedelta(seconds=1):
        middle = early + (late - early) / 2
        if hours.add_days(middle, days) <= at:
            early = middle
        else:
            late = middle
    return early


def happened(*, period: Period, filters: Filters = EVERYTHING) -> dict[TicketFigure, int]:
    """How often engineering and the customers' escalations were called for in it. One query."""
    events = filters.of_tickets(
        rows_of("Event").filter(
            kind__in=list(KINDS.values()), at__gte=period.start, at__lt=period.end
        )
    )
    found = dict(events.values_list("kind").annotate(count=Count(EACH)).order_by())
    return {figure: found.get(kind, 0) for figure, kind in KINDS.items()}


def turns_in(*, period: Period, filters: Filters = EVERYTHING) -> dict[TicketFigure, int]:
    """How many came in, were solved and reopened in it. One query."""
    turns = filters.of_tickets(
        rows_of("Event").exclude(turn="").filter(at__gte=period.start, at__lt=period.end)
    )
    found = dict(turns.values_list("turn").annotate(count=Count(EACH)).order_by())
    return {figure: found.get(turn, 0) for figure, turn in TURNS.items()}


def satisfaction(*, period: Period, filters: Filters = EVERYTHING) -> Satisfaction:
    """The ratings given in the period. One query."""
    ratings = filters.of_tickets(rows_of("Rating").filter(at__gte=period.start, at__lt=period.end))
    found = dict(ratings.values_list("stars").annotate(count=Count(EACH)).order_by())
    return Satisfaction([(stars, found.get(stars, 0)) for stars in STARS])


def submitted(after: datetime | None, until: datetime) -> Q:
    """Of tickets that came in in (after, until]; None: without a bound."""
    wanted = Q(submitted_at__lte=until)
    return wanted if after is None else wanted & Q(submitted_at__gt=after)


def unsolved() -> QuerySet[Any]:
    """The tickets that are not solved now."""
    return rows_of("Ticket").filter(status__in=["new", "open", "pending"])
