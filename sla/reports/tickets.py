"""The tickets behind each number of a report."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.core.paginator import Page, Paginator
from django.db.models import Case, F, QuerySet, Sum, When

from sla.reports.behind import CHUNK, PER_PAGE
from sla.reports.filters import EVERYTHING, Filters, rows_of
from sla.reports.names import person
from sla.reports.periods import Period
from sla.reports.volume import KINDS, OUT, TURNS, TicketFigure, submitted, unsolved


@dataclass(frozen=True)
class Listed:
    """Which tickets a list shows beside the figure: of AGE and BACKLOG, of RATED."""

    after: datetime | None = None
    until: datetime | None = None
    stars: int | None = None


def tickets_behind(
    *,
    figure: TicketFigure,
    period: Period,
    at: datetime,
    filters: Filters = EVERYTHING,
    listed: Listed | None = None,
    page: int | str = 1,
    reader: Any,
) -> Page[Any]:
    """What is behind a number, as dicts with the ticket's id, its names, and when it happened.

    A ticket that was solved twice in the period is there twice, as it counts twice. 50 a page.
    """
    found = _behind(figure, period, at, filters, listed or Listed(), reader)
    return Paginator(found, PER_PAGE).get_page(page)


def all_tickets_behind(
    *,
    figure: TicketFigure,
    period: Period,
    at: datetime,
    filters: Filters = EVERYTHING,
    listed: Listed | None = None,
    reader: Any,
) -> Iterator[dict[str, Any]]:
    """The same, all of them, a part at a time."""
    found = _behind(figure, period, at, filters, listed or Listed(), reader)
    rows: Iterator[dict[str, Any]] = found.iterator(CHUNK)
    return rows


def _behind(
    figure: TicketFigure,
    period: Period,
    at: datetime,
    filters: Filters,
    listed: Listed,
    reader: Any,
) -> Any:
    if figure is TicketFigure.AGE:
        tickets = unsolved().filter(submitted(listed.after, listed.until or at))
        return _named(filters.of_tickets(tickets, "pk"), "", "submitted_at", reader)
    if figure is TicketFigure.BACKLOG:
        tickets = _standing(min(listed.until or period.end, at))
        return _named(filters.of_tickets(tickets, "pk"), "", "submitted_at", reader)
    if figure is TicketFigure.RATED:
        rows = rows_of("Rating").filter(at__gte=period.start, at__lt=period.end)
        rows = rows.filter(stars=listed.stars) if listed.stars else rows
    else:
        wanted = {"turn": TURNS[figure]} if figure in TURNS else {"kind": KINDS[figure]}
        rows = rows_of("Event").filter(**wanted, at__gte=period.start, at__lt=period.end)
    return _named(filters.of_tickets(rows), "ticket__", "at", reader)


def _standing(end: datetime) -> QuerySet[Any]:
    """The tickets that had come in and were not solved by then."""
    turns = rows_of("Event").exclude(turn="").filter(at__lt=end).order_by()
    balances = turns.values("ticket").annotate(
        balance=Sum(Case(When(turn=OUT, then=-1), default=1))
    )
    return rows_of("Ticket").filter(pk__in=balances.filter(balance__gt=0).values("ticket"))


def _named(rows: QuerySet[Any], prefix: str, when: str, reader: Any) -> Any:
    """Values of the rows, of whose tickets the reader sees each."""
    seen = rows_of("Ticket").visible_to(reader)  # type: ignore[attr-defined]
    if seen.query.where:
        rows = rows.filter(**{f"{prefix}pk__in": seen.values("pk")})
    names = {
        "number": F(f"{prefix}pk"),
        "title": F(f"{prefix}subject"),
        "company": F(f"{prefix}organization__name"),
        "code": F(f"{prefix}priority__code"),
        "stands": F(f"{prefix}status"),
        "came": F(f"{prefix}submitted_at"),
        "who": person(f"{prefix}assignee"),
        "group": F(f"{prefix}team__name"),
        "when": F(when),
    }
    return rows.order_by(when, "pk").values(**names)
