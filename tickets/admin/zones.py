"""Staff see times in their own zone, and choose zones from a list."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from zoneinfo import available_timezones

from django import forms
from django.conf import settings
from django.http import HttpRequest, HttpResponseBase
from django.urls import reverse
from django.utils import timezone
from unfold.widgets import UnfoldAdminSelect2Widget

from tickets.models import User
from tickets.models.sight import look_up


class AgentTimeZoneMiddleware:
    """Makes the signed-in person's zone the active one on every page of the admin."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Answer, with local times in the zone of whoever asks."""
        user = request.user if request.path.startswith(reverse("admin:index")) else None
        if not isinstance(user, User):
            return self.get_response(request)
        with timezone.override(zone_of(user)):
            return self.get_response(request)


def zone_of(user: User) -> str:
    """The person's own zone, else that of the default policy's calendar.

    What else the page will ask about him is asked in the same query.
    """
    usual = look_up(user)
    return user.time_zone or usual or settings.TIME_ZONE


def zone_field(db_field: Any, **kwargs: Any) -> forms.ChoiceField:
    """A time zone: chosen, not typed. Empty only where the column may be."""
    empty = [("", "The calendar's own")] if db_field.blank else []
    return forms.ChoiceField(
        choices=lambda: [*empty, *((name, name) for name in sorted(available_timezones()))],
        required=not db_field.blank,
        help_text=db_field.help_text,
        widget=UnfoldAdminSelect2Widget,
        **kwargs,
    )
