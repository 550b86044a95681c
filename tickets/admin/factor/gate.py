"""The wall: a session with a password alone is nobody's, on every page but those of the factor."""

from __future__ import annotations

from collections.abc import Callable

from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY
from django.contrib.auth.models import AnonymousUser
from django.http import HttpRequest, HttpResponseBase, HttpResponseRedirect
from django.urls import reverse
from django.utils.http import urlencode
from django_htmx.http import HttpResponseClientRedirect

from tickets import factors
from tickets.models import User

KEY = "second_factor"
PASSWORDS = "django.contrib.auth.backends.ModelBackend"


class SecondFactorMiddleware:
    """Makes whoever is half signed in nobody, and leads him to the second step.

    `request.half_signed_in` is that person: the pages of the factor alone read it.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Answer; pages of the desk with a way to the second step."""
        staff = _staff(request)
        without_password = staff is not None and not _by_password(request)
        person = None if without_password or staff is None else _unless_shown(request, staff)
        request.half_signed_in = person  # type: ignore[attr-defined]
        if person is not None or without_password:
            request.user = AnonymousUser()
        if person is None:
            return self.get_response(request)
        if request.path.startswith(reverse("admin:index")) and not _is_open(request.path):
            way = f"{reverse('second_factor:ask')}?{urlencode({'next': request.get_full_path()})}"
            if request.headers.get("HX-Request"):
                return HttpResponseClientRedirect(way)
            return HttpResponseRedirect(way)
        return self.get_response(request)


def pass_(request: HttpRequest, person: User) -> None:
    """The factor was shown: this session is the person's, under a new key."""
    request.session.cycle_key()
    request.session[KEY] = _mark(person)


def _staff(request: HttpRequest) -> User | None:
    """The member of staff whose session it is; None for everybody else."""
    if settings.SESSION_COOKIE_NAME not in request.COOKIES:
        return None
    person = request.user
    return person if isinstance(person, User) and person.is_staff else None


def _by_password(request: HttpRequest) -> bool:
    """Not by a code in a mail: who becomes staff has such a session from his time as a customer."""
    return request.session.get(BACKEND_SESSION_KEY) == PASSWORDS


def _unless_shown(request: HttpRequest, person: User) -> User | None:
    """Who has to show a factor in this session yet; None when that is done, or not needed."""
    if not factors.is_asked_of(person):
        return None
    shown = person.second_factor_at is not None and request.session.get(KEY) == _mark(person)
    return None if shown else person


def _mark(person: User) -> str:
    """Of the factor that he has now: another one, or none, voids what was shown before."""
    at = person.second_factor_at
    return f"{person.pk}:{at.isoformat()}" if at else ""


def _is_open(path: str) -> bool:
    return path == reverse("admin:login") or path.startswith(reverse("second_factor:ask"))
