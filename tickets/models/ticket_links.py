"""Links between tickets that have to do with each other."""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Greatest, Least

from tickets.models.people import User
from tickets.models.tickets import Ticket


class TicketLink(models.Model):
    """Two tickets belong together: `ticket` is what the kind says of `other`."""

    class Kind(models.TextChoices):
        RELATED = "related", "Related to"
        SPLIT_FROM = "split_from", "Split from"
        FOLLOW_UP = "follow_up", "Follow-up of"

    ticket = models.ForeignKey(Ticket, on_delete=models.CASCADE, related_name="links")
    other = models.ForeignKey(Ticket, on_delete=models.CASCADE, related_name="backlinks")
    kind = models.CharField(max_length=20, choices=Kind, default=Kind.RELATED)
    at = models.DateTimeField()
    by = models.ForeignKey(User, null=True, on_delete=models.PROTECT, related_name="+")

    class Meta:
        ordering = ["pk"]
        constraints = [
            models.UniqueConstraint(
                Least("ticket", "other"), Greatest("ticket", "other"), name="one_link_of_a_pair"
            ),
            models.CheckConstraint(condition=~Q(ticket=F("other")), name="no_link_to_itself"),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} {self.other_id}"
