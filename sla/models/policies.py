"""Priorities, policies, their targets, and the steps that warn before a promise is broken."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.contrib.postgres.fields import ArrayField
from django.core.validators import MinValueValidator
from django.db import models
from django.db.models import F, Q

from sla.core import deadlines
from sla.models.calendars import Calendar

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator


class Metric(models.TextChoices):
    """What a promise is about."""

    FIRST_RESPONSE = "first_response", "First response"
    NEXT_RESPONSE = "next_response", "Next response"
    RESOLUTION = "resolution", "Resolution"


class Unit(models.TextChoices):
    """How a target counts its amount (policy, reading 1); units are never converted."""

    HOURS = "hours", "hours, day and night"
    BUSINESS_HOURS = "business_hours", "business hours"
    BUSINESS_DAYS = "business_days", "business days"


class Condition(models.TextChoices):
    """What a ticket may wait for; a policy says which clocks stand still meanwhile."""

    WAITING_FOR_CUSTOMER = "waiting_for_customer", "Waiting for the customer"
    WITH_ENGINEERING = "with_engineering", "With engineering"


class Role(models.TextChoices):
    """Whom an escalation step tells."""

    ASSIGNEE = "assignee", "Assignee, or the team while nobody is assigned"
    TEAM = "team", "Team"
    TEAM_LEAD = "team_lead", "Team lead"
    SPOC = "spoc", "Single point of contact"
    ESCALATION_ADDRESS = "escalation_address", "Escalation address"


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
    def default(self) -> Policy:
        """The policy of everybody without one. Raises Policy.DoesNotExist before load_policy."""
        found = self.filter(is_default=True).select_related("calendar").first()
        if found is None:
            raise Policy.DoesNotExist("No policy is the default yet: run manage.py load_policy.")
        return found


class Policy(models.Model):
    """A published set of targets on one calendar."""

    name = models.CharField(max_length=100, unique=True)
    calendar = models.ForeignKey(Calendar, on_delete=models.PROTECT, related_name="policies")
    is_default = models.BooleanField(
        "default", default=False, help_text="Holds for every organization without its own policy."
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


class EscalationStep(models.Model):
    """ "At 75 % of this target tell these roles." Fires once per clock."""

    policy = models.ForeignKey(Policy, on_delete=models.CASCADE, related_name="steps")
    priority = models.ForeignKey(
        Priority, null=True, blank=True, on_delete=models.PROTECT, help_text="Empty: every one."
    )
    metric = models.CharField(
        max_length=20, choices=Metric, blank=True, help_text="Empty: every one."
    )
    percent = models.PositiveSmallIntegerField(
        validators=[MinValueValidator(1, "A step comes after at least one percent of the target.")],
        help_text="Of the target's time; 100 is the moment when the promise is broken.",
    )
    roles = ArrayField(models.CharField(max_length=30, choices=Role), help_text="Whom it tells.")
    is_active = models.BooleanField("active", default=True)

    class Meta:
        ordering = ["percent"]
        constraints = [
            models.UniqueConstraint(
                fields=["policy", "priority", "metric", "percent"],
                nulls_distinct=False,
                name="escalation_step_once",
                violation_error_message="This policy has that step already.",
            ),
            models.CheckConstraint(
                condition=Q(percent__gte=1),
                name="step_after_the_start",
                violation_error_message="A step comes after at least one percent of the target.",
            ),
        ]

    def __str__(self) -> str:
        scope = " ".join(
            part for part in (self.priority.code if self.priority else "", self.metric) if part
        )
        return f"{self.percent} % of {scope or 'every target'}"

    def applies_to(self, *, priority_id: int, metric: str) -> bool:
        return self.priority_id in (None, priority_id) and self.metric in ("", metric)


def steps_for(
    steps: Iterable[EscalationStep], *, priority_id: int, metric: str
) -> Iterator[EscalationStep]:
    """The steps of one policy that apply to a clock of this priority and metric; asked lazily."""
    for step in steps:
        if step.applies_to(priority_id=priority_id, metric=metric):
            yield step
