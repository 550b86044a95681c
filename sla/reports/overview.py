"""All figures of a question on one page, and what they were in the period before."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import connection, transaction

from sla.models import Metric
from sla.reports.attainment import (
    AttainmentRow,
    TotalRow,
    attainment,
    counts,
    engineering,
    totals,
)
from sla.reports.hours import HeatCell, TimeRow, by_hour, heat, over_time
from sla.reports.periods import step_of
from sla.reports.questions import Question, default_hours
from sla.reports.volume import (
    AgeRow,
    Satisfaction,
    TicketFigure,
    VolumeRow,
    ageing,
    happened,
    satisfaction,
    turns_in,
    volume,
)


@dataclass(frozen=True)
class Tickets:
    """How many tickets came in, were solved, were reopened, went to engineering, were escalated."""

    numbers: Mapping[TicketFigure, int]
    satisfaction: Satisfaction


@dataclass(frozen=True)
class EngineeringRow:
    """One metric: promises of tickets that engineering was asked about, and the others."""

    metric: str
    all: TotalRow
    with_it: TotalRow
    without: TotalRow


@dataclass(frozen=True)
class Overview:
    """A question's figures. `before` and `tickets_before` are None where there is no period before.

    `before` is by priority and metric. `used` counts fulfilled promises of each metric by the
    tenth of their time in which they were fulfilled (`figures.USED`).
    """

    step: str
    rows: Sequence[AttainmentRow]
    totals: Sequence[TotalRow]
    before: Mapping[tuple[str, str], AttainmentRow] | None
    totals_before: Mapping[str, TotalRow]
    engineering: Sequence[EngineeringRow]
    over_time: Sequence[TimeRow]
    heat: Sequence[HeatCell]
    used: Mapping[str, Mapping[int, int]]
    tickets: Tickets
    tickets_before: Tickets | None
    volume: Sequence[VolumeRow]
    ageing: Sequence[AgeRow]


@transaction.atomic
def overview(question: Question, *, at: datetime) -> Overview:
    """What the page of a question shows; always the same number of queries for a kind of period."""
    _prepare()
    scope: dict[str, Any] = {"period": question.period, "at": at, "filters": question.filters}
    step = step_of(question.period)
    rows = attainment(**scope)
    hours = by_hour(**scope, zone=question.zone)
    summed = totals(rows)
    earlier = question.before
    before = None
    if earlier is not None:
        found = counts(period=earlier.period, at=at, filters=question.filters)
        before = {(row.priority, row.metric): row for row in found.values()}
    opening = default_hours()
    moved = volume(**scope, zone=question.zone, step=step)
    return Overview(
        step=step,
        rows=rows,
        totals=summed,
        before=before,
        totals_before={row.metric: row for row in totals((before or {}).values())},
        engineering=_shared_out(summed, engineering(**scope)),
        over_time=over_time(hours, period=question.period, zone=question.zone, step=step),
        heat=heat(hours),
        used=_used(rows),
        tickets=_tickets(question, _summed(moved)),
        tickets_before=None
        if earlier is None
        else _tickets(earlier, turns_in(period=earlier.period, filters=earlier.filters)),
        volume=moved,
        ageing=ageing(at=at, hours=opening, filters=question.filters) if opening else [],
    )


def _prepare() -> None:
    """Settings of this transaction: compiling takes longer than what is compiled saves."""
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL jit = off; SET LOCAL work_mem = '32MB'")


def _tickets(question: Question, turns: Mapping[TicketFigure, int]) -> Tickets:
    scope: dict[str, Any] = {"period": question.period, "filters": question.filters}
    return Tickets({**turns, **happened(**scope)}, satisfaction(**scope))


def _summed(rows: Sequence[VolumeRow]) -> dict[TicketFigure, int]:
    """What `turns_in` would ask for once more."""
    return {
        TicketFigure.CAME_IN: sum(row.came_in for row in rows),
        TicketFigure.SOLVED: sum(row.solved for row in rows),
        TicketFigure.REOPENED: sum(row.reopened for row in rows),
    }


def _shared_out(summed: Sequence[TotalRow], asked: Sequence[TotalRow]) -> Sequence[EngineeringRow]:
    by_metric = {row.metric: row for row in asked}
    found = []
    for total in summed:
        of_it = by_metric.get(total.metric, TotalRow(total.metric, 0, 0, 0))
        rest = TotalRow(
            total.metric,
            total.promises - of_it.promises,
            total.kept - of_it.kept,
            total.broken - of_it.broken,
        )
        found.append(EngineeringRow(total.metric, total, of_it, rest))
    return found


def _used(rows: Sequence[AttainmentRow]) -> dict[str, dict[int, int]]:
    sums: dict[str, Counter[int]] = {}
    for row in rows:
        sums.setdefault(row.metric, Counter()).update(row.used)
    order = [metric for metric in Metric.values if metric in sums]
    return {metric: dict(sorted(sums[metric].items())) for metric in order}
