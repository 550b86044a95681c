"""Macros on a ticket: a list found by typing, with what each does, and one press."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, cast

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from unfold.admin import ModelAdmin

from tickets import actions, meanwhile
from tickets.admin.collision import as_shown, seen_by
from tickets.arguments import Rows
from tickets.models import Macro, Ticket, User
from tickets.refusals import Refused
from tickets.states import Act


@dataclass(frozen=True)
class Preview:
    """A macro as it would do to one ticket; `text` is what it would say to the customer."""

    macro: Macro
    does: Sequence[str]
    text: str


class MacroPage(ModelAdmin):
    """The page of a ticket's macros, which its script shows in a dialog."""

    def get_urls(self) -> list[URLPattern]:
        press = path(
            "for/<int:ticket_id>/",
            self.admin_site.admin_view(self.press),
            name="tickets_macro_press",
        )
        return [press, *cast("list[URLPattern]", super().get_urls())]

    def press(self, request: HttpRequest, ticket_id: int) -> HttpResponse:
        """The macros that this person may use on the ticket; or press one of them."""
        if request.method not in ("GET", "HEAD", "POST"):
            return HttpResponseNotAllowed(["GET", "HEAD", "POST"])
        user = cast("User", request.user)
        if not user.has_perm("tickets.change_ticket"):
            raise PermissionDenied
        tickets = Ticket.objects.visible_to(user).select_related(
            "requester", "organization", "priority"
        )
        tickets = tickets.annotate(seen=meanwhile.last_event())
        ticket = get_object_or_404(tickets, pk=ticket_id)
        macros = Macro.objects.usable_by(user)
        back = reverse("admin:tickets_ticket_change", args=[ticket.pk])
        if request.method == "POST":
            number = request.POST.get("macro", "")
            macro = get_object_or_404(macros, pk=number if number.isdecimal() else None)
            self._press(request, macro, ticket, user)
            # It may belong to another team now.
            stays = Ticket.objects.visible_to(user).filter(pk=ticket.pk).exists()
            queue = reverse("admin:tickets_ticket_changelist")
            return HttpResponseRedirect(back if stays else queue)
        values: dict[str, Any] = {
            **self.admin_site.each_context(request),
            "title": f"Macros for {ticket.reference}",
            "ticket": ticket,
            "as_shown": as_shown(request, ticket, ""),
            "back": back,
            "previews": previews(list(macros), ticket, user),
        }
        return TemplateResponse(request, "admin/tickets/automation/macros.html", values)

    def _press(self, request: HttpRequest, macro: Macro, ticket: Ticket, user: User) -> None:
        try:
            # A macro may answer and end it: whoever presses it has read all of the ticket.
            performed = meanwhile.unless_changed(
                partial(actions.press, macro),
                act=Act.RESOLVE,
                seen=seen_by(request),
                ticket=ticket,
                by=user,
                at=timezone.now(),
                others=actions.others(macro.steps),
            )
        except Refused as refusal:
            messages.error(request, f"“{macro}” did nothing. {refusal}")
        else:
            if performed.did:
                messages.success(request, f"“{macro}” was done.")
            else:
                messages.info(request, f"“{macro}” had nothing to do: all of it is so already.")


def previews(macros: Sequence[Macro], ticket: Ticket, user: User) -> list[Preview]:
    """What each would do, with its texts filled in; the rows that they name are asked once."""
    rows = Rows(step for macro in macros for step in macro.steps)
    found = []
    for macro in macros:
        steps = [actions.filled(step, ticket=ticket, by=user) for step in macro.steps]
        texts = [step.get("text", "") for step in steps if step["do"] in ("reply", "resolve")]
        does = [actions.describe(step, rows) for step in steps]
        found.append(Preview(macro, does, "\n\n".join(filter(None, texts))))
    return found
