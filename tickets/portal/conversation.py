"""A ticket as its requester sees it: by signed link, or signed in."""

from __future__ import annotations

from datetime import datetime
from functools import wraps
from typing import Any

from django.contrib import messages
from django.db.models import Prefetch, QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.cache import patch_cache_control
from django.views.decorators.http import require_http_methods

from sla.models import Clock
from tickets import lifecycle, links
from tickets.models import Attachment, Message, Ticket, User
from tickets.portal.forms import ReplyForm
from tickets.portal.pages import viewer_of, zone_of
from tickets.portal.standing import Standing, standing, status_words
from tickets.portal.submission import UNPROCESSABLE
from tickets.portal.uploads import View, bounded
from tickets.refusals import Refused
from tickets.states import Act, Status


def confidential(view: View) -> View:
    """The address itself is the key: no cache keeps the page, and no other site learns of it."""

    @wraps(view)
    def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        response = view(request, *args, **kwargs)
        patch_cache_control(response, private=True, no_store=True)
        # Not "no-referrer": a form would then be sent with the origin "null" (Fetch, 4.1).
        response.headers["Referrer-Policy"] = "same-origin"
        return response

    return guarded


@confidential
@require_http_methods(["GET", "HEAD", "POST"])
@bounded
def by_link(request: HttpRequest, reference: str, key: str) -> HttpResponse:
    """The ticket of a signed link. A forged, foreign or outdated link is not found."""
    found = links.holder(reference, key)
    if found is None:
        raise Http404
    ticket, person = found
    return _page(request, ticket, person, key=key)


@confidential
@require_http_methods(["GET", "HEAD", "POST"])
@bounded
def signed_in(request: HttpRequest, reference: str) -> HttpResponse:
    """The same page for a customer who is signed in; staff go to the desk."""
    viewer = viewer_of(request)
    number = reference.rpartition("-")[2]
    ticket = Ticket.objects.visible_to(request.user).filter(pk=number).first()
    if viewer is None or ticket is None or ticket.reference != reference:
        raise Http404
    if viewer.is_staff:
        return redirect("admin:tickets_ticket_change", ticket.pk)
    return _page(request, ticket, viewer, key="")


def _page(request: HttpRequest, ticket: Ticket, person: User, *, key: str) -> HttpResponse:
    """The page; or, after a button, what the button does and the page again."""
    at = timezone.now()
    if request.method != "POST":
        return _show(request, ticket, person, ReplyForm(), at=at, key=key)
    is_closing = "close" in request.POST
    form = ReplyForm() if is_closing else ReplyForm(request.POST, request.FILES)
    problem = ""
    if is_closing or form.is_valid():
        try:
            done = _close(ticket, person, at) if is_closing else _reply(ticket, person, form, at)
        except Refused as refusal:
            problem = str(refusal)
            ticket.refresh_from_db()
        else:
            messages.success(request, done)
            return redirect(request.path)
    return _show(request, ticket, person, form, at=at, key=key, problem=problem)


def _close(ticket: Ticket, person: User, at: datetime) -> str:
    lifecycle.close(ticket=ticket, by=person, at=at)
    return "Thank you for telling us. The ticket is closed."


def _reply(ticket: Ticket, person: User, form: ReplyForm, at: datetime) -> str:
    values = form.cleaned_data
    files = values["attachments"]
    lifecycle.reply(ticket=ticket, by=person, text=values["text"], at=at, attachments=files)
    return "Thank you. We have your message."


def _show(
    request: HttpRequest,
    ticket: Ticket,
    person: User,
    form: ReplyForm,
    *,
    at: datetime,
    key: str,
    problem: str = "",
) -> HttpResponse:
    zone = zone_of(person, ticket.policy)
    context = {
        "ticket": ticket,
        "person": person,
        "key": key,
        "zone": zone,
        "status_words": status_words(ticket),
        "standings": _standings(ticket, at=at, zone=zone),
        "conversation": _conversation(ticket),
        "form": form,
        "problem": problem,
        "may_write": ticket.may(Act.CUSTOMER_REPLY),
        "may_close": ticket.may(Act.WITHDRAW),
    }
    status = UNPROCESSABLE if problem or form.errors else 200
    return render(request, "portal/ticket.html", context, status=status)


def _conversation(ticket: Ticket) -> QuerySet[Message]:
    """What the customer may read: public messages, the newest last."""
    files = Prefetch("attachments", Attachment.objects.order_by("pk"))
    public = ticket.messages.filter(is_public=True)
    return public.select_related("author").prefetch_related(files).order_by("sent_at", "pk")


def _standings(ticket: Ticket, *, at: datetime, zone: str) -> list[Standing]:
    """The promises that stand or were missed, the first answer before the solution."""
    clocks = Clock.objects.filter(ticket=ticket).counted_in_reports().select_related("priority")
    waits = ticket.status == Status.PENDING
    return [
        standing(clock, at=at, zone=zone, waits_for_customer=waits)
        for clock in clocks.order_by("metric", "started_at", "pk")
    ]
