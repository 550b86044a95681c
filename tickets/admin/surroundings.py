"""What surrounds a ticket: who else is there, the queue that it was opened from, and the keys."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.http import HttpResponseRedirect as Redirect
from django.shortcuts import get_object_or_404
from django.urls import URLPattern, path, reverse
from unfold.admin import ModelAdmin

from tickets.admin.collision import at_ticket
from tickets.admin.neighbours import PLACE, STEPS, neighbour, place_of
from tickets.admin.queue import queue_url
from tickets.admin.shortcuts import keys_of, switch
from tickets.models import Ticket


class Surroundings(ModelAdmin):
    """Pages beside that of a ticket; each asks who may."""

    def get_urls(self) -> list[URLPattern]:
        """Before the admin's own addresses."""
        pages = [
            ("shortcuts/", self.shortcuts, "shortcuts"),
            ("<int:ticket_id>/presence/", self.presence, "presence"),
            ("<int:ticket_id>/<str:way>/of-queue/", self.neighbour, "neighbour"),
        ]
        own = [
            path(address, self.admin_site.admin_view(view), name=f"tickets_ticket_{name}")
            for address, view, name in pages
        ]
        return [*own, *super().get_urls()]

    def get_preserved_filters(self, request: HttpRequest) -> str:
        """With the place in the queue, on the page of a ticket."""
        kept: str = super().get_preserved_filters(request)
        place = place_of(request)
        return kept if place is None else "&".join(filter(None, [kept, f"{PLACE}={place}"]))

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """The queue with its keys."""
        context = {**keys_of("queue", request), **(extra_context or {})}
        page: HttpResponse = super().changelist_view(request, context)
        return page

    def presence(self, request: HttpRequest, ticket_id: int) -> HttpResponse:
        """The open page says that somebody is there, and hears who else is."""
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        self._must_look(request)
        visible = Ticket.objects.visible_to(request.user).only("pk")
        return at_ticket(request, get_object_or_404(visible, pk=ticket_id))

    def neighbour(self, request: HttpRequest, ticket_id: int, way: str) -> HttpResponse:
        """To the next or the previous ticket of the queue, or back to the queue at its end."""
        self._must_look(request)
        if way not in STEPS:
            raise Http404
        found = neighbour(request, ticket_id, STEPS[way])
        filters = request.GET.get("_changelist_filters", "")
        if found is None:
            end = "end" if way == "next" else "beginning"
            messages.info(request, f"This is the {end} of the queue.")
            return Redirect(queue_url(filters))
        number, place = found
        kept = {"_changelist_filters": filters} if filters else {}
        page = reverse("admin:tickets_ticket_change", args=[number])
        return Redirect(f"{page}?{urlencode({**kept, PLACE: place})}")

    def shortcuts(self, request: HttpRequest) -> HttpResponse:
        """Switch one's own keys on or off."""
        self._must_look(request)
        return switch(request)

    def _must_look(self, request: HttpRequest) -> None:
        if not self.has_view_or_change_permission(request):
            raise PermissionDenied
