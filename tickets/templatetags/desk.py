"""Time in words: pure functions, usable as template filters. Local time exists only here."""

from __future__ import annotations

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from django import template
from django.conf import settings
from django.urls import reverse
from django.utils import timezone
from django.utils.dateformat import format as in_format

from sla.core import deadlines
from sla.models import Clock, Target

register = template.Library()

DAY = 24 * 60

# Unit -> what follows one of it, what follows several.
UNIT_WORDS = {
    deadlines.HOURS: ("hour, day and night", "hours, day and night"),
    deadlines.BUSINESS_HOURS: ("business hour", "business hours"),
    deadlines.BUSINESS_DAYS: ("business day", "business days"),
}


@register.filter
def local_time(at: datetime | None, zone_name: str = "") -> str:
    """Such as "Tue 3 Nov, 10:00 IST", in that zone, else in the active one; "" for None."""
    return _local(at, zone_name, "D j M, H:i")


@register.filter
def local_time_and_year(at: datetime | None, zone_name: str = "") -> str:
    """Such as "3 Nov 2026, 10:00 IST", for what may be long ago; "" for None."""
    return _local(at, zone_name, "j M Y, H:i")


@register.filter
def duration(span: timedelta | float) -> str:
    """The length of a span (or of seconds): "2 h 10 min", "3 d 4 h"; begun minutes do not count.

    Two units at most, because nobody plans a week by the minute. The sign is left out.
    """
    seconds = span.total_seconds() if isinstance(span, timedelta) else span
    minutes = int(abs(seconds) // 60)
    if minutes == 0:
        return "less than 1 min"
    if minutes >= DAY:
        return _joined((minutes // DAY, "d"), (minutes % DAY // 60, "h"))
    return _joined((minutes // 60, "h"), (minutes % 60, "min"))


@register.filter
def due_words(due_at: datetime | None, now: datetime) -> str:
    """How far a deadline is: "due in 2 h 10 min" or "35 min late"; "" for None.

    A deadline is not missed before it has passed, so at its very instant it is "due now".
    """
    if due_at is None:
        return ""
    if due_at == now:
        return "due now"
    span = duration(due_at - now)
    return f"due in {span}" if due_at > now else f"{span} late"


@register.filter
def units(target: Target | Clock | deadlines.Target) -> str:
    """A target in words: "8 business hours", "12 hours, day and night", "5 to 10 business days"."""
    if isinstance(target, Clock):
        return _units(target.target_amount, target.target_unit, target.goal_amount)
    return _units(target.amount, target.unit, getattr(target, "goal_amount", None))


@register.filter
def in_words(name: str) -> str:
    """A name that we gave, as people read it: "customer_escalation" is "Customer escalation"."""
    return name.replace("_", " ").capitalize()


def zone_label(at: datetime) -> str:
    """How people call the zone of a local time: "IST", or "UTC+03" where it has no letters."""
    name = at.tzname() or ""
    if name[:1] not in "+-":
        return name
    return f"UTC{name[:3]}:{name[3:]}" if len(name) > len("+03") else f"UTC{name}"


def _local(at: datetime | None, zone_name: str, pattern: str) -> str:
    if at is None:
        return ""
    local = at.astimezone(ZoneInfo(zone_name) if zone_name else timezone.get_current_timezone())
    return f"{in_format(local, pattern)} {zone_label(local)}"


def _joined(*parts: tuple[int, str]) -> str:
    return " ".join(f"{amount} {unit}" for amount, unit in parts if amount)


def _units(amount: int, unit: str, goal: int | None) -> str:
    one, several = UNIT_WORDS[unit]
    counted = f"{goal} to {amount}" if goal and goal < amount else str(amount)
    return f"{counted} {one if counted == '1' else several}"


@register.simple_tag
def site_url(name: str) -> str:
    """The absolute address of a page by its name, for mails."""
    return f"{settings.PUBLIC_BASE_URL}{reverse(name)}"
