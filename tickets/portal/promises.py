"""How a promise's deadline comes about, for the customer and in plain words."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_safe

from sla.explanation import explain
from sla.models import Clock, ClockEvent, Pause
from tickets import links
from tickets.models import Ticket, User
from tickets.portal.conversation import confidential
from tickets.portal.pages import viewer_of, zone_of
from tickets.portal.standing import standing
from tickets.states import Status

Kind = ClockEvent.Kind

# What happened to a promise; the desk's own words about it are for staff.
KIND_WORDS = {
    Kind.STARTED.value: gettext_lazy("We made this promise"),
    Kind.PAUSED.value: gettext_lazy("The time stood still"),
    Kind.RESUMED.value: gettext_lazy("The time ran on"),
    Kind.STOPPED.value: gettext_lazy("Done"),
    Kind.REOPENED.value: gettext_lazy("It was not done yet, and the time ran on"),
    Kind.SUPERSEDED.value: gettext_lazy("Another promise took its place"),
    Kind.VOIDED.value: gettext_lazy("We took the request for spam"),
    Kind.RESTORED.value: gettext_lazy("That was a mistake, and the promise stands"),
    Kind.RECALCULATED.value: gettext_lazy("Our opening hours or our policy changed"),
}
PAUSE_WORDS = {
    Pause.Reason.WAITING_FOR_CUSTOMER.value: gettext_lazy(
        "The time stood still: we wait for your answer"
    ),
    Pause.Reason.WITH_ENGINEERING.value: gettext_lazy(
        "The time stood still: our engineers have it"
    ),
}


@dataclass(frozen=True)
class Entry:
    """What happened to a deadline; `due_before` only where it moved."""

    at: datetime
    words: str
    by: str
    due_before: datetime | None
    due_after: datetime | None


@confidential
@require_safe
def by_link(request: HttpRequest, reference: str, key: str, pk: int) -> HttpResponse:
    """A promise of the ticket behind a signed link."""
    at = timezone.now()
    found = links.holder(reference, key, at=at)
    if found is None:
        raise Http404
    ticket, person = found
    return _show(request, _clock(ticket, pk), ticket, person, key=key, at=at)


@confidential
@require_safe
def signed_in(request: HttpRequest, reference: str, pk: int) -> HttpResponse:
    """The same page for a customer who is signed in; staff go to the desk."""
    viewer = viewer_of(request)
    number = reference.rpartition("-")[2]
    ticket = Ticket.objects.visible_to(request.user).filter(pk=number).first()
    if viewer is None or ticket is None or ticket.reference != reference:
        raise Http404
    clock = _clock(ticket, pk)
    if viewer.is_staff:
        return redirect("admin:sla_clock_change", clock.pk)
    return _show(request, clock, ticket, viewer, key="", at=timezone.now())


def _clock(ticket: Ticket, pk: int) -> Clock:
    """A clock that the ticket's page shows. Raises Http404 for any other."""
    shown = Clock.objects.filter(ticket=ticket).counted_in_reports()
    whole = shown.select_related("priority", "calendar_version").prefetch_related("pauses")
    clock = whole.filter(pk=pk).first()
    if clock is None:
        raise Http404
    return clock


def _show(
    request: HttpRequest, clock: Clock, ticket: Ticket, person: User, *, key: str, at: datetime
) -> HttpResponse:
    zone = zone_of(request, person, ticket.policy)
    waits = ticket.status == Status.PENDING
    explanation = explain(clock, at=at)
    context = {
        "ticket": ticket,
        "key": key,
        "zone": zone,
        "clock": clock,
        "explanation": explanation,
        "standing": standing(clock, at=at, zone=zone, waits_for_customer=waits),
        "entries": _entries(clock, person),
    }
    return render(request, "portal/promise.html", context)


def _entries(clock: Clock, person: User) -> list[Entry]:
    """The ledger without names of agents and without what they wrote into it."""
    reasons = {pause.started_at: pause.reason for pause in clock.pauses.all()}
    return [
        Entry(
            at=event.at,
            words=_words(event, reasons.get(event.at, "")),
            by=_who(event.by, person),
            due_before=event.due_before if event.due_before != event.due_after else None,
            due_after=event.due_after,
        )
        for event in clock.events.select_related("by")
    ]


def _words(event: ClockEvent, reason: str) -> str:
    if event.kind == Kind.PAUSED and reason in PAUSE_WORDS:
        return str(PAUSE_WORDS[reason])
    return str(KIND_WORDS[event.kind])


def _who(by: User | None, person: User) -> str:
    if by is None:
        return _("the support policy")
    if by == person:
        return _("you")
    return _("Support") if by.is_staff else _("the requester")
