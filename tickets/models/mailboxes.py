"""Mailboxes: the addresses that customers write to, and how their mail is fetched."""

from __future__ import annotations

from datetime import datetime

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q
from django.db.models.functions import Lower

from tickets.models.catalog import RequestType
from tickets.models.people import Team
from tickets.models.secrets import SecretField


class MailboxQuerySet(models.QuerySet["Mailbox"]):
    def fetched(self) -> MailboxQuerySet:
        """Those that are read by IMAP; the others are filled by a provider or by an MTA."""
        return self.filter(is_active=True).exclude(host="")

    def due(self, at: datetime) -> MailboxQuerySet:
        """Fetched ones that are not being left alone after an error."""
        return self.fetched().filter(Q(paused_until=None) | Q(paused_until__lte=at))


class Mailbox(models.Model):
    """One address of ours, with the team and the request type that its mail gets.

    With a host it is read by IMAP (RFC 9051); without one, mail comes by a provider's webhook or
    by `manage.py receive_mail`.
    """

    class Security(models.TextChoices):
        TLS = "tls", "TLS from the start"
        STARTTLS = "starttls", "STARTTLS"
        PLAIN = "plain", "None: for a server on this machine"

    class Auth(models.TextChoices):
        PASSWORD = "password", "Login and password"
        XOAUTH2 = "xoauth2", "Access token (XOAUTH2)"

    address = models.EmailField(unique=True, help_text="Customers write to it.")
    team = models.ForeignKey(
        Team, null=True, blank=True, on_delete=models.PROTECT, related_name="mailboxes"
    )
    request_type = models.ForeignKey(
        RequestType,
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="mailboxes",
        help_text="Of its mail; empty: none, and so the default priority.",
    )
    is_active = models.BooleanField("active", default=True)

    host = models.CharField(
        "IMAP server", max_length=253, blank=True, help_text="Empty: it is not fetched by IMAP."
    )
    port = models.PositiveIntegerField(
        default=993, validators=[MinValueValidator(1), MaxValueValidator(65535)]
    )
    security = models.CharField(max_length=10, choices=Security, default=Security.TLS)
    login = models.CharField(max_length=320, blank=True)
    auth = models.CharField("authentication", max_length=10, choices=Auth, default=Auth.PASSWORD)
    secret = SecretField(
        "password or token", blank=True, help_text="Kept encrypted, and never shown again."
    )
    folder = models.CharField(max_length=200, default="INBOX")

    uid_validity = models.BigIntegerField(null=True, editable=False)
    last_uid = models.BigIntegerField(
        null=True,
        editable=False,
        help_text="Up to which everything has been stored, or is in doubt.",
    )
    doubts = models.JSONField(
        default=dict,
        editable=False,
        help_text="Messages that the server did not give, by UID: how often, when last, and why.",
    )
    last_fetched_at = models.DateTimeField(null=True, editable=False)
    failures = models.PositiveIntegerField(default=0, editable=False)
    paused_until = models.DateTimeField(null=True, editable=False)
    last_error = models.TextField(blank=True, editable=False)

    objects = MailboxQuerySet.as_manager()

    class Meta:
        ordering = ["address"]
        verbose_name_plural = "mailboxes"
        constraints = [
            models.CheckConstraint(
                condition=Q(address=Lower("address")),
                name="mailbox_address_in_lower_case",
                violation_error_message="Write the address in lower case.",
            ),
        ]

    def __str__(self) -> str:
        return self.address
