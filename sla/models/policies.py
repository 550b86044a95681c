"""Priorities, policies, their targets, and the immutable versions of what was promised."""

from __future__ import annotations

from collections.abc import Container
from datetime import datetime
from operator import itemgetter
from typing import Any

from django.core.validators import MinValueValidator
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Coalesce
from django.utils.translation import gettext_lazy as _

from sla.core import deadlines
from sla.models.calendars import Calendar


class Metric(models.TextChoices):
    """What a promise is about."""

    FIRST_RESPONSE = "first_response", _("First response")
    NEXT_RESPONSE = "next_response", _("Next response")
    RESOLUTION = "resolution", _("Resolution")


class Unit(models.TextChoices):
    """How a target counts its amount (policy, reading 1); units are never converted."""

    HOURS = "hours", "hours, day and night"
    BUSINESS_HOURS = "business_hours", "business hours"
    BUSINESS_DAYS = "business_days", "business days"


class Condition(models.TextChoices):
    """What a ticket may wait for; a policy says which clocks stand still meanwhile."""

    WAITING_FOR_CUSTOMER = "waiting_for_customer", "Waiting for the customer"
    WITH_ENGINEERING = "with_engineering", "With engineering"


class Priority(models.Model):
    """P1 to P4 (or others): what belongs there, and how urgent it is."""

    code = models.CharField(max_length=10, unique=True, help_text="Short, for example P1.")
    rank = models.PositiveSmallIntegerField(unique=True, help_text="1 is the most urgent.")
    name = models.CharField(max_length=50)
    definition = models.TextField(blank=True, help_text="When a ticket has this priority.")
    examples = models.TextField(blank=True, help_text="What belongs there, one example a line.")
    is_default = models.BooleanField(
        "default", default=False, help_text="Used where nothing says the priority."
    )

    class Meta:
        ordering = ["rank"]
        verbose_name_plural = "priorities"
        constraints = [
            models.UniqueConstraint(
                fields=["is_default"],
                condition=Q(is_default=True),
                name="one_default_priority",
                violation_error_message="Another priority is the default already.",
            )
        ]

    def __str__(self) -> str:
        return f"{self.code} {self.name}"

    def is_above(self, other: Priority) -> bool:
        return self.rank < other.rank


class PolicyQuerySet(models.QuerySet["Policy"]):
    def in_force(self) -> PolicyQuerySet:
        """With all that starting a clock asks of a policy."""
        return self.select_related("calendar", "current_version__calendar")

    def default(self) -> Policy:
        """The policy of everybody without one. Raises Policy.DoesNotExist before load_policy."""
        found = self.in_force().filter(is_default=True).first()
        if found is None:
            raise Policy.DoesNotExist("No policy is the default yet: run manage.py load_policy.")
        return found

    def default_at(self, at: datetime) -> Policy:
        """The policy that was the default one then. Raises Policy.DoesNotExist as `default`."""
        past = PastDefault.objects.filter(until__gt=at).order_by("until", "pk").values("policy")[:1]
        now = self.filter(is_default=True).values("pk")[:1]
        then = self.in_force().filter(pk=Coalesce(models.Subquery(past), models.Subquery(now)))
        return then.first() or self.default()

    def end_default(self, *, at: datetime) -> None:
        """Whichever of these is the default one is it no more, from now on, which goes on record.

        The caller makes another one it, in the same transaction.
        """
        for policy in self.filter(is_default=True).select_for_update(no_key=True):
            policy.is_default = False
            policy.save(update_fields=["is_default"])
            PastDefault.objects.create(policy=policy, until=at)


class Policy(models.Model):
    """A published set of targets on one calendar.

    Its rows are edited freely; clocks run under a `PolicyVersion`, which `publish` makes of them.
    """

    name = models.CharField(max_length=100, unique=True)
    calendar = models.ForeignKey(Calendar, on_delete=models.PROTECT, related_name="policies")
    is_default = models.BooleanField(
        "default", default=False, help_text="Holds for every organization without its own policy."
    )
    current_version = models.ForeignKey(
        "sla.PolicyVersion", null=True, editable=False, on_delete=models.PROTECT, related_name="+"
    )

    objects = PolicyQuerySet.as_manager()

    class Meta:
        ordering = ["name"]
        verbose_name_plural = "policies"
        constraints = [
            models.UniqueConstraint(
                fields=["is_default"],
                condition=Q(is_default=True),
                name="one_default_policy",
                violation_error_message="Another policy is the default already.",
            )
        ]

    def __str__(self) -> str:
        return self.name

    def publish(self, *, at: datetime) -> PolicyVersion:
        """Freeze targets, pause rules and calendar as a new version, unless nothing changed."""
        version = PolicyVersion(
            policy=self,
            number=1,
            calendar=self.calendar,
            targets=[target.as_written() for target in self.targets.select_related("priority")],
            pause_rules=[[rule.metric, rule.condition] for rule in self.pause_rules.all()],
            published_at=at,
        )
        current = self.current_version
        if current is not None:
            if version.says() == current.says():
                return current
            version.number = current.number + 1
        version.save()
        self.current_version = version
        self.save(update_fields=["current_version"])
        return version


