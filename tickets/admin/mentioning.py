"""Colleagues who are mentioned with an @ on a ticket's page."""

from __future__ import annotations

from typing import Any, cast

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404
from django.urls import URLPattern, path

from tickets import mentions
from tickets.admin.verbs import NOTE, SAYING, Verb
from tickets.models import Ticket, User


class Mentioning:
    """For the admin of tickets: whom one can mention, and who was mentioned in vain."""

    admin_site: Any
    has_change_permission: Any

    def mention_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(self.colleagues)
        return [path("<int:ticket_id>/mentions/", view, name="tickets_ticket_mentions")]

    def colleagues(self, request: HttpRequest, ticket_id: int) -> HttpResponse:
        """Colleagues whose name begins so, while somebody writes on this ticket."""
        if not self.has_change_permission(request):
            raise PermissionDenied
        get_object_or_404(Ticket.objects.visible_to(request.user).only("pk"), pk=ticket_id)
        found = mentions.suggestions(request.GET.get("q", ""))
        return JsonResponse({"people": [{"handle": name, "name": str(u)} for name, u in found]})

    def remark(self, request: HttpRequest, ticket: Ticket, verb: Verb, text: str) -> None:
        """Tell the writer of those whom he mentioned in vain."""
        if verb in SAYING:
            by = cast("User", request.user)
            for said in mentions.remarks(text, ticket=ticket, by=by, is_public=verb != NOTE):
                messages.warning(request, said)
