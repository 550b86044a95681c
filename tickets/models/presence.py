"""Who has the page of a ticket open right now."""

from __future__ import annotations

from django.db import models

from tickets.models.people import User
from tickets.models.tickets import Ticket


class Presence(models.Model):
    """An agent before a ticket; an old row is nobody. Written every few seconds, and no history.

    The table is UNLOGGED: a crash of the database empties it, and open pages fill it again. No
    index but the unique one, so that being seen again changes no index.
    """

    ticket = models.ForeignKey(
        Ticket, db_index=False, on_delete=models.CASCADE, related_name="presences"
    )
    user = models.ForeignKey(User, db_index=False, on_delete=models.CASCADE, related_name="+")
    seen_at = models.DateTimeField(help_text="When the open page last said so.")
    typing_at = models.DateTimeField(null=True, help_text="When something was last typed there.")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["ticket", "user"], name="present_once_at_a_ticket")
        ]

    def __str__(self) -> str:
        return f"{self.user} {self.seen_at}"
