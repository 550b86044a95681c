"""What every page knows."""

from __future__ import annotations

from django.conf import settings
from django.http import HttpRequest


def brand(request: HttpRequest) -> dict[str, str]:
    """The name of the desk, from the setting BRAND_NAME."""
    return {"brand": settings.BRAND_NAME}
