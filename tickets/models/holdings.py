"""Who had a ticket, from when until when."""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q

from tickets.models.people import Team, User
from tickets.models.tickets import Ticket


class Holding(models.Model):
    """A stretch [since, until) in which a ticket had this team and this assignee, or neither.

    The stretches of a ticket follow each other without a gap, from its submission on; the last one
    has no end. `tickets.acts` writes them, so that a report can say who had it at a deadline.
    """

    ticket = models.ForeignKey(Ticket, on_delete=models.CASCADE, related_name="holdings")
    team = models.ForeignKey(Team, null=True, on_delete=models.PROTECT, related_name="+")
    assignee = models.ForeignKey(User, null=True, on_delete=models.PROTECT, related_name="+")
    since = models.DateTimeField()
    until = models.DateTimeField(null=True)

    class Meta:
        ordering = ["since"]
        constraints = [
            models.UniqueConstraint(
                fields=["ticket"], condition=Q(until=None), name="one_present_holding_per_ticket"
            ),
            models.CheckConstraint(
                condition=Q(until=None) | Q(until__gt=F("since")), name="holding_has_a_span"
            ),
        ]
        indexes = [
            # Read by sla.reports: who had the ticket at an instant.
            models.Index(fields=["ticket", "since"], name="holding_of_ticket"),
        ]

    def __str__(self) -> str:
        return f"{self.assignee or self.team or 'Nobody'} since {self.since}"
