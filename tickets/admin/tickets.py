"""Tickets in the admin: the queue, the page of one ticket, and a new one for a caller."""

from __future__ import annotations

from functools import partial
from typing import Any, cast

from django.conf import settings
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import (
    Http404,
    HttpRequest,
    HttpResponse,
    HttpResponseNotAllowed,
    HttpResponseRedirect,
)
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.csp import CSP

from tickets import correspondence, lifecycle, meanwhile, notifications
from tickets.admin import ticket_page
from tickets.admin.collision import collision, seen_by
from tickets.admin.forms import NewTicketForm
from tickets.admin.mentioning import Mentioning
from tickets.admin.queue import TicketQueue, queue_url
from tickets.admin.shortcuts import keys_of
from tickets.admin.surroundings import Surroundings
from tickets.admin.ticket_page import Attempt
from tickets.admin.ticket_parts import TicketParts
from tickets.admin.ticket_rows import whole
from tickets.admin.verbs import SAYING, VERBS, Verb
from tickets.channels.mail.html import safe_html
from tickets.models import Ticket, User
from tickets.refusals import Refused

# Marks the sentence that tells that the composer's text was taken.
SAID = "said"


@admin.register(Ticket)
class TicketAdmin(Mentioning, TicketParts, Surroundings, TicketQueue):
    """Only verbs change a ticket: there is no form with its fields."""

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Who may work on tickets may open one for somebody who called."""
        return bool(self.has_change_permission(request))

    def has_delete_permission(self, request: HttpRequest, obj: Ticket | None = None) -> bool:
        return False

    def get_urls(self) -> list[URLPattern]:
        """Each verb has its own address: POST does it, and GET shows its form."""
        acts = [
            path(
                f"<int:ticket_id>/{verb.name}/",
                self.admin_site.admin_view(partial(self.act, verb=verb)),
                name=f"tickets_ticket_{verb.name}",
            )
            for verb in VERBS
        ]
        accept = path(
            "<int:ticket_id>/messages/<int:message_id>/accept/",
            self.admin_site.admin_view(self.accept),
            name="tickets_ticket_accept",
        )
        formatted = path(
            "<int:ticket_id>/messages/<int:message_id>/formatted/",
            self.admin_site.admin_view(self.formatted),
            name="tickets_ticket_formatted",
        )
        own = [accept, formatted, *self.mention_urls(), *self.part_urls(), *acts]
        return [*own, *super().get_urls()]

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        """The page of one ticket."""
        if request.method not in ("GET", "HEAD"):
            return HttpResponseNotAllowed(["GET", "HEAD"])
        if not object_id.isdecimal():
            return cast(
                "HttpResponse",
                self._get_obj_does_not_exist_redirect(request, self.opts, object_id),
            )
        ticket = self._visible(request, int(object_id))
        user = cast("User", request.user)
        notifications.read_ticket(ticket, user=user, at=timezone.now())
        return self._page(request, ticket)

    def act(self, request: HttpRequest, ticket_id: int, *, verb: Verb) -> HttpResponse:
        """Do one verb; when it is refused, the page comes back with the reason and the text.

        Who had to sign in again on the way comes here by GET, and finds the form.
        """
        if request.method not in ("GET", "HEAD", "POST"):
            return HttpResponseNotAllowed(["GET", "HEAD", "POST"])
        ticket = self._visible(request, ticket_id)
        if request.method != "POST":
            return self.offered(request, ticket, verb)
        if not self.has_change_permission(request, ticket):
            raise PermissionDenied
        form = verb.form(request.POST, request.FILES, auto_id=f"{verb.name}_%s")
        if form.is_valid():
            try:
                done = meanwhile.unless_changed(
                    verb.call,
                    act=verb.act,
                    seen=seen_by(request),
                    ticket=ticket,
                    by=cast("User", request.user),
                    at=timezone.now(),
                    **form.cleaned_data,
                )
            except Refused as refusal:
                form.add_error(None, str(refusal))
            else:
                self.remark(request, ticket, verb, form.cleaned_data.get("text", ""))
                tag = SAID if verb in SAYING else ""
                # Splitting answers the ticket that it made.
                return self._done(request, done, verb.done, tag)
        for sentences in form.errors.values():
            for sentence in sentences:
                messages.error(request, str(sentence))
        if request.FILES:
            messages.warning(request, "Attach the files again: browsers do not keep them.")
        return self._page(request, self._visible(request, ticket_id), Attempt(verb, form))

    def _done(
        self, request: HttpRequest, ticket: Ticket, words: str, tag: str = ""
    ) -> HttpResponse:
        """Back to the ticket's page; to the queue where the ticket went out of sight."""
        messages.success(request, words, extra_tags=tag)
        if Ticket.objects.visible_to(request.user).filter(pk=ticket.pk).exists():
            return self._back(request, ticket)
        messages.info(request, f"{ticket.reference} is no longer among the tickets that you see.")
        return HttpResponseRedirect(queue_url(request.GET.get("_changelist_filters", "")))

    def formatted(self, request: HttpRequest, ticket_id: int, message_id: int) -> HttpResponse:
        """A mail as its sender formatted it: cleaned, and on a page that can run nothing."""
        ticket = self._visible(request, ticket_id)
        message = get_object_or_404(ticket.conversation().exclude(html=""), pk=message_id)
        inline = {
            file.content_id: reverse("portal:file", args=[file.pk])
            for file in message.attachments.exclude(content_id="")
        }
        answer = HttpResponse(safe_html(message.html, inline=inline))
        # The second wall behind the cleaning: no script, no frame, no form, nothing from elsewhere.
        answer.headers[CSP.HEADER_ENFORCE.value] = (
            "default-src 'none'; img-src 'self'; form-action 'none'; base-uri 'none'; "
            # Pictures of the mail come with the agent's session, and links open beside this page.
            "sandbox allow-same-origin allow-popups allow-popups-to-escape-sandbox"
        )
        return answer

    def accept(self, request: HttpRequest, ticket_id: int, message_id: int) -> HttpResponse:
        """Let a message of somebody unknown into the conversation."""
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        ticket = self._visible(request, ticket_id)
        if not self.has_change_permission(request, ticket):
            raise PermissionDenied
        message = get_object_or_404(ticket.messages, pk=message_id)
        by = cast("User", request.user)
        try:
            correspondence.accept(message=message, by=by, at=timezone.now())
        except Refused as refusal:
            messages.error(request, str(refusal))
        else:
            messages.success(request, "The message is part of the conversation now.")
        return self._back(request, ticket)

    def add_view(
        self,
        request: HttpRequest,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        """Open a ticket for somebody who called."""
        if not self.has_add_permission(request):
            raise PermissionDenied
        form = NewTicketForm(request.POST or None, request.FILES or None)
        if request.method == "POST" and form.is_valid():
            ticket = _open_for_caller(**form.cleaned_data)
            messages.success(request, f"{ticket.reference} is open, and the requester is told.")
            return HttpResponseRedirect(reverse("admin:tickets_ticket_change", args=[ticket.pk]))
        values = {**self._frame(request), "title": "New ticket", "form": form}
        return TemplateResponse(request, "admin/tickets/ticket/add_form.html", values)

    def _visible(self, request: HttpRequest, ticket_id: int) -> Ticket:
        """The ticket, loaded with all that its page names. Raises Http404, PermissionDenied."""
        if not self.has_view_or_change_permission(request):
            raise PermissionDenied
        tickets = whole(self.get_queryset(request), viewer=cast("User", request.user))
        # In one statement with the ticket: the page cannot name an event that it does not show.
        found = tickets.annotate(seen=meanwhile.last_event()).filter(pk=ticket_id).first()
        if found is None and Ticket.objects.filter(pk=ticket_id).exists():
            raise PermissionDenied(
                f"{settings.TICKET_PREFIX}-{ticket_id} is with a team that you are not in. "
                "Ask that team, or a manager."
            )
        if found is None:
            raise Http404
        return found

    def _page(
        self, request: HttpRequest, ticket: Ticket, failed: Attempt | None = None
    ) -> HttpResponse:
        page = ticket_page.context(
            ticket,
            user=cast("User", request.user),
            at=timezone.now(),
            may_act=self.has_change_permission(request, ticket),
            failed=failed,
            is_whole=request.GET.get("messages") == "all",
            canned=request.GET.get("canned", ""),
        )
        values = {**self._frame(request), "title": str(ticket), "original": ticket, **page}
        values["queue_place"] = values["preserved_filters"]
        values |= collision(request, ticket, values["preserved_filters"])
        values |= keys_of("ticket", request)
        values["was_said"] = _was_said(request)
        return TemplateResponse(request, "admin/tickets/ticket/change_form.html", values)

    def _frame(self, request: HttpRequest) -> dict[str, Any]:
        """What the admin's layout around a page of ours needs."""
        request.current_app = self.admin_site.name
        filters = self.get_preserved_filters(request)
        return {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "media": self.media,
            "preserved_filters": filters,
            "queue_url": queue_url(request.GET.get("_changelist_filters", "")),
        }

    def _back(self, request: HttpRequest, ticket: Ticket) -> HttpResponse:
        """To the ticket's page, from which the way leads to the queue as it was narrowed."""
        filters = self.get_preserved_filters(request)
        page = reverse("admin:tickets_ticket_change", args=[ticket.pk])
        return HttpResponseRedirect(f"{page}{'?' + filters if filters else ''}")


def _was_said(request: HttpRequest) -> bool:
    """Whether what the composer held was just sent: the browser then forgets its draft."""
    waiting = cast("Any", messages.get_messages(request))
    found = [SAID in (message.extra_tags or "") for message in waiting]
    waiting.used = False  # They are still to be shown.
    return any(found)


def _open_for_caller(*, email: str, name: str, **request: Any) -> Ticket:
    requester = User.objects.customer(email, name)
    return lifecycle.open_ticket(requester=requester, at=timezone.now(), **request)
