"""Outgoing messages, one row per recipient: the outbox."""

from __future__ import annotations

import uuid

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from tickets.models.messages import Message
from tickets.models.people import User
from tickets.models.tickets import Ticket


class DeliveryQuerySet(models.QuerySet["Delivery"]):
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

    state = models.CharField(max_length=20, choices=State, default=State.QUEUED)
    attempts = models.PositiveSmallIntegerField(default=0)
    next_attempt_at = models.DateTimeField(
        help_text="When a worker may take it; for a leased one, when the lease runs out."
    )
    lease_token = models.UUIDField(null=True)
    last_error = models.TextField(blank=True)
    created_at = models.DateTimeField()
    sent_at = models.DateTimeField(null=True)

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
        ]

    def __str__(self) -> str:
        return f"{self.occasion} to {self.recipient}"
