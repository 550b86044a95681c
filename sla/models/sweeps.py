"""When each sweep last ran: what the watchdog looks at."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import models

# Celery ends a task after that.
LONGEST_RUN = timedelta(minutes=5)


class Sweep(models.Model):
    """The last run of one periodic sweep (outbox, escalation ...)."""

    name = models.CharField(max_length=50, primary_key=True)
    period_seconds = models.PositiveIntegerField(help_text="How often it is meant to run.")
    last_run_at = models.DateTimeField(
        null=True, help_text="When the last run that went through began."
    )
    running_since = models.DateTimeField(null=True)
    took_ms = models.PositiveIntegerField(default=0)
    did = models.PositiveIntegerField(default=0, help_text="How many rows the last run handled.")
    alarmed_at = models.DateTimeField(
        null=True, help_text="When the administrators were told that it is late."
    )

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name

    @property
    def ended_at(self) -> datetime | None:
        """When the last run that went through was over; None before there was one."""
        if self.last_run_at is None:
            return None
        return self.last_run_at + timedelta(milliseconds=self.took_ms)

    def is_late(self, at: datetime, *, watched_since: datetime | None = None) -> bool:
        """Late after three periods without a run: beat or every worker is away, or each run fails.

        A run that is under way and began in time counts, until it has taken longer than any may.
        Whoever began to look at `watched_since` counts the periods from there.
        """
        quiet_since = max(filter(None, [self.ended_at, watched_since]), default=None)
        if quiet_since is None:
            return True
        patience = 3 * timedelta(seconds=self.period_seconds)
        if at - quiet_since <= patience:
            return False
        # One that began late may be the next of many that never end.
        if self.running_since is None or self.running_since - quiet_since > patience:
            return True
        return at - self.running_since >= LONGEST_RUN
