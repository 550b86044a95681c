"""The queues of the desk: views of the list of tickets under a name, and how many each holds."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.core.exceptions import EmptyResultSet
from django.db import connection
from django.db.models import F
from django.http import QueryDict
from django.urls import reverse
from django.utils.http import urlencode

from tickets.admin.filters import ALL, SOLVED, UNSOLVED, Reader, narrowed
from tickets.models import SavedView, Ticket, User
from tickets.models.tickets import TicketQuerySet
from tickets.states import SOLVED as SOLVED_STATUSES
from tickets.states import Status

type Params = Mapping[str, Sequence[str]]

# Parts of the address that say how tickets are shown, not which.
VIEW, SORT, SHOWN, SEEN = "view", "sort", "columns", "seen"
PRESENTATION = frozenset({VIEW, SORT, SHOWN, SEEN})
_NO_FILTERS = PRESENTATION | {"p", "e", "_popup", "_to_field", "all", "o"}

# Nobody plans by more: counts stop here, so that each costs a stretch of an index.
MOST = 1000
# So many own views are listed and counted in the sidebar.
MOST_VIEWS = 2 * SavedView.MOST

# Name -> what people call it, and the columns. Each order has an index of its own.
ORDERS: dict[str, tuple[str, list[Any]]] = {
    "due": ("Due next, late first", [F("next_due_at").asc(nulls_last=True), "-pk"]),
    "newest": ("Newest first", ["-pk"]),
    "updated": ("Changed last", ["-updated_at", "-pk"]),
    "stale": ("Longest untouched", ["updated_at", "pk"]),
    "solved": ("Solved last", [F("resolved_at").desc(nulls_last=True), "-pk"]),
}
_OF_UNSOLVED = ["due", "newest", "updated", "stale"]
_OF_SOLVED = ["solved", "newest"]


@dataclass(frozen=True)
class Queue:
    """A view that comes with the desk. `icon` is a name of the Material Symbols font."""

    key: str
    title: str
    icon: str
    query: str
    empty: str
    """The sentence for a queue without tickets."""


QUEUES = [
    Queue("mine", "Mine", "person", "assignee=me", "No open ticket is yours. Well done."),
    Queue(
        "team", "My team", "groups", "assignee=team", "Nothing waits in the teams that you are in."
    ),
    Queue(
        "unassigned", "Unassigned", "person_add", "assignee=nobody", "Every ticket has somebody."
    ),
    Queue("hour", "Due within the hour", "timer", "due=hour", "No promise ends within the hour."),
    Queue("breached", "Breached", "alarm", "due=late", "No promise is late."),
    Queue(
        "escalated", "Escalated", "notification_important", "escalated=yes", "Nothing is escalated."
    ),
    Queue(
        "waiting",
        "Waiting for customer",
        "hourglass_empty",
        f"status={Status.PENDING}",
        "No ticket waits for its customer.",
    ),
    Queue(
        "engineering",
        "With engineering",
        "engineering",
        "with_engineering__exact=1",
        "Engineering has nothing of ours.",
    ),
    Queue(
        "solved",
        "Recently solved",
        "task_alt",
        f"status={SOLVED}",
        "Nothing was solved in the last seven days.",
    ),
    Queue("unsolved", "Unsolved", "inbox", "", "Every ticket is solved."),
    Queue("all", "All", "stacks", f"status={ALL}", "There is no ticket yet."),
]


@dataclass(frozen=True)
class Link:
    """A queue or an own view as the sidebar and the list show it; `count` None: not counted."""

    key: str
    title: str
    icon: str
    url: str
    is_current: bool
    count: int | None = None
    team: str = ""

    @property
    def count_words(self) -> str:
        """The number as it is shown: "12", "999+"."""
        if self.count is None:
            return ""
        return str(self.count) if self.count < MOST else f"{MOST - 1}+"


def filters_of(params: Params) -> dict[str, list[str]]:
    """The parameters that narrow the queue down, without empty ones: which tickets, not how."""
    return {
        name: [value for value in values if value]
        for name, values in sorted(params.items())
        if name not in _NO_FILTERS and any(values)
    }


def canonical(params: Params) -> str:
    """The filters as an address has them, always in the same order: the same for the same view."""
    return urlencode(filters_of(params), doseq=True)


def parsed(query: str) -> dict[str, list[str]]:
    """The parameters of the part of an address behind the question mark."""
    return dict(QueryDict(query).lists())


def orders_for(params: Params) -> list[str]:
    """The orders that an index serves for these filters; the first is the usual one."""
    status = (params.get("status") or [UNSOLVED])[-1]
    if status in {SOLVED, *SOLVED_STATUSES}:
        return _OF_SOLVED
    return _OF_UNSOLVED[:2] if status == ALL else _OF_UNSOLVED


def order_of(params: Params) -> str:
    """The order that the address asks for, if there is one, else the usual one."""
    allowed = orders_for(params)
    asked = (params.get(SORT) or [""])[-1]
    return asked if asked in allowed else allowed[0]


def own_views(user: User) -> list[SavedView]:
    """Own views, then those of one's teams, as many as the sidebar has room for."""
    found = SavedView.objects.visible_to(user).select_related("team")
    return list(found.order_by(F("team").asc(nulls_first=True), "name", "pk")[:MOST_VIEWS])


