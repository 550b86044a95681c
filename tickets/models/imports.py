"""Files of tickets or people that are brought in from elsewhere."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import models
from django.db.models import Q

from tickets.models.people import User
from tickets.models.tickets import Ticket


class ImportJobQuerySet(models.QuerySet["ImportJob"]):
    def unfinished(self) -> ImportJobQuerySet:
        """Those that somebody began, the oldest first."""
        return self.filter(begun_at__isnull=False, finished_at=None).order_by("pk")

    def forgotten(self, at: datetime) -> ImportJobQuerySet:
        """Looked at and never begun, for a week: the file is somebody's data."""
        return self.filter(begun_at=None, made_at__lt=at - timedelta(days=7))


class ImportJob(models.Model):
    """A file, its rows, and how far it has come; nothing is written before it is begun."""

    class Kind(models.TextChoices):
        TICKETS = "tickets", "Tickets"
        PEOPLE = "people", "People"

    kind = models.CharField(max_length=10, choices=Kind)
    name = models.CharField("file", max_length=255)
    by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    made_at = models.DateTimeField()
    total = models.PositiveIntegerField()
    bad = models.PositiveIntegerField(default=0, help_text="Rows that have to be mended first.")
    done = models.PositiveIntegerField(default=0)
    same = models.PositiveIntegerField(default=0, help_text="Rows that were here already.")
    refused = models.PositiveIntegerField(default=0)
    begun_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)

    objects = ImportJobQuerySet.as_manager()

    class Meta:
        verbose_name = "import"
        ordering = ["-pk"]
        indexes = [
            # Read by tickets.imports, which looks for the ones to go on with.
            models.Index(
                fields=["id"],
                condition=Q(begun_at__isnull=False, finished_at=None),
                name="import_unfinished",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} from {self.name}"


class ImportRow(models.Model):
    """A row of the file. It is done together with what it brings, in one transaction."""

    class State(models.TextChoices):
        BAD = "bad", "To be mended"
        WAITING = "waiting", "Waiting"
        DONE = "done", "Brought in"
        SAME = "same", "Here already"
        REFUSED = "refused", "Refused"

    job = models.ForeignKey(ImportJob, on_delete=models.CASCADE, related_name="rows")
    number = models.PositiveIntegerField(help_text="As a spreadsheet counts; the titles are 1.")
    values = models.JSONField(default=dict, help_text="The cells; emptied when they are here.")
    words = models.TextField(help_text="What would happen, what happened, or what is wrong.")
    state = models.CharField(max_length=10, choices=State)
    ticket = models.ForeignKey(Ticket, null=True, on_delete=models.SET_NULL, related_name="+")

    class Meta:
        ordering = ["pk"]
        constraints = [
            models.UniqueConstraint(fields=["job", "number"], name="a_row_once_in_an_import")
        ]
        indexes = [
            # Read by tickets.imports, which takes one row after the other.
            models.Index(
                fields=["job", "id"], condition=Q(state="waiting"), name="import_row_waiting"
            ),
            # Read by the page of an import: what has to be mended, or was refused.
            models.Index(
                fields=["job", "id"],
                condition=Q(state__in=["bad", "refused"]),
                name="import_row_wrong",
            ),
        ]

    def __str__(self) -> str:
        return f"Row {self.number}: {self.get_state_display()}"
