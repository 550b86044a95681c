"""Promises in words, for pages and mails: pure functions and filters, and one look-up."""

from __future__ import annotations

from datetime import datetime

from django import template
from django.db.models import QuerySet

from sla.clocks import Promise
from sla.models import Clock, Metric, Policy
from tickets.models import RequestType
from tickets.templatetags.desk import local_time, units

register = template.Library()

# What is promised, as it follows "We ... by Tuesday".
VERBS = {
    Metric.FIRST_RESPONSE.value: "answer",
    Metric.NEXT_RESPONSE.value: "answer your next message",
    Metric.RESOLUTION.value: "solve it",
}


@register.filter
def promised(promise: Promise | Clock, zone: str = "") -> str:
    """One sentence: "We answer by Tue 3 Nov, 10:00 IST: 8 business hours." """
    target = promise if isinstance(promise, Clock) else promise.target
    note = "" if isinstance(target, Clock) else target.note
    verb = VERBS[target.metric]
    if target.kept_by_lowering:
        verb = f"{verb}, or find a workaround,"
    when = _when(verb, due_at=promise.due_at, goal_at=promise.goal_at, zone=zone)
    return f"{when}: {units(target)}{f' ({note})' if note else ''}."


@register.filter
def day_and_night(policy: Policy) -> QuerySet[RequestType]:
    """The request types that are answered after hours as well: their response counts in hours."""
    return RequestType.objects.answered_day_and_night(policy)


def _when(verb: str, *, due_at: datetime, goal_at: datetime | None, zone: str) -> str:
    due = local_time(due_at, zone)
    if goal_at is None or goal_at >= due_at:
        return f"We {verb} by {due}"
    return f"We aim to {verb} by {local_time(goal_at, zone)}, and promise it by {due}"
