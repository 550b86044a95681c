"""The conversation of a ticket and its files."""

from __future__ import annotations

import secrets
import unicodedata

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Exists, OuterRef, Q

from tickets.models.followers import Follower
from tickets.models.people import User
from tickets.models.tickets import Ticket


class MessageQuerySet(models.QuerySet["Message"]):
    def shown_to(self, customer: User) -> MessageQuerySet:
        """The public messages, of tickets that this customer may see, which he may read.

        Who joined a ticket by a merge reads what was said since; what he may see for another
        reason, he reads as a whole.
        """
        whole = Q(ticket__requester=customer)
        if customer.organization and customer.organization.shares_tickets:
            whole |= Q(ticket__organization=customer.organization)
        joined_later = Follower.objects.filter(
            ticket=OuterRef("ticket"), user=customer, sees_from__gt=OuterRef("sent_at")
        )
        return self.filter(whole | ~Exists(joined_later), is_public=True)


class Message(models.Model):
    """A public reply or an internal note."""

    ticket = models.ForeignKey(Ticket, on_delete=models.CASCADE, related_name="messages")
    author = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    by_staff = models.BooleanField(help_text="Whether the author wrote as a member of staff.")
    is_public = models.BooleanField(help_text="The customer sees it; an internal note is not.")
    text = models.TextField()
    channel = models.CharField(max_length=20, choices=Ticket.Channel, default=Ticket.Channel.WEB)
    sent_at = models.DateTimeField()
    is_automatic = models.BooleanField(
        default=False, help_text="Written by a machine: an out-of-office answer, or a rule of ours."
    )
    is_accepted = models.BooleanField(
        default=True, help_text="False: somebody unknown wrote it; only staff see it until then."
    )
    mail_message_id = models.CharField(
        max_length=998, blank=True, help_text="Of the mail that brought it (RFC 5322, 3.6.4)."
    )
    whole_text = models.TextField(
        blank=True, help_text="With quotes and signature, where `text` is the new part alone."
    )
    html = models.TextField(blank=True, help_text="As it was sent: never shown unsanitised.")
    remarks = ArrayField(
        models.TextField(), default=list, help_text="What a reader should know about it."
    )

    split_into = models.ForeignKey(
        Ticket,
        null=True,
        db_index=False,  # Read from the message alone.
        on_delete=models.SET_NULL,
        related_name="+",
        help_text="The ticket that answers it now; here it stays where it was said.",
    )

    objects = MessageQuerySet.as_manager()

    class Meta:
        ordering = ["sent_at", "pk"]
        indexes = [
            # Read by tickets.threads: the ticket that a mail answers.
            models.Index(
                fields=["mail_message_id"],
                condition=~Q(mail_message_id=""),
                name="message_mail_id",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.author} {self.sent_at}"


INVISIBLE = frozenset({"Cc", "Cf", "Cn", "Co", "Cs", "Zl", "Zp"})


def random_path(attachment: Attachment, filename: str) -> str:
    """A stored name says nothing and cannot be guessed: the given one never reaches the disk."""
    name = secrets.token_hex(16)
    return f"{name[:2]}/{name}"


def clean_filename(name: str) -> str:
    """The given name as people may see it: one line, no folders, nothing invisible.

    Control, format and private characters (zero width, direction overrides) and separators of
    lines fool readers.
    """
    folded = unicodedata.normalize("NFKC", name).replace("\\", "/").rpartition("/")[2]
    visible = "".join(c for c in folded if unicodedata.category(c) not in INVISIBLE)
    return visible.strip(" .")[-255:] or "file"


class Attachment(models.Model):
    """One file of a message, served only through a view that checks who asks."""

    message = models.ForeignKey(Message, on_delete=models.CASCADE, related_name="attachments")
    file = models.FileField(upload_to=random_path, max_length=200)
    filename = models.CharField(max_length=255)
    content_type = models.CharField(max_length=100)
    size = models.PositiveBigIntegerField(help_text="In bytes.")
    content_id = models.CharField(
        max_length=255, blank=True, help_text="By which the HTML names an inline image (RFC 2392)."
    )

    class Meta:
        ordering = ["pk"]

    def __str__(self) -> str:
        return self.filename
