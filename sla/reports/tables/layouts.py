"""What the columns of many tables have in common, and what a table says of its question."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import fields
from datetime import datetime, timedelta
from operator import attrgetter
from typing import Any

from django.conf import settings

from sla.files import Cell, Field, column
from sla.reports.attainment import cut
from sla.reports.figures import Promised
from sla.reports.filters import Filters
from sla.reports.questions import Question

PERCENT = "In percent, cut after the first decimal as on the page: 99.96 is 99.9."
BUSINESS = "In seconds of the opening hours of the promise's own calendar."
ELAPSED = "In seconds, day and night."
METRIC = "first_response, next_response or resolution."


def percent(name: str, title: str, read: str) -> Field:
    """A column of shares."""
    share = attrgetter(read)
    return column(name, title, PERCENT, lambda row: shown(share(row)))


def shown(share: float | None) -> float | None:
    """A share as the page shows it; None while nothing is decided."""
    return None if share is None else cut(share)


def seconds(name: str, title: str, note: str, read: Callable[[Any], float | None]) -> Field:
    """Whole seconds of a number of them; empty for None."""

    def whole(row: Any) -> Cell:
        span = read(row)
        return None if span is None else timedelta(seconds=span)

    return column(name, title, note, whole)


def reference(number: int) -> str:
    """A ticket as people call it."""
    return f"{settings.TICKET_PREFIX}-{number}"


def counts(of: str = "") -> list[Field]:
    """What became of promises: the columns that many tables share. `of` leads to the numbers."""
    return [
        column("promises", "Promises", "Promises made in the period that count.", f"{of}promises"),
        *outcomes(of),
    ]


def outcomes(of: str = "") -> list[Field]:
    """The same without the sum."""
    return [
        column("kept", "Kept", "Fulfilled at the deadline or before.", f"{of}kept"),
        column(
            "broken",
            "Broken",
            "Fulfilled after the deadline, or not fulfilled and late.",
            f"{of}broken",
        ),
        column("running", "Still running", "Not fulfilled, and not late.", f"{of}running"),
        percent("attainment_percent", "Attainment", f"{of}attainment"),
    ]


def target() -> list[Field]:
    """What one promise said: the columns of lists of promises."""
    return [
        column("target_amount", "Target", "The limit, in the unit that follows.", "target.amount"),
        column("target_unit", "Unit", "hours, business_hours or business_days.", "target.unit"),
        column("goal_amount", "Goal", "In the same unit; empty without one.", "target.goal_amount"),
        column(
            "kept_by_lowering",
            "Kept by lowering",
            "Whether a lower priority by then keeps it as well.",
            "target.kept_by_lowering",
        ),
    ]


def in_words(targets: Iterable[Promised]) -> str:
    """Such as "1 business_days or 2 business_days"."""
    return " or ".join(f"{target.amount} {target.unit}" for target in targets)


def about(question: Question, at: datetime, **more: Any) -> dict[str, Any]:
    """What was asked, for whoever reads the file later; filters that are not set are left out."""
    asked = {field.name: getattr(question.filters, field.name) for field in fields(Filters)}
    return {
        "first_day": question.first,
        "last_day": question.last,
        "zone": question.zone,
        "starts_at": question.period.start,
        "ends_before": question.period.end,
        "filters": {name: value for name, value in asked.items() if value not in (None, "")},
        "made_at": at,
        **{name: value for name, value in more.items() if value not in (None, "")},
    }
