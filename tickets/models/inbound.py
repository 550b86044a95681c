"""What arrived, byte for byte, and what became of it."""

from __future__ import annotations

from django.contrib.auth.models import AnonymousUser
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from tickets.models.mailboxes import Mailbox
from tickets.models.messages import Message
from tickets.models.people import User
from tickets.models.sight import in_sight_of
from tickets.models.tickets import Ticket


class InboundMessageQuerySet(models.QuerySet["InboundMessage"]):
    def visible_to(self, user: User | AnonymousUser) -> InboundMessageQuerySet:
        """Those of the tickets that this person sees, and those that belong to none."""
        condition = in_sight_of(user, "ticket__")
        return self if condition is None else self.filter(Q(ticket=None) | condition)

    def due(self) -> InboundMessageQuerySet:
        """Waiting for a worker, or leased to one that did not come back (database's clock)."""
        return self.unsettled().filter(next_attempt_at__lte=Now())

    def unsettled(self) -> InboundMessageQuerySet:
        return self.filter(state__in=[InboundMessage.State.WAITING, InboundMessage.State.LEASED])


class InboundMessage(models.Model):
    """One message as received: stored and committed first, understood later.

    `key` names it where it came from, so that receiving it again stores nothing. Every settled row
    is a ticket, a reply, a bounce, ignored with its reason, or in quarantine with its error.
    """

    class State(models.TextChoices):
        WAITING = "waiting", "Waiting"
        LEASED = "leased", "Being read"
        DONE = "done", "Done"
        QUARANTINED = "quarantined", "In quarantine"

    class Outcome(models.TextChoices):
        TICKET = "ticket", "New ticket"
        REPLY = "reply", "Reply"
        IGNORED = "ignored", "Ignored"

    channel = models.CharField(max_length=20, default="email")
    mailbox = models.ForeignKey(
        Mailbox, null=True, on_delete=models.PROTECT, related_name="inbound"
    )
    key = models.CharField(max_length=255, unique=True)
    digest = models.CharField(max_length=64, help_text="SHA-256 of the bytes, in hexadecimal.")
    raw = models.BinaryField()
    size = models.PositiveIntegerField(help_text="In bytes.")
    received_at = models.DateTimeField()
    sender = models.CharField(max_length=320, blank=True, help_text="As it says itself.")
    subject = models.CharField(max_length=200, blank=True)

    state = models.CharField(max_length=20, choices=State, default=State.WAITING)
    outcome = models.CharField(max_length=20, choices=Outcome, blank=True)
    reason = models.TextField(blank=True, help_text="Why it was ignored, or put in quarantine.")
    ticket = models.ForeignKey(Ticket, null=True, on_delete=models.SET_NULL, related_name="inbound")
    message = models.OneToOneField(
        Message, null=True, on_delete=models.SET_NULL, related_name="inbound"
    )
    attempts = models.PositiveSmallIntegerField(default=0)
    waits = models.PositiveSmallIntegerField(
        default=0, help_text="How often it waited for an older message that it may answer."
    )
    next_attempt_at = models.DateTimeField(
        help_text="When a worker may take it; for a leased one, when the lease runs out."
    )
    lease_token = models.UUIDField(null=True)
    settled_at = models.DateTimeField(null=True)

    objects = InboundMessageQuerySet.as_manager()

    class Meta:
        ordering = ["-received_at", "-pk"]
        constraints = [
            # The same bytes in the same mailbox are a copy, whatever the server calls them now.
            models.UniqueConstraint(
                fields=["mailbox", "digest"], nulls_distinct=False, name="inbound_once"
            ),
            models.CheckConstraint(
                condition=~Q(state="done") | ~Q(outcome=""), name="what_is_done_has_an_outcome"
            ),
        ]
        indexes = [
            # Read by tickets.inbound, which takes the next one to understand.
            models.Index(
                fields=["next_attempt_at"],
                condition=Q(state__in=["waiting", "leased"]),
                name="inbound_due",
            ),
        ]

    def __str__(self) -> str:
        return self.key