class PastDefault(models.Model):
    """That a policy was the default one until then. Only `Policy.objects.end_default` writes it."""

    policy = models.ForeignKey(Policy, on_delete=models.PROTECT, related_name="+")
    until = models.DateTimeField()

    class Meta:
        ordering = ["until", "pk"]
        verbose_name_plural = "times as the default"

    def __str__(self) -> str:
        return f"{self.policy} until {self.until}"


class Target(models.Model):
    """The promise for one priority and metric: due after `amount` `unit`s, amber after the goal."""

    policy = models.ForeignKey(Policy, on_delete=models.CASCADE, related_name="targets")
    priority = models.ForeignKey(Priority, on_delete=models.PROTECT, related_name="targets")
    metric = models.CharField(max_length=20, choices=Metric)
    amount = models.PositiveIntegerField(
        "limit",
        validators=[MinValueValidator(1, "A target is at least 1: a promise needs some time.")],
        help_text="The promise is broken after this much time.",
    )
    unit = models.CharField(max_length=20, choices=Unit)
    goal_amount = models.PositiveIntegerField(
        "goal",
        null=True,
        blank=True,
        validators=[MinValueValidator(1, "A goal is at least 1; leave it empty for none.")],
        help_text="Optional, in the same unit: the ticket turns amber then.",
    )
    kept_by_lowering = models.BooleanField(
        "kept by lowering",
        default=False,
        help_text="Lowering the ticket's priority in time (a workaround) keeps this promise.",
    )
    note = models.CharField(
        max_length=200, blank=True, help_text="Shown to customers beside the promise."
    )

    class Meta:
        ordering = ["priority__rank", "metric"]
        constraints = [
            models.UniqueConstraint(
                fields=["policy", "priority", "metric"],
                name="one_target_per_metric",
                violation_error_message="This policy already has a target for that priority.",
            ),
            models.CheckConstraint(
                condition=Q(amount__gte=1),
                name="target_at_least_one",
                violation_error_message="A target is at least 1: a promise needs some time.",
            ),
            models.CheckConstraint(
                condition=Q(goal_amount=None)
                | (Q(goal_amount__gte=1) & Q(goal_amount__lte=F("amount"))),
                name="goal_before_limit",
                violation_error_message="The goal comes before the limit.",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.priority.code} {self.get_metric_display()}: {self.amount} {self.unit}"

    def as_value(self) -> deadlines.Target:
        return deadlines.Target(self.amount, self.unit)

    def as_written(self) -> dict[str, Any]:
        """The row as a version keeps it; `Target(**written)` makes an unsaved one of it again."""
        return {name: getattr(self, name) for name in WRITTEN}


class PauseRule(models.Model):
    """This metric's clock stands still while the ticket waits so (policy, reading 6)."""

    policy = models.ForeignKey(Policy, on_delete=models.CASCADE, related_name="pause_rules")
    metric = models.CharField(max_length=20, choices=Metric)
    condition = models.CharField(max_length=30, choices=Condition)

    class Meta:
        ordering = ["metric", "condition"]
        constraints = [
            models.UniqueConstraint(
                fields=["policy", "metric", "condition"],
                name="pause_rule_once",
                violation_error_message="This policy has that rule already.",
            )
        ]

    def __str__(self) -> str:
        return f"{self.get_metric_display()}: {self.get_condition_display()}"


# The columns of a target that a version keeps.
WRITTEN = (
    "priority_id", "metric", "amount", "unit", "goal_amount", "kept_by_lowering", "note",
)  # fmt: skip


class PolicyVersion(models.Model):
    """A policy as it stood when published. Never changes: a clock names the one it runs under."""

    policy = models.ForeignKey(Policy, on_delete=models.CASCADE, related_name="versions")
    number = models.PositiveIntegerField()
    calendar = models.ForeignKey(Calendar, on_delete=models.PROTECT, related_name="+")
    targets = models.JSONField(help_text="A target each, as the rows had it.")
    pause_rules = models.JSONField(help_text="Pairs of a metric and what pauses it.")
    published_at = models.DateTimeField()

    class Meta:
        ordering = ["policy", "-number"]
        constraints = [
            models.UniqueConstraint(fields=["policy", "number"], name="policy_version_once")
        ]

    def __str__(self) -> str:
        return f"{self.policy} version {self.number}"

    def says(self) -> tuple[Any, ...]:
        """What it promises, to tell whether two versions differ; the order of rows says nothing."""
        targets = sorted(self.targets, key=itemgetter("priority_id", "metric"))
        return self.calendar_id, targets, sorted(self.pause_rules)

    def promised(self, *, priority_id: int, metrics: Container[str]) -> list[Target]:
        """The targets for this priority and these metrics, as rows that are not in the database."""
        return [
            Target(policy_id=self.policy_id, **written)
            for written in self.targets
            if written["priority_id"] == priority_id and written["metric"] in metrics
        ]

    def pauses(self, metric: str, condition: str) -> bool:
        """Whether a clock of this metric stands still in this condition (policy, reading 6)."""
        return [metric, condition] in self.pause_rules
