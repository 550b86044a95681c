"""The conversation of a ticket and its files."""

from __future__ import annotations

import secrets
import unicodedata

from django.db import models

from tickets.models.people import User
from tickets.models.tickets import Ticket


class Message(models.Model):
    """A public reply or an internal note."""

    ticket = models.ForeignKey(Ticket, on_delete=models.CASCADE, related_name="messages")
    author = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    by_staff = models.BooleanField(help_text="Whether the author wrote as a member of staff.")
    is_public = models.BooleanField(help_text="The customer sees it; an internal note is not.")
    text = models.TextField()
    channel = models.CharField(max_length=20, choices=Ticket.Channel, default=Ticket.Channel.WEB)
    sent_at = models.DateTimeField()

    class Meta:
        ordering = ["sent_at", "pk"]

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

    class Meta:
        ordering = ["pk"]

    def __str__(self) -> str:
        return self.filename
