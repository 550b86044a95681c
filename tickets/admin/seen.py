"""When the desk last saw an agent: who is not here is handed no tickets."""

from __future__ import annotations

import time
from collections.abc import Callable

from django.http import HttpRequest, HttpResponseBase
from django.urls import reverse
from django.utils import timezone

from tickets.models import Availability, User

# So seldom is it written down, in each process: nobody is handed a ticket by the second.
SECONDS = 60


class SeenMiddleware:
    """Notes that a member of staff opened a page of the desk, or sent something there.

    What an open page asks for by itself does not count: nobody may be sitting before it.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response
        self._noted: dict[int, float] = {}

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Answer; then note it, once a minute at most."""
        answer = self.get_response(request)
        if _is_by_hand(request):
            user, now = request.user, time.monotonic()
            if isinstance(user, User) and user.is_staff and self._is_news(user.pk, now):
                Availability.objects.bulk_create(
                    [Availability(user=user, seen_at=timezone.now())],
                    update_conflicts=True,
                    unique_fields=["user"],
                    update_fields=["seen_at"],
                )
                self._noted[user.pk] = now
        return answer

    def _is_news(self, user_id: int, now: float) -> bool:
        noted = self._noted.get(user_id)
        return noted is None or now - noted >= SECONDS


def _is_by_hand(request: HttpRequest) -> bool:
    """Whether somebody went to a page, or sent a form: not what a script fetches."""
    if not request.path.startswith(reverse("admin:index")):
        return False
    mode = request.headers.get("Sec-Fetch-Mode", "")
    return mode in ("", "navigate") and "HX-Request" not in request.headers
