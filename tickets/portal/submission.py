"""The form that opens a ticket."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.contrib import messages
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.cache import patch_vary_headers
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods
from django_htmx.middleware import HtmxDetails

from tickets import lifecycle, links
from tickets.models import Ticket, User
from tickets.network import network_of
from tickets.portal import guards, offers, suggestions, work
from tickets.portal.contacts import contacts
from tickets.portal.forms import TicketForm, new_nonce
from tickets.portal.pages import hours_in, policy_of, viewer_of, zone_of
from tickets.portal.uploads import bounded
from tickets.refusals import Blocked, Refused

UNPROCESSABLE = 422
TOO_MANY = 429


class HtmxRequest(HttpRequest):
    htmx: HtmxDetails


@require_http_methods(["GET", "HEAD", "POST"])
@bounded
def new(request: HtmxRequest) -> HttpResponse:
    """The form; the promise for what is chosen on it; and a new ticket from it.

    The promise and similar tickets come by htmx, by a link (`?request_type=`), or without
    JavaScript by the button "preview", which keeps what was typed.
    """
    at, viewer = timezone.now(), viewer_of(request)
    if request.method != "POST":
        if request.htmx.target == "suggestions":
            return _suggest(request, viewer)
        prefilled = {name: request.GET.get(name) for name in ("request_type", "share_of_users")}
        return _show(request, _blank(viewer, prefilled), at=at)
    if "preview" in request.POST:
        return _show(request, _blank(viewer, request.POST.dict()), at=at)
    form = TicketForm(request.POST, request.FILES, viewer=viewer)
    try:
        ticket = _accepted(request, form, at=at) if form.is_valid() else None
    except guards.TooMany as refusal:
        return _try_again(request, form, refusal.again_at, at=at)
    except Refused as refusal:
        form.add_error(None, str(refusal))
        ticket = None
    if ticket is None:
        return _show(request, form, at=at, status=UNPROCESSABLE)
    return _thank(request, ticket, viewer, at=at)


def _blank(viewer: User | None, values: dict[str, Any]) -> TicketForm:
    return TicketForm(initial={"nonce": new_nonce(), **values}, viewer=viewer)


def _accepted(request: HttpRequest, form: TicketForm, *, at: datetime) -> Ticket:
    """The ticket of a valid form: the one that the same submission made before, or a new one.

    Raises TooMany beyond the limits, and Refused for what the form cannot know.
    """
    key = form.key()
    if (before := _made_by(key)) is not None:
        return before
    viewer = viewer_of(request)
    shown = request.POST.get(work.FIELD, "")
    proof = work.proof(shown, at=at) if work.is_asked(viewer) else None
    network, address = network_of(request), form.cleaned_data["email"]
    guards.count(viewer=viewer, address=address, network=network, at=at)
    try:
        return _opened(form, viewer=viewer, proof=proof, key=key, at=at)
    except work.NotProved:
        # Of two clicks at once, the first has used the proof by now.
        if (before := _made_by(key)) is not None:
            return before
        raise


@transaction.atomic
def _opened(
    form: TicketForm, *, viewer: User | None, proof: work.Proof | None, key: str, at: datetime
) -> Ticket:
    values = form.cleaned_data
    if proof is not None:
        proof.spend()
    requester = form.customer or User.objects.customer(values["email"], values["name"])
    if requester.blocked_at is not None:
        # Said, not swallowed: it may be a mistake, and then nobody would ever read this.
        raise Blocked
    return lifecycle.open_ticket(
        requester=requester,
        subject=values["subject"],
        text=values["text"],
        at=at,
        request_type=values["request_type"],
        share_of_users=values["share_of_users"],
        attachments=values["attachments"],
        nonce=key,
        acknowledge=guards.may_acknowledge(requester, viewer=viewer),
    )


def _made_by(key: str) -> Ticket | None:
    return Ticket.objects.select_related("requester").filter(nonce=key).first()


def _thank(
    request: HttpRequest, ticket: Ticket, viewer: User | None, *, at: datetime
) -> HttpResponse:
    """To the ticket's page, which says what was done, and what was not."""
    reference = ticket.reference
    thanks = _("Thank you. We have your request: it is %(reference)s.") % {"reference": reference}
    messages.success(request, thanks)
    if not guards.was_acknowledged(ticket):
        messages.info(request, _why_no_mail(ticket))
    if viewer is not None and viewer == ticket.requester and not viewer.is_staff:
        return redirect("portal:own_ticket", reference)
    key = links.key_for(ticket, ticket.requester, at=at)
    return redirect("portal:ticket", reference, key)


def _why_no_mail(ticket: Ticket) -> str:
    sentences = _(
        "We have not sent you a mail about it, because nobody has shown yet that {address} is "
        "theirs. Keep the address of this page, or {sign_in} once to get our confirmations."
    )
    sign_in = format_html(
        '<a href="{}">{}</a>', reverse("account_request_login_code"), _("sign in with a code")
    )
    return format_html(sentences, address=ticket.requester.email, sign_in=sign_in)


def _suggest(request: HtmxRequest, viewer: User | None) -> HttpResponse:
    """Similar tickets alone, while the subject is typed."""
    found = suggestions.similar(viewer, request.GET.get("subject", ""))
    response = render(request, "portal/new.html#suggestions", {"suggestions": found})
    return _varied(response)


def _try_again(
    request: HtmxRequest, form: TicketForm, again_at: datetime, *, at: datetime
) -> HttpResponse:
    """The form as it was filled in, with when to try again and what else there is to do."""
    limited = {"again_at": again_at, "contacts": contacts()}
    response = _show(request, form, at=at, status=TOO_MANY, limited=limited)
    response.headers["Retry-After"] = str(int((again_at - at).total_seconds()) + 1)
    return response


def _show(
    request: HtmxRequest,
    form: TicketForm,
    *,
    at: datetime,
    status: int = 200,
    limited: dict[str, Any] | None = None,
) -> HttpResponse:
    viewer = viewer_of(request)
    policy = policy_of(viewer)
    hours, zone = hours_in(policy), zone_of(request, viewer, policy)
    kind = form.kind
    made = offers.offers(kind, share=form.share, policy=policy, at=at, zone=zone) if kind else []
    context: dict[str, Any] = {
        "form": form,
        "kind": kind,
        "offers": made,
        "explanation": offers.explanation(made, hours=hours, at=at, zone=zone),
        "opening": offers.opening(hours, at=at, zone=zone),
        "is_open": hours.is_open(at),
        "policy": policy,
        "zone": zone,
    }
    if request.htmx:
        return _varied(render(request, "portal/new.html#promise", context, status=status))
    context |= {
        "viewer": viewer,
        "limited": limited,
        "suggestions": suggestions.similar(viewer, str(form["subject"].value() or "")),
        "asks_for_work": work.is_asked(viewer),
    }
    return _varied(render(request, "portal/new.html", context, status=status))


def _varied(response: HttpResponse) -> HttpResponse:
    patch_vary_headers(response, ["HX-Request", "HX-Target"])
    return response
