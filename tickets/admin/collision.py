"""Two agents at one ticket: what the page knows of it, and who else has it open."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, cast

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils import timezone

from tickets import meanwhile, presence
from tickets.models import Event, Message, Ticket, User

# In the addresses of the page's forms: the last event that the page shows.
SEEN = "seen"


@dataclass(frozen=True)
class Change:
    """What somebody else did meanwhile, with what he said."""

    event: Event
    text: str
    is_public: bool


def seen_by(request: HttpRequest) -> int | None:
    """The event up to which the sender of this form knew the history; None: it does not say."""
    given = request.GET.get(SEEN, "")
    if not given:
        return None
    return int(given) if given.isdecimal() and len(given) < 19 else 0


def collision(request: HttpRequest, ticket: Ticket, filters: str) -> dict[str, Any]:
    """For the ticket's page: its forms carry what it shows, and what came in between stands out."""
    last = cast("Any", ticket).seen
    seen, user = seen_by(request), cast("User", request.user)
    is_behind = request.method == "POST" and seen is not None and seen < last
    changes = _changes(ticket, user, seen) if is_behind and seen is not None else []
    return {
        "changes": changes,
        "preserved_filters": "&".join(filter(None, [filters, f"{SEEN}={last}"])),
    }


def as_shown(request: HttpRequest, ticket: Ticket, filters: str) -> str:
    """For a form that an open page fetches: it knows the history as that page does."""
    seen = seen_by(request)
    last = cast("Any", ticket).seen if seen is None else seen
    return "&".join(filter(None, [filters, f"{SEEN}={last}"]))


def _changes(ticket: Ticket, user: User, seen: int) -> list[Change]:
    """Each event with the message that it tells of: both have the same time and person."""
    events = list(meanwhile.since(ticket, by=user, seen=seen))
    times = {event.at for event in events if event.kind in meanwhile.WORDS | meanwhile.SAID}
    said = ticket.messages.filter(sent_at__in=times) if times else []
    by_act: dict[Any, Message] = {(one.sent_at, one.author_id): one for one in said}
    found = []
    for event in events:
        message = by_act.get((event.at, event.by_id))
        text, is_public = (message.text, message.is_public) if message else ("", True)
        found.append(Change(event, text, is_public))
    return found


def at_ticket(request: HttpRequest, ticket: Ticket) -> HttpResponse:
    """Note who is there, or that he left; answer who else is."""
    user, now = cast("User", request.user), timezone.now()
    if "leaving" in request.POST:
        presence.leave(ticket=ticket, user=user, at=now)
        return HttpResponse(status=204)
    is_typing = "typing" in request.POST
    others = presence.look(ticket=ticket, user=user, at=now, is_typing=is_typing)
    return JsonResponse({"others": [str(other) for other in others]})
