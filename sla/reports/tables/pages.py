"""All tables of a page of reports, as they answer one question."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime
from typing import Any
from urllib.parse import parse_qs

from sla.files import Layout, Table
from sla.models import SavedReport
from sla.reports.breaches import Order, all_breaches, breaches_by_reason
from sla.reports.breakdown import Dimension, whole_breakdown
from sla.reports.filters import Engineering
from sla.reports.overview import Overview, Parts, Tickets, overview, swift
from sla.reports.questions import Question
from sla.reports.tables import figures, lists
from sla.reports.tables.figures import Compared, Number, Part, Share, Stretch, Used
from sla.reports.tables.layouts import about


def tables_for(
    page: SavedReport.Page,
    question: Question,
    *,
    at: datetime,
    query: str = "",
    reader: Any = None,
) -> list[Table]:
    """Every table of the page, with all its rows; `query` is the page's whole address.

    Figures are of all tickets, as on the page; breaches are those that the reader sees. ValueError
    where the query asks for what there is not, such as a breakdown by nothing known, and for
    breaches without a reader.
    """
    match page:
        case SavedReport.Page.OVERVIEW:
            return overview_tables(question, at=at)
        case SavedReport.Page.BREAKDOWN:
            by = Dimension(_asked(query, "by") or Dimension.PRIORITY)
            return [breakdown_table(question, by=by, at=at)]
        case SavedReport.Page.BREACHES:
            if reader is None:
                raise ValueError("A list of breaches is what its reader may see: say who reads it.")
            order = Order(_asked(query, "order") or Order.LATENESS)
            return breaches_tables(question, order=order, at=at, reader=reader)


def overview_tables(
    question: Question, *, at: datetime, found: Overview | None = None
) -> list[Table]:
    """The figures of a period, as they stand at that instant, or as they were `found` then."""
    found, asked = found or overview(question, at=at, all_times=True), about(question, at)
    return [layout.table(rows(found), asked) for layout, rows in OF_OVERVIEW]


def overview_table(layout: Layout, question: Question, *, at: datetime) -> Table:
    """One of these tables, with no query more than it needs."""
    rows = next(rows for each, rows in OF_OVERVIEW if each is layout)
    with swift():
        return layout.table(list(rows(Parts(question, at=at))), about(question, at))


def breakdown_table(question: Question, *, by: Dimension, at: datetime) -> Table:
    """Every row of a breakdown, however many there are."""
    rows = whole_breakdown(by=by, period=question.period, at=at, filters=question.filters)
    parts = (Part(by, row) for row in rows)
    return figures.BREAKDOWN.table(parts, about(question, at, by=by.value))


def breaches_tables(question: Question, *, order: Order, at: datetime, reader: Any) -> list[Table]:
    """The broken promises that the reader sees, and how many of them have which reason."""
    scope: dict[str, Any] = {
        "period": question.period,
        "at": at,
        "filters": question.filters,
        "reader": reader,
    }
    asked = about(question, at, order=order.value)
    return [
        lists.BREACHES.table(all_breaches(**scope, order=order), asked),
        figures.BY_REASON.table(breaches_by_reason(**scope), asked),
    ]


def _asked(query: str, name: str) -> str:
    """A field of an address; "" where it is not there."""
    return parse_qs(query.removeprefix("?")).get(name, [""])[-1]


def _rows(found: Overview | Parts) -> list[Compared]:
    before = found.before or {}
    return [Compared(row, before.get((row.priority, row.metric))) for row in found.rows]


def _totals(found: Overview | Parts) -> list[Compared]:
    return [Compared(row, found.totals_before.get(row.metric)) for row in found.totals]


def _shares(found: Overview | Parts) -> Iterator[Share]:
    for row in found.engineering:
        yield Share(row.metric, "all", row.all)
        yield Share(row.metric, Engineering.WITH.value, row.with_it)
        yield Share(row.metric, Engineering.WITHOUT.value, row.without)


def _over_time(found: Overview | Parts) -> list[Stretch]:
    return [Stretch(found.step, row) for row in found.over_time]


def _volume(found: Overview | Parts) -> list[Stretch]:
    return [Stretch(found.step, row) for row in found.volume]


def _used(found: Overview | Parts) -> list[Used]:
    return [
        Used(metric, tenth, number)
        for metric, used in found.used.items()
        for tenth, number in used.items()
    ]


def _numbers(found: Overview | Parts) -> list[Number]:
    before = found.tickets_before
    earlier = _by_figure(before) if before else {}
    now = _by_figure(found.tickets)
    return [Number(figure, number, earlier.get(figure)) for figure, number in now.items()]


def _by_figure(tickets: Tickets) -> dict[str, float | None]:
    given = tickets.satisfaction
    numbers: dict[str, float | None] = {
        figure.value: number for figure, number in tickets.numbers.items()
    }
    return numbers | {"rated": given.ratings, "average_stars": given.average}


# Each table of the overview, and its rows.
OF_OVERVIEW: Sequence[tuple[Layout, Callable[[Overview | Parts], Iterable[Any]]]] = [
    (figures.ATTAINMENT, _rows),
    (figures.TOTALS, _totals),
    (figures.ENGINEERING, _shares),
    (figures.OVER_TIME, _over_time),
    (figures.HEAT_MAP, lambda found: found.heat),
    (figures.TIME_USED, _used),
    (figures.VOLUME, _volume),
    (figures.TICKET_FIGURES, _numbers),
    (figures.AGEING, lambda found: found.ageing),
    (figures.SATISFACTION, lambda found: found.satisfaction.stars),
]
