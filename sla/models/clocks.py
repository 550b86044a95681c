"""Clocks: the facts of a running promise, its pauses, its ledger, and the steps that fired."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.apps import apps
from django.conf import settings
from django.db import connection, models
from django.db.models import F, Q
from django.db.models.functions import Coalesce

from sla.core import deadlines
from sla.models.calendars import CalendarVersion
from sla.models.policies import Condition, Metric, Policy, PolicyVersion, Priority, Unit
from sla.models.steps import EscalationStep

# What PostgreSQL calls the types of the columns that `ClockQuerySet.write` may write.
KINDS = {
    **dict.fromkeys(["id", "calendar_version_id", "policy_version_id"], "bigint"),
    **dict.fromkeys(["counted_seconds", "business_seconds"], "bigint"),
    **dict.fromkeys(["target_amount", "goal_amount"], "integer"),
    **dict.fromkeys(["goal_at", "due_at", "next_step_at", "paused_at"], "timestamptz"),
    "target_unit": "varchar",
    "kept_by_lowering": "boolean",
}


class ClockQuerySet(models.QuerySet["Clock"]):
    def visible_to(self, user: Any) -> ClockQuerySet:
        """The clocks of the tickets that this person sees, as the tickets themselves decide."""
        model: Any = apps.get_model("tickets", "Ticket")
        seen = model.objects.visible_to(user)
        # Without a condition there is nothing to join for.
        return self.filter(ticket__in=seen) if seen.query.where else self

    def running(self) -> ClockQuerySet:
        """Neither kept nor broken for good: paused clocks are running ones that stand still."""
        return self.filter(stopped_at=None, superseded_at=None)

    def pressing(self) -> ClockQuerySet:
        """Running clocks whose deadline still draws nearer, or has passed already."""
        return self.running().filter(Q(paused_at=None) | Q(paused_at__gte=F("due_at")))

    def step_due(self, at: datetime) -> ClockQuerySet:
        return self.running().filter(next_step_at__lte=at)

    def with_facts(self) -> ClockQuerySet:
        """With all that a deadline follows from, for many clocks at once."""
        # One query for each raise behind another, and none where nothing was raised.
        raises = "earlier_promise__earlier_promise__earlier_promise"
        return self.select_related("calendar_version").prefetch_related("pauses", raises)

    def counted_in_reports(self) -> ClockQuerySet:
        """Promises that were made and stood: a superseded one counts only if it was missed."""
        return self.filter(Q(superseded_at=None) | Q(superseded_at__gt=F("due_at")), voided_at=None)

    def with_end(self, at: datetime) -> ClockQuerySet:
        """Adds `end_at`, the instant that decides about a breach: `end_at > due_at`.

        A pause that begins at the deadline comes too late to put it off (policy).
        """
        in_time_or_late = models.Case(models.When(~Q(paused_at=F("due_at")), then="paused_at"))
        now = models.Value(at, output_field=models.DateTimeField())
        return self.annotate(end_at=Coalesce("stopped_at", "superseded_at", in_time_or_late, now))

    def breached(self, at: datetime) -> ClockQuerySet:
        return self.with_end(at).filter(Q(end_at__gt=F("due_at")))

    def write(self, clocks: Sequence[Clock], columns: Sequence[str]) -> None:
        """Save these columns of many rows in one statement (bulk_update's takes ten times as long).

        The names are those of `KINDS`.
        """
        if not clocks:
            return
        values = ", ".join(f"%s::{KINDS[name]}[]" for name in ("id", *columns))
        changes = ", ".join(f"{name} = new.{name}" for name in columns)
        with connection.cursor() as cursor:
            cursor.execute(
                f"UPDATE sla_clock AS old SET {changes} "  # noqa: S608 - names of our own columns
                f"FROM unnest({values}) AS new(id, {', '.join(columns)}) WHERE old.id = new.id",
                [[getattr(clock, name) for clock in clocks] for name in ("id", *columns)],
            )


class Clock(models.Model):
    """One target running for one ticket.

    Facts: what was promised (a copy of the target, the calendar's version), when it started,
    paused, stopped or was superseded. Caches: `goal_at`, `due_at`, `next_step_at` and the two
    durations, all pure functions of those facts; only `sla.clocks` writes them.
    A paused clock has `paused_at`; `due_at` then leaves the current pause out.
    """

    ticket = models.ForeignKey("tickets.Ticket", on_delete=models.CASCADE, related_name="clocks")
    policy = models.ForeignKey(Policy, on_delete=models.PROTECT, related_name="+")
    policy_version = models.ForeignKey(PolicyVersion, on_delete=models.PROTECT, related_name="+")
    priority = models.ForeignKey(Priority, on_delete=models.PROTECT, related_name="+")
    metric = models.CharField(max_length=20, choices=Metric)
    target_amount = models.PositiveIntegerField()
    target_unit = models.CharField(max_length=20, choices=Unit)
    goal_amount = models.PositiveIntegerField(null=True)
    kept_by_lowering = models.BooleanField(default=False)
    calendar_version = models.ForeignKey(
        CalendarVersion, on_delete=models.PROTECT, related_name="+"
    )
    earlier_promise = models.ForeignKey(
        "self",
        null=True,
        on_delete=models.PROTECT,
        related_name="+",
        help_text="The promise before the priority was raised: never answered later than that.",
    )

    started_at = models.DateTimeField()
    paused_at = models.DateTimeField(null=True)
    stopped_at = models.DateTimeField(null=True)
    superseded_at = models.DateTimeField(null=True)
    voided_at = models.DateTimeField(
        null=True, help_text="When it turned out that nobody was promised anything: spam."
    )

    goal_at = models.DateTimeField(null=True)
    due_at = models.DateTimeField()
    next_step_at = models.DateTimeField(null=True)
    counted_seconds = models.PositiveBigIntegerField(
        null=True, help_text="Time used until it ended, as its own target counts."
    )
    business_seconds = models.PositiveBigIntegerField(
        null=True, help_text="Time used until it ended, in the calendar's opening hours."
    )

    objects = ClockQuerySet.as_manager()

    class Meta:
        ordering = ["due_at"]
        permissions = [("view_reports", "Can view SLA reports")]
        constraints = [
            models.UniqueConstraint(
                fields=["ticket", "metric"],
                condition=Q(stopped_at=None, superseded_at=None),
                name="one_running_clock_per_metric",
            ),
            models.CheckConstraint(
                condition=Q(stopped_at=None) | Q(superseded_at=None),
                name="clock_ends_once",
            ),
            models.CheckConstraint(
                condition=Q(voided_at=None)
                | Q(stopped_at__isnull=False)
                | Q(superseded_at__isnull=False),
                name="a_void_clock_has_ended",
            ),
            models.CheckConstraint(condition=Q(target_amount__gte=1), name="clock_has_time"),
        ]
        indexes = [
            # Read by sla.sweep: its cost grows with what is due, not with what is open.
            models.Index(
                fields=["next_step_at"],
                condition=Q(stopped_at=None, superseded_at=None, next_step_at__isnull=False),
                name="clock_next_step",
            ),
            # Read by sla.recalculation: running clocks, from one id on.
            models.Index(
                fields=["id"],
                condition=Q(stopped_at=None, superseded_at=None),
                name="clock_running",
            ),
            # Read by sla.reports: what is due next, and what is late.
            models.Index(
                fields=["due_at"],
                condition=Q(stopped_at=None, superseded_at=None),
                name="clock_due",
            ),
            # Read by sla.reports: promises that were made in a period.
            models.Index(fields=["started_at"], name="clock_started"),
        ]

    def __str__(self) -> str:
        return f"{self.priority.code} {self.get_metric_display()}"

    @property
    def target(self) -> deadlines.Target:
        return deadlines.Target(self.target_amount, self.target_unit)

    @property
    def goal(self) -> deadlines.Target | None:
        return deadlines.Target(self.goal_amount, self.target_unit) if self.goal_amount else None

    @property
    def is_running(self) -> bool:
        return self.stopped_at is None and self.superseded_at is None

    def end_or(self, at: datetime) -> datetime:
        """When this clock stood still for good or for now, or else `at`: as `with_end` says it."""
        paused_at = None if self.paused_at == self.due_at else self.paused_at
        return self.stopped_at or self.superseded_at or paused_at or at

    def is_breached(self, at: datetime) -> bool:
        """Derived, never stored: no sweep has to run for a promise to be broken."""
        return self.end_or(at) > self.due_at


class Pause(models.Model):
    """A stretch in which a clock stood still; without an end while it still does."""

    class Reason(models.TextChoices):
        WAITING_FOR_CUSTOMER = "waiting_for_customer", Condition.WAITING_FOR_CUSTOMER.label
        WITH_ENGINEERING = "with_engineering", Condition.WITH_ENGINEERING.label
        RESOLVED = "resolved", "Resolved"

    clock = models.ForeignKey(Clock, on_delete=models.CASCADE, related_name="pauses")
    reason = models.CharField(max_length=30, choices=Reason)
    started_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["started_at"]
        constraints = [
            models.UniqueConstraint(
                fields=["clock", "reason"],
                condition=Q(ended_at=None),
                name="one_open_pause_per_reason",
            ),
            models.CheckConstraint(
                condition=Q(ended_at=None) | Q(ended_at__gte=F("started_at")),
                name="pause_ends_after_it_starts",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_reason_display()} since {self.started_at}"


class ClockEvent(models.Model):
    """The ledger of a clock: what happened to the deadline, when, by whom and why."""

    class Kind(models.TextChoices):
        STARTED = "started", "Started"
        PAUSED = "paused", "Paused"
        RESUMED = "resumed", "Resumed"
        STOPPED = "stopped", "Stopped"
        REOPENED = "reopened", "Runs on"
        SUPERSEDED = "superseded", "Replaced"
        RECALCULATED = "recalculated", "Reckoned anew"
        VOIDED = "voided", "Does not count"
        RESTORED = "restored", "Counts again"

    clock = models.ForeignKey(Clock, on_delete=models.CASCADE, related_name="events")
    kind = models.CharField(max_length=20, choices=Kind)
    at = models.DateTimeField()
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+"
    )
    reason = models.CharField(max_length=500, blank=True)
    due_before = models.DateTimeField(null=True)
    due_after = models.DateTimeField(null=True)

    class Meta:
        ordering = ["at", "pk"]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} {self.at}"


class Firing(models.Model):
    """The fact that an escalation step happened; unique, so that it happens once."""

    clock = models.ForeignKey(Clock, on_delete=models.CASCADE, related_name="firings")
    step = models.ForeignKey(EscalationStep, on_delete=models.PROTECT, related_name="firings")
    percent = models.PositiveSmallIntegerField(help_text="The step's, as it was when it fired.")
    at = models.DateTimeField()

    class Meta:
        ordering = ["at", "pk"]
        constraints = [
            models.UniqueConstraint(fields=["clock", "step"], name="step_fires_once_per_clock")
        ]

    def __str__(self) -> str:
        return f"{self.percent} % at {self.at}"
