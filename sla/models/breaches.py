"""Why promises were broken, as managers see it: reasons to choose from, and what they wrote."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q

from sla.models.clocks import Clock


class BreachReason(models.Model):
    """A cause that breaches are put down to. One that is not active is chosen no more."""

    name = models.CharField(
        max_length=100,
        unique=True,
        help_text="Such as “Waited for a supplier”: reports count breaches by it.",
    )
    position = models.PositiveSmallIntegerField(default=100, help_text="Lower ones come first.")
    is_active = models.BooleanField(
        "active", default=True, help_text="Others can be chosen no more; what has them keeps them."
    )

    class Meta:
        ordering = ["position", "name"]

    def __str__(self) -> str:
        return self.name


class BreachNote(models.Model):
    """Why one promise was broken. Only `sla.breaches` writes it.

    A later one takes the place of the present one, which stays on record as it was.
    """

    clock = models.ForeignKey(Clock, on_delete=models.CASCADE, related_name="breach_notes")
    reason = models.ForeignKey(
        BreachReason, null=True, on_delete=models.PROTECT, related_name="notes"
    )
    note = models.TextField(blank=True)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()
    replaced_at = models.DateTimeField(
        null=True, help_text="When another one took its place; empty: it is the present one."
    )

    class Meta:
        ordering = ["at", "pk"]
        constraints = [
            # Read by sla.reports as well: the present note of a clock.
            models.UniqueConstraint(
                fields=["clock"], condition=Q(replaced_at=None), name="one_present_breach_note"
            ),
            models.CheckConstraint(
                condition=Q(reason__isnull=False) | ~Q(note=""), name="breach_note_says_something"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.reason or self.note[:50]} {self.at}"
