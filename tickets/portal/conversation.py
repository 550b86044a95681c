"""A ticket as those who take part in it see it: by signed link, or signed in."""

from __future__ import annotations

from datetime import datetime
from functools import wraps
from typing import Any

from django.contrib import messages
from django.db.models import Prefetch, QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.cache import patch_cache_control
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from sla.models import Clock
from tickets import lifecycle, links, participation
from tickets.models import Attachment, Message, Ticket, User
from tickets.portal import acts, customer_escalation, expired, ratings
from tickets.portal.acts import Page
from tickets.portal.customer_escalation import EscalationForm
from tickets.portal.forms import ReplyForm
from tickets.portal.news import Known, news
from tickets.portal.pages import viewer_of, zone_of
from tickets.portal.participation import ColleagueForm, Part, TakeUpForm, part_of
from tickets.portal.standing import STATUS_WORDS, Standing, standing, status_words
from tickets.portal.submission import UNPROCESSABLE
from tickets.portal.unread import mark_read
from tickets.portal.uploads import View, bounded
from tickets.refusals import Refused
from tickets.states import Status

NOTHING_NEW = 204


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
    """The ticket of a signed link. A forged or foreign link is not found; an old one says so."""
    link, at = links.read(reference, key), timezone.now()
    if link is None:
        raise Http404
    if link.is_over(at=at):
        return expired.answer(request, link, at=at)
    if request.method == "POST" and link.by_mail:
        participation.address_proved(link.user, at=at)
    return _page(request, link.ticket, link.user, key=key, at=at)


@confidential
@require_http_methods(["GET", "HEAD", "POST"])
@bounded
def signed_in(request: HttpRequest, reference: str) -> HttpResponse:
    """The same page for a customer who is signed in; staff go to the desk."""
    viewer, ticket = _own(request, reference)
    if viewer.is_staff:
        return redirect("admin:tickets_ticket_change", ticket.pk)
    return _page(request, ticket, viewer, key="", at=timezone.now())


@confidential
@require_safe
def news_by_link(request: HttpRequest, reference: str, key: str) -> HttpResponse:
    """What is new on the page of a signed link, for its script."""
    at = timezone.now()
    found = links.holder(reference, key, at=at)
    if found is None:
        raise Http404
    return _news(request, *found, key=key, at=at)


@confidential
@require_safe
def news_signed_in(request: HttpRequest, reference: str) -> HttpResponse:
    """What is new on the page of a customer who is signed in."""
    viewer, ticket = _own(request, reference)
    return _news(request, ticket, viewer, key="", at=timezone.now())


def _own(request: HttpRequest, reference: str) -> tuple[User, Ticket]:
    """Who is signed in, and the ticket that he may see. Raises Http404."""
    viewer = viewer_of(request)
    number = reference.rpartition("-")[2]
    ticket = Ticket.objects.visible_to(request.user).filter(pk=number).first()
    if viewer is None or ticket is None or ticket.reference != reference:
        raise Http404
    return viewer, ticket


def _page(
    request: HttpRequest, ticket: Ticket, person: User, *, key: str, at: datetime
) -> HttpResponse:
    """The page; or, after a button, what the button does and the page again."""
    page = Page(ticket, person, at, key)
    if request.method != "POST":
        return _show(request, page)
    try:
        done = acts.do(request, page)
    except Refused as refusal:
        page.problem = str(refusal)
        ticket.refresh_from_db()
    else:
        if done:
            messages.success(request, done)
            return redirect(page.leads_to or request.path)
    return _show(request, page)


def _show(request: HttpRequest, page: Page) -> HttpResponse:
    ticket, person, at = page.ticket, page.person, page.at
    part, rating = part_of(person, ticket, at=at), ratings.standing(ticket, person, at=at)
    conversation = list(public_messages(ticket, person))
    zone = zone_of(request, person, ticket.policy)
    context = {
        **_standing_of(page, zone=zone),
        "part": part,
        "conversation": conversation,
        "known": Known.of(ticket, conversation, at=at, zone=zone),
        "escalated": customer_escalation.standing(ticket, person, at=at, zone=zone),
        "rating": rating,
        "forms": _forms(page, part, rating),
        "sent": page.sent,
        "problem": page.problem,
    }
    if request.method != "HEAD":
        mark_read(ticket, person, at=at)
    status = UNPROCESSABLE if page.is_refused else 200
    return render(request, "portal/ticket.html", context, status=status)


