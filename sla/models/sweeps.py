"""When each sweep last ran: what the health page looks at."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import models


class Sweep(models.Model):
    """The last run of one periodic sweep (outbox, escalation ...)."""

    name = models.CharField(max_length=50, primary_key=True)
    period_seconds = models.PositiveIntegerField(help_text="How often it is meant to run.")
    last_run_at = models.DateTimeField()
    took_ms = models.PositiveIntegerField()
    did = models.PositiveIntegerField(help_text="How many rows the last run handled.")

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name

    def is_late(self, at: datetime) -> bool:
        """Late after three periods: beat or every worker is away."""
        return at - self.last_run_at > timedelta(seconds=3 * self.period_seconds)
