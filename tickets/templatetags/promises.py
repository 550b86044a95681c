"""Promises in words, for pages and mails: pure functions and filters, and one look-up."""

from __future__ import annotations

from collections.abc import Iterable
from functools import reduce

from django import template
from django.db.models import QuerySet
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from sla.models import Clock, Metric, Policy, Target
from sla.promising import Promise
from tickets.models import RequestType
from tickets.templatetags.desk import local_time, units

register = template.Library()

# (metric, is kept by a workaround) -> the promise, and what it is when there is a goal before it.
SENTENCES = {
    (Metric.FIRST_RESPONSE.value, False): (
        gettext_lazy("We answer by %(due)s"),
        gettext_lazy("We aim to answer by %(goal)s, and promise it by %(due)s"),
    ),
    (Metric.FIRST_RESPONSE.value, True): (
        gettext_lazy("We answer, or find a workaround, by %(due)s"),
        gettext_lazy(
            "We aim to answer, or find a workaround, by %(goal)s, and promise it by %(due)s"
        ),
    ),
    (Metric.NEXT_RESPONSE.value, False): (
        gettext_lazy("We answer your next message by %(due)s"),
        gettext_lazy("We aim to answer your next message by %(goal)s, and promise it by %(due)s"),
    ),
    (Metric.NEXT_RESPONSE.value, True): (
        gettext_lazy("We answer your next message, or find a workaround, by %(due)s"),
        gettext_lazy(
            "We aim to answer your next message, or find a workaround, by %(goal)s, and promise "
            "it by %(due)s"
        ),
    ),
    (Metric.RESOLUTION.value, False): (
        gettext_lazy("We solve it by %(due)s"),
        gettext_lazy("We aim to solve it by %(goal)s, and promise it by %(due)s"),
    ),
    (Metric.RESOLUTION.value, True): (
        gettext_lazy("We solve it, or find a workaround, by %(due)s"),
        gettext_lazy(
            "We aim to solve it, or find a workaround, by %(goal)s, and promise it by %(due)s"
        ),
    ),
}


@register.filter
def promised(promise: Promise | Clock, zone: str = "") -> str:
    """One sentence: "We answer by Tue 3 Nov, 10:00 IST: 8 business hours." """
    target = promise if isinstance(promise, Clock) else promise.target
    note = "" if isinstance(target, Clock) else target.note
    words = {"when": _when(promise, target, zone), "target": units(target), "note": note}
    if note:
        return _("%(when)s: %(target)s (%(note)s).") % words
    return _("%(when)s: %(target)s.") % words


@register.filter
def day_and_night(policy: Policy) -> QuerySet[RequestType]:
    """The request types that are answered after hours as well: their response counts in hours."""
    return RequestType.objects.answered_day_and_night(policy)


@register.filter
def any_of(kinds: Iterable[RequestType]) -> str:
    """Such as "“System down” (for more than 20 % of your users) or “Data lost”"."""
    words = map(_named, kinds)
    return reduce(
        lambda one, other: _("%(one)s or %(other)s") % {"one": one, "other": other}, words
    )


def _named(kind: RequestType) -> str:
    words = {"kind": kind.name, "share": kind.share_threshold}
    if kind.asks_share:
        return _("“%(kind)s” (for more than %(share)d %% of your users)") % words
    return _("“%(kind)s”") % words


def _when(promise: Promise | Clock, target: Target | Clock, zone: str) -> str:
    plain, with_goal = SENTENCES[target.metric, target.kept_by_lowering]
    due_at, goal_at = promise.due_at, promise.goal_at
    has_goal = goal_at is not None and goal_at < due_at
    times = {"due": local_time(due_at, zone), "goal": local_time(goal_at, zone)}
    return str(with_goal if has_goal else plain) % times
