"""Attainment by what the tickets have in common: one row for each, one query."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from django.db.models import Count, F, QuerySet, Subquery

from sla.models.clocks import ClockQuerySet
from sla.reports.behind import CHUNK
from sla.reports.figures import BROKEN, KEPT, Counted, Figure, promises_of
from sla.reports.filters import (
    EVERYTHING,
    NOBODY,
    Filters,
    holdings_that_decide,
    present_notes,
)
from sla.reports.names import person
from sla.reports.periods import Period

# Rows of a breakdown; those with the most broken promises come first.
MOST_ROWS = 200


class Dimension(StrEnum):
    """By what a report is broken down; each is the name of a filter as well."""

    PRIORITY = "priority"
    METRIC = "metric"
    TEAM = "team"
    AGENT = "agent"
    ORGANIZATION = "organization"
    SPOC = "spoc"
    REQUEST_TYPE = "request_type"
    CHANNEL = "channel"
    TAG = "tag"
    REASON = "reason"


@dataclass(frozen=True)
class BreakdownRow(Counted):
    """The promises of one team, agent, organization ...

    `key` is what the filter of the same dimension takes; NOBODY with an empty `name` stands for
    tickets that have none.
    """

    key: int | str
    name: str
    promises: int
    kept: int
    broken: int


def breakdown(
    *, by: Dimension, period: Period, at: datetime, filters: Filters = EVERYTHING
) -> Sequence[BreakdownRow]:
    """One row for each value that occurs, at most MOST_ROWS. One query.

    By tag, a promise counts once for each tag of its ticket; otherwise the rows add up to the
    report's total. Teams and agents are those who had the ticket when the promise was decided.
    """
    return [_row(row) for row in _grouped(by, period, at, filters)[:MOST_ROWS]]


def whole_breakdown(
    *, by: Dimension, period: Period, at: datetime, filters: Filters = EVERYTHING
) -> Iterator[BreakdownRow]:
    """The same, however many rows there are, a part of them at a time."""
    return map(_row, _grouped(by, period, at, filters).iterator(CHUNK))


def _grouped(by: Dimension, period: Period, at: datetime, filters: Filters) -> Any:
    promises: QuerySet[Any, Any] = _keyed(promises_of(period, at, Figure.ALL, filters), by)
    return (
        promises.values("key", "name")
        .annotate(
            promises=Count("pk"),
            kept=Count("pk", filter=KEPT),
            broken=Count("pk", filter=BROKEN),
        )
        .order_by("-broken", "-promises", "name")
    )


def _keyed(promises: ClockQuerySet, by: Dimension) -> Any:
    """With `key` and `name` of what each promise belongs to."""
    match by:
        case Dimension.PRIORITY:
            return promises.annotate(key=F("priority__code"), name=F("priority__name"))
        case Dimension.METRIC:
            return promises.annotate(key=F("metric"), name=F("metric"))
        case Dimension.CHANNEL:
            return promises.annotate(key=F("ticket__channel"), name=F("ticket__channel"))
        case Dimension.TEAM:
            held = holdings_that_decide()
            return promises.annotate(
                key=Subquery(held.values("team_id")[:1]),
                name=Subquery(held.values("team__name")[:1]),
            )
        case Dimension.AGENT:
            held = holdings_that_decide().annotate(who=person("assignee"))
            return promises.annotate(
                key=Subquery(held.values("assignee_id")[:1]), name=Subquery(held.values("who")[:1])
            )
        case Dimension.SPOC:
            spoc = "ticket__organization__spoc"
            return promises.annotate(key=F(spoc), name=person(spoc))
        case Dimension.TAG:
            return promises.annotate(key=F("ticket__tags"), name=F("ticket__tags__name"))
        case Dimension.REASON:
            notes = present_notes()
            return promises.annotate(
                key=Subquery(notes.values("reason_id")[:1]),
                name=Subquery(notes.values("reason__name")[:1]),
            )
    return promises.annotate(key=F(f"ticket__{by}"), name=F(f"ticket__{by}__name"))


def _row(row: Mapping[str, Any]) -> BreakdownRow:
    return BreakdownRow(
        key=NOBODY if row["key"] is None else row["key"],
        name=row["name"] or "",
        promises=row["promises"],
        kept=row["kept"],
        broken=row["broken"],
    )
