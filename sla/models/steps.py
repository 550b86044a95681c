"""The steps that warn before a promise is broken, and after it was."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.contrib.postgres.fields import ArrayField
from django.core.validators import MinValueValidator
from django.db import models
from django.db.models import Q

from sla.models.policies import Metric, Policy, Priority

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator


class Role(models.TextChoices):
    """Whom an escalation step tells."""

    ASSIGNEE = "assignee", "Assignee, or the team while nobody is assigned"
    TEAM = "team", "Team"
    TEAM_LEAD = "team_lead", "Team lead"
    SPOC = "spoc", "Single point of contact"
    ESCALATION_ADDRESS = "escalation_address", "Escalation address"
    MANAGERS = "managers", "Managers"
    ENGINEERING = "engineering", "Engineering"


class EscalationStep(models.Model):
    """ "At 75 % of this target tell these roles", and what else happens. Fires once per clock.

    A step is the desk's own alarm and no promise, so a change of it holds for open clocks too.
    """

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
    roles = ArrayField(
        models.CharField(max_length=30, choices=Role), blank=True, help_text="Whom it tells."
    )
    hand_to = models.ForeignKey(
        "tickets.Team",
        verbose_name="hands to",
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="+",
        help_text="The team that gets the ticket then; empty: it stays where it is.",
    )
    raises_to_engineering = models.BooleanField(
        "to engineering", default=False, help_text="Marks the ticket as with engineering."
    )
    marks_escalated = models.BooleanField(
        "marks as escalated", default=False, help_text="The queue shows the ticket as escalated."
    )
    only_in_opening_hours = models.BooleanField(
        "only in opening hours",
        default=False,
        help_text="Outside of them it waits for the next opening.",
    )
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
        metric = self.get_metric_display().lower() if self.metric else ""
        scope = f"{self.priority.code if self.priority else ''} {metric}".strip()
        return f"{self.percent} % of {scope or 'every target'}"

    @property
    def acts(self) -> bool:
        """Whether it does more than tell people."""
        return bool(self.hand_to_id or self.raises_to_engineering or self.marks_escalated)

    def applies_to(self, *, priority_id: int, metric: str) -> bool:
        return self.priority_id in (None, priority_id) and self.metric in ("", metric)


def steps_for(
    steps: Iterable[EscalationStep], *, priority_id: int, metric: str
) -> Iterator[EscalationStep]:
    """The steps of one policy that apply to a clock of this priority and metric; asked lazily."""
    for step in steps:
        if step.applies_to(priority_id=priority_id, metric=metric):
            yield step
