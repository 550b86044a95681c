"""What a screen on the wall shows: few figures, each read from an index, and nobody's name.

Of a ticket there is its number, its priority and its team; never a subject, a customer or an agent:
everybody who passes by can read it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from django.apps import apps
from django.db.models import Count, F

from sla.models import Clock
from sla.models.clocks import ClockQuerySet
from sla.reports.attainment import TotalRow
from sla.reports.figures import BROKEN, KEPT, promises_of
from sla.reports.periods import Period

NEXT = 5
LATE = 5
# So many late ones are counted; there are "more than" that beyond.
MOST_LATE = 999


@dataclass(frozen=True)
class Due:
    """One promise that is due next, or late."""

    ticket_id: int
    priority: str
    metric: str
    team: str
    due_at: datetime


@dataclass(frozen=True)
class Wall:
    """The figures at one instant. `late` is MOST_LATE + 1 when there are more."""

    open: tuple[tuple[str, str, int], ...]
    next: tuple[Due, ...]
    late: int
    latest: tuple[Due, ...]
    today: tuple[TotalRow, ...]


def wall(*, at: datetime, zone: str) -> Wall:
    """Four queries. Today's attainment is the report's: of the promises made on this local day."""
    day = at.astimezone(ZoneInfo(zone)).date()
    late = _due(Clock.objects.pressing().filter(due_at__lt=at), MOST_LATE + 1)
    return Wall(
        open=_open(),
        next=_due(Clock.objects.running().filter(paused_at=None, due_at__gte=at), NEXT),
        late=len(late),
        latest=late[:LATE],
        today=_made(Period.of_days(day, day, zone), at),
    )


def _open() -> tuple[tuple[str, str, int], ...]:
    """Code, name and number of unsolved tickets of each priority that has any, by rank."""
    tickets = apps.get_model("tickets", "Ticket")._default_manager.filter(  # noqa: SLF001
        status__in=["new", "open", "pending"]
    )
    rows = (
        tickets.values("priority__code", "priority__name")
        .annotate(number=Count("pk"))
        .order_by("priority__rank")
    )
    return tuple((row["priority__code"], row["priority__name"], row["number"]) for row in rows)


def _made(period: Period, at: datetime) -> tuple[TotalRow, ...]:
    """The totals of the report by metric, without its spreads: one query."""
    rows = (
        promises_of(period, at)
        .values("metric")
        .annotate(
            promises=Count("pk"),
            kept=Count("pk", filter=KEPT),
            broken=Count("pk", filter=BROKEN),
        )
        .order_by("metric")
    )
    return tuple(
        TotalRow(row["metric"], row["promises"], row["kept"], row["broken"]) for row in rows
    )


def _due(clocks: ClockQuerySet, most: int) -> tuple[Due, ...]:
    """The first by their deadlines."""
    rows = clocks.order_by("due_at", "pk").values_list(
        "ticket_id", "priority__code", "metric", F("ticket__team__name"), "due_at"
    )[:most]
    return tuple(Due(pk, code, metric, team or "", due) for pk, code, metric, team, due in rows)
