"""The rows of the policy, arranged as a page shows them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from itertools import groupby

from django.utils.dates import WEEKDAYS
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from sla.models import Calendar, Condition, Holiday, Metric, OpeningHours, Policy, Priority, Target

MIDNIGHT = "24:00"

# What stands still, and while what lasts.
PAUSE_RULES = {
    (Metric.FIRST_RESPONSE.value, Condition.WAITING_FOR_CUSTOMER.value): gettext_lazy(
        "The time for the first response stands still while we wait for your answer."
    ),
    (Metric.FIRST_RESPONSE.value, Condition.WITH_ENGINEERING.value): gettext_lazy(
        "The time for the first response stands still while our engineers have it."
    ),
    (Metric.NEXT_RESPONSE.value, Condition.WAITING_FOR_CUSTOMER.value): gettext_lazy(
        "The time for the next response stands still while we wait for your answer."
    ),
    (Metric.NEXT_RESPONSE.value, Condition.WITH_ENGINEERING.value): gettext_lazy(
        "The time for the next response stands still while our engineers have it."
    ),
    (Metric.RESOLUTION.value, Condition.WAITING_FOR_CUSTOMER.value): gettext_lazy(
        "The time for the resolution stands still while we wait for your answer."
    ),
    (Metric.RESOLUTION.value, Condition.WITH_ENGINEERING.value): gettext_lazy(
        "The time for the resolution stands still while our engineers have it."
    ),
}


@dataclass(frozen=True)
class Days:
    """Weekdays in a row with the same hours: ("Monday to Friday", ["09:00 to 17:00"])."""

    names: str
    spans: list[str]


@dataclass(frozen=True)
class Promises:
    """The targets of one priority with the names of their columns; None: nothing is promised."""

    priority: Priority
    cells: list[tuple[str, Target | None]]

    @property
    def examples(self) -> list[str]:
        return [line.strip() for line in self.priority.examples.splitlines() if line.strip()]


@dataclass(frozen=True)
class Table:
    """The policy as a table: columns are metrics, rows are priorities."""

    columns: list[str]
    rows: list[Promises]


def table_of(policy: Policy) -> Table:
    """The policy's targets; metrics and priorities that it promises nothing about are left out."""
    targets = list(policy.targets.select_related("priority"))
    found = {(target.priority_id, target.metric): target for target in targets}
    metrics = [metric for metric in Metric if any(target.metric == metric for target in targets)]
    priorities = {target.priority_id: target.priority for target in targets}
    rows = [
        Promises(
            priority,
            [(str(metric.label), found.get((priority.pk, metric.value))) for metric in metrics],
        )
        for priority in sorted(priorities.values(), key=lambda priority: priority.rank)
    ]
    return Table([str(metric.label) for metric in metrics], rows)


def pauses_of(policy: Policy) -> list[str]:
    """When time stands still, a sentence for each rule."""
    return [str(PAUSE_RULES[rule.metric, rule.condition]) for rule in policy.pause_rules.all()]


def week_of(calendar: Calendar) -> list[Days]:
    """The opening hours, with weekdays in a row that have the same hours put together."""
    spans: dict[int, list[str]] = {}
    for row in calendar.opening_hours.all():
        spans.setdefault(row.weekday, []).append(_span(row.opens, row.closes))
    week = [(day, spans.get(day.value, [])) for day in OpeningHours.Weekday]
    grouped = [(hours, [day for day, _ in days]) for hours, days in groupby(week, lambda d: d[1])]
    return [Days(_names(days), hours) for hours, days in grouped if hours]


def holidays_of(calendar: Calendar, *, first: date, last: date) -> list[Holiday]:
    """The dated exceptions from `first` to `last`; a half-day beats a holiday on its date."""
    rows = list(calendar.holidays.filter(date__range=(first, last)))
    halves = {row.date for row in rows if row.opens}
    return [row for row in rows if row.opens or row.date not in halves]


def _names(days: Sequence[OpeningHours.Weekday]) -> str:
    first, last = str(WEEKDAYS[days[0].value]), str(WEEKDAYS[days[-1].value])
    if len(days) == 1:
        return first
    words = _("%(first)s and %(last)s") if len(days) == 2 else _("%(first)s to %(last)s")
    return words % {"first": first, "last": last}


def _span(opens: str, closes: str) -> str:
    words = _("%(opens)s to midnight") if closes == MIDNIGHT else _("%(opens)s to %(closes)s")
    return words % {"opens": opens, "closes": closes}
