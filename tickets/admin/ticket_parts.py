"""The parts of a ticket's page that are fetched when they are asked for.

Each has an address of its own, which is a page of its own without JavaScript.
"""

from __future__ import annotations

from typing import Any, cast

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import URLPattern, path
from django.utils import timezone
from django_htmx.middleware import HtmxDetails
from unfold.admin import ModelAdmin

from sla.models import ClockEvent
from tickets.admin import canned, conversation, ticket_page
from tickets.admin.collision import as_shown, collision
from tickets.admin.ticket_news import Shown
from tickets.admin.verbs import SAYING, Verb
from tickets.models import Ticket, User


class TicketParts(ModelAdmin):
    """Views that answer to GET with a part of the page; who sees the ticket sees them."""

    def part_urls(self) -> list[URLPattern]:
        """Their addresses below that of the ticket."""
        views = {
            "news": self.news,
            "story": self.story,
            "canned": self.canned,
            "messages": self.earlier_messages,
            "messages/<int:message_id>/whole": self.whole_message,
        }
        return [
            path(
                f"<int:ticket_id>/{tail}/",
                self.admin_site.admin_view(view),
                name=f"tickets_ticket_{tail.rpartition('/')[2]}",
            )
            for tail, view in views.items()
        ]

    def news(self, request: HttpRequest, ticket_id: int) -> HttpResponse:
        """What has changed: 204 where nothing has, and nothing that is being typed is touched."""
        ticket, at = self._visible(request, ticket_id), timezone.now()
        was = Shown.said(request.GET)
        if was == Shown.of(ticket, at=at, last=was.last):
            return HttpResponse(status=204)
        user = cast("User", request.user)
        new = conversation.since(ticket, was.last) if was.is_changed(ticket) else []
        changed_ones: list[Any] = []
        if was.is_changed(ticket) and was.has_old_ones_changed(ticket):
            part = conversation.page(ticket, is_whole=False)
            changed_ones = [message for message in part.messages if message.pk <= was.last]
        last = max((message.pk for message in new), default=was.last)
        may_act = self.has_change_permission(request, ticket)
        frame = self._frame(request)
        values = {
            **frame,
            **collision(request, ticket, frame["preserved_filters"]),
            **ticket_page.standing_context(ticket, at=at),
            **(ticket_page.offers_context(ticket, user, at=at) if may_act else {}),
            "may_act": may_act,
            "is_changed": was.is_changed(ticket),
            "shown": Shown.of(ticket, at=at, last=last),
            "new_messages": new,
            "changed_messages": changed_ones,
        }
        return TemplateResponse(request, "admin/tickets/ticket/news.html", values)

    def story(self, request: HttpRequest, ticket_id: int) -> HttpResponse:
        """The ticket's history, its deadlines and its mail."""
        ticket = self._visible(request, ticket_id)
        ledger = ClockEvent.objects.filter(clock__ticket=ticket).order_by("-at", "-pk")
        values = {
            "ticket": ticket,
            "history": ticket.events.select_related("by").order_by("-at", "-pk"),
            "ledger": ledger.select_related("clock__priority", "by"),
            "deliveries": ticket.deliveries.defer("text", "html"),
        }
        return self._part(request, ticket, "story", values)

    def earlier_messages(self, request: HttpRequest, ticket_id: int) -> HttpResponse:
        """The messages before `?before=`, a message of the ticket."""
        ticket = self._visible(request, ticket_id)
        number = request.GET.get("before", "")
        key = int(number) if number.isascii() and number.isdigit() and len(number) <= 18 else 0
        message = get_object_or_404(ticket.conversation(), pk=key)
        values = {"ticket": ticket, "part": conversation.before(ticket, message)}
        return self._part(request, ticket, "earlier", values)

    def canned(self, request: HttpRequest, ticket_id: int) -> HttpResponse:
        """Canned replies with the words of `?q=`, as they read on this ticket."""
        ticket = self._visible(request, ticket_id)
        if not self.has_change_permission(request, ticket):
            raise PermissionDenied
        words = request.GET.get("q", "").replace("\0", "")[:100].strip()
        found = canned.canned(ticket, user=cast("User", request.user), words=words)
        values = {"ticket": ticket, "canned": found, "words": words}
        name = "canned_list" if request.GET.get("list") else "canned"
        return self._part(request, ticket, name, values)

    def whole_message(self, request: HttpRequest, ticket_id: int, message_id: int) -> HttpResponse:
        """A mail with what it quotes."""
        ticket = self._visible(request, ticket_id)
        message = get_object_or_404(ticket.conversation().exclude(whole_text=""), pk=message_id)
        return self._part(request, ticket, "whole", {"message": message})

    def offered(self, request: HttpRequest, ticket: Ticket, verb: Verb) -> HttpResponse:
        """The form of a verb; that of the composer is on the ticket's page."""
        if not self.has_change_permission(request, ticket):
            raise PermissionDenied
        if verb in SAYING:
            return self._back(request, ticket)
        offer = ticket_page.offered_form(ticket, verb, at=timezone.now())
        return self._part(request, ticket, "offer", {"ticket": ticket, "offer": offer})

    def _part(
        self, request: HttpRequest, ticket: Ticket, name: str, values: dict[str, Any]
    ) -> HttpResponse:
        """The part alone for htmx, else on a page."""
        htmx = cast("HtmxDetails", cast("Any", request).htmx)
        may_act, frame = self.has_change_permission(request, ticket), self._frame(request)
        values = {
            **frame, **values, "may_act": may_act,
            "preserved_filters": as_shown(request, ticket, frame["preserved_filters"]),
            "is_part": bool(htmx),
            "part_template": f"admin/tickets/ticket/{name}.html",
        }  # fmt: skip
        if htmx:
            return TemplateResponse(request, values["part_template"], values)
        page = {**values, "ticket": ticket, "title": str(ticket), "original": ticket}
        return TemplateResponse(request, "admin/tickets/ticket/part.html", page)

    def _visible(self, request: HttpRequest, ticket_id: int) -> Ticket:
        raise NotImplementedError

    def _frame(self, request: HttpRequest) -> dict[str, Any]:
        raise NotImplementedError

    def _back(self, request: HttpRequest, ticket: Ticket) -> HttpResponse:
        raise NotImplementedError
