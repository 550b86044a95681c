"""What the customers' pages keep: their settings, what was read, ratings, and counted requests."""

from __future__ import annotations

from datetime import datetime

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q

from tickets.models.people import User
from tickets.models.tickets import Ticket


class PortalSettings(models.Model):
    """What managers and administrators switch on the customers' pages: one row, made when asked."""

    incident = models.CharField(
        "known incident",
        max_length=300,
        blank=True,
        help_text="A sentence or two at the top of the customers' pages; empty: no banner.",
    )
    incident_url = models.URLField(
        "where to read more", blank=True, help_text="For example your status page."
    )
    incident_until = models.DateTimeField(
        "shown until", null=True, blank=True, help_text="Empty: until somebody empties the text."
    )
    publishes_attainment = models.BooleanField(
        "publish attainment",
        default=False,
        help_text="How many promises of the last 90 days were kept, on the page of the policy.",
    )
    asks_for_work = models.BooleanField(
        "ask browsers for a proof of work",
        default=False,
        help_text="Against floods: a browser computes for a second before the form is taken. "
        "Who has no JavaScript signs in first.",
    )

    class Meta:
        verbose_name = verbose_name_plural = "customers' pages"
        constraints = [models.CheckConstraint(condition=Q(pk=1), name="one_row_of_portal_settings")]

    def __str__(self) -> str:
        return "Customers' pages"

    @classmethod
    def current(cls) -> PortalSettings:
        """The settings now: the defaults until somebody saves others."""
        return cls.objects.first() or cls(pk=1)

    def shows_incident(self, at: datetime) -> bool:
        return bool(self.incident) and (self.incident_until is None or at < self.incident_until)


class LastRead(models.Model):
    """When a person last looked at a ticket on the customers' pages."""

    ticket = models.ForeignKey(Ticket, on_delete=models.CASCADE, related_name="reads")
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="reads")
    at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["ticket", "user"], name="one_last_read_of_a_person")
        ]

    def __str__(self) -> str:
        return f"{self.user} {self.at}"


class Rating(models.Model):
    """What the requester thinks of the help, once the ticket is solved."""

    ticket = models.OneToOneField(Ticket, on_delete=models.CASCADE, related_name="rating")
    by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    stars = models.PositiveSmallIntegerField(
        validators=[MinValueValidator(1), MaxValueValidator(5)],
        help_text="From 1, bad, to 5, good.",
    )
    comment = models.TextField(blank=True)
    at = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(stars__gte=1, stars__lte=5), name="rating_of_one_to_five_stars"
            )
        ]

    def __str__(self) -> str:
        return f"{self.stars} of 5"


class Allowance(models.Model):
    """How often somebody did what may be done only so often, within one window of time."""

    key = models.CharField(max_length=100, help_text="What, and a digest of who.")
    begins_at = models.DateTimeField(help_text="Of the window.")
    ends_at = models.DateTimeField(db_index=True, help_text="When the row may go.")
    used = models.PositiveIntegerField(default=0)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["key", "begins_at"], name="one_allowance_a_window")
        ]

    def __str__(self) -> str:
        return f"{self.key} {self.used}"
