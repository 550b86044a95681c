"""Form fields of the portal: text and files, each refused with a sentence."""

from __future__ import annotations

import re
from typing import Any

from django import forms
from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import UploadedFile
from django.template.defaultfilters import filesizeformat
from django.utils.formats import number_format
from django.utils.functional import lazy
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from tickets.models.messages import clean_filename

MEDIA_TYPE = re.compile(r"[\w!#$&^.+-]+/[\w!#$&^.+-]+", re.ASCII)
UNKNOWN_TYPE = "application/octet-stream"

type File = UploadedFile[Any]


def is_storable(text: str) -> None:
    """A database holds every character but NUL."""
    if "\0" in text:
        raise ValidationError(
            _("There is a character in it that cannot be stored (NUL): remove it.")
        )


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
            sentence = _(
                "This has %(count)s characters, and at most %(limit)s fit: shorten it, "
                "or attach the long part as a file."
            )
            raise ValidationError(
                sentence % {"count": _grouped(len(text)), "limit": _grouped(self.limit)}
            )


class Line(Text):
    """Text of one line."""

    def to_python(self, value: Any) -> str:
        return " ".join(super().to_python(value).split())


class FilesInput(forms.ClearableFileInput):
    """A chooser of several files, with its limits for the script that looks before sending."""

    template_name = "django/forms/widgets/file.html"
    allow_multiple_selected = True

    def build_attrs(
        self, base_attrs: dict[str, Any], extra_attrs: dict[str, Any] | None = None
    ) -> dict[str, Any]:
        """As ever, with the limits and the sentences in the reader's language."""
        return {
            **super().build_attrs(base_attrs, extra_attrs),
            "data-max-files": settings.MAX_ATTACHMENTS,
            "data-max-bytes": settings.MAX_ATTACHMENT_BYTES,
            "data-too-many": _most_files(),
            "data-too-large": _("“{name}” is larger than %(most)s.") % {"most": largest_file()},
        }


class Files(forms.FileField):
    """Any number of files within the limits of the settings; cleans to a list."""

    widget = FilesInput

    def __init__(self, **options: Any) -> None:
        super().__init__(**{"help_text": lazy(_limits, str)(), **options})

    def clean(self, data: Any, initial: Any = None) -> list[File]:
        files: list[File] = [file for file in data or [] if file]
        problems = [sentence for file in files for sentence in problems_of(file)]
        if len(files) > settings.MAX_ATTACHMENTS:
            sentence = _(
                "You chose %(count)s files, and at most %(limit)s can be attached at once."
            )
            limits = {"count": len(files), "limit": settings.MAX_ATTACHMENTS}
            problems.insert(0, sentence % limits)
        if problems:
            raise ValidationError(problems)
        for file in files:
            file.content_type = known_type(file.content_type)
        return files


def problems_of(file: File) -> list[str]:
    """What is wrong with one file, as sentences that name it."""
    name, size = clean_filename(file.name or ""), file.size or 0
    if size == 0:
        return [_("“%(name)s” is empty.") % {"name": name}]
    if size > settings.MAX_ATTACHMENT_BYTES:
        values = {"name": name, "size": filesizeformat(size), "most": largest_file()}
        return [_("“%(name)s” has %(size)s, and a file may have at most %(most)s.") % values]
    return []


def largest_file() -> str:
    """The limit of one file in words, such as "10 MB"."""
    words = filesizeformat(settings.MAX_ATTACHMENT_BYTES)
    return re.sub(r"[.,]0(?=\xa0)", "", words)


def known_type(content_type: str | None) -> str:
    """The media type that a browser claims, if it is one (RFC 6838, 4.2): it may be any bytes."""
    claimed = (content_type or "").strip().lower()
    return claimed if MEDIA_TYPE.fullmatch(claimed) and len(claimed) <= 100 else UNKNOWN_TYPE


def _limits() -> str:
    most = settings.MAX_ATTACHMENTS
    sentence = ngettext(
        "At most %(count)s file of %(size)s.", "At most %(count)s files of %(size)s each.", most
    )
    return sentence % {"count": most, "size": largest_file()}


def _most_files() -> str:
    most = settings.MAX_ATTACHMENTS
    sentence = ngettext("Choose at most %(count)s file.", "Choose at most %(count)s files.", most)
    return sentence % {"count": most}


def _grouped(number: int) -> str:
    return str(number_format(number, use_l10n=True, force_grouping=True))
