"""What others did to a ticket since somebody looked at it: told before he acts, and never after.

A page says up to which event it knows the history (`seen`). Verbs write their event while they hold
the ticket, so the numbers of its events grow in the order of what happened.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import Max, OuterRef, QuerySet, Subquery

from tickets.acts import locked_together
from tickets.models import Event, Ticket, User
from tickets.refusals import ChangedMeanwhile
from tickets.states import Act

KINDS = Event.Kind
# Somebody said something.
WORDS = frozenset(
    {KINDS.REPLIED, KINDS.CUSTOMER_REPLIED, KINDS.NOTED, KINDS.UNVERIFIED, KINDS.ACCEPTED}
)
# Such an event may have a message as well.
SAID = frozenset({KINDS.RESOLVED, KINDS.REOPENED, KINDS.CLOSED})
# The ticket is in other hands, in another state, or promised otherwise.
MOVES = frozenset(
    {
        KINDS.ASSIGNED, KINDS.HANDED_BACK, KINDS.PRIORITY_CHANGED, KINDS.WAITING, KINDS.RESUMED,
        KINDS.TO_ENGINEERING, KINDS.FROM_ENGINEERING, KINDS.EXPECTED, KINDS.ESCALATED_BY_CUSTOMER,
        KINDS.RESOLVED, KINDS.REOPENED, KINDS.CLOSED, KINDS.MERGED, KINDS.TOOK_IN, KINDS.SPLIT,
        KINDS.SPAM, KINDS.NOT_SPAM,
    }
)  # fmt: skip

# Whoever speaks to the customer, or ends the matter, has read all of it.
READS_ALL = frozenset({Act.REPLY, Act.WAIT, Act.RESOLVE, Act.CLOSE})
# These fit, whatever else has happened.
HARMLESS = frozenset({Act.NOTE, Act.FOLLOW, Act.UNFOLLOW, Act.VOID_LINKS, Act.TAG, Act.LINK})


def heeded(act: Act) -> frozenset[KINDS]:
    """Which events of others have to be known before somebody does this."""
    if act in HARMLESS:
        return frozenset()
    return WORDS | MOVES if act in READS_ALL else MOVES


@transaction.atomic
def unless_changed[T](
    call: Callable[..., T],
    *,
    act: Act,
    seen: int | None,
    ticket: Ticket,
    by: User,
    at: datetime,
    others: Iterable[Ticket] = (),
    **arguments: Any,
) -> T:
    """Call the verb, but only on a ticket that is as `by` has seen it. Raises ChangedMeanwhile.

    The ticket is held from the look until the verb is done, with `others` that the verb changes
    as well, and those among its arguments. None: whoever acts has seen nothing that could be out
    of date, such as a mail or a rule.
    """
    if seen is not None and heeded(act):
        named = [value for value in arguments.values() if isinstance(value, Ticket)]
        locked_together(ticket, [*others, *named], at)
        changes = list(since(ticket, by=by, seen=seen).filter(kind__in=heeded(act)))
        if changes:
            raise ChangedMeanwhile([in_words(event) for event in changes])
    return call(ticket=ticket, by=by, at=at, **arguments)


def since(ticket: Ticket, *, by: User, seen: int) -> QuerySet[Event]:
    """What others said and did after the event with that number, in its order."""
    later = ticket.events.filter(pk__gt=seen, kind__in=WORDS | MOVES).exclude(by=by)
    return later.select_related("by").order_by("pk")


def last_event() -> Subquery:
    """Annotates tickets with the number of their last event: read at once with the ticket."""
    mine = Event.objects.filter(ticket=OuterRef("pk")).order_by().values("ticket")
    return Subquery(mine.annotate(last=Max("pk")).values("last"))


def in_words(event: Event) -> str:
    """Who did what, such as "Ada Lovelace: Assigned. To Ada Lovelace."."""
    detail = f" {event.detail}" if event.detail and event.kind in MOVES else ""
    return f"{event.by or 'The desk'}: {event.get_kind_display()}.{detail}"
