"""Staff see times in their own zone."""

from __future__ import annotations

from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponseBase
from django.urls import reverse
from django.utils import timezone

from sla.models import Policy
from tickets.models import User


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
    """The person's own zone, else that of the default policy's calendar."""
    return user.time_zone or _default_zone() or settings.TIME_ZONE


def _default_zone() -> str | None:
    """None while no policy has been loaded."""
    default = Policy.objects.filter(is_default=True)
    return default.values_list("calendar__time_zone", flat=True).first()
