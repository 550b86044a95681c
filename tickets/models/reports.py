"""The reports that customers get month by month."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from tickets.models.people import Organization


class CustomerReport(models.Model):
    """The fact that an organization's report on one month went out; unique, so it goes out once."""

    organization = models.ForeignKey(
        Organization, on_delete=models.CASCADE, related_name="monthly_reports"
    )
    month = models.DateField(help_text="Its first day.")
    made_at = models.DateTimeField()

    class Meta:
        ordering = ["-month"]
        constraints = [
            models.UniqueConstraint(
                fields=["organization", "month"], name="one_customer_report_a_month"
            ),
            models.CheckConstraint(
                condition=Q(month__day=1), name="customer_report_is_about_a_month"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.organization} {self.month:%Y-%m}"
