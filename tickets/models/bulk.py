"""One act on many tickets, and what became of each of them."""

from __future__ import annotations

from typing import Any

from django.db import models
from django.db.models import Q

from tickets.models.people import User
from tickets.models.tickets import Ticket


class BulkJobQuerySet(models.QuerySet["BulkJob"]):
    def unfinished(self) -> BulkJobQuerySet:
        """In the order in which they were asked for."""
        return self.filter(finished_at=None).order_by("pk")


class BulkJob(models.Model):
    """What somebody asked for: steps of `tickets.actions`, done to the tickets of its rows."""

    by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="bulk_jobs")
    title = models.CharField(
        max_length=300, default="", help_text="The steps in words, of when it began."
    )
    steps: models.JSONField[Any, Any] = models.JSONField()
    made_at = models.DateTimeField()
    total = models.PositiveIntegerField(help_text="Tickets that were chosen.")
    done = models.PositiveIntegerField(default=0)
    refused = models.PositiveIntegerField(default=0)
    cancelled_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)
    nonce = models.CharField(  # noqa: DJ001 - unique, and those of the desk have none
        max_length=64,
        null=True,
        unique=True,
        editable=False,
        help_text="Of the page that began it: sending it twice begins it once.",
    )

    objects = BulkJobQuerySet.as_manager()

    class Meta:
        verbose_name = "bulk action"
        ordering = ["-pk"]
        indexes = [
            # Read by tickets.bulk, which looks for the ones to go on with.
            models.Index(fields=["id"], condition=Q(finished_at=None), name="bulk_job_unfinished"),
            # Read by the list of one's own.
            models.Index(fields=["by", "-id"], name="bulk_job_of_agent"),
        ]

    def __str__(self) -> str:
        return self.title

    @property
    def left_out(self) -> int:
        """How many were not come to before somebody cancelled it."""
        return self.total - self.done - self.refused if self.cancelled_at else 0


class BulkRow(models.Model):
    """A ticket of a job. It is done together with its act, in one transaction."""

    class State(models.TextChoices):
        WAITING = "waiting", "Waiting"
        DONE = "done", "Done"
        REFUSED = "refused", "Refused"
        CANCELLED = "cancelled", "Cancelled"

    job = models.ForeignKey(BulkJob, on_delete=models.CASCADE, related_name="rows")
    ticket = models.ForeignKey(Ticket, on_delete=models.CASCADE, related_name="+")
    state = models.CharField(max_length=10, choices=State, default=State.WAITING)
    reason = models.TextField(blank=True, help_text="Why it was refused, as a sentence.")

    class Meta:
        ordering = ["pk"]
        constraints = [
            models.UniqueConstraint(fields=["job", "ticket"], name="a_ticket_once_in_a_bulk_job")
        ]
        indexes = [
            # Read by tickets.bulk, which takes one row after the other.
            models.Index(
                fields=["job", "id"], condition=Q(state="waiting"), name="bulk_row_waiting"
            ),
            # Read by the page of a job: what was refused.
            models.Index(
                fields=["job", "id"], condition=Q(state="refused"), name="bulk_row_refused"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.ticket_id}: {self.get_state_display()}"
