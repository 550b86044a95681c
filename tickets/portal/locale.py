"""The language of the customers' pages: the reader's, else the browser's. The desk is English."""

from __future__ import annotations

from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponseBase
from django.urls import reverse
from django.utils import translation
from django.utils.cache import patch_vary_headers

from tickets.models import User

# Files that are the same for all readers, so that any cache may keep them.
SAME_FOR_ALL = ("portal:brand_css", "portal:brand_logo")


class PortalLocaleMiddleware:
    """Activates the language for a page outside the admin, and says so in its headers."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        if request.path.startswith(reverse("admin:index")):
            with translation.override(settings.LANGUAGE_CODE):
                return self.get_response(request)
        if request.path in map(reverse, SAME_FOR_ALL):
            return self.get_response(request)
        with translation.override(language_of(request)):
            response = self.get_response(request)
            response.headers.setdefault("Content-Language", translation.get_language() or "")
        patch_vary_headers(response, ["Accept-Language", "Cookie"])
        return response


def language_of(request: HttpRequest) -> str:
    """What the reader chose (a cookie), what his account says, or what his browser asks for."""
    chosen = request.COOKIES.get(settings.LANGUAGE_COOKIE_NAME)
    if chosen is None and isinstance(request.user, User) and request.user.language:
        return request.user.language
    return translation.get_language_from_request(request)


def keep_language(user: User) -> None:
    """Write to a customer in the language of this page from now on, unless one is on record.

    Only for who has proved that the account is his: anybody can type an address.
    """
    language = translation.get_language()
    if language and not user.language and not user.is_staff:
        User.objects.filter(pk=user.pk, language="").update(language=language)
        user.language = language
