"""The promises behind each number of a report."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.core.paginator import Page, Paginator
from django.db.models import F
from django.db.models.functions import ExtractHour, ExtractIsoWeekDay

from sla.models import hours_of
from sla.models.clocks import ClockQuerySet
from sla.reports.figures import OF_TARGET, USED, Figure, Promised, promises_of
from sla.reports.filters import EVERYTHING, Filters
from sla.reports.names import OF_CLOCKS, Named, named, of_tickets
from sla.reports.periods import Period

PER_PAGE = 50
# Rows that are in memory at once when all of them are wanted.
CHUNK = 2_000


@dataclass(frozen=True)
class PromiseRow(Named):
    """One promise behind a figure. `ended_at` is None while it runs or stands still.

    `late_by` (elapsed) and `late_in_business_time` are from the deadline to the instant that
    decides; None when it is not broken.
    """

    target: Promised
    started_at: datetime
    due_at: datetime
    ended_at: datetime | None
    is_replaced: bool
    is_paused: bool
    is_broken: bool
    late_by: timedelta | None
    late_in_business_time: timedelta | None
    business_seconds: int | None
    assignee: str | None
    team: str | None


@dataclass(frozen=True)
class Part:
    """What a bar or a cell of a chart counts: each that is set narrows the promises."""

    zone: str
    weekday: int | None = None  # 0 is Monday, in the zone's time
    hour: int | None = None
    used: int | None = None  # see figures.USED

    def of(self, promises: ClockQuerySet) -> ClockQuerySet:
        """The promises among these that the part counts."""
        place = ZoneInfo(self.zone)
        if self.weekday is not None:
            day = ExtractIsoWeekDay("started_at", tzinfo=place)
            promises = promises.annotate(weekday_of=day).filter(weekday_of=self.weekday + 1)
        if self.hour is not None:
            hour = ExtractHour("started_at", tzinfo=place)
            promises = promises.annotate(hour_of=hour).filter(hour_of=self.hour)
        if self.used is not None:
            promises = promises.annotate(used=USED).filter(used=self.used)
        return promises


def clocks_behind(
    *,
    figure: Figure,
    period: Period,
    at: datetime,
    filters: Filters = EVERYTHING,
    part: Part | None = None,
    page: int | str = 1,
    reader: Any,
) -> tuple[list[PromiseRow], Page[Any]]:
    """The promises behind one figure, 50 a page, and the page (its number, how many there are).

    Broken ones come with the latest first, others by their deadlines. An unknown page is the
    nearest one there is. Of tickets that the reader may not see there is no row.
    """
    chosen = _behind(figure, period, at, filters, part, reader)
    found = Paginator(chosen, PER_PAGE).get_page(page)
    return [_promise_row(row) for row in found.object_list], found


def all_clocks_behind(
    *,
    figure: Figure,
    period: Period,
    at: datetime,
    filters: Filters = EVERYTHING,
    part: Part | None = None,
    reader: Any,
) -> Iterator[PromiseRow]:
    """The same, all of them, a part at a time."""
    chosen = _behind(figure, period, at, filters, part, reader)
    return map(_promise_row, chosen.iterator(CHUNK))


def _behind(
    figure: Figure, period: Period, at: datetime, filters: Filters, part: Part | None, reader: Any
) -> Any:
    chosen = promises_of(period, at, figure, filters).visible_to(reader)
    chosen = chosen if part is None else part.of(chosen)
    order = F("due_at") - F("end_at") if figure is Figure.BROKEN else F("due_at")
    return _with_names(chosen).order_by(order, "pk")


def _with_names(clocks: Any) -> Any:
    """Values of clocks with the names that a list shows, in one query."""
    return clocks.values(
        *OF_CLOCKS, *OF_TARGET, "calendar_version_id", "started_at", "due_at", "stopped_at",
        "superseded_at", "paused_at", "end_at", "business_seconds",
        **of_tickets(),
    )  # fmt: skip


def _promise_row(row: dict[str, Any]) -> PromiseRow:
    due, end = row["due_at"], row["end_at"]
    is_broken = end > due
    return PromiseRow(
        **named(row),
        target=Promised.of(row),
        started_at=row["started_at"],
        due_at=due,
        ended_at=row["stopped_at"] or row["superseded_at"],
        is_replaced=row["superseded_at"] is not None,
        is_paused=row["paused_at"] is not None,
        is_broken=is_broken,
        late_by=end - due if is_broken else None,
        late_in_business_time=(
            hours_of(row["calendar_version_id"]).between(due, end) if is_broken else None
        ),
        business_seconds=row["business_seconds"],
        assignee=row["assignee"],
        team=row["team"],
    )
