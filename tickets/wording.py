"""Put what happened into words: the messages that people get, from templates."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.template.loader import render_to_string
from django.utils import timezone

from tickets.models import User


@dataclass(frozen=True)
class Wording:
    """Subject, plain text and HTML of one message."""

    subject: str
    text: str
    html: str


def words(occasion: str, *, reader: User | None, zone: str, **context: Any) -> Wording:
    """The words of an occasion for this reader, with its times in `zone`.

    Templates: messages/<occasion>/subject.txt, body.txt and body.html.
    """
    values = {"reader": reader, "brand": settings.BRAND_NAME, **context}
    with timezone.override(zone):
        subject, text, html = (
            render_to_string(f"messages/{occasion}/{part}", values)
            for part in ("subject.txt", "body.txt", "body.html")
        )
    # Whatever a template or a name contains, a subject is one line.
    return Wording(" ".join(subject.split()), text.strip() + "\n", html)
