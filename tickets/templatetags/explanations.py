"""Explanations of deadlines in words for staff and customers: pure functions, usable as filters."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

from django import template
from django.contrib.humanize.templatetags.humanize import ordinal
from django.utils import timezone
from django.utils.dateformat import format as in_format

from sla.explanation import DayRule, Gap, Line, Standstill
from sla.models import Pause

register = template.Library()

# What a pause is to the customer, who reads "you" where staff read "the customer".
PLAIN_REASONS = {
    Pause.Reason.WAITING_FOR_CUSTOMER.value: "Waiting for your answer",
    Pause.Reason.WITH_ENGINEERING.value: "With our engineers",
    Pause.Reason.RESOLVED.value: "Solved",
}


@register.filter
def stretch(row: Line | Gap, zone_name: str = "") -> str:
    """Such as "Mon 2 Nov, 10:00 to 17:00", in that zone, else in the active one.

    Seconds are shown where there are any, and years where it begins and ends in different ones.
    """
    zone = ZoneInfo(zone_name) if zone_name else timezone.get_current_timezone()
    start, end = row.start.astimezone(zone), row.end.astimezone(zone)
    date_pattern = "D j M" if start.year == end.year else "D j M Y"
    first = f"{in_format(start, date_pattern)}, {_time_of_day(start)}"
    if start.date() == end.date():
        return f"{first} to {_time_of_day(end)}"
    return f"{first} to {in_format(end, date_pattern)}, {_time_of_day(end)}"


@register.filter
def exact_span(seconds: int) -> str:
    """Counted time to the second, never in days: "26 h 10 min", "59 min 23 s"."""
    minutes, rest = divmod(seconds, 60)
    hours, minutes = divmod(minutes, 60)
    parts = [(hours, f"{hours:,} h"), (minutes, f"{minutes} min"), (rest, f"{rest} s")]
    return " ".join(words for amount, words in parts if amount) or "0 min"


@register.filter
def plain_reason(row: Line) -> str:
    """Why a stretch counts or not, in words for the customer."""
    return PLAIN_REASONS.get(row.kind, row.reason)


@register.filter
def plain_standstill(standstill: Standstill) -> str:
    """Why the time stands still now, in words for the customer, in the middle of a sentence."""
    words = [PLAIN_REASONS[reason] for reason in standstill.reasons]
    return " and ".join(word[0].lower() + word[1:] for word in words)


@register.filter
def day_rule(rule: DayRule) -> str:
    """What the rule for business days did, in a sentence or two, in the calendar's own zone."""
    since = rule.since.astimezone(ZoneInfo(rule.zone))
    day, nth = in_format(since, "D j M"), ordinal(rule.amount)
    if rule.is_last_closing:
        first = f"{day} being the first" if rule.amount > 1 else f"which is {day}"
        return (
            "It began while support was closed, so it ends when support closes on the "
            f"{nth} open day, {first} ({rule.zone})."
        )
    time_of_day = _time_of_day(since)
    words = f"The same time of day ({time_of_day}) on the {nth} open day after {day} ({rule.zone})."
    if rule.starts_later:
        words = f"It began while support was closed, and is measured from {time_of_day}. {words}"
    if rule.is_moved:
        due = _time_of_day(rule.due_at.astimezone(ZoneInfo(rule.zone)))
        words += f" Support is not open then on that day, so it ends at {due}."
    return words


def _time_of_day(local: datetime) -> str:
    return in_format(local, "H:i:s" if local.second else "H:i")
