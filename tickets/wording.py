"""Put what happened into words: the messages that people get, from templates."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.template.loader import render_to_string
from django.utils import timezone, translation

from tickets.models import User


@dataclass(frozen=True)
class Wording:
    """Subject, plain text and HTML of one message."""

    subject: str
    text: str
    html: str


def words(
    occasion: str, *, reader: User | None, zone: str, language: str = "", **context: Any
) -> Wording:
    """The words of an occasion in the language of this reader, with its times in `zone`.

    `language`: in this one, whatever the reader's own is.

    Templates: messages/<occasion>/subject.txt, body.txt and body.html.
    """
    values = {"reader": reader, "brand": settings.BRAND_NAME, **context}
    with timezone.override(zone), translation.override(language or language_of(reader)):
        subject, text, html = (
            render_to_string(f"messages/{occasion}/{part}", values)
            for part in ("subject.txt", "body.txt", "body.html")
        )
    # Whatever a template or a name contains, a subject is one line.
    return Wording(" ".join(subject.split()), text.strip() + "\n", html)


def language_of(reader: User | None) -> str:
    """The language that a reader is written to in: that of the desk for staff and for nobody.

    A customer who has none on record reads what he did on a page in the language of that page.
    """
    if reader is None or reader.is_staff:
        return settings.LANGUAGE_CODE
    return reader.language or translation.get_language() or settings.LANGUAGE_CODE