def key_of(view: SavedView) -> str:
    """What an own view is called where the desk's own queues have their keys."""
    return f"view-{view.pk}"


def view_query(view: SavedView) -> str:
    """The query of the link to a view: plain filters, so that it works for others as well."""
    named = {VIEW: str(view.pk), **({SORT: view.sort} if view.sort else {})}
    return "&".join(filter(None, [view.query, urlencode(named)]))


def current_key(params: Params, own: Iterable[SavedView]) -> str:
    """Which queue or own view this address is: its key, or "" for none of them.

    An own view is named by the address; it may be narrowed down further and stays the present one.
    """
    named = (params.get(VIEW) or [""])[-1]
    for view in own:
        if str(view.pk) == named:
            return key_of(view)
    present = canonical(params)
    return next((queue.key for queue in QUEUES if queue.query == present), "")


def links(
    params: Params | None, own: Sequence[SavedView], counts: Mapping[str, int] | None = None
) -> tuple[list[Link], list[Link]]:
    """The desk's queues and one's own views; `params` None: another page is open."""
    counts = counts or {}
    address = reverse("admin:tickets_ticket_changelist")
    current = None if params is None else current_key(params, own)
    queues = [
        Link(
            queue.key,
            queue.title,
            queue.icon,
            f"{address}{'?' if queue.query else ''}{queue.query}",
            queue.key == current,
            counts.get(queue.key),
        )
        for queue in QUEUES
    ]
    views = [
        Link(
            key_of(view),
            view.name,
            "group" if view.team else "bookmark",
            f"{address}?{view_query(view)}",
            key_of(view) == current,
            counts.get(key_of(view)),
            view.team.name if view.team else "",
        )
        for view in own
    ]
    return queues, views


def counted(own: Sequence[SavedView], reader: Reader) -> dict[str, int]:
    """How many tickets each queue and each own view holds, MOST at the most; one query.

    An own view is counted among unsolved tickets alone; one that looks further, or searches, or
    that the filters do not understand any more, has no count.
    """
    visible = Ticket.objects.visible_to(reader.user)
    found = {queue.key: _ordered(visible, parsed(queue.query), reader) for queue in QUEUES}
    for view in own:
        params = parsed(view.query)
        try:
            if orders_for(params) == _OF_UNSOLVED:
                found[key_of(view)] = _ordered(visible, params, reader)
        except ValueError:
            continue
    return _numbers(found)


def _ordered(tickets: TicketQuerySet, params: Params, reader: Reader) -> TicketQuerySet:
    """In the usual order, without which PostgreSQL may read the table in place of an index."""
    _, columns = ORDERS[order_of(params)]
    return narrowed(tickets, params, reader).order_by(*columns)


def _numbers(found: Mapping[str, TicketQuerySet]) -> dict[str, int]:
    """The capped count of each queryset, in one statement."""
    parts: dict[str, tuple[str, Sequence[Any]]] = dict(_statements(found))
    if not parts:
        return dict.fromkeys(found, 0)
    # Made by querysets, which give their values apart.
    selects = ", ".join(
        f"(SELECT count(*) FROM ({sql}) AS found)"  # noqa: S608
        for sql, _ in parts.values()
    )
    values = [value for _, given in parts.values() for value in given]
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {selects}", values)
        row = cursor.fetchone()
    return {**dict.fromkeys(found, 0), **dict(zip(parts, row, strict=True))}


def _statements(
    found: Mapping[str, TicketQuerySet],
) -> Iterator[tuple[str, tuple[str, Sequence[Any]]]]:
    for key, tickets in found.items():
        try:
            yield key, tickets.values("pk")[:MOST].query.sql_with_params()
        except EmptyResultSet:
            continue  # Such as the tickets of no team: it is 0.
