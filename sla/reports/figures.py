"""What each figure of a report counts; the package's docstring has the definitions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from django.db.models import Case, F, FloatField, Func, IntegerField, Q, Value, When
from django.db.models.functions import Cast, Ceil, Greatest, Least, NullIf

from sla.models import Clock
from sla.models.clocks import ClockQuerySet
from sla.reports.filters import EVERYTHING, Filters
from sla.reports.periods import Period

KEPT = Q(stopped_at__lte=F("due_at"))
BROKEN = Q(end_at__gt=F("due_at"))

# The tenths of its time, from start to deadline, after which a promise was fulfilled: 10 is the
# last one in time, 11 the first one late, MOST_USED stands for all beyond. None: not fulfilled.
MOST_USED = 21


class Seconds(Func):
    """A span of time in seconds, as a float."""

    template = "date_part('epoch', %(expressions)s)"
    output_field = FloatField()


USED = Case(
    When(
        stopped_at__isnull=False,
        then=Cast(
            Least(
                Greatest(
                    Ceil(
                        Value(10.0)
                        * Seconds(F("stopped_at") - F("started_at"))
                        / NullIf(Seconds(F("due_at") - F("started_at")), Value(0.0))
                    ),
                    Value(1.0),
                ),
                Value(float(MOST_USED)),
            ),
            IntegerField(),
        ),
    )
)


class Figure(StrEnum):
    """A number of the report, by which the promises behind it are asked for."""

    ALL = "all"
    KEPT = "kept"
    BROKEN = "broken"
    RUNNING = "running"
    DECIDED = "decided"
    FULFILLED = "fulfilled"


BEHIND: dict[Figure, Q] = {
    Figure.ALL: Q(),
    Figure.KEPT: KEPT,
    Figure.BROKEN: BROKEN,
    Figure.RUNNING: Q(stopped_at=None) & ~BROKEN,
    Figure.DECIDED: KEPT | BROKEN,
    Figure.FULFILLED: Q(stopped_at__isnull=False),
}


@dataclass(frozen=True)
class Promised:
    """A target as clocks have copied it."""

    amount: int
    unit: str
    goal_amount: int | None
    kept_by_lowering: bool

    @classmethod
    def of(cls, row: Mapping[str, Any]) -> Promised:
        """That of a row of values which has OF_TARGET."""
        return cls(*(row[name] for name in OF_TARGET))


# The columns of a clock that have them.
OF_TARGET = ("target_amount", "target_unit", "goal_amount", "kept_by_lowering")


class Counted:
    """Of a row that counts promises: `promises` = kept + broken + running."""

    promises: int
    kept: int
    broken: int

    @property
    def running(self) -> int:
        return self.promises - self.kept - self.broken

    @property
    def attainment(self) -> float | None:
        return percentage(self.kept, self.broken)


def percentage(kept: int, broken: int) -> float | None:
    """Attainment in percent; None when nothing is decided."""
    return 100 * kept / (kept + broken) if kept + broken else None


def promises_of(
    period: Period, at: datetime, figure: Figure = Figure.ALL, filters: Filters = EVERYTHING
) -> ClockQuerySet:
    """The promises made in the period that count, with `end_at`, the instant that decides."""
    made: ClockQuerySet = Clock.objects.filter(
        started_at__gte=period.start, started_at__lt=period.end
    )
    return filters.of(made.counted_in_reports().with_end(at).filter(BEHIND[figure]), at)
