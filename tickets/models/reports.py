"""The reports that customers get month by month, and by what terms they were made."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from sla.models import Policy
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


class PastTerms(models.Model):
    """What an organization had until then. Only `tickets.terms` writes it."""

    organization = models.ForeignKey(
        Organization, on_delete=models.CASCADE, related_name="past_terms"
    )
    policy = models.ForeignKey(
        Policy,
        null=True,
        on_delete=models.PROTECT,
        related_name="+",
        help_text="Empty: the one that was the default.",
    )
    time_zone = models.CharField(
        max_length=64, blank=True, help_text="Empty: that of its policy's calendar."
    )
    until = models.DateTimeField()

    class Meta:
        ordering = ["until", "pk"]
        verbose_name_plural = "past terms"

    def __str__(self) -> str:
        return f"{self.organization} until {self.until}"
