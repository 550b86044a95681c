"""Numbers of the SLA report in words: pure functions, usable as template filters."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from django import template
from django.utils.formats import number_format

from sla.models import Metric
from sla.reports.attainment import cut
from sla.reports.questions import Question

register = template.Library()


@register.filter
def open_time(span: timedelta | float | None) -> str:
    """Business time (a span or seconds) in hours and minutes: "26 h 10 min"; "" for None.

    Never in days: a business day is not 24 hours. Begun minutes do not count.
    """
    if span is None:
        return ""
    seconds = span.total_seconds() if isinstance(span, timedelta) else span
    hours, minutes = divmod(int(seconds // 60), 60)
    parts = [f"{hours:,} h"] if hours else []
    if minutes or not hours:
        parts.append(f"{minutes} min")
    return " ".join(parts)


@register.simple_tag
def asking(question: Question, **changes: Any) -> str:
    """The question as the query of an address, with some of its fields changed."""
    return "?" + question.query(**changes)


@register.filter
def of_row(differences: Mapping[tuple[str, str], str], row: Any) -> str:
    """What is known of the priority and metric of this row; "" where nothing is."""
    return differences.get((row.priority, row.metric), "")


@register.filter
def percent(share: float | None) -> str:
    """Such as "97.4 %"; whole numbers only where they are exact, so 99.96 is not "100 %"."""
    if share is None:
        return ""
    if share == int(share):
        return f"{int(share)} %"
    # Cut and not rounded: nobody reads 100 % who broke a promise.
    return f"{number_format(cut(share), 1)} %"


@register.filter
def metric_name(metric: str) -> str:
    """The metric as people call it."""
    return str(Metric(metric).label)
