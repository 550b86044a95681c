"""What the page of one ticket shows; a fixed number of queries, however long its story."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django import forms
from django.db.models import Q, QuerySet

from sla.models import Clock, ClockEvent
from tickets.admin.consequences import Consequence, consequences
from tickets.admin.forms import NoteForm
from tickets.admin.standing import Standing, next_clock, standing
from tickets.admin.verbs import DOING, NOTE, SAYING, Verb
from tickets.models import Ticket, TicketLink, User
from tickets.states import Act


@dataclass(frozen=True)
class ClockRow:
    """A clock beside its words; `still_because` names the open pauses."""

    clock: Clock
    standing: Standing
    still_because: str


@dataclass(frozen=True)
class Attempt:
    """A verb that did not happen, with what was typed."""

    verb: Verb
    form: forms.Form


@dataclass(frozen=True)
class Offer:
    """A verb at the side of the page, with its form; `is_open` where something was typed."""

    verb: Verb
    form: forms.Form
    is_open: bool
    consequences: Sequence[Consequence] = ()


def context(
    ticket: Ticket, *, user: User, at: datetime, may_act: bool, failed: Attempt | None = None
) -> dict[str, Any]:
    """Everything for the template. `failed` comes back with its text and its errors."""
    rows = _clock_rows(ticket, at)
    upcoming = next_clock(row.clock for row in rows if row.clock.is_running)
    return {
        "ticket": ticket,
        "now": at,
        "may_act": may_act,
        "clock_rows": rows,
        "next_clock": upcoming,
        "next_standing": standing(upcoming, at) if upcoming else None,
        "escalations": ticket.escalations.for_reading(),
        "conversation": ticket.conversation()
        .select_related("author", "split_into")
        .prefetch_related("attachments"),
        "history": ticket.events.select_related("by").order_by("-at", "-pk"),
        "ledger": _ledger(ticket),
        "links": _links(ticket, user),
        "followers": ticket.followers.select_related("user"),
        "deliveries": ticket.deliveries.defer("text", "html"),
        **(_composer(ticket, failed) | _offers(ticket, rows, user, at, failed) if may_act else {}),
    }


def _clock_rows(ticket: Ticket, at: datetime) -> list[ClockRow]:
    """Running clocks first, the earliest deadline on top; then what is over, newest first."""
    found = ticket.clocks.select_related("priority", "earlier_promise")
    clocks = list(found.prefetch_related("pauses"))
    running = sorted((c for c in clocks if c.is_running), key=lambda c: c.due_at)
    over = sorted((c for c in clocks if not c.is_running), key=lambda c: c.end_or(at), reverse=True)
    return [ClockRow(clock, standing(clock, at), _reasons(clock)) for clock in running] + [
        ClockRow(clock, standing(clock, at), "") for clock in over
    ]


def _reasons(clock: Clock) -> str:
    return ", ".join(p.get_reason_display() for p in clock.pauses.all() if p.ended_at is None)


def _links(ticket: Ticket, user: User) -> QuerySet[TicketLink]:
    """The links with tickets that this person may see."""
    seen = Ticket.objects.visible_to(user).values("pk")
    links = TicketLink.objects.filter(
        Q(ticket=ticket, other__in=seen) | Q(other=ticket, ticket__in=seen)
    )
    return links.select_related("ticket", "other")


def _ledger(ticket: Ticket) -> QuerySet[ClockEvent]:
    entries = ClockEvent.objects.filter(clock__ticket=ticket).order_by("-at", "-pk")
    return entries.select_related("clock__priority", "by")


def _composer(ticket: Ticket, failed: Attempt | None) -> dict[str, Any]:
    """The text field that several verbs share, as it came back or empty."""
    returned = failed if failed and failed.verb in SAYING else None
    may_reply = ticket.may(Act.REPLY)
    writes_note = returned is not None and returned.form.data.get("says") == NoteForm.reader
    return {
        "composer": returned.form if returned else NOTE.form(auto_id="composer_%s"),
        "writes_note": writes_note or not may_reply,
        "may_reply": may_reply,
        "may_resolve": ticket.may(Act.RESOLVE),
    }


def _offers(
    ticket: Ticket, rows: Sequence[ClockRow], user: User, at: datetime, failed: Attempt | None
) -> dict[str, Any]:
    """The verbs that the ticket allows now, and the one that was just refused."""
    running = [row.clock for row in rows if row.clock.is_running]
    offers = []
    for verb in DOING:
        returned = failed if failed and failed.verb is verb else None
        if not (returned or verb.is_offered(ticket)):
            continue
        form = returned.form if returned else verb.form(auto_id=f"{verb.name}_%s")
        moves = verb.act == Act.CHANGE_PRIORITY and ticket.may(verb.act)
        follows = consequences(ticket, running, at=at) if moves else []
        offers.append(Offer(verb, form, is_open=returned is not None, consequences=follows))
    may_take = ticket.may(Act.ASSIGN) and ticket.assignee_id != user.pk
    return {"offers": offers, "may_take": may_take}
