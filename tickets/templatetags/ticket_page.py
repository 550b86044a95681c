"""What the ticket's page of the desk needs beside `desk`: marks of channels, quotes, pictures."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django import template
from django.conf import settings
from django.utils.html import format_html
from django.utils.safestring import SafeString

from tickets.models import Ticket

register = template.Library()

# Names of the Material Symbols font.
ICONS = {
    Ticket.Channel.WEB.value: "language",
    Ticket.Channel.EMAIL.value: "mail",
    Ticket.Channel.SLACK.value: "tag",
    Ticket.Channel.GOOGLE_CHAT.value: "forum",
    Ticket.Channel.WHATSAPP.value: "chat",
    Ticket.Channel.PHONE.value: "call",
}
# What a browser paints and never runs; SVG and HTML are not among them.
PICTURES = frozenset({"image/png", "image/jpeg", "image/gif", "image/webp"})
LARGEST_PREVIEW = 10 * 1024 * 1024  # Bytes.
SHORTEST_QUOTE = 3  # Lines: shorter ones are answered line by line, and stay where they are.


@dataclass(frozen=True)
class Parts:
    """A text, and what it quotes at its end."""

    words: str
    quote: str


@register.filter
def channel_icon(channel: str) -> str:
    """The picture that stands for a channel."""
    return ICONS.get(channel, "chat")


@register.filter
def is_picture(file: Mapping[str, Any]) -> bool:
    """Whether a file (its `content_type` and `size`) is shown as a small picture."""
    return file["content_type"] in PICTURES and file["size"] <= LARGEST_PREVIEW


@register.filter
def address(email: str) -> SafeString:
    """An e-mail address that a narrow column breaks behind its @ rather than anywhere."""
    name, at, domain = email.rpartition("@")
    return format_html("{}{}<wbr>{}", name, at, domain)


@register.filter
def quoted(text: str) -> Parts:
    """The text without the block of quoted lines ("> ...") at its end, and that block."""
    lines = text.rstrip().split("\n")
    start = len(lines)
    while start and lines[start - 1].lstrip().startswith(">"):
        start -= 1
    if len(lines) - start < SHORTEST_QUOTE or not any(line.strip() for line in lines[:start]):
        return Parts(text, "")
    return Parts("\n".join(lines[:start]).rstrip(), "\n".join(lines[start:]))


@register.filter
def reference(number: int) -> str:
    """The ticket of this number, as people call it."""
    return f"{settings.TICKET_PREFIX}-{number}"
