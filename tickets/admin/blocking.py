"""Senders of spam: blocked, and heard again, on a person's page."""

from __future__ import annotations

from typing import Any, cast

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from unfold.admin import ModelAdmin

from tickets import spam
from tickets.models import User
from tickets.refusals import Refused


class Blocking(ModelAdmin):
    """Two buttons for who works on tickets: marking spam there blocks a sender just the same."""

    def get_urls(self) -> list[URLPattern]:
        """Before the admin's own addresses."""
        own = [
            path(
                f"<int:user_id>/{name}/",
                self.admin_site.admin_view(view),
                name=f"tickets_user_{name}",
            )
            for name, view in (("block", self.block), ("unblock", self.unblock))
        ]
        return [*own, *cast("list[URLPattern]", super().get_urls())]

    def block(self, request: HttpRequest, user_id: int) -> HttpResponse:
        """Hear nothing of this person any more."""
        return self._do(request, user_id, spam.block, "Blocked as a sender of spam.")

    def unblock(self, request: HttpRequest, user_id: int) -> HttpResponse:
        """Hear this person again."""
        return self._do(request, user_id, spam.unblock, "Blocked no more.")

    def _do(self, request: HttpRequest, user_id: int, verb: Any, words: str) -> HttpResponse:
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        may = request.user.has_perm("tickets.change_ticket")
        if not (may and self.has_view_permission(request)):
            raise PermissionDenied
        user = get_object_or_404(User, pk=user_id)
        try:
            verb(user=user, by=cast("User", request.user), at=timezone.now())
        except Refused as refusal:
            messages.error(request, str(refusal))
        else:
            self.log_change(request, user, words)
            messages.success(request, f"{user}: {words[0].lower()}{words[1:]}")
        return HttpResponseRedirect(reverse("admin:tickets_user_change", args=[user.pk]))
