"""What search reads: a document for each ticket, and marks of those that have to be made anew."""

from __future__ import annotations

from django.contrib.postgres.indexes import GinIndex
from django.contrib.postgres.search import SearchVectorField
from django.db import models
from django.db.models.functions import Now

from tickets.models.tickets import Ticket


class SearchDocument(models.Model):
    """The words of a ticket. Only `tickets.indexing` writes it, from the ticket's own rows."""

    ticket = models.OneToOneField(
        Ticket, primary_key=True, on_delete=models.CASCADE, related_name="words"
    )
    document = SearchVectorField()

    class Meta:
        indexes = [
            # Read by tickets.search. Without a list of pending entries, through which every search
            # would go: the sweep that writes has time.
            GinIndex(fields=["document"], name="search_document", fastupdate=False),
        ]

    def __str__(self) -> str:
        return f"Words of {self.ticket_id}"


class SearchMark(models.Model):
    """A ticket whose document is out of date; triggers write it together with what they follow.

    No foreign key and no UNIQUE: a mark must never make the change of a ticket wait or fail.
    """

    ticket_id = models.BigIntegerField()
    # Read by tickets.indexing: what came last is done first; later than now after a failure.
    due_at = models.DateTimeField(db_default=Now())

    class Meta:
        indexes = [
            models.Index(fields=["due_at", "id"], name="search_mark_due"),
            models.Index(fields=["ticket_id"], name="search_mark_ticket"),
        ]

    def __str__(self) -> str:
        return f"{self.ticket_id} since {self.due_at}"
