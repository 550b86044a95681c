"""A ticket as its requester sees it: by signed link, or signed in."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from functools import wraps
from typing import Any

from django import forms
from django.contrib import messages
from django.db.models import Prefetch, QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.cache import patch_cache_control
from django.views.decorators.http import require_http_methods

from sla.models import Clock
from tickets import escalation, lifecycle, links
from tickets.models import Attachment, Message, Ticket, User
from tickets.portal import customer_escalation
from tickets.portal.customer_escalation import EscalationForm
from tickets.portal.forms import ReplyForm
from tickets.portal.pages import viewer_of, zone_of
from tickets.portal.standing import Standing, standing, status_words
from tickets.portal.submission import UNPROCESSABLE
from tickets.portal.uploads import View, bounded
from tickets.refusals import Refused
from tickets.states import Act, Status


@dataclass
class Page:
    """What one request shows: the ticket to a person, and the form that was sent, if any."""

    ticket: Ticket
    person: User
    at: datetime
    key: str
    form: ReplyForm = field(default_factory=ReplyForm)
    escalation: EscalationForm = field(default_factory=EscalationForm)
    sent: forms.Form | None = None
    problem: str = ""

    @property
    def is_refused(self) -> bool:
        return bool(self.problem or (self.sent and self.sent.errors))


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
    page = Page(ticket, person, at, key)
    if request.method != "POST":
        return _show(request, page)
    try:
        done = _do(request, page)
    except Refused as refusal:
        page.problem = str(refusal)
        ticket.refresh_from_db()
    else:
        if done:
            messages.success(request, done)
            return redirect(request.path)
    return _show(request, page)


def _do(request: HttpRequest, page: Page) -> str:
    """What the button says, and the sentence that follows; "" when the form is not complete."""
    if "close" in request.POST:
        return _close(page.ticket, page.person, page.at)
    if "escalate" in request.POST:
        page.escalation = page.sent = EscalationForm(request.POST)
        return _escalate(page) if page.sent.is_valid() else ""
    page.form = page.sent = ReplyForm(request.POST, request.FILES)
    return _reply(page.ticket, page.person, page.form, page.at) if page.sent.is_valid() else ""


def _close(ticket: Ticket, person: User, at: datetime) -> str:
    lifecycle.close(ticket=ticket, by=person, at=at)
    return "Thank you for telling us. The ticket is closed."


def _reply(ticket: Ticket, person: User, form: ReplyForm, at: datetime) -> str:
    values = form.cleaned_data
    files = values["attachments"]
    lifecycle.reply(ticket=ticket, by=person, text=values["text"], at=at, attachments=files)
    return "Thank you. We have your message."


def _escalate(page: Page) -> str:
    reason = page.escalation.cleaned_data["reason"]
    escalation.escalate(ticket=page.ticket, by=page.person, reason=reason, at=page.at)
    return "The people in charge are told that it is urgent."


def _show(request: HttpRequest, page: Page) -> HttpResponse:
    ticket, person, at = page.ticket, page.person, page.at
    zone = zone_of(request, person, ticket.policy)
    context = {
        "ticket": ticket,
        "person": person,
        "key": page.key,
        "zone": zone,
        "status_words": status_words(ticket),
        "standings": _standings(ticket, at=at, zone=zone),
        "conversation": _conversation(ticket),
        "form": page.form,
        "escalation": page.escalation,
        "escalated": customer_escalation.standing(ticket, person, at=at, zone=zone),
        "sent": page.sent,
        "problem": page.problem,
        "may_write": ticket.may(Act.CUSTOMER_REPLY),
        "may_close": ticket.may(Act.WITHDRAW),
    }
    status = UNPROCESSABLE if page.is_refused else 200
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
