"""Macros that agents press, rules that the desk follows, and the record of what the rules did."""

from __future__ import annotations

from django.contrib.postgres.fields import ArrayField
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q

from sla.models import Calendar
from tickets.models.events import Event
from tickets.models.people import Team, User
from tickets.models.tickets import Ticket


class MacroQuerySet(models.QuerySet["Macro"]):
    def usable_by(self, user: User) -> MacroQuerySet:
        """Those of everybody, and of the teams of this person, in their order."""
        mine = Q(team=None) | Q(team__members=user)
        return self.filter(mine, is_active=True).select_related("team").distinct()


class Macro(models.Model):
    """Several verbs at one press: all of them happen, or none. Its steps are `tickets.actions`'."""

    name = models.CharField(max_length=100)
    description = models.CharField(
        max_length=300, blank=True, help_text="When to use it: shown beside its name."
    )
    team = models.ForeignKey(
        Team,
        null=True,
        blank=True,
        on_delete=models.CASCADE,
        related_name="macros",
        help_text="Whose macro it is; empty: everybody's.",
    )
    position = models.PositiveSmallIntegerField(default=0, help_text="Small numbers come first.")
    is_active = models.BooleanField("active", default=True)
    steps = models.JSONField(default=list)

    objects = MacroQuerySet.as_manager()

    class Meta:
        ordering = ["position", "name", "pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["team", "name"],
                nulls_distinct=False,
                name="one_macro_of_a_name_per_team",
                violation_error_message="There is a macro of this name already.",
            )
        ]

    def __str__(self) -> str:
        return self.name


class RuleQuerySet(models.QuerySet["Rule"]):
    def active(self) -> RuleQuerySet:
        """In the order in which they are followed."""
        return self.filter(is_active=True).order_by("position", "pk")


class Rule(models.Model):
    """When something happens to a ticket, and it is such a one, then the desk does these steps.

    Conditions are those of `tickets.rules.conditions`, all of which hold; steps are those of
    `tickets.actions`.
    """

    class When(models.TextChoices):
        OPENED = "opened", "A ticket is opened"
        CUSTOMER_WROTE = "customer_wrote", "The customer writes"
        REPLIED = "replied", "An agent replies"
        STATUS_CHANGED = "status_changed", "The status changes"
        PRIORITY_CHANGED = "priority_changed", "The priority changes"
        ASSIGNED = "assigned", "The ticket is assigned"
        TAGGED = "tagged", "A tag is added"
        IDLE = "idle", "Nobody does anything for some time"

    name = models.CharField(max_length=100, unique=True)
    description = models.CharField(max_length=300, blank=True, help_text="What it is good for.")
    position = models.PositiveSmallIntegerField(
        default=0, help_text="Small numbers are followed first."
    )
    is_active = models.BooleanField("active", default=True)
    when = models.CharField(max_length=20, choices=When)
    idle_hours = models.PositiveSmallIntegerField(
        "for so many business hours",
        null=True,
        blank=True,
        validators=[MinValueValidator(1), MaxValueValidator(2_000)],
        help_text="Of the ticket's calendar, since a person last did something; while unsolved.",
    )
    idle_while_waiting = models.BooleanField(
        "also while waiting for the customer",
        default=False,
        help_text="Otherwise a ticket that waits for the customer counts as not idle.",
    )
    conditions = models.JSONField(default=list, blank=True)
    steps = models.JSONField(default=list)
    failures = models.PositiveSmallIntegerField(
        "failures in a row", default=0, editable=False, help_text="Since it last went through."
    )
    switched_off_at = models.DateTimeField(
        null=True, editable=False, help_text="When the desk switched it off; empty: it did not."
    )
    switched_off_because = models.TextField(blank=True, editable=False)

    objects = RuleQuerySet.as_manager()

    class Meta:
        ordering = ["position", "pk"]
        constraints = [
            models.CheckConstraint(
                condition=~Q(when="idle") | Q(idle_hours__gte=1),
                name="idle_rule_names_its_hours",
                violation_error_message="Say after how many business hours.",
            )
        ]
        indexes = [
            # Read by tickets.cues with each verb: is there a rule that follows from it?
            models.Index(fields=["when"], condition=Q(is_active=True), name="rule_when"),
        ]

    def __str__(self) -> str:
        return self.name


