"""A change that is being applied to open clocks, and how far it has come."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q

from sla.models.calendars import CalendarVersion
from sla.models.clocks import Clock, ClockQuerySet
from sla.models.policies import Policy, PolicyVersion


class RecalculationQuerySet(models.QuerySet["Recalculation"]):
    def unfinished(self) -> RecalculationQuerySet:
        """In the order in which they were asked for: a later change builds on an earlier one."""
        return self.filter(finished_at=None).order_by("pk")


class Recalculation(models.Model):
    """Open clocks move to a new version of their calendar or policy, or to a policy's new steps.

    Worked through in batches in the order of the clocks' ids; `cursor` is the last one done, so
    that a worker that dies loses nothing and repeats nothing.
    """

    calendar_version = models.ForeignKey(
        CalendarVersion, null=True, on_delete=models.PROTECT, related_name="+"
    )
    policy_version = models.ForeignKey(
        PolicyVersion, null=True, on_delete=models.PROTECT, related_name="+"
    )
    steps_of = models.ForeignKey(Policy, null=True, on_delete=models.CASCADE, related_name="+")
    requested_at = models.DateTimeField()
    requested_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+"
    )
    total = models.PositiveIntegerField(help_text="Clocks that were open when it was asked for.")
    done = models.PositiveIntegerField(default=0, help_text="Clocks that it has come to.")
    moved = models.PositiveIntegerField(default=0, help_text="Clocks whose deadline moved.")
    failed = models.PositiveIntegerField(
        default=0, help_text="Clocks that could not be reckoned anew, and stay as they were."
    )
    cursor = models.BigIntegerField(default=0)
    finished_at = models.DateTimeField(null=True)

    objects = RecalculationQuerySet.as_manager()

    class Meta:
        ordering = ["-pk"]
        constraints = [
            models.CheckConstraint(
                condition=(
                    Q(calendar_version__isnull=False, policy_version=None, steps_of=None)
                    | Q(calendar_version=None, policy_version__isnull=False, steps_of=None)
                    | Q(calendar_version=None, policy_version=None, steps_of__isnull=False)
                ),
                name="recalculation_has_one_cause",
            )
        ]
        indexes = [
            # Read by sla.recalculation, which looks for the next one to go on with.
            models.Index(
                fields=["id"], condition=Q(finished_at=None), name="recalculation_unfinished"
            )
        ]

    def __str__(self) -> str:
        return str(self.calendar_version or self.policy_version or f"Steps of {self.steps_of}")

    def scope(self) -> ClockQuerySet:
        """The running clocks that it is about: those still on an earlier version."""
        running: ClockQuerySet = Clock.objects.running()
        if (calendar := self.calendar_version) is not None:
            earlier = CalendarVersion.objects.filter(
                calendar=calendar.calendar_id, number__lt=calendar.number
            )
            return running.filter(calendar_version__in=list(earlier.values_list("pk", flat=True)))
        if (policy := self.policy_version) is not None:
            versions = PolicyVersion.objects.filter(
                policy=policy.policy_id, number__lt=policy.number
            )
            return running.filter(policy_version__in=list(versions.values_list("pk", flat=True)))
        return running.filter(policy=self.steps_of)
