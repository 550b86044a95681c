"""Escalations: somebody has to look at a ticket now, and who said that he does."""

from __future__ import annotations

from django.contrib.auth.models import AnonymousUser
from django.db import models
from django.db.models import Q

from sla.models import Firing
from tickets.models.people import User
from tickets.models.sight import in_sight_of
from tickets.models.tickets import Ticket
from tickets.states import UNSOLVED

# What it is about still stands: the ticket is unsolved, and so is the promise, if it is about one.
STANDS = Q(
    ticket__status__in=UNSOLVED, firing__clock__stopped_at=None, firing__clock__superseded_at=None
)


class EscalationQuerySet(models.QuerySet["Escalation"]):
    def visible_to(self, user: User | AnonymousUser) -> EscalationQuerySet:
        """Those of the tickets that this person sees."""
        condition = in_sight_of(user, "ticket__")
        return self if condition is None else self.filter(condition)

    def open(self) -> EscalationQuerySet:
        """They still call for somebody: nobody has acknowledged them yet."""
        return self.filter(STANDS, acknowledged_at=None)

    def acknowledged(self) -> EscalationQuerySet:
        return self.filter(acknowledged_at__isnull=False)

    def missed(self) -> EscalationQuerySet:
        """It was over before anybody acknowledged them."""
        return self.filter(~STANDS, acknowledged_at=None)

    def for_reading(self) -> EscalationQuerySet:
        """With all that a line about each of them names."""
        return self.select_related(
            "ticket", "firing__clock__priority", "raised_by", "acknowledged_by"
        )


class Escalation(models.Model):
    """One escalation of a ticket: by a step that fired, or by the customer with a reason.

    Anybody who was told may acknowledge it; the first one who does is on record, as a user or, for
    an address of nobody here, as that address.
    """

    ticket = models.ForeignKey(Ticket, on_delete=models.CASCADE, related_name="escalations")
    at = models.DateTimeField()
    firing = models.OneToOneField(
        Firing, null=True, on_delete=models.CASCADE, related_name="escalation"
    )
    raised_by = models.ForeignKey(User, null=True, on_delete=models.PROTECT, related_name="+")
    day = models.DateField(
        null=True, help_text="Of a customer's escalation, in the calendar's zone: one a day."
    )
    reason = models.TextField(blank=True)
    told = models.TextField(blank=True, help_text="Whom it was told, in words.")
    acknowledged_at = models.DateTimeField(null=True)
    acknowledged_by = models.ForeignKey(User, null=True, on_delete=models.PROTECT, related_name="+")
    acknowledged_as = models.CharField(
        max_length=320, blank=True, help_text="The address, where it is nobody's here."
    )

    objects = EscalationQuerySet.as_manager()

    class Meta:
        ordering = ["-at", "-pk"]
        constraints = [
            models.UniqueConstraint(fields=["ticket", "day"], name="one_customer_escalation_a_day"),
            models.CheckConstraint(
                condition=Q(firing__isnull=False, raised_by=None, day=None)
                | Q(firing=None, raised_by__isnull=False, day__isnull=False),
                name="escalation_by_step_or_person",
            ),
            models.CheckConstraint(
                condition=Q(acknowledged_at=None, acknowledged_by=None, acknowledged_as="")
                | Q(acknowledged_at__isnull=False, acknowledged_by__isnull=False)
                | (Q(acknowledged_at__isnull=False) & ~Q(acknowledged_as="")),
                name="acknowledged_by_somebody",
            ),
        ]
        indexes = [
            # Read by the list of those that nobody has acknowledged.
            models.Index(fields=["-at"], condition=Q(acknowledged_at=None), name="escalation_open"),
        ]

    def __str__(self) -> str:
        return f"{self.ticket.reference}: {self.occasion}"

    @property
    def is_open(self) -> bool:
        """The same question as EscalationQuerySet.open, on a row that is loaded already."""
        stands = self.firing is None or self.firing.clock.is_running
        return self.acknowledged_at is None and self.ticket.is_unsolved and stands

    @property
    def acknowledger(self) -> str:
        """Who looks after it, by name or address; "" while nobody does."""
        return str(self.acknowledged_by) if self.acknowledged_by else self.acknowledged_as

    @property
    def occasion(self) -> str:
        """What brought it about, in a few words."""
        if self.firing is None:
            return "By the customer"
        return f"{self.firing.clock}: {self.firing.percent} % of the target is used"
