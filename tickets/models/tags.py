"""Tags: words that agents put on tickets to find them again."""

from __future__ import annotations

import re

from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import Q
from django.db.models.functions import Lower

LONGEST_TAG = 50
_TAG = re.compile(r"\w+(?:[-.]\w+)*")


def clean_tag(text: str) -> str:
    """The tag as it is stored: lower case, with hyphens for spaces.

    Raises ValidationError for what is none.
    """
    name = "-".join(text.lower().split()).strip("#")
    if not _TAG.fullmatch(name) or len(name) > LONGEST_TAG:
        raise ValidationError(
            "A tag is one word of letters, digits, hyphens and dots, "
            f"with at most {LONGEST_TAG} characters."
        )
    return name


class Tag(models.Model):
    """A word that tickets are marked with; any ticket may have any number of them."""

    name = models.CharField(max_length=LONGEST_TAG, unique=True)

    class Meta:
        ordering = ["name"]
        constraints = [
            models.CheckConstraint(
                condition=Q(name=Lower("name")) & ~Q(name="") & Q(name__regex=r"^\S+$"),
                name="tag_is_one_word_in_lower_case",
                violation_error_message="A tag is one word in lower case.",
            )
        ]

    def __str__(self) -> str:
        return self.name

    def clean(self) -> None:
        self.name = clean_tag(self.name)
