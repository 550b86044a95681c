"""What a person has not read yet on the customers' pages."""

from __future__ import annotations

from datetime import datetime

from django.db import connection
from django.db.models import Case, Exists, OuterRef, Subquery, When

from tickets.models import LastRead, Message, Ticket, User
from tickets.models.tickets import TicketQuerySet

# Of two pages that load at once, the older look does not replace the newer one.
KEEP = """
    INSERT INTO tickets_lastread AS kept (ticket_id, user_id, at) VALUES (%s, %s, %s)
    ON CONFLICT (ticket_id, user_id) DO UPDATE SET at = excluded.at WHERE kept.at < excluded.at
"""


def mark_read(ticket: Ticket, person: User, *, at: datetime) -> None:
    """Keep that the person saw the ticket as it was at `at`. One statement, safe in parallel."""
    with connection.cursor() as cursor:
        cursor.execute(KEEP, [ticket.pk, person.pk, at])


def with_unread(tickets: TicketQuerySet, person: User) -> TicketQuerySet:
    """Adds `is_unread`: somebody else wrote something public since the person looked last.

    Who has never looked knows what the ticket says of the customer's own, so only an answer by
    staff counts then.
    """
    looked = LastRead.objects.filter(ticket=OuterRef("pk"), user=person)
    others = Message.objects.filter(ticket=OuterRef("pk"), is_public=True).exclude(author=person)
    return tickets.alias(looked_at=Subquery(looked.values("at"))).annotate(
        is_unread=Case(
            When(looked_at=None, then=Exists(others.filter(by_staff=True))),
            default=Exists(others.filter(sent_at__gt=OuterRef("looked_at"))),
        )
    )
