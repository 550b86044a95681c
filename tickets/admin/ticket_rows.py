"""A ticket with all that its page says of it, in one query: what hangs on it comes as JSON."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, cast

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import Count, F, OuterRef, Q, QuerySet, Subquery, Value, Window
from django.db.models.functions import Coalesce, JSONObject

from tickets.models import Follower, Message, Tag, Ticket, TicketLink, User
from tickets.states import UNSOLVED

# So many other tickets of the requester are named, and so many are counted.
NAMED, COUNTED = 5, 100

RELATED = (
    "priority", "requester", "organization__spoc", "team", "assignee", "request_type", "mailbox",
    "merged_into", "rating",
)  # fmt: skip


@dataclass(frozen=True)
class Linked:
    """A ticket that has to do with this one; `words` say how."""

    words: str
    ticket: Ticket


@dataclass(frozen=True)
class Others:
    """The other tickets of a requester: the newest, and how many there are of which kind."""

    newest: list[Ticket]
    total: int
    unsolved: int

    @property
    def is_capped(self) -> bool:
        """Whether there are more than were counted."""
        return self.total > COUNTED


def whole(tickets: QuerySet[Ticket], *, viewer: User) -> QuerySet[Ticket]:
    """With the people, tags and tickets that the page names; only tickets that `viewer` may see."""
    seen = Ticket.objects.visible_to(viewer).order_by().values("pk")
    links = TicketLink.objects.filter(ticket=OuterRef("pk"), other__in=seen)
    backlinks = TicketLink.objects.filter(other=OuterRef("pk"), ticket__in=seen)
    merged = Ticket.objects.filter(merged_into=OuterRef("pk"), pk__in=seen)
    return tickets.select_related(*RELATED).annotate(
        follower_rows=_json(
            Follower.objects.filter(ticket=OuterRef("pk")),
            name="user__name",
            email="user__email",
            sees_from="sees_from",
        ),
        tag_names=ArraySubquery(Tag.objects.filter(tickets=OuterRef("pk")).values("name")),
        link_rows=_json(
            links, kind="kind", pk="other_id", subject="other__subject", status="other__status"
        ),
        backlink_rows=_json(
            backlinks,
            kind="kind",
            pk="ticket_id",
            subject="ticket__subject",
            status="ticket__status",
        ),
        merged_rows=_json(merged, pk="pk", subject="subject", status="status"),
        message_count=_number(Message.objects.filter(ticket=OuterRef("pk")))
        + _number(Message.objects.filter(ticket__merged_into=OuterRef("pk"))),
    )


def linked(ticket: Ticket) -> list[Linked]:
    """The tickets that this one, loaded by `whole`, belongs together with."""
    row, kinds = cast("Any", ticket), dict(TicketLink.Kind.choices)
    backwards = {
        TicketLink.Kind.SPLIT_FROM.value: "Split off",
        TicketLink.Kind.FOLLOW_UP.value: "Followed up by",
    }
    found = [Linked(str(kinds[each["kind"]]), _ticket(each)) for each in row.link_rows]
    found += [
        Linked(backwards.get(each["kind"], str(kinds[each["kind"]])), _ticket(each))
        for each in row.backlink_rows
    ]
    return found + [Linked("Merged into this one", _ticket(each)) for each in row.merged_rows]


def others(ticket: Ticket, *, viewer: User) -> Others:
    """The requester's other tickets, as far as `viewer` may see them. One query."""
    theirs = Ticket.objects.visible_to(viewer).filter(requester=ticket.requester_id)
    newest = theirs.exclude(pk=ticket.pk).order_by("-pk").values("pk")[: COUNTED + 1]
    counted = Ticket.objects.filter(pk__in=newest).annotate(
        total=Window(Count("pk")),
        unsolved=Window(Count("pk", filter=Q(status__in=UNSOLVED))),
    )
    shown = list(counted.order_by("-pk")[:NAMED])
    first = cast("Any", shown[0]) if shown else None
    return Others(shown, first.total if first else 0, first.unsolved if first else 0)


def _number(rows: QuerySet[Any]) -> Coalesce:
    """How many rows there are, in the query of the ticket."""
    counted = rows.order_by().values(group=Value(1)).annotate(number=Count("pk"))
    return Coalesce(Subquery(counted.values("number")), 0)


def _json(rows: QuerySet[Any], **columns: str) -> ArraySubquery:
    values = JSONObject(**{name: F(column) for name, column in columns.items()})
    return ArraySubquery(rows.values(row=values))


def _ticket(row: dict[str, Any]) -> Ticket:
    """Enough of a ticket to name it, never to be saved."""
    return Ticket(pk=row["pk"], subject=row["subject"], status=row["status"])
