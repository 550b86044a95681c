"""Reports that people keep under a name."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.db.models.functions import Lower


class SavedReportQuerySet(models.QuerySet["SavedReport"]):
    def visible_to(self, user: Any) -> SavedReportQuerySet:
        """One's own, and what others share."""
        return self.filter(Q(owner=user) | Q(is_shared=True))


class SavedReport(models.Model):
    """A question to a page of reports, kept as the address has it: so it is a link as well.

    A span such as "last_month" is told from the day on which the report is read.
    """

    LONGEST = 1000

    class Page(models.TextChoices):
        OVERVIEW = "overview", "Overview"
        BREAKDOWN = "breakdown", "Breakdown"
        BREACHES = "breaches", "Breaches"

    name = models.CharField(max_length=80)
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="saved_reports"
    )
    is_shared = models.BooleanField(
        "shared", default=False, help_text="With everybody who may read reports; else you alone."
    )
    page = models.CharField(max_length=20, choices=Page, default=Page.OVERVIEW)
    query = models.CharField(
        "question", max_length=LONGEST, blank=True, help_text="As it stands in the address."
    )

    objects = SavedReportQuerySet.as_manager()

    class Meta:
        ordering = ["name", "pk"]
        constraints = [
            models.UniqueConstraint(
                "owner",
                Lower("name"),
                name="one_saved_report_of_a_name",
                violation_error_message="You have a report of that name.",
            )
        ]

    def __str__(self) -> str:
        return self.name

    def is_editable_by(self, user: Any) -> bool:
        """Whether this person may change and delete it: its owner, or a superuser."""
        return bool(self.owner_id == user.pk or user.is_superuser)
