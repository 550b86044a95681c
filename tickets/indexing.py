"""Keep the documents that search reads: find the tickets that triggers have marked, and write anew.

A document is always made from the ticket's rows as they are, never added to, so that it does not
matter what changed, how often, or whether a run died.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import DatabaseError, connection, transaction

from tickets.models import SearchMark, Ticket

logger = logging.getLogger(__name__)

BATCH = 200
# One run ends long before Celery's time limits; beat lets the next one go on.
LONGEST_RUN_SECONDS = 30.0
POSTPONEMENT = timedelta(minutes=5)
# PostgreSQL takes no document above 1 MB. The worst text that we could think of makes 0.75 MB of so
# many characters; of a longer conversation the first message and the newest ones are found.
MOST_CHARACTERS = 100_000
MOST_MESSAGES = 500
# Any number that nobody else uses: who holds it writes the documents.
LOCK = 7_310_251_946

# Whole words with their places, for phrases and for beginnings of words, and the stems of both
# languages without: a ticket may be written in either, and nobody knows in which.
WRITE = """
INSERT INTO tickets_searchdocument (ticket_id, document)
SELECT
    ticket.id,
    setweight(to_tsvector('simple', head.text), 'A')
    || setweight(to_tsvector('simple', people.text), 'B')
    || to_tsvector('simple', talk.text)
    || strip(to_tsvector('english', head.text || ' ' || talk.text))
    || strip(to_tsvector('german', head.text || ' ' || talk.text))
FROM tickets_ticket ticket
JOIN tickets_user requester ON requester.id = ticket.requester_id
LEFT JOIN tickets_organization organization ON organization.id = ticket.organization_id
CROSS JOIN LATERAL (
    SELECT concat_ws(' ', ticket.subject, %(prefix)s || '-' || ticket.id, (
        SELECT string_agg(tag.name, ' ' ORDER BY tag.name) FROM tickets_tag tag
        JOIN tickets_ticket_tags tagged ON tagged.tag_id = tag.id
        WHERE tagged.ticket_id = ticket.id
    )) AS text
) head
CROSS JOIN LATERAL (
    SELECT concat_ws(
        ' ', requester.name, requester.email, replace(requester.email, '@', ' '),
        translate(requester.email, '@.-_+', '     '), organization.name
    ) AS text
) people
CROSS JOIN LATERAL (
    SELECT coalesce(left(string_agg(said.text, ' ' ORDER BY said.place), %(characters)s), '')
    FROM (
        SELECT
            left(message.text, %(characters)s) AS text,
            row_number() OVER (ORDER BY message.id = opening.id DESC, message.id DESC) AS place
        FROM tickets_message message
        CROSS JOIN (
            SELECT min(id) AS id FROM tickets_message WHERE ticket_id = ticket.id
        ) opening
        WHERE message.ticket_id = ticket.id
        ORDER BY place
        LIMIT %(messages)s
    ) said
) talk (text)
WHERE ticket.id = ANY(%(tickets)s)
ON CONFLICT (ticket_id) DO UPDATE SET document = excluded.document
WHERE tickets_searchdocument.document IS DISTINCT FROM excluded.document
"""
CLAIM = """
DELETE FROM tickets_searchmark WHERE due_at <= %(at)s AND ticket_id IN (
    SELECT ticket_id FROM tickets_searchmark
    WHERE due_at <= %(at)s ORDER BY due_at DESC, id DESC LIMIT %(batch)s
) RETURNING ticket_id
"""


def write_marked(*, at: datetime, seconds: float = LONGEST_RUN_SECONDS) -> int:
    """Write the documents of marked tickets, the newest marks first; answers how many.

    One worker does it at a time. A ticket that cannot be written is logged, and tried again later.
    """
    end, written = time.monotonic() + seconds, 0
    while batch := _write_batch(at):
        written += batch
        if time.monotonic() > end:
            break
    return written


def mark(*, first: int = 1, last: int | None = None) -> int:
    """Have the documents of the tickets with these numbers written anew; answers how many."""
    tickets = Ticket.objects.filter(pk__gte=first)
    if last is not None:
        tickets = tickets.filter(pk__lte=last)
    statement, values = tickets.order_by("pk").values("pk").query.sql_with_params()
    with connection.cursor() as cursor:
        cursor.execute(f"INSERT INTO tickets_searchmark (ticket_id) {statement}", values)
        return int(cursor.rowcount)


def write(tickets: Sequence[int]) -> None:
    """Write the documents of the tickets with these numbers now."""
    values: dict[str, Any] = {
        "tickets": list(tickets),
        "prefix": settings.TICKET_PREFIX,
        "characters": MOST_CHARACTERS,
        "messages": MOST_MESSAGES,
    }
    with connection.cursor() as cursor:
        cursor.execute(WRITE, values)


@transaction.atomic
def _write_batch(at: datetime) -> int:
    """The marks go in a statement of its own: what the next one reads is as new as all of them."""
    with connection.cursor() as cursor:
        # Two writers could each know something that the other does not, and the older one be last.
        cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", [LOCK])
        if cursor.fetchone() != (True,):
            return 0
        cursor.execute(CLAIM, {"at": at, "batch": BATCH})
        claimed = sorted({ticket for (ticket,) in cursor.fetchall()})
    if claimed:
        _write_together(claimed, at)
    return len(claimed)


def _write_together(tickets: Sequence[int], at: datetime) -> None:
    """Write a batch at once; when it fails, each ticket alone, so that one cannot stop the rest."""
    try:
        with transaction.atomic():
            write(tickets)
    except DatabaseError:
        if len(tickets) > 1:
            for ticket in tickets:
                _write_together([ticket], at)
            return
        logger.exception("The words of ticket %s could not be written; postponed.", tickets[0])
        SearchMark.objects.create(ticket_id=tickets[0], due_at=at + POSTPONEMENT)
