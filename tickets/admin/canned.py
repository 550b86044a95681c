"""Canned replies: the page where they are kept, and what they say on a ticket."""

from __future__ import annotations

from dataclasses import dataclass

from django import forms
from django.conf import settings
from django.contrib import admin
from django.core.exceptions import ValidationError
from unfold.admin import ModelAdmin

from tickets import placeholders
from tickets.models import CannedReply, Ticket, User

# So many are listed at once; more are found by typing.
LISTED = 20


@dataclass(frozen=True)
class Canned:
    """A canned reply as it reads on one ticket."""

    reply: CannedReply
    text: str


class CannedReplyForm(forms.ModelForm):  # type: ignore[type-arg]
    """Refuses a text with placeholders of no meaning, and one that is too long for a message."""

    class Meta:
        model = CannedReply
        fields = ["title", "team", "is_active", "text"]
        field_classes: dict[str, type[forms.Field]] = {}

    def clean_text(self) -> str:
        """With line ends of one character, as messages have them."""
        text: str = self.cleaned_data["text"].replace("\r\n", "\n")
        placeholders.check(text)
        most = settings.MAX_MESSAGE_CHARS
        if len(text) > most:
            raise ValidationError(f"This has {len(text):,} characters, and at most {most:,} fit.")
        return text


@admin.register(CannedReply)
class CannedReplyAdmin(ModelAdmin):
    """What a text may contain is said beside it, and checked when it is saved."""

    form = CannedReplyForm
    list_display = ["title", "team", "is_active"]
    list_filter = ["is_active", "team"]
    list_select_related = ["team"]
    search_fields = ["title", "text"]
    fieldsets = [
        (None, {"fields": ["title", "team", "is_active"]}),
        (
            "Text",
            {
                "fields": ["text"],
                "description": placeholders.explained(),
            },
        ),
    ]


def canned(ticket: Ticket, *, user: User, words: str) -> list[Canned]:
    """The replies that this agent may use here and that have these words, filled in."""
    found = CannedReply.objects.usable(user=user, ticket=ticket).with_words(words)
    return [Canned(reply, _filled(reply, ticket, user)) for reply in found[:LISTED]]


def canned_text(ticket: Ticket, *, user: User, key: str) -> str:
    """The reply of this number, filled in; "" where this agent has none of that number."""
    if not (key.isascii() and key.isdigit() and len(key) <= 18):
        return ""
    usable = CannedReply.objects.usable(user=user, ticket=ticket)
    reply = usable.filter(pk=int(key)).first()
    return _filled(reply, ticket, user) if reply else ""


def _filled(reply: CannedReply, ticket: Ticket, user: User) -> str:
    """What is not there is said in brackets: the agent sees it, and writes something else."""
    return placeholders.fill(reply.text, ticket=ticket, by=user, missing="[nothing known]")
