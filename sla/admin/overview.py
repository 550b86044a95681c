"""The figures of the overview as its page shows them: in words, with links and differences."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.utils.formats import number_format

from sla.admin.chart import (
    Cell,
    Chart,
    clocks_link,
    over_time_chart,
    tickets_link,
    used_chart,
    volume_chart,
)
from sla.core.week import WEEKDAYS
from sla.models import Metric
from sla.reports import AgeRow, HeatCell, Overview, Question, TicketFigure
from sla.reports.words import TICKET_FIGURES, how_many, stars_in_words
from sla.templatetags.figures import percent

LEVELS = 5


@dataclass(frozen=True)
class Card:
    """One figure in large letters; `before` says what it was in the period before, or ""."""

    title: str
    words: str
    link: str
    before: str
    detail: str = ""


@dataclass(frozen=True)
class Heat:
    """One cell of the heat map: how many, with a level from 0 to LEVELS for its shade."""

    number: int
    level: int
    link: str
    says: str


def shown(found: Overview, question: Question) -> dict[str, Any]:
    """What the template needs, by name."""
    return {
        "rows": found.rows,
        "totals": found.totals,
        "before": question.before,
        "differences": _differences(found),
        "cards": [*_metric_cards(found, question), *_ticket_cards(found, question)],
        "engineering": found.engineering,
        "chart": over_time_chart(found.over_time, step=found.step, question=question),
        "volume": _volume(found, question),
        "used": _used(found, question),
        "heat": _heat_map(found.heat, question),
        "hours": [f"{hour:02}" for hour in range(24)],
        "ageing": [_age(row, question) for row in found.ageing],
        "stars": [
            (stars, Cell(f"{number:,}", tickets_link(
                question, figure=TicketFigure.RATED.value, stars=stars,
            ) if number else ""))
            for stars, number in found.tickets.satisfaction.stars
        ],
        "ratings": found.tickets.satisfaction.ratings,
    }  # fmt: skip


def _differences(found: Overview) -> dict[tuple[str, str], str]:
    """By priority and metric, what attainment was in the period before."""
    rows = (found.before or {}).items()
    return {key: percent(row.attainment) for key, row in rows if row.attainment is not None}


def _metric_cards(found: Overview, question: Question) -> list[Card]:
    cards = []
    for total in found.totals:
        earlier = found.totals_before.get(total.metric)
        was = percent(earlier.attainment) if earlier else ""
        cards.append(
            Card(
                title=str(Metric(total.metric).label),
                words=f"{percent(total.attainment)} kept"
                if total.attainment is not None
                else "Nothing decided yet",
                link=clocks_link(question, metric=total.metric, figure="decided")
                if total.attainment is not None
                else "",
                before=was or ("nothing decided" if found.before is not None else ""),
                detail=f"{total.kept:,} kept, {total.broken:,} broken, "
                f"{total.running:,} still running",
            )
        )
    return cards


def _ticket_cards(found: Overview, question: Question) -> list[Card]:
    earlier = found.tickets_before
    cards = [
        Card(
            title=TICKET_FIGURES[figure],
            words=f"{number:,}",
            link=tickets_link(question, figure=figure.value) if number else "",
            before=f"{earlier.numbers[figure]:,}" if earlier else "",
        )
        for figure, number in found.tickets.numbers.items()
    ]
    given = found.tickets.satisfaction
    was = earlier.satisfaction.average if earlier else None
    rated = Card(
        title="Satisfaction",
        words=stars_in_words(given),
        link=tickets_link(question, figure=TicketFigure.RATED.value) if given.ratings else "",
        before="" if earlier is None else "nobody rated" if was is None else number_format(was, 1),
        detail=how_many(given.ratings, "rating"),
    )
    return [*cards, rated]


def _volume(found: Overview, question: Question) -> Chart | None:
    """None where nothing moved and nothing stayed."""
    if not any(row.backlog or row.came_in or row.solved for row in found.volume):
        return None
    return volume_chart(found.volume, step=found.step, question=question)


def _used(found: Overview, question: Question) -> list[Chart]:
    charts = [used_chart(metric, used, question=question) for metric, used in found.used.items()]
    return [chart for chart in charts if chart.rows]


def _heat_map(cells: Sequence[HeatCell], question: Question) -> list[tuple[str, list[Heat]]]:
    """A row for each weekday, a cell for each hour; [] where nothing was promised."""
    by_place = {(cell.weekday, cell.hour): cell for cell in cells}
    most = max((cell.promises for cell in cells), default=0)
    if not most:
        return []

    def heat(weekday: int, hour: int) -> Heat:
        cell = by_place.get((weekday, hour), HeatCell(weekday, hour, 0, 0, 0))
        link = clocks_link(question, figure="all", weekday=weekday, hour=hour)
        return Heat(
            cell.promises,
            -(-LEVELS * cell.promises // most),
            link if cell.promises else "",
            f"{WEEKDAYS[weekday]} {hour:02}:00: {how_many(cell.promises, 'promise')}, "
            f"{cell.broken:,} of them broken",
        )

    return [(day, [heat(n, hour) for hour in range(24)]) for n, day in enumerate(WEEKDAYS)]


def _age(row: AgeRow, question: Question) -> tuple[str, Cell]:
    link = tickets_link(question, figure=TicketFigure.AGE.value, days=row.days)
    return age_in_words(row.days, row.below), Cell(f"{row.tickets:,}", link if row.tickets else "")


def age_in_words(days: int, below: int | None) -> str:
    """Such as "2 to 5 business days"."""
    if below is None:
        return f"{days} business days and more"
    if days == 0:
        return f"Less than {below} business day{'' if below == 1 else 's'}"
    return f"{days} to {below} business days"
