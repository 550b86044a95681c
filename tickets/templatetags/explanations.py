"""Explanations of deadlines in words for staff and customers: pure functions, usable as filters."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from functools import reduce
from zoneinfo import ZoneInfo

from django import template
from django.contrib.humanize.templatetags.humanize import ordinal
from django.utils import timezone
from django.utils.dateformat import format as in_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy

from sla import explanation
from sla.explanation import DayRule, Gap, Line, Standstill
from sla.models import Pause
from tickets.templatetags.desk import hour_words, minute_words

register = template.Library()

# Why a stretch counts or not, for the customer, who reads "you" where staff read "the customer".
PLAIN_REASONS = {
    explanation.OPEN: pgettext_lazy("opening hours", "Open"),
    explanation.DAY_AND_NIGHT: gettext_lazy("Day and night"),
    explanation.NIGHT: gettext_lazy("Closed for the night"),
    explanation.WEEKEND: gettext_lazy("Closed for the weekend"),
    explanation.DAYS_OFF: gettext_lazy("Closed on %(name)s"),
    explanation.CLOSED: gettext_lazy("Closed"),
    explanation.HOLIDAY: gettext_lazy("Holiday “%(name)s”"),
    explanation.HALF_DAY: gettext_lazy("Closed: half-day “%(name)s”"),
    Pause.Reason.WAITING_FOR_CUSTOMER.value: gettext_lazy("Waiting for your answer"),
    Pause.Reason.WITH_ENGINEERING.value: gettext_lazy("With our engineers"),
    Pause.Reason.RESOLVED.value: gettext_lazy("Solved"),
}
# The same of a pause, in the middle of a sentence.
STANDSTILLS = {
    Pause.Reason.WAITING_FOR_CUSTOMER.value: gettext_lazy("waiting for your answer"),
    Pause.Reason.WITH_ENGINEERING.value: gettext_lazy("with our engineers"),
    Pause.Reason.RESOLVED.value: gettext_lazy("solved"),
}


@register.filter
def stretch(row: Line | Gap, zone_name: str = "") -> str:
    """Such as "Mon 2 Nov, 10:00 to 17:00", in that zone, else in the active one.

    Seconds are shown where there are any, and years where it begins and ends in different ones.
    """
    zone = ZoneInfo(zone_name) if zone_name else timezone.get_current_timezone()
    start, end = row.start.astimezone(zone), row.end.astimezone(zone)
    date_pattern = _("D j M") if start.year == end.year else _("D j M Y")
    words = {
        "start_date": in_format(start, date_pattern),
        "start": _time_of_day(start),
        "end_date": in_format(end, date_pattern),
        "end": _time_of_day(end),
    }
    if start.date() == end.date():
        return _("%(start_date)s, %(start)s to %(end)s") % words
    return _("%(start_date)s, %(start)s to %(end_date)s, %(end)s") % words


@register.filter
def exact_span(seconds: int) -> str:
    """Counted time to the second, never in days: "26 h 10 min", "59 min 23 s"."""
    minutes, rest = divmod(seconds, 60)
    hours, minutes = divmod(minutes, 60)
    parts = [
        (hours, hour_words(hours)),
        (minutes, minute_words(minutes)),
        (rest, _("%(seconds)d s") % {"seconds": rest}),
    ]
    return " ".join(words for amount, words in parts if amount) or minute_words(0)


@register.filter
def plain_reason(row: Line) -> str:
    """Why a stretch counts or not, in words for the customer."""
    name = row.name
    if row.kind == explanation.DAYS_OFF:
        # Weekdays, which Django has in every language.
        name = _and(_(day) for day in name.split(" and "))
    return PLAIN_REASONS[row.kind] % {"name": name}


@register.filter
def plain_standstill(standstill: Standstill) -> str:
    """Why the time stands still now, in words for the customer, in the middle of a sentence."""
    return _and(str(STANDSTILLS[reason]) for reason in standstill.reasons)


@register.filter
def day_rule(rule: DayRule) -> str:
    """What the rule for business days did, in a sentence or two, in the calendar's own zone."""
    since = rule.since.astimezone(ZoneInfo(rule.zone))
    words = {
        "day": in_format(since, _("D j M")),
        "nth": ordinal(rule.amount),
        "time": _time_of_day(since),
        "zone": rule.zone,
    }
    if rule.is_last_closing:
        return _last_closing(rule) % words
    sentences = [
        _("The same time of day (%(time)s) on the %(nth)s open day after %(day)s (%(zone)s).")
    ]
    if rule.starts_later:
        sentences.insert(0, _("It began while support was closed, and is measured from %(time)s."))
    if rule.is_moved:
        words["due"] = _time_of_day(rule.due_at.astimezone(ZoneInfo(rule.zone)))
        sentences.append(_("Support is not open then on that day, so it ends at %(due)s."))
    return " ".join(sentences) % words


def _last_closing(rule: DayRule) -> str:
    if rule.amount > 1:
        return _(
            "It began while support was closed, so it ends when support closes on the %(nth)s "
            "open day, %(day)s being the first (%(zone)s)."
        )
    return _(
        "It began while support was closed, so it ends when support closes on the %(nth)s open "
        "day, which is %(day)s (%(zone)s)."
    )


def _and(words: Iterable[str]) -> str:
    return reduce(
        lambda one, other: _("%(one)s and %(other)s") % {"one": one, "other": other}, words
    )


def _time_of_day(local: datetime) -> str:
    return in_format(local, "H:i:s" if local.second else "H:i")
