"""What will be broken next, and what is due on which day, against how much gets solved.

Read from running promises by their deadlines alone: what is due within hours or days, never all
that is open. A promise that stands still is not in it, for its deadline draws no nearer.

Business hours are those of each promise's own calendar. The rate of solving is that of the last ten
days on which the default calendar was open, today left out: solved tickets of each team by open
hour of that calendar.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.apps import apps
from django.core.paginator import Page, Paginator
from django.db.models import Count, F, OuterRef, Q, Subquery
from django.db.models.functions import TruncDate

from sla.core.hours import Hours, NeverOpen
from sla.models import CalendarVersion, Clock, hours_of
from sla.models.clocks import ClockQuerySet
from sla.reports.behind import CHUNK, PER_PAGE
from sla.reports.filters import NOBODY
from sla.reports.names import of_tickets
from sla.reports.periods import Period

# In business hours.
HORIZONS = (4, 8, 24)
DAYS_AHEAD = 7
DAYS_OF_RATE = 10
# No calendar that serves anybody is closed for longer than that between ten open days.
DAYS_LOOKED_BACK = 60
DAY = timedelta(days=1)


@dataclass(frozen=True)
class DueRow:
    """The tickets of one team and priority with a promise that is due within each horizon.

    `team` is NOBODY, with an empty name, for tickets without one. A ticket counts once.
    """

    team: int
    team_name: str
    priority: str
    within: Mapping[int, int]


@dataclass(frozen=True)
class Rate:
    """How much was solved: tickets by team, in so many open hours since an instant."""

    since: datetime
    until: datetime
    days: int
    hours: float
    solved: Mapping[int, int]

    def expected(self, team: int, business_hours: int) -> int | None:
        """Whole tickets that the team solves in that time; None where no hour was open."""
        if not self.hours:
            return None
        return int(self.solved.get(team, 0) * business_hours / self.hours)


@dataclass(frozen=True)
class Load:
    """The promises of one team by the local day on which they are due."""

    team: int
    team_name: str
    due: Mapping[date, int]


@dataclass(frozen=True)
class Ahead:
    """A question about what comes: each that is set narrows it down.

    `within` is a horizon in business hours, `day` a local day; neither: the next seven days.
    """

    team: int | None = None
    priority: str = ""
    within: int | None = None
    day: date | None = None


def due_soon(*, at: datetime) -> list[DueRow]:
    """The tickets due within each horizon, by team and rank; a ticket counts once. Two queries."""
    horizons = {hours: _within(hours, at) for hours in HORIZONS}
    rows: Any = (
        _upcoming(at)
        .filter(horizons[max(HORIZONS)])
        .values("ticket__team", "ticket__team__name", "ticket__priority__code")
        .annotate(
            **{
                f"within_{hours}": Count("ticket", filter=condition, distinct=True)
                for hours, condition in horizons.items()
            }
        )
        .order_by(F("ticket__team__name").asc(nulls_last=True), "ticket__priority__rank")
    )
    return [
        DueRow(
            team=row["ticket__team"] or NOBODY,
            team_name=row["ticket__team__name"] or "",
            priority=row["ticket__priority__code"],
            within={hours: row[f"within_{hours}"] for hours in HORIZONS},
        )
        for row in rows
    ]


def rate_of_solving(*, at: datetime) -> Rate | None:
    """The rate of the last ten open days; None where the default calendar tells none. Two queries.

    Spam and merged tickets were not solved.
    """
    version = CalendarVersion.objects.filter(
        pk=F("calendar__current_version"), calendar__policies__is_default=True
    ).first()
    if version is None:
        return None
    hours = hours_of(version.pk)
    days = _open_days_before(at, hours, version.time_zone)
    if not days:
        return None
    worked = Period.of_days(days[-1], days[0], version.time_zone)
    solved = apps.get_model("tickets", "Ticket")._default_manager.filter(  # noqa: SLF001
        status__in=["resolved", "closed"],
        closed_as="",
        resolved_at__gte=worked.start,
        resolved_at__lt=worked.end,
    )
    by_team = solved.order_by().values("team").annotate(solved=Count("pk"))
    return Rate(
        since=worked.start,
        until=worked.end,
        days=len(days),
        hours=hours.between(worked.start, worked.end) / timedelta(hours=1),
        solved={row["team"] or NOBODY: row["solved"] for row in by_team},
    )


def load(*, at: datetime, zone: str) -> tuple[list[date], list[Load]]:
    """The next seven local days, today first, and what is due on them by team. One query.

    Of today what is still to come.
    """
    place = ZoneInfo(zone)
    days = days_ahead(at, zone)
    week = Period.of_days(days[0], days[-1], zone)
    rows = (
        _upcoming(at)
        .filter(due_at__lt=week.end)
        .annotate(day=TruncDate("due_at", tzinfo=place))
        .values("day", "ticket__team", "ticket__team__name")
        .annotate(due=Count("pk"))
        .order_by(F("ticket__team__name").asc(nulls_last=True))
    )
    names: dict[int, str] = {}
    due: defaultdict[int, dict[date, int]] = defaultdict(dict)
    for row in rows:
        team = row["ticket__team"] or NOBODY
        names[team] = row["ticket__team__name"] or ""
        due[team][row["day"]] = row["due"]
    return days, [Load(team, name, due[team]) for team, name in names.items()]


def promises_ahead(
    *, ahead: Ahead, at: datetime, zone: str, page: int | str = 1, reader: Any
) -> tuple[list[dict[str, Any]], Page[Any]]:
    """The running promises behind a number, by their deadlines, 50 a page.

    Within a horizon a ticket is there once, by what is due first, for so it is counted.
    """
    found = Paginator(_chosen(ahead, at, zone, reader), PER_PAGE).get_page(page)
    return [_with_time_left(row, at) for row in found.object_list], found


def all_promises_ahead(
    *, ahead: Ahead, at: datetime, zone: str, reader: Any
) -> Iterator[dict[str, Any]]:
    """The same, all of them, a part at a time."""
    found = _chosen(ahead, at, zone, reader).iterator(CHUNK)
    return (_with_time_left(row, at) for row in found)


def _chosen(ahead: Ahead, at: datetime, zone: str, reader: Any) -> Any:
    chosen = _upcoming(at).visible_to(reader)
    if ahead.within is not None:
        chosen = chosen.filter(_within(ahead.within, at))
    days = [ahead.day] * 2 if ahead.day else days_ahead(at, zone)
    if ahead.day or ahead.within is None:
        spell = Period.of_days(days[0], days[-1], zone)
        chosen = chosen.filter(due_at__gte=spell.start, due_at__lt=spell.end)
    if ahead.team is not None:
        chosen = chosen.filter(ticket__team=ahead.team or None)
    if ahead.priority:
        chosen = chosen.filter(ticket__priority__code=ahead.priority)
    if ahead.within is not None:
        first = chosen.filter(ticket=OuterRef("ticket")).order_by("due_at", "pk")
        chosen = chosen.filter(pk=Subquery(first.values("pk")[:1]))
    return _with_names(chosen).order_by("due_at", "pk")


def days_ahead(at: datetime, zone: str) -> list[date]:
    """The next seven local days, today first."""
    today = at.astimezone(ZoneInfo(zone)).date()
    return [today + number * DAY for number in range(DAYS_AHEAD)]


def _upcoming(at: datetime) -> ClockQuerySet:
    """Running promises that are not late yet and do not stand still."""
    upcoming: ClockQuerySet = Clock.objects.running().filter(paused_at=None, due_at__gt=at)
    return upcoming


def _within(business_hours: int, at: datetime) -> Q:
    """Due within so many business hours of the promise's own calendar.

    A calendar that is never open so long has no promise that is due by then.
    """
    until: defaultdict[datetime, list[int]] = defaultdict(list)
    for version_id in CalendarVersion.objects.order_by("pk").values_list("pk", flat=True):
        with suppress(NeverOpen, OverflowError, ValueError):
            until[hours_of(version_id).add(at, timedelta(hours=business_hours))].append(version_id)
    if not until:
        return Q(pk__in=[])
    due = Q()
    for instant, versions in until.items():
        due |= Q(calendar_version__in=versions, due_at__lte=instant)
    # What the index of deadlines is read by.
    return Q(due_at__lte=max(until)) & due


def _open_days_before(at: datetime, hours: Hours, zone: str) -> list[date]:
    """The last ten local days with any open time before today, the last one first."""
    today, found = at.astimezone(ZoneInfo(zone)).date(), []
    for back in range(1, DAYS_LOOKED_BACK + 1):
        day = today - back * DAY
        whole = Period.of_days(day, day, zone)
        if hours.between(whole.start, whole.end):
            found.append(day)
        if len(found) == DAYS_OF_RATE:
            break
    return found


def _with_names(clocks: ClockQuerySet) -> Any:
    return clocks.values(
        "pk", "ticket_id", "metric", "due_at", "calendar_version_id", "target_unit",
        **of_tickets(),
    )  # fmt: skip


def _with_time_left(row: dict[str, Any], at: datetime) -> dict[str, Any]:
    """With `left`, the business time of its own calendar until it is due."""
    return row | {"left": hours_of(row["calendar_version_id"]).between(at, row["due_at"])}
