"""The start page and the published policy."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from functools import cache
from zoneinfo import ZoneInfo, available_timezones

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from sla.core.hours import Hours
from sla.models import Policy, hours_of
from tickets.models import RequestType, User, policy_for
from tickets.portal import attainment, offers, timetable
from tickets.portal.contacts import contacts

A_YEAR = timedelta(days=365)
# Browsers name some zones as CLDR does for ever, by what the tz database called them once (its file
# `backward`); a calendar has the names of today.
RENAMED = {
    "Africa/Asmera": "Africa/Asmara",
    "America/Buenos_Aires": "America/Argentina/Buenos_Aires",
    "America/Godthab": "America/Nuuk",
    "America/Indianapolis": "America/Indiana/Indianapolis",
    "Asia/Calcutta": "Asia/Kolkata",
    "Asia/Katmandu": "Asia/Kathmandu",
    "Asia/Rangoon": "Asia/Yangon",
    "Asia/Saigon": "Asia/Ho_Chi_Minh",
    "Atlantic/Faeroe": "Atlantic/Faroe",
    "Europe/Kiev": "Europe/Kyiv",
}


def viewer_of(request: HttpRequest) -> User | None:
    """The person who is signed in; most customers are not."""
    return request.user if isinstance(request.user, User) else None


def policy_of(viewer: User | None) -> Policy:
    """The policy that holds for this reader; the default one for a stranger."""
    return policy_for(viewer.organization if viewer else None)


def zone_of(request: HttpRequest, viewer: User | None, policy: Policy) -> str:
    """The zone that times are shown in: the reader's own, his browser's, or the calendar's."""
    return (viewer.time_zone if viewer else "") or zone_said(request) or policy.calendar.time_zone


def zone_said(request: HttpRequest) -> str:
    """The zone that the browser's script told us in a cookie; "" for none, or nonsense."""
    said = request.COOKIES.get(settings.ZONE_COOKIE_NAME, "")
    said = RENAMED.get(said, said)
    return said if said in _zones() else ""


@cache
def _zones() -> set[str]:
    """Kept, because Python walks through a folder of files to find them."""
    return available_timezones()


def hours_in(policy: Policy) -> Hours:
    """The business time of the policy. Raises Policy.DoesNotExist for an unpublished calendar."""
    version = policy.calendar.current_version_id
    if version is None:
        raise Policy.DoesNotExist(f"The calendar “{policy.calendar}” has not been published yet.")
    return hours_of(version)


@require_safe
def start(request: HttpRequest) -> HttpResponse:
    """Whether support is open now, and the ways in."""
    at = timezone.now()
    viewer = viewer_of(request)
    policy = policy_of(viewer)
    hours, zone = hours_in(policy), zone_of(request, viewer, policy)
    context = {
        "is_open": hours.is_open(at),
        "opening": offers.opening(hours, at=at, zone=zone),
        "policy": policy,
        "contacts": contacts(),
        "zone": zone,
    }
    return render(request, "portal/start.html", context)


@require_safe
def policy(request: HttpRequest) -> HttpResponse:
    """The policy in force for the reader, from its rows."""
    at = timezone.now()
    viewer = viewer_of(request)
    policy = policy_of(viewer)
    hours, zone = hours_in(policy), zone_of(request, viewer, policy)
    today = _date_in(at, policy.calendar.time_zone)
    context = {
        "policy": policy,
        "calendar": policy.calendar,
        "table": timetable.table_of(policy),
        "week": timetable.week_of(policy.calendar),
        "holidays": timetable.holidays_of(policy.calendar, first=today, last=today + A_YEAR),
        "pauses": timetable.pauses_of(policy),
        "kinds": RequestType.objects.filter(is_active=True).select_related(
            "priority", "priority_below"
        ),
        "opening": offers.opening(hours, at=at, zone=zone),
        "escalation_address": settings.ESCALATION_ADDRESS,
        "attainment": attainment.published(at=at),
        "contacts": contacts(),
        "zone": zone,
        "hours_zone": policy.calendar.time_zone,
    }
    return render(request, "portal/policy.html", context)


def _date_in(at: datetime, zone: str) -> date:
    return at.astimezone(ZoneInfo(zone)).date()
