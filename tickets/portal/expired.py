"""The page of a ticket link that is over: a new one by mail, or signing in."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _

from tickets import participation
from tickets.limits import Limit
from tickets.links import Link
from tickets.portal.pages import viewer_of

GONE = 410
NEW_LINKS = Limit("new link", times=3, span=timedelta(hours=1))


def answer(request: HttpRequest, link: Link, *, at: datetime) -> HttpResponse:
    """What whoever has an old link is told: nothing of the ticket, and no address in full."""
    own_page = reverse("portal:own_ticket", args=[link.ticket.reference])
    if viewer_of(request) == link.user:
        return redirect(own_page)
    if request.method == "POST" and "new_link" in request.POST:
        _send(request, link, at=at)
        return redirect(request.path)
    context = {
        "reference": link.ticket.reference,
        "address": masked(link.user.email),
        "own_page": own_page,
        # What was typed while the link ended is not lost.
        "typed": request.POST.get("text", ""),
    }
    return render(request, "portal/expired.html", context, status=GONE)


def masked(email: str) -> str:
    """An address that only its owner recognises: "m…@c….example"."""
    name, _, domain = email.rpartition("@")
    host, dot, rest = domain.partition(".")
    return f"{name[:1]}…@{host[:1]}…{dot}{rest}"


def _send(request: HttpRequest, link: Link, *, at: datetime) -> None:
    if NEW_LINKS.take(f"{link.ticket.pk}:{link.user.pk}", at=at):
        participation.send_new_link(ticket=link.ticket, user=link.user, at=at)
        messages.success(request, _("A new link is on its way to your mailbox."))
    else:
        sentence = _("We have sent you several links already. Look into your mailbox.")
        messages.warning(request, sentence)
