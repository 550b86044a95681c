"""Those who are called by an escalation say, by the link in their mail, that they look after it."""

from __future__ import annotations

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from tickets import escalation, links
from tickets.models import User
from tickets.portal.conversation import confidential
from tickets.portal.pages import zone_of
from tickets.refusals import AlreadyAcknowledged, Refused
from tickets.templatetags.escalations import already_acknowledged

CONFLICT = 409


@confidential
@require_http_methods(["GET", "HEAD", "POST"])
def acknowledge(request: HttpRequest, key: str) -> HttpResponse:
    """The escalation with a button; only the button acknowledges, as mail scanners open links."""
    found = links.acknowledger(key)
    if found is None:
        raise Http404
    row, reader = found
    person = reader if isinstance(reader, User) else None
    zone = zone_of(request, person, row.ticket.policy)
    problem = ""
    if request.method == "POST":
        try:
            escalation.acknowledge(escalation=row, by=reader, at=timezone.now())
        except AlreadyAcknowledged:
            row.refresh_from_db()
            problem = already_acknowledged(row, zone)
        except Refused as refusal:
            problem = str(refusal)
        else:
            messages.success(request, _("Thank you: the others see that you look after it."))
            return redirect(request.path)
    context = {
        "escalation": row,
        "ticket": row.ticket,
        "reader": reader,
        "desk_link": links.desk_url_for(row.ticket) if person else "",
        "zone": zone,
        "now": timezone.now(),
        "problem": problem,
    }
    status = CONFLICT if problem else 200
    return render(request, "portal/acknowledge.html", context, status=status)