class RuleCue(models.Model):
    """Something happened that rules may follow from: written with it, gone once they did.

    Either an event, or that a ticket has been idle for as long as one rule waits for.
    """

    event = models.OneToOneField(Event, null=True, on_delete=models.CASCADE, related_name="cue")
    root = models.ForeignKey(
        Event,
        null=True,
        on_delete=models.CASCADE,
        related_name="+",
        help_text="The first event of the chain, where a rule led to this one.",
    )
    depth = models.PositiveSmallIntegerField(default=0, help_text="How many rules led to it.")
    whens = ArrayField(
        models.CharField(max_length=20), default=list, help_text="What happened, as rules call it."
    )
    ticket = models.ForeignKey(Ticket, on_delete=models.CASCADE, related_name="+")
    rule = models.ForeignKey(Rule, null=True, on_delete=models.CASCADE, related_name="+")
    idle_since = models.DateTimeField(null=True)
    attempts = models.PositiveSmallIntegerField(default=0)
    next_attempt_at = models.DateTimeField(
        null=True, help_text="When a worker may take it; empty: now."
    )

    class Meta:
        ordering = ["pk"]
        constraints = [
            models.UniqueConstraint(fields=["rule", "ticket", "idle_since"], name="idle_cue_once"),
            models.CheckConstraint(
                condition=Q(event__isnull=False, rule=None, idle_since=None)
                | Q(event=None, rule__isnull=False, idle_since__isnull=False),
                name="cue_of_event_or_idleness",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.event or self.rule}"


class RuleRun(models.Model):
    """A rule that followed from something on one ticket, and what it did; written once."""

    class Outcome(models.TextChoices):
        DONE = "done", "Done"
        NOTHING = "nothing", "Nothing to do"
        FAILED = "failed", "Failed"

    rule = models.ForeignKey(Rule, on_delete=models.CASCADE, related_name="runs")
    ticket = models.ForeignKey(Ticket, on_delete=models.CASCADE, related_name="rule_runs")
    cause = models.ForeignKey(
        Event, on_delete=models.CASCADE, related_name="+", help_text="What it followed from."
    )
    root = models.ForeignKey(
        Event, on_delete=models.CASCADE, related_name="+", help_text="What began the chain."
    )
    idle_since = models.DateTimeField(null=True, help_text="Since when nobody had done anything.")
    at = models.DateTimeField()
    outcome = models.CharField(max_length=20, choices=Outcome)
    detail = models.TextField(blank=True, help_text="What it did, or why not.")

    class Meta:
        ordering = ["-at", "-pk"]
        constraints = [
            # The idempotency of rules, and the end of every loop: a crash or a second worker
            # cannot let a rule run twice for one cause, nor can the rules that follow from it.
            models.UniqueConstraint(fields=["rule", "root"], name="rule_once_per_cause"),
            models.UniqueConstraint(
                fields=["rule", "ticket", "idle_since"], name="rule_once_per_idleness"
            ),
        ]
        indexes = [
            # Read by the page of a rule: what it did last.
            models.Index(fields=["rule", "-at"], name="rule_run_latest"),
        ]

    def __str__(self) -> str:
        return f"{self.rule}: {self.words}"

    @property
    def words(self) -> str:
        """What it did, or why not."""
        return f"{self.get_outcome_display()}{': ' + self.detail if self.detail else ''}"


class IdleMark(models.Model):
    """Up to where the sweep has looked for idle tickets, for one rule in one calendar.

    Tickets on which a person last acted at `until` or before have been considered, at `until`
    itself those up to `ticket_number`. It only moves on, so that each is considered once.
    """

    rule = models.ForeignKey(Rule, on_delete=models.CASCADE, related_name="marks")
    calendar = models.ForeignKey(Calendar, on_delete=models.CASCADE, related_name="+")
    hours = models.PositiveSmallIntegerField(help_text="That the rule waited for then.")
    until = models.DateTimeField()
    ticket_number = models.BigIntegerField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["rule", "calendar"], name="one_idle_mark_per_calendar")
        ]

    def __str__(self) -> str:
        return f"{self.rule} until {self.until}"
