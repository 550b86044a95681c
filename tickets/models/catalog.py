"""What a customer picks on the form."""

from __future__ import annotations

from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q

from sla.models import Metric, Policy, Priority
from sla.models.policies import Unit
from tickets.models.people import Team


class RequestTypeQuerySet(models.QuerySet["RequestType"]):
    def answered_day_and_night(self, policy: Policy) -> RequestTypeQuerySet:
        """Those that are answered after hours as well: their first response counts in hours."""
        return self.filter(
            is_active=True,
            priority__targets__policy=policy,
            priority__targets__metric=Metric.FIRST_RESPONSE,
            priority__targets__unit=Unit.HOURS,
        )


class RequestType(models.Model):
    """A kind of request with its priority.

    A type with a `share_threshold` asks for the share of users affected: above the threshold it
    has `priority`, otherwise `priority_below` (policy: "System down" is P1 only above 20 %).
    """

    name = models.CharField(max_length=100, unique=True)
    sentence = models.CharField(max_length=200, blank=True, help_text="Shown beside the choice.")
    priority = models.ForeignKey(Priority, on_delete=models.PROTECT, related_name="request_types")
    share_threshold = models.PositiveSmallIntegerField(
        "share of users above which the priority holds, in %",
        null=True,
        blank=True,
        validators=[MinValueValidator(0), MaxValueValidator(99)],
        help_text="Empty: the share is not asked for.",
    )
    priority_below = models.ForeignKey(
        Priority,
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="+",
        help_text="The priority when no more users than that are affected.",
    )
    team = models.ForeignKey(
        Team, null=True, blank=True, on_delete=models.PROTECT, help_text="Who gets it first."
    )
    position = models.PositiveSmallIntegerField(default=0, help_text="Small numbers come first.")
    is_active = models.BooleanField("active", default=True)

    objects = RequestTypeQuerySet.as_manager()

    class Meta:
        ordering = ["position", "name"]
        constraints = [
            models.CheckConstraint(
                condition=Q(share_threshold=None) | Q(priority_below__isnull=False),
                name="threshold_needs_the_other_priority",
                violation_error_message="Say which priority holds at or below the threshold.",
            )
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def asks_share(self) -> bool:
        return self.share_threshold is not None

    def priority_for(self, share: int | None) -> Priority:
        """The priority, given the share of users affected in percent.

        Raises ValidationError when this type needs the share and it is missing.
        """
        if self.share_threshold is None:
            return self.priority
        if share is None:
            raise ValidationError("Tell us what share of your users is affected.")
        below = self.priority_below
        return self.priority if share > self.share_threshold or below is None else below
