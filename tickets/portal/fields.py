"""Form fields of the portal: text and files, each refused with a sentence."""

from __future__ import annotations

import re
from typing import Any

from django import forms
from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import UploadedFile
from django.template.defaultfilters import filesizeformat

from tickets.models.messages import clean_filename

MEDIA_TYPE = re.compile(r"[\w!#$&^.+-]+/[\w!#$&^.+-]+", re.ASCII)
UNKNOWN_TYPE = "application/octet-stream"

type File = UploadedFile[Any]


def is_storable(text: str) -> None:
    """A database holds every character but NUL."""
    if "\0" in text:
        raise ValidationError("There is a character in it that cannot be stored (NUL): remove it.")


class Text(forms.CharField):
    """Text of at most `limit` characters, with line ends as they are stored.

    The limit is not told to the browser, which would cut a pasted text without a word.
    """

    def __init__(self, *, limit: int, **options: Any) -> None:
        super().__init__(**options)
        self.limit = limit
        self.validators = [is_storable, self._is_short_enough]

    def to_python(self, value: Any) -> str:
        # A browser sends CRLF (HTML, 4.10.22.4); one line end is one character.
        return super().to_python(str(value or "").replace("\r\n", "\n").replace("\r", "\n")) or ""

    def _is_short_enough(self, text: str) -> None:
        if len(text) > self.limit:
            raise ValidationError(
                f"This has {len(text):,} characters, and at most {self.limit:,} fit: shorten it, "
                "or attach the long part as a file."
            )


class Line(Text):
    """Text of one line."""

    def to_python(self, value: Any) -> str:
        return " ".join(super().to_python(value).split())


class FilesInput(forms.ClearableFileInput):
    """A chooser of several files."""

    template_name = "django/forms/widgets/file.html"
    allow_multiple_selected = True


class Files(forms.FileField):
    """Any number of files within the limits of the settings; cleans to a list."""

    widget = FilesInput

    def __init__(self, **options: Any) -> None:
        limits = f"At most {settings.MAX_ATTACHMENTS} files of {largest_file()} each."
        super().__init__(**{"help_text": limits, **options})

    def widget_attrs(self, widget: forms.Widget) -> dict[str, Any]:
        """With the limits, for the script that names what is too large before it is sent."""
        return {
            **super().widget_attrs(widget),
            "data-max-files": settings.MAX_ATTACHMENTS,
            "data-max-bytes": settings.MAX_ATTACHMENT_BYTES,
            "data-max-words": largest_file(),
        }

    def clean(self, data: Any, initial: Any = None) -> list[File]:
        files: list[File] = [file for file in data or [] if file]
        problems = [sentence for file in files for sentence in problems_of(file)]
        if len(files) > settings.MAX_ATTACHMENTS:
            problems.insert(
                0,
                f"You chose {len(files)} files, and at most {settings.MAX_ATTACHMENTS} can be "
                "attached at once.",
            )
        if problems:
            raise ValidationError(problems)
        for file in files:
            file.content_type = known_type(file.content_type)
        return files


def problems_of(file: File) -> list[str]:
    """What is wrong with one file, as sentences that name it."""
    name, size = clean_filename(file.name or ""), file.size or 0
    if size == 0:
        return [f"“{name}” is empty."]
    if size > settings.MAX_ATTACHMENT_BYTES:
        most = largest_file()
        return [f"“{name}” has {filesizeformat(size)}, and a file may have at most {most}."]
    return []


def largest_file() -> str:
    """The limit of one file in words, such as "10 MB"."""
    return filesizeformat(settings.MAX_ATTACHMENT_BYTES).replace(".0\xa0", "\xa0")


def known_type(content_type: str | None) -> str:
    """The media type that a browser claims, if it is one (RFC 6838, 4.2): it may be any bytes."""
    claimed = (content_type or "").strip().lower()
    return claimed if MEDIA_TYPE.fullmatch(claimed) and len(claimed) <= 100 else UNKNOWN_TYPE