def _standing_of(page: Page, *, zone: str) -> dict[str, Any]:
    """What the page and its news say of the ticket's status and promises."""
    ticket, at = page.ticket, page.at
    return {
        "ticket": ticket,
        "person": page.person,
        "key": page.key,
        "zone": zone,
        "status_words": _status_words(ticket, at),
        "standings": _standings(ticket, at=at, zone=zone),
        "goes_on": _goes_on(page),
        "joined": _joined(page),
    }


def _status_words(ticket: Ticket, at: datetime) -> tuple[str, str]:
    """The status in words; what was solved too long ago offers nothing more."""
    label, words = status_words(ticket)
    if ticket.is_unsolved or ticket.closed_as == Ticket.ClosedAs.MERGED:
        return label, words
    if not lifecycle.may_be_taken_up(ticket, at):
        return label, str(STATUS_WORDS[Status.CLOSED][1])
    if ticket.status == Status.CLOSED:
        words = _("If it is not solved, you can take it up again below.")
    return label, words


def _goes_on(page: Page) -> tuple[str, str] | None:
    """The reference and the address of the ticket that this one was merged into, if he sees it."""
    if page.ticket.merged_into_id is None:
        return None
    seen = Ticket.objects.visible_to(page.person).filter(pk=page.ticket.merged_into_id).first()
    return (seen.reference, _address(seen, page)) if seen else None


def _joined(page: Page) -> list[tuple[str, str]]:
    """References and addresses of the person's own tickets that were merged into this one."""
    own = page.ticket.merged.filter(requester=page.person)
    return [(f"{ticket.reference} {ticket.subject}", _address(ticket, page)) for ticket in own]


def _address(ticket: Ticket, page: Page) -> str:
    """Where somebody on this page reads another ticket of his: by link as well, or signed in."""
    if not page.key:
        return reverse("portal:own_ticket", args=[ticket.reference])
    key = links.key_for(ticket, page.person, at=page.at)
    return reverse("portal:ticket", args=[ticket.reference, key])


def _forms(page: Page, part: Part, rating: ratings.Standing) -> dict[str, Any]:
    """The forms of the page, blank but for the one that was sent and comes back."""
    return {
        "reply": ReplyForm(),
        "take_up": TakeUpForm(needs_text=not part.is_requester),
        "escalate": EscalationForm(),
        "rate": rating.form(),
        "add_colleague": ColleagueForm(),
        **page.forms,
    }


def _news(
    request: HttpRequest, ticket: Ticket, person: User, *, key: str, at: datetime
) -> HttpResponse:
    """What has changed since the page was made, or nothing: then it costs no more than a look."""
    known = Known.said(request.GET)
    if known.is_up_to_date(ticket, at=at):
        return HttpResponse(status=NOTHING_NEW)
    zone = known.zone or zone_of(request, person, ticket.policy)
    context = _standing_of(Page(ticket, person, at, key), zone=zone)
    if known.is_changed(ticket):
        context |= news(known, ticket, public_messages(ticket, person), at=at)
        mark_read(ticket, person, at=at)
    else:
        context["known"] = known.later(at)
    return render(request, "portal/ticket/news.html", context)


def public_messages(ticket: Ticket, person: User) -> QuerySet[Message]:
    """What this person may read: public messages, the newest last."""
    files = Prefetch("attachments", Attachment.objects.order_by("pk"))
    public = Message.objects.filter(ticket=ticket).shown_to(person)
    return public.select_related("author").prefetch_related(files).order_by("sent_at", "pk")


def _standings(ticket: Ticket, *, at: datetime, zone: str) -> list[Standing]:
    """The promises that stand or were missed, the first answer before the solution."""
    clocks = Clock.objects.filter(ticket=ticket).counted_in_reports().select_related("priority")
    waits = ticket.status == Status.PENDING
    return [
        standing(clock, at=at, zone=zone, waits_for_customer=waits)
        for clock in clocks.order_by("metric", "started_at", "pk")
    ]
