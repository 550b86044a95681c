"""The reader chooses a language; the browser keeps it, and so does the account."""

from __future__ import annotations

from django.conf import settings
from django.core.exceptions import BadRequest
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_POST

from tickets.models import User
from tickets.portal.pages import viewer_of


@require_POST
def choose(request: HttpRequest) -> HttpResponse:
    """Keep the language, and go back to the page that was read. 400 for one that we do not have."""
    code = request.POST.get("language", "")
    if code not in dict(settings.LANGUAGES):
        raise BadRequest("That is not one of our languages.")
    if viewer := viewer_of(request):
        User.objects.filter(pk=viewer.pk).update(language=code)
    response = redirect(_way_back(request))
    keep(response, code)
    return response


def keep(response: HttpResponse, code: str) -> None:
    """Have the browser keep the language, whoever signs in there."""
    response.set_cookie(
        settings.LANGUAGE_COOKIE_NAME,
        code,
        max_age=settings.LANGUAGE_COOKIE_AGE,
        secure=settings.LANGUAGE_COOKIE_SECURE,
        httponly=settings.LANGUAGE_COOKIE_HTTPONLY,
        samesite="Lax",
    )


def _way_back(request: HttpRequest) -> str:
    """The page that the form was on; the start page instead of an address elsewhere."""
    page = request.POST.get("next", "")
    is_ours = url_has_allowed_host_and_scheme(
        page, allowed_hosts={request.get_host()}, require_https=request.is_secure()
    )
    return page if is_ours else reverse("portal:start")
