"""How many promises of the last 90 days were kept, for customers, when managers publish that.

The figures are those of the managers' report for "Last 90 days", of all customers together.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from zoneinfo import ZoneInfo

from django.core.cache import cache
from django.db.models import Count
from django.utils.formats import number_format

from sla.models import Metric, Policy
from sla.reports import Period
from sla.reports.figures import BROKEN, KEPT, percentage, promises_of
from tickets.models import PortalSettings

DAYS = 90
FEWEST = 10  # Of fewer promises a share says more about chance than about us.
CACHE_KEY = "portal:attainment"
CACHE_SECONDS = 600

# Code and name of the priority, metric, kept, broken.
Counts = tuple[str, str, str, int, int]


@dataclass(frozen=True)
class Share:
    """How many of the promises that are decided were kept."""

    kept: int
    counted: int

    @property
    def words(self) -> str:
        """Such as "97.4 %" in the reader's way of writing; "" where too few are counted.

        Cut and not rounded, as in the managers' report: nobody reads 100 % who broke a promise.
        """
        if self.counted < FEWEST:
            return ""
        percent = percentage(self.kept, self.counted - self.kept) or 0.0
        is_whole = percent == int(percent)
        return f"{number_format(int(percent * 10) / 10, decimal_pos=0 if is_whole else 1)} %"


@dataclass(frozen=True)
class PriorityRow:
    """One priority, with the names of the columns; None: nothing was promised about that."""

    code: str
    name: str
    cells: Sequence[tuple[str, Share | None]]


@dataclass(frozen=True)
class Attainment:
    """A table: columns are metrics, rows are priorities; no rows: nothing is decided yet."""

    columns: Sequence[str]
    rows: Sequence[PriorityRow]
    days: int = DAYS


def published(*, at: datetime) -> Attainment | None:
    """The figures, at most ten minutes old; None while managers do not publish them."""
    if not PortalSettings.current().publishes_attainment:
        return None
    return _table(cache.get_or_set(CACHE_KEY, partial(_count, at), CACHE_SECONDS) or [])


def _count(at: datetime) -> list[Counts]:
    """Kept and broken promises per priority and metric, by rank. One query beside the zone's.

    Leaner than `reports.attainment`, whose medians sort every promise: a customer waits for this.
    """
    promises = (
        promises_of(_period(at), at)
        .values_list("priority__code", "priority__name", "metric")
        .annotate(kept=Count("pk", filter=KEPT), broken=Count("pk", filter=BROKEN))
        .order_by("priority__rank", "metric")
    )
    return [row for row in promises if row[3] + row[4]]


def _period(at: datetime) -> Period:
    """Whole local days up to today, as the managers' report counts them."""
    zone = Policy.objects.default().calendar.time_zone
    today = at.astimezone(ZoneInfo(zone)).date()
    return Period.of_days(today - timedelta(days=DAYS - 1), today, zone)


def _table(counts: Sequence[Counts]) -> Attainment:
    shares = {
        (code, metric): Share(kept, kept + broken) for code, _, metric, kept, broken in counts
    }
    names = {code: name for code, name, *_ in counts}
    metrics = [metric for metric in Metric if any(row[2] == metric for row in counts)]
    rows = [
        PriorityRow(
            code,
            name,
            [(str(metric.label), shares.get((code, metric.value))) for metric in metrics],
        )
        for code, name in names.items()
    ]
    return Attainment([str(metric.label) for metric in metrics], rows)
