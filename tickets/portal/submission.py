"""The form that opens a ticket."""

from __future__ import annotations

from datetime import datetime

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.cache import patch_vary_headers
from django.views.decorators.http import require_http_methods
from django_htmx.middleware import HtmxDetails

from tickets import lifecycle, links
from tickets.models import Ticket, User
from tickets.portal import offers
from tickets.portal.forms import TicketForm, new_nonce
from tickets.portal.pages import hours_in, policy_of, viewer_of, zone_of
from tickets.portal.uploads import bounded
from tickets.refusals import Refused

UNPROCESSABLE = 422


class HtmxRequest(HttpRequest):
    htmx: HtmxDetails


@require_http_methods(["GET", "HEAD", "POST"])
@bounded
def new(request: HtmxRequest) -> HttpResponse:
    """The form; the promise for what is chosen on it; and a new ticket from it.

    The promise comes by htmx, by a link (`?request_type=`), or without JavaScript by the button
    "preview", which keeps what was typed.
    """
    at = timezone.now()
    if request.method != "POST":
        prefilled = {name: request.GET.get(name) for name in ("request_type", "share_of_users")}
        return _show(request, TicketForm(initial=_first_values(request) | prefilled), at=at)
    if "preview" in request.POST:
        return _show(request, TicketForm(initial=request.POST.dict()), at=at)
    form = TicketForm(request.POST, request.FILES)
    if form.is_valid() and (ticket := _opened(form, at=at)):
        messages.success(request, f"Thank you. We have your request: it is {ticket.reference}.")
        key = links.key_for(ticket, ticket.requester)
        return redirect("portal:ticket", ticket.reference, key)
    return _show(request, form, at=at, status=UNPROCESSABLE)


def _opened(form: TicketForm, *, at: datetime) -> Ticket | None:
    values = form.cleaned_data
    try:
        return lifecycle.open_ticket(
            requester=User.objects.customer(values["email"], values["name"]),
            subject=values["subject"],
            text=values["text"],
            at=at,
            request_type=values["request_type"],
            share_of_users=values["share_of_users"],
            attachments=values["attachments"],
            nonce=form.key(),
        )
    except Refused as refusal:
        form.add_error(None, str(refusal))
        return None


def _first_values(request: HttpRequest) -> dict[str, str | None]:
    """What a blank form starts with; we know the address of a person who is signed in."""
    viewer = viewer_of(request)
    known = {"email": viewer.email, "name": viewer.name} if viewer else {}
    return {"nonce": new_nonce(), **known}


def _show(
    request: HtmxRequest, form: TicketForm, *, at: datetime, status: int = 200
) -> HttpResponse:
    viewer = viewer_of(request)
    policy = policy_of(viewer)
    hours, zone = hours_in(policy), zone_of(request, viewer, policy)
    kind = form.kind
    made = offers.offers(kind, share=form.share, policy=policy, at=at, zone=zone) if kind else []
    context = {
        "form": form,
        "kind": kind,
        "offers": made,
        "explanation": offers.explanation(made, hours=hours, at=at, zone=zone),
        "opening": offers.opening(hours, at=at, zone=zone),
    }
    part = "#promise" if request.htmx else ""
    response = render(request, f"portal/new.html{part}", context, status=status)
    patch_vary_headers(response, ["HX-Request"])
    return response
