"""What every page knows."""

from __future__ import annotations

from django.conf import settings
from django.http import HttpRequest
from django.utils import timezone
from django.utils.functional import SimpleLazyObject

from tickets.models import PortalSettings

# Where a customer would tell us what we know already.
SHOW_INCIDENT = {"portal:start", "portal:new", "portal:tickets"}


def brand(request: HttpRequest) -> dict[str, object]:
    """The name of the desk, and whether it has colours and a logo, from the settings BRAND_..."""
    return {
        "brand": settings.BRAND_NAME,
        "has_brand_colors": bool(settings.BRAND_COLOR or settings.BRAND_COLOR_DARK),
        "has_brand_logo": bool(settings.BRAND_LOGO),
    }


def reader(request: HttpRequest) -> dict[str, object]:
    """The languages to choose from, the cookie for the zone, and a known incident or None.

    Asks the database on the customers' pages that show an incident, and on no other.
    """
    return {
        "languages": settings.LANGUAGES,
        "zone_cookie": settings.ZONE_COOKIE_NAME,
        "incident": SimpleLazyObject(lambda: _incident(request)),
    }


def _incident(request: HttpRequest) -> PortalSettings | None:
    match = request.resolver_match
    if match is None or match.view_name not in SHOW_INCIDENT:
        return None
    switches = PortalSettings.current()
    return switches if switches.shows_incident(timezone.now()) else None
