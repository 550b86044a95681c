"""What the page of one ticket shows; a fixed number of queries, however long its story."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, cast
from zoneinfo import ZoneInfo

from django import forms

from tickets.admin import conversation
from tickets.admin.canned import canned_text
from tickets.admin.clock_rows import clock_rows
from tickets.admin.consequences import Consequence, consequences
from tickets.admin.forms import NoteForm
from tickets.admin.standing import next_clock, standing
from tickets.admin.ticket_news import Shown
from tickets.admin.ticket_rows import linked, others
from tickets.admin.verbs import DOING, GROUPS, NOTE, SAYING, Verb
from tickets.models import Event, Ticket, User
from tickets.states import Act

# What the composer can do, as the page says it to its script.
SAYABLE = (Act.REPLY, Act.WAIT, Act.RESOLVE)
# Of what was not delivered; all of it is in the history.
MOST_UNDELIVERED = 3


@dataclass(frozen=True)
class Attempt:
    """A verb that did not happen, with what was typed."""

    verb: Verb
    form: forms.Form


@dataclass(frozen=True)
class Offer:
    """A verb at the side of the page; without a form where that is fetched when it is opened."""

    verb: Verb
    form: forms.Form | None
    is_open: bool = False
    consequences: Sequence[Consequence] = ()


def context(
    ticket: Ticket,
    *,
    user: User,
    at: datetime,
    may_act: bool,
    failed: Attempt | None = None,
    is_whole: bool = False,
    canned: str = "",
) -> dict[str, Any]:
    """Everything for the template; the ticket is loaded by `ticket_rows.whole`.

    `failed` comes back with its text and its errors; `canned` is the number of the
    canned reply that the composer begins with. `is_whole` shows all of the conversation at once.
    """
    part = conversation.page(ticket, is_whole=is_whole)
    return {
        "part": part,
        "shown": Shown.of(ticket, at=at, last=part.last),
        "may_act": may_act,
        "escalations": ticket.escalations.for_reading(),
        "undelivered": _undelivered(ticket),
        "others": others(ticket, viewer=user),
        **standing_context(ticket, at=at),
        **(
            _composer(ticket, user, failed, canned)
            | offers_context(ticket, user, at=at, failed=failed)
            if may_act
            else {}
        ),
    }


def _undelivered(ticket: Ticket) -> Sequence[Event]:
    """What did not reach its readers, the newest first: nobody should have to look for that."""
    came_back = ticket.events.filter(kind=Event.Kind.UNDELIVERED).order_by("-at", "-pk")
    return list(came_back[:MOST_UNDELIVERED])


def standing_context(ticket: Ticket, *, at: datetime) -> dict[str, Any]:
    """What may change by itself while the page is open: the head, the clocks, the properties."""
    rows = clock_rows(ticket, at)
    upcoming = next_clock(row.clock for row in rows if row.clock.is_running)
    zone = ticket.requester.time_zone
    row = cast("Any", ticket)
    return {
        "ticket": ticket,
        "may_say": " ".join(act for act in SAYABLE if ticket.may(act)),
        "now": at,
        "clock_rows": rows,
        "next_clock": upcoming,
        "next_standing": standing(upcoming, at) if upcoming else None,
        "followers": row.follower_rows,
        "tags": row.tag_names,
        "linked": linked(ticket),
        "requester_now": at.astimezone(ZoneInfo(zone)) if zone else None,
    }


def offers_context(
    ticket: Ticket, user: User, *, at: datetime, failed: Attempt | None = None
) -> dict[str, Any]:
    """The verbs that the ticket allows now, and the one that was just refused, in their groups."""
    groups = []
    for title in GROUPS:
        offers = [
            _refused(ticket, failed, at=at) if failed and failed.verb is verb else _offer(verb)
            for verb in DOING
            if verb.group == title and ((failed and failed.verb is verb) or verb.is_offered(ticket))
        ]
        if offers:
            groups.append((title, offers))
    may_take = ticket.may(Act.ASSIGN) and ticket.assignee_id != user.pk
    return {"offer_groups": groups, "may_take": may_take}


def offered_form(ticket: Ticket, verb: Verb, *, at: datetime) -> Offer:
    """The form of one verb, with what would follow where it changes the priority."""
    return Offer(verb, _unbound(verb), consequences=_follows(ticket, verb, at=at))


def _follows(ticket: Ticket, verb: Verb, *, at: datetime) -> Sequence[Consequence]:
    if verb.act != Act.CHANGE_PRIORITY or not ticket.may(verb.act):
        return ()
    running = ticket.clocks.running().select_related("priority", "earlier_promise")
    return consequences(ticket, list(running.prefetch_related("pauses")), at=at)


def _offer(verb: Verb) -> Offer:
    return Offer(verb, None if verb.is_fetched else _unbound(verb))


def _refused(ticket: Ticket, failed: Attempt, *, at: datetime) -> Offer:
    """As it was sent, and with all that was beside it."""
    follows = _follows(ticket, failed.verb, at=at)
    return Offer(failed.verb, failed.form, is_open=True, consequences=follows)


def _unbound(verb: Verb) -> forms.Form:
    return verb.form(auto_id=f"{verb.name}_%s")


def _composer(ticket: Ticket, user: User, failed: Attempt | None, canned: str) -> dict[str, Any]:
    """The text field that several verbs share, as it came back or empty."""
    returned = failed if failed and failed.verb in SAYING else None
    may_reply = ticket.may(Act.REPLY)
    writes_note = returned is not None and returned.form.data.get("says") == NoteForm.reader
    text = canned_text(ticket, user=user, key=canned) if canned else ""
    empty = NOTE.form(auto_id="composer_%s", initial={"text": text})
    return {
        "composer": returned.form if returned else empty,
        "is_refused": returned is not None,
        "writes_note": writes_note or not may_reply,
        "may_reply": may_reply,
        "may_wait": ticket.may(Act.WAIT),
        "may_resolve": ticket.may(Act.RESOLVE),
        "signature": user.signature.strip(),
        "draft": f"ticket-{ticket.pk}-of-{user.pk}",
    }
