"""Outgoing messages, one row per recipient: the outbox."""

from __future__ import annotations

import uuid

from django.contrib.auth.models import AnonymousUser
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from tickets.models.messages import Message
from tickets.models.people import User
from tickets.models.sight import in_sight_of
from tickets.models.tickets import Ticket

# The occasion of mails that tell one agent of several tickets.
DIGEST = "digest"


class DeliveryQuerySet(models.QuerySet["Delivery"]):
    def visible_to(self, user: User | AnonymousUser) -> DeliveryQuerySet:
        """Those of the tickets that this person sees, and those that belong to none.

        A digest names tickets that its reader sees, so it is for nobody else.
        """
        condition = in_sight_of(user, "ticket__")
        if condition is None:
            return self
        of_none = Q(ticket=None) & (~Q(occasion=DIGEST) | Q(user=user.pk))
        # Where there is no ticket there is no team either, which would read as a ticket of nobody.
        return self.filter(of_none | (Q(ticket__isnull=False) & condition))

    def due(self) -> DeliveryQuerySet:
        """Waiting for a worker, or leased to one that did not come back (database's clock)."""
        return self.unsettled().filter(next_attempt_at__lte=Now())

    def unsettled(self) -> DeliveryQuerySet:
        return self.filter(state__in=[Delivery.State.QUEUED, Delivery.State.LEASED])


class Delivery(models.Model):
    """One message to one recipient, final, written in the transaction of its cause."""

    class State(models.TextChoices):
        QUEUED = "queued", "Queued"
        LEASED = "leased", "Being sent"
        SENT = "sent", "Sent"
        DEAD = "dead", "Not delivered"
        CANCELLED = "cancelled", "Cancelled"

    class Fate(models.TextChoices):
        """What became of it after it was sent, as the receiving side reports."""

        DELIVERED = "delivered", "Delivered"
        DELAYED = "delayed", "Delayed"
        BOUNCED = "bounced", "Bounced"
        COMPLAINED = "complained", "Reported as spam"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    key = models.CharField(
        max_length=400, unique=True, help_text="Of its cause and recipient: queued once."
    )
    ticket = models.ForeignKey(
        Ticket, null=True, on_delete=models.CASCADE, related_name="deliveries"
    )
    message = models.ForeignKey(
        Message, null=True, on_delete=models.CASCADE, related_name="deliveries"
    )
    user = models.ForeignKey(User, null=True, on_delete=models.PROTECT, related_name="+")
    occasion = models.CharField(max_length=40)
    channel = models.CharField(max_length=20, default="email")
    recipient = models.CharField(max_length=320, help_text="The address as the channel knows it.")
    subject = models.CharField(max_length=400)
    text = models.TextField()
    html = models.TextField(blank=True)
    mail_message_id = models.CharField(
        max_length=255, unique=True, help_text="Made once, the same at every attempt (RFC 5322)."
    )
    in_reply_to = models.TextField(blank=True, help_text="The Message-ID that it answers.")
    references = models.TextField(blank=True, help_text="The Message-IDs of the conversation.")
    reply_to = models.CharField(max_length=320, blank=True, help_text="Where answers go.")
    from_name = models.CharField(max_length=150, blank=True, help_text="The agent who writes.")

    state = models.CharField(max_length=20, choices=State, default=State.QUEUED)
    attempts = models.PositiveSmallIntegerField(default=0)
    next_attempt_at = models.DateTimeField(
        help_text="When a worker may take it; for a leased one, when the lease runs out."
    )
    lease_token = models.UUIDField(null=True)
    last_error = models.TextField(blank=True)
    created_at = models.DateTimeField()
    sent_at = models.DateTimeField(null=True)
    provider_id = models.CharField(
        max_length=255, blank=True, help_text="What the mail provider calls it."
    )
    fate = models.CharField(max_length=20, choices=Fate, blank=True)
    fate_at = models.DateTimeField(null=True)
    fate_detail = models.TextField(blank=True)

    objects = DeliveryQuerySet.as_manager()

    class Meta:
        ordering = ["-created_at"]
        verbose_name_plural = "deliveries"
        indexes = [
            # Read by tickets.delivery, which claims the next one to send.
            models.Index(
                fields=["next_attempt_at"],
                condition=Q(state__in=["queued", "leased"]),
                name="delivery_due",
            ),
            # Read when a provider reports what became of a message.
            models.Index(
                fields=["provider_id"], condition=~Q(provider_id=""), name="delivery_provider"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.occasion} to {self.recipient}"


class UndeliverableAddress(models.Model):
    """An address that refused our mail for good: nothing is sent to it until somebody clears it."""

    address = models.EmailField(max_length=320, unique=True)
    at = models.DateTimeField()
    reason = models.TextField()
    delivery = models.ForeignKey(Delivery, null=True, on_delete=models.SET_NULL, related_name="+")

    class Meta:
        ordering = ["-at"]

    def __str__(self) -> str:
        return self.address


class ChannelPause(models.Model):
    """A channel whose peer lets us in no more: its deliveries wait, and burn no attempts."""

    channel = models.CharField(max_length=20, primary_key=True)
    since = models.DateTimeField()
    until = models.DateTimeField(help_text="When the next one is tried.")
    reason = models.TextField()

    class Meta:
        ordering = ["channel"]

    def __str__(self) -> str:
        return self.channel
