"""The broken promises of a period: how late, what paused them, who had them, and why."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from itertools import batched, chain
from typing import Any

from django.core.paginator import Page, Paginator
from django.db.models import Count, F, Subquery

from sla.models import BreachNote, Clock, Pause, hours_of
from sla.reports.behind import CHUNK, PER_PAGE
from sla.reports.figures import OF_TARGET, Figure, Promised, promises_of
from sla.reports.filters import (
    EVERYTHING,
    NOBODY,
    Filters,
    holdings_that_decide,
    present_notes,
)
from sla.reports.names import OF_CLOCKS, Named, named, of_promises, person
from sla.reports.periods import Period


class Order(StrEnum):
    """How breaches are sorted; lateness is the elapsed one."""

    LATENESS = "lateness"
    DUE = "due"
    DUE_LAST = "due_last"


ORDERS = {
    Order.LATENESS: (F("due_at") - F("end_at"), F("pk")),
    Order.DUE: (F("due_at"), F("pk")),
    Order.DUE_LAST: (F("due_at").desc(), F("pk").desc()),
}


@dataclass(frozen=True)
class Standing:
    """All pauses of one clock for one reason that began before its deadline.

    `elapsed` is their length day and night, `business` in opening hours; a pause that goes on is
    counted until the instant that decides.
    """

    reason: str
    times: int
    elapsed: timedelta
    business: timedelta


@dataclass(frozen=True)
class BreachRow(Named):
    """One broken promise. `team` and `agent` had the ticket at its deadline; None for nobody.

    `late_by` (elapsed) and `late_in_business_time` are from the deadline to the instant that
    decides; `is_open` while nothing has ended it and it gets later still.
    """

    target: Promised
    due_at: datetime
    ended_at: datetime | None
    is_open: bool
    late_by: timedelta
    late_in_business_time: timedelta
    pauses: Sequence[Standing]
    team: str | None
    agent: str | None
    reason: str | None
    note: str | None


@dataclass(frozen=True)
class ReasonRow:
    """How many breaches were put down to one reason; `key` is NOBODY for those without one."""

    key: int
    name: str
    breaches: int
    share: float


def breaches(
    *,
    period: Period,
    at: datetime,
    filters: Filters = EVERYTHING,
    order: Order = Order.LATENESS,
    page: int | str = 1,
    reader: Any,
) -> tuple[list[BreachRow], Page[Any]]:
    """The broken promises made in the period, 50 a page, and the page: three queries.

    Of tickets that the reader may not see there is no row. An unknown page is the nearest one.
    """
    found = Paginator(_broken(period, at, filters, order, reader), PER_PAGE).get_page(page)
    return _rows(list(found.object_list)), found


def all_breaches(
    *,
    period: Period,
    at: datetime,
    filters: Filters = EVERYTHING,
    order: Order = Order.LATENESS,
    reader: Any,
) -> Iterator[BreachRow]:
    """The same, all of them: one query, and one more for each part of them."""
    found = _broken(period, at, filters, order, reader).iterator(CHUNK)
    return chain.from_iterable(map(_rows, batched(found, CHUNK)))


def breach(*, clock: int, at: datetime, reader: Any) -> BreachRow | None:
    """This one broken promise; None where there is none that the reader sees. Two queries."""
    broken = Clock.objects.counted_in_reports().visible_to(reader).breached(at).filter(pk=clock)
    rows = _rows(list(with_causes(broken)))
    return rows[0] if rows else None


def breaches_by_reason(
    *, period: Period, at: datetime, filters: Filters = EVERYTHING, reader: Any
) -> list[ReasonRow]:
    """How many breaches have which reason, the most frequent first; one query."""
    notes = present_notes()
    broken: Any = promises_of(period, at, Figure.BROKEN, filters).visible_to(reader)
    rows = list(
        broken.annotate(
            key=Subquery(notes.values("reason_id")[:1]),
            name=Subquery(notes.values("reason__name")[:1]),
        )
        .values("key", "name")
        .annotate(breaches=Count("pk"))
        .order_by("-breaches", "name")
    )
    total = sum(row["breaches"] for row in rows)
    return [
        ReasonRow(
            key=NOBODY if row["key"] is None else row["key"],
            name=row["name"] or "",
            breaches=row["breaches"],
            share=100 * row["breaches"] / total,
        )
        for row in rows
    ]


def said_about(clock: int) -> list[BreachNote]:
    """All that was said about this breach, the last first; one query."""
    rows = BreachNote.objects.filter(clock=clock).select_related("reason", "by")
    return list(rows.order_by("-at", "-pk"))


def with_causes(broken: Any) -> Any:
    """Values of these clocks with all that a row of breaches shows, in one query."""
    held, notes = holdings_that_decide().annotate(who=person("assignee")), present_notes()
    return broken.values(
        *OF_CLOCKS, *OF_TARGET, "calendar_version_id", "due_at", "stopped_at", "superseded_at",
        "paused_at", "end_at",
        **of_promises(),
        team=Subquery(held.values("team__name")[:1]),
        agent=Subquery(held.values("who")[:1]),
        reason=Subquery(notes.values("reason__name")[:1]),
        note=Subquery(notes.values("note")[:1]),
    )  # fmt: skip


def _broken(period: Period, at: datetime, filters: Filters, order: Order, reader: Any) -> Any:
    broken = promises_of(period, at, Figure.BROKEN, filters).visible_to(reader)
    return with_causes(broken).order_by(*ORDERS[order])


def _rows(rows: Sequence[Mapping[str, Any]]) -> list[BreachRow]:
    pauses = _pauses(rows)
    return [_row(row, pauses.get(row["pk"], [])) for row in rows]


def _pauses(rows: Sequence[Mapping[str, Any]]) -> dict[int, list[Standing]]:
    """What stood still before the deadline, by clock and reason, in the order of time."""
    clocks = {row["pk"]: row for row in rows}
    found: dict[tuple[int, str], list[tuple[datetime, datetime]]] = defaultdict(list)
    for pause in Pause.objects.filter(clock__in=clocks).order_by("started_at", "pk"):
        row = clocks[pause.clock_id]
        if pause.started_at < row["due_at"]:
            until = min(pause.ended_at or row["end_at"], row["end_at"])
            span = pause.started_at, max(pause.started_at, until)
            found[pause.clock_id, pause.reason].append(span)
    standing: dict[int, list[Standing]] = defaultdict(list)
    for (clock_id, reason), spans in found.items():
        hours = hours_of(clocks[clock_id]["calendar_version_id"])
        standing[clock_id].append(
            Standing(
                reason=str(Pause.Reason(reason).label),
                times=len(spans),
                elapsed=sum((end - start for start, end in spans), timedelta()),
                business=sum((hours.between(*span) for span in spans), timedelta()),
            )
        )
    return standing


def _row(row: Mapping[str, Any], pauses: Sequence[Standing]) -> BreachRow:
    due, end = row["due_at"], row["end_at"]
    ended_at = row["stopped_at"] or row["superseded_at"]
    return BreachRow(
        **named(row),
        target=Promised.of(row),
        due_at=due,
        ended_at=ended_at,
        is_open=ended_at is None and row["end_at"] != row["paused_at"],
        late_by=end - due,
        late_in_business_time=hours_of(row["calendar_version_id"]).between(due, end),
        pauses=pauses,
        team=row["team"],
        agent=row["agent"],
        reason=row["reason"],
        note=row["note"],
    )
