"""Followers: people who get the public answers to a ticket beside its requester."""

from __future__ import annotations

from django.db import models

from tickets.models.people import User
from tickets.models.tickets import Ticket


class Follower(models.Model):
    """Gets the answers and sees the ticket: added by staff, its requester, or by being copied."""

    ticket = models.ForeignKey(Ticket, on_delete=models.CASCADE, related_name="followers")
    user = models.ForeignKey(User, on_delete=models.PROTECT, related_name="following")
    added_at = models.DateTimeField()
    added_by = models.ForeignKey(User, null=True, on_delete=models.PROTECT, related_name="+")

    sees_from = models.DateTimeField(
        null=True,
        help_text="Sees only what is said from then on; empty: the whole conversation.",
    )

    class Meta:
        ordering = ["pk"]
        constraints = [
            models.UniqueConstraint(fields=["ticket", "user"], name="follows_once"),
        ]

    def __str__(self) -> str:
        return str(self.user)
