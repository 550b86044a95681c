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

# The occasions of mails that belong to no ticket, and are not for everybody at the desk: of several
# tickets of one agent, of a month of a customer, and of a report that somebody keeps.
DIGEST, CUSTOMER_REPORT, SAVED_REPORT = "digest", "customer_report", "saved_report"


class DeliveryQuerySet(models.QuerySet["Delivery"]):
    def visible_to(self, user: User | AnonymousUser) -> DeliveryQuerySet:
        """Those of the tickets that this person sees, and those that belong to none.

        A digest names tickets that its reader sees, so it is for nobody else who does not see all;
        a customer's report is for those who may read reports, and a saved one for its reader alone.
        """
        if not (user.is_active and user.is_staff):
            return self.none()
        condition = in_sight_of(user, "ticket__")
        hidden = _hidden_from(user, sees_all=condition is None)
        seen = self.filter(~Q(occasion__in=hidden) | Q(user=user.pk)) if hidden else self
        if condition is None:
            return seen
        # Where there is no ticket there is no team either, which would read as a ticket of nobody.
        return seen.filter(Q(ticket=None) | (Q(ticket__isnull=False) & condition))

    def due(self) -> DeliveryQuerySet:
        """Waiting for a worker, or leased to one that did not come back (database's clock)."""
        return self.unsettled().filter(next_attempt_at__lte=Now())

    def unsettled(self) -> DeliveryQuerySet:
        return self.filter(state__in=[Delivery.State.QUEUED, Delivery.State.LEASED])


def _hidden_from(user: User | AnonymousUser, *, sees_all: bool) -> list[str]:
    """The occasions of which this person sees his own mails alone."""
    if user.is_superuser:
        return []
    hidden = [SAVED_REPORT]
    if not sees_all:
        hidden.append(DIGEST)
    if not user.has_perm("sla.view_reports"):
        hidden.append(CUSTOMER_REPORT)
    return hidden


class Parcel(models.Model):
    """Files that go with mails, the same to all of their recipients; kept until they are sent."""

    created_at = models.DateTimeField()
    emptied_at = models.DateTimeField(null=True, help_text="When its files were deleted.")

    class Meta:
        ordering = ["pk"]
        indexes = [
            # Read by tickets.outbox, which deletes what is sent.
            models.Index(
                fields=["created_at"], condition=Q(emptied_at=None), name="parcel_not_emptied"
            ),
        ]

    def __str__(self) -> str:
        return f"Parcel {self.pk}"


class Enclosure(models.Model):
    """One file of a parcel. In the database, so that it is there when its mail is, and gone too."""

    parcel = models.ForeignKey(Parcel, on_delete=models.CASCADE, related_name="enclosures")
    filename = models.CharField(max_length=255)
    content_type = models.CharField(max_length=255)
    content_id = models.CharField(
        max_length=255, blank=True, help_text="By which the HTML shows it, at cid:...; else a file."
    )
    content = models.BinaryField()

    class Meta:
        ordering = ["pk"]

    def __str__(self) -> str:
        return self.filename


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
    parcel = models.ForeignKey(
        Parcel, null=True, on_delete=models.PROTECT, db_index=False, related_name="deliveries"
    )
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
            # Few have one.
            models.Index(
                fields=["parcel"], condition=Q(parcel__isnull=False), name="delivery_parcel"
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
