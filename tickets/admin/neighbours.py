"""From a ticket to the next one of the queue that it was opened from."""

from __future__ import annotations

from django.http import HttpRequest

from tickets import search
from tickets.admin.filters import narrowed
from tickets.admin.queues import MOST, ORDERS, filters_of, order_of, parsed
from tickets.admin.saved_views import reader
from tickets.models import Ticket

# Where in the queue the ticket stood, from 0: in the address of its page, beside the filters.
PLACE, STEPS = "n", {"next": 1, "previous": -1}


def place_of(request: HttpRequest) -> int | None:
    """Where the ticket stood; None: the address does not say."""
    given = request.GET.get(PLACE, "")
    return int(given) if given.isdecimal() and len(given) < 7 else None


def neighbour(request: HttpRequest, ticket_id: int, step: int) -> tuple[int, int] | None:
    """The ticket after (1) or before (-1) this one, and its place; None at the end of the queue.

    The queue is as it is now. One that the ticket has left, because it is solved or somebody
    else's, goes on at the place where it stood.
    """
    numbers = _queue(request)
    place = place_of(request) or 0
    if ticket_id in numbers:
        place = numbers.index(ticket_id) + step
    elif step < 0:
        place -= 1
    return (numbers[place], place) if 0 <= place < len(numbers) else None


def _queue(request: HttpRequest) -> list[int]:
    """The numbers of the first MOST tickets. Without those that the address does not understand."""
    params = parsed(request.GET.get("_changelist_filters", ""))
    words = (params.pop("q", None) or [""])[-1]
    tickets = Ticket.objects.visible_to(request.user)
    filters = filters_of(params)
    if words:
        filters = {"status": ["all"], **filters}
        found = search.find(tickets, search.understood(words))
        tickets = tickets.filter(pk__in=found.numbers)
    try:
        tickets = narrowed(tickets, filters, reader(request))
    except ValueError:
        return []
    ordered = tickets.order_by(*ORDERS[order_of(params)][1])
    return list(ordered.values_list("pk", flat=True)[:MOST])
