"""All figures of a question on one page, and what they were in the period before."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, fields
from datetime import datetime
from functools import cached_property
from typing import Any

from django.db import connection, transaction

from sla.models import Metric
from sla.reports.attainment import (
    AttainmentRow,
    TotalRow,
    counts,
    engineering,
    totals,
    with_times,
)
from sla.reports.hours import HeatCell, HourRow, TimeRow, by_hour, heat, over_time
from sla.reports.periods import step_of
from sla.reports.questions import ELAPSED, Question, default_hours
from sla.reports.spreads import KINDS
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

    @property
    def satisfaction(self) -> Satisfaction:
        """What requesters thought."""
        return self.tickets.satisfaction


class Parts:
    """The same figures, each of them reckoned when it is asked for first: a table needs a few."""

    def __init__(
        self, question: Question, *, at: datetime, kinds: Collection[str] = tuple(KINDS)
    ) -> None:
        self.question, self.at, self.kinds = question, at, kinds
        self.step = step_of(question.period)
        self._scope: dict[str, Any] = {
            "period": question.period,
            "at": at,
            "filters": question.filters,
        }

    @cached_property
    def rows(self) -> Sequence[AttainmentRow]:
        return with_times(self._counts, **self._scope, kinds=self.kinds)

    @cached_property
    def totals(self) -> Sequence[TotalRow]:
        return totals(self._counts.values())

    @cached_property
    def before(self) -> Mapping[tuple[str, str], AttainmentRow] | None:
        earlier = self.question.before
        if earlier is None:
            return None
        found = counts(period=earlier.period, at=self.at, filters=self.question.filters)
        return {(row.priority, row.metric): row for row in found.values()}

    @cached_property
    def totals_before(self) -> Mapping[str, TotalRow]:
        return {row.metric: row for row in totals((self.before or {}).values())}

    @cached_property
    def engineering(self) -> Sequence[EngineeringRow]:
        return _shared_out(self.totals, engineering(**self._scope))

    @cached_property
    def over_time(self) -> Sequence[TimeRow]:
        period, zone = self.question.period, self.question.zone
        return over_time(self._hours, period=period, zone=zone, step=self.step)

    @cached_property
    def heat(self) -> Sequence[HeatCell]:
        return heat(self._hours)

    @cached_property
    def used(self) -> Mapping[str, Mapping[int, int]]:
        return _used(self.rows)

    @cached_property
    def tickets(self) -> Tickets:
        return _tickets(self.question, _summed(self.volume))

    @cached_property
    def tickets_before(self) -> Tickets | None:
        earlier = self.question.before
        if earlier is None:
            return None
        return _tickets(earlier, turns_in(period=earlier.period, filters=earlier.filters))

    @cached_property
    def satisfaction(self) -> Satisfaction:
        """As `tickets` has it."""
        return satisfaction(period=self.question.period, filters=self.question.filters)

    @cached_property
    def volume(self) -> Sequence[VolumeRow]:
        return volume(**self._scope, zone=self.question.zone, step=self.step)

    @cached_property
    def ageing(self) -> Sequence[AgeRow]:
        opening = default_hours()
        if opening is None:
            return []
        return ageing(at=self.at, hours=opening, filters=self.question.filters)

    @cached_property
    def _counts(self) -> Mapping[tuple[int, str], AttainmentRow]:
        return counts(**self._scope)

    @cached_property
    def _hours(self) -> Sequence[HourRow]:
        return by_hour(**self._scope, zone=self.question.zone)


def overview(question: Question, *, at: datetime, all_times: bool = False) -> Overview:
    """What the page of a question shows; always the same number of queries for a kind of period.

    Promises have the times that the question asks for, and `all_times` for files.
    """
    shown = ("elapsed" if question.times == ELAPSED else "business", "counted")
    with swift():
        parts = Parts(question, at=at, kinds=tuple(KINDS) if all_times else shown)
        return Overview(**{field.name: getattr(parts, field.name) for field in fields(Overview)})


@contextmanager
def swift() -> Iterator[None]:
    """A transaction in which figures are reckoned: compiling takes longer than it saves."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL jit = off; SET LOCAL work_mem = '32MB'")
        yield


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
