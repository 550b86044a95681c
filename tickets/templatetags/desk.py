"""Time in words: pure functions, usable as template filters. Local time exists only here."""

from __future__ import annotations

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from django import template
from django.conf import settings
from django.urls import reverse
from django.utils import timezone
from django.utils.dateformat import format as in_format
from django.utils.formats import number_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext, ngettext_lazy

from sla.core import deadlines
from sla.models import Clock, Target

register = template.Library()

DAY = 24 * 60

# Unit -> so much of it; `amount` decides between one and several, `counted` is what is shown.
UNIT_WORDS = {
    deadlines.HOURS: ngettext_lazy(
        "%(counted)s hour, day and night", "%(counted)s hours, day and night", "amount"
    ),
    deadlines.BUSINESS_HOURS: ngettext_lazy(
        "%(counted)s business hour", "%(counted)s business hours", "amount"
    ),
    deadlines.BUSINESS_DAYS: ngettext_lazy(
        "%(counted)s business day", "%(counted)s business days", "amount"
    ),
}

# Zones that some languages call by letters of their own.
ZONE_NAMES = {"CET": gettext_lazy("CET"), "CEST": gettext_lazy("CEST")}


@register.filter
def local_time(at: datetime | None, zone_name: str = "") -> str:
    """Such as "Tue 3 Nov, 10:00 IST", in that zone, else in the active one; "" for None."""
    # Translators: a date format of Django; an escaped letter (\U) stands for itself.
    return _local(at, zone_name, _("D j M, H:i"))


@register.filter
def local_time_and_year(at: datetime | None, zone_name: str = "") -> str:
    """Such as "3 Nov 2026, 10:00 IST", for what may be long ago; "" for None."""
    return _local(at, zone_name, _("j M Y, H:i"))


@register.filter
def duration(span: timedelta | float) -> str:
    """The length of a span (or of seconds): "2 h 10 min", "3 d 4 h"; begun minutes do not count.

    Two units at most, because nobody plans a week by the minute. The sign is left out.
    """
    seconds = span.total_seconds() if isinstance(span, timedelta) else span
    minutes = int(abs(seconds) // 60)
    if minutes == 0:
        return _("less than 1 min")
    days, hours = divmod(minutes // 60, 24)
    shown = [(days, _days(days)), (hours, hour_words(hours))]
    if minutes < DAY:
        shown.append((minutes % 60, minute_words(minutes % 60)))
    return " ".join(words for amount, words in shown if amount)


@register.filter
def due_words(due_at: datetime | None, now: datetime) -> str:
    """How far a deadline is: "due in 2 h 10 min" or "35 min late"; "" for None.

    A deadline is not missed before it has passed, so at its very instant it is "due now".
    """
    if due_at is None:
        return ""
    if due_at == now:
        return _("due now")
    span = {"span": duration(due_at - now)}
    return _("due in %(span)s") % span if due_at > now else _("%(span)s late") % span


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


def hour_words(hours: int) -> str:
    """Such as "1,500 h"."""
    return _("%(hours)s h") % {"hours": number_format(hours, force_grouping=True)}


def minute_words(minutes: int) -> str:
    """Such as "5 min"."""
    return _("%(minutes)d min") % {"minutes": minutes}


def zone_label(at: datetime) -> str:
    """How people call the zone of a local time: "IST", or "UTC+03" where it has no letters."""
    name = at.tzname() or ""
    if name[:1] not in "+-":
        return str(ZONE_NAMES.get(name, name))
    return f"UTC{name[:3]}:{name[3:]}" if len(name) > len("+03") else f"UTC{name}"


def _local(at: datetime | None, zone_name: str, pattern: str) -> str:
    if at is None:
        return ""
    local = at.astimezone(ZoneInfo(zone_name) if zone_name else timezone.get_current_timezone())
    return f"{in_format(local, pattern)} {zone_label(local)}"


def _days(days: int) -> str:
    return ngettext("%(days)d d", "%(days)d d", days) % {"days": days}


def _units(amount: int, unit: str, goal: int | None) -> str:
    counted = str(amount)
    if goal and goal < amount:
        counted = _("%(goal)d to %(limit)d") % {"goal": goal, "limit": amount}
    return str(UNIT_WORDS[unit] % {"amount": amount, "counted": counted})


@register.simple_tag
def site_url(name: str) -> str:
    """The absolute address of a page by its name, for mails."""
    return f"{settings.PUBLIC_BASE_URL}{reverse(name)}"
