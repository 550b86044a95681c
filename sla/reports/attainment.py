"""How many promises were kept, per priority and metric, and over time: one query each."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import groupby
from typing import Any
from zoneinfo import ZoneInfo

from django.contrib.postgres.aggregates import JSONBAgg
from django.contrib.postgres.fields import ArrayField
from django.db.models import Aggregate, Count, FloatField
from django.db.models.functions import JSONObject, Trunc

from sla.core import deadlines
from sla.reports.figures import BEHIND, BROKEN, KEPT, Figure, Promised, promises_of
from sla.reports.filters import EVERYTHING, Filters
from sla.reports.periods import Period, stretches


@dataclass(frozen=True)
class Spread:
    """Median and 90th percentile, in seconds, interpolated (percentile_cont)."""

    median: float
    ninetieth: float


@dataclass(frozen=True)
class AttainmentRow:
    """One priority and metric in a period; `promises` = kept + broken + running.

    `tickets` are fewer than `promises` when a ticket came back to the priority. The two spreads
    are of fulfilled promises alone, None where there is none: `business` in opening hours of the
    calendar, `counted` as the target itself counts; None too where targets of different units
    meet, because units are never mixed.
    """

    priority: str
    priority_name: str
    metric: str
    targets: Sequence[Promised]
    tickets: int
    promises: int
    kept: int
    broken: int
    business: Spread | None
    counted: Spread | None

    @property
    def running(self) -> int:
        return self.promises - self.kept - self.broken

    @property
    def attainment(self) -> float | None:
        return percentage(self.kept, self.broken)

    @property
    def is_elapsed(self) -> bool:
        """Whether the targets count day and night, so that `counted` differs from `business`."""
        return all(target.unit == deadlines.HOURS for target in self.targets)


@dataclass(frozen=True)
class TotalRow:
    """All priorities together, for one metric."""

    metric: str
    promises: int
    kept: int
    broken: int

    @property
    def running(self) -> int:
        return self.promises - self.kept - self.broken

    @property
    def attainment(self) -> float | None:
        return percentage(self.kept, self.broken)


@dataclass(frozen=True)
class TimeRow:
    """The promises made in one stretch (a day, week or month) that begins at a local date."""

    starts: date
    kept: int
    broken: int
    running: int


class Percentiles(Aggregate):
    """PostgreSQL's percentile_cont for the median and the 90th percentile at once; skips nulls."""

    function = "PERCENTILE_CONT"
    template = "%(function)s(ARRAY[0.5, 0.9]) WITHIN GROUP (ORDER BY %(expressions)s)%(filter)s"
    output_field = ArrayField(FloatField())
    arity = 1


def percentage(kept: int, broken: int) -> float | None:
    """Attainment in percent; None when nothing is decided."""
    return 100 * kept / (kept + broken) if kept + broken else None


def attainment(
    *, period: Period, at: datetime, filters: Filters = EVERYTHING
) -> list[AttainmentRow]:
    """Each priority and metric about which something was promised in the period; one query.

    `at` decides what is late by now; the package's docstring defines every figure.
    """
    of_target = JSONObject(
        amount="target_amount",
        unit="target_unit",
        goal_amount="goal_amount",
        kept_by_lowering="kept_by_lowering",
    )
    fulfilled = BEHIND[Figure.FULFILLED]
    rows = (
        promises_of(period, at, filters=filters)
        .values("priority__code", "priority__name", "metric")
        .annotate(
            tickets=Count("ticket", distinct=True),
            promises=Count("pk"),
            kept=Count("pk", filter=KEPT),
            broken=Count("pk", filter=BROKEN),
            business=Percentiles("business_seconds", filter=fulfilled),
            counted=Percentiles("counted_seconds", filter=fulfilled),
            targets=JSONBAgg(of_target, distinct=True),
        )
        .order_by("priority__rank", "metric")
    )
    return [_attainment_row(row) for row in rows]


def totals(rows: Iterable[AttainmentRow]) -> list[TotalRow]:
    """The sums of the report's rows for each metric, in the order of the metrics' names."""
    by_metric = groupby(sorted(rows, key=lambda row: row.metric), key=lambda row: row.metric)
    found = []
    for metric, group in by_metric:
        same = list(group)
        found.append(
            TotalRow(
                metric=metric,
                promises=sum(row.promises for row in same),
                kept=sum(row.kept for row in same),
                broken=sum(row.broken for row in same),
            )
        )
    return found


def attainment_over_time(
    *, period: Period, at: datetime, zone: str, step: str, filters: Filters = EVERYTHING
) -> list[TimeRow]:
    """Kept, broken and running promises by the local day, week or month they were made in.

    One query. Stretches without a promise are there too, with zeros; the first and the last one
    hold only what lies in the period, so that all rows add up to the table of `attainment`.
    """
    place = ZoneInfo(zone)
    rows = (
        promises_of(period, at, filters=filters)
        .annotate(stretch=Trunc("started_at", step, tzinfo=place))
        .values("stretch")
        .annotate(
            promises=Count("pk"),
            kept=Count("pk", filter=KEPT),
            broken=Count("pk", filter=BROKEN),
        )
    )
    found = {
        row["stretch"].date(): TimeRow(
            starts=row["stretch"].date(),
            kept=row["kept"],
            broken=row["broken"],
            running=row["promises"] - row["kept"] - row["broken"],
        )
        for row in rows
    }
    first = period.start.astimezone(place).date()
    last = (period.end - timedelta(microseconds=1)).astimezone(place).date()
    return [found.get(day, TimeRow(day, 0, 0, 0)) for day in stretches(first, last, step)]


def _attainment_row(row: Mapping[str, Any]) -> AttainmentRow:
    targets = sorted(
        (Promised(**target) for target in row["targets"]),
        key=lambda target: (target.unit, target.amount),
    )
    is_mixed = len({target.unit for target in targets}) > 1
    return AttainmentRow(
        priority=row["priority__code"],
        priority_name=row["priority__name"],
        metric=row["metric"],
        targets=targets,
        tickets=row["tickets"],
        promises=row["promises"],
        kept=row["kept"],
        broken=row["broken"],
        business=_spread(row["business"]),
        counted=None if is_mixed else _spread(row["counted"]),
    )


def _spread(percentiles: list[float] | None) -> Spread | None:
    return Spread(*percentiles) if percentiles else None
