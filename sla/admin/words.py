"""Times in words, by the same template filters that the rest of the desk uses."""

from __future__ import annotations

from datetime import datetime

from django.template.loader import render_to_string


def instant_in_words(at: datetime | None) -> str:
    """The reader's local time with year and zone; "" for None."""
    return render_to_string("admin/sla/instant.html", {"at": at}) if at else ""
