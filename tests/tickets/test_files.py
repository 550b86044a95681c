"""Files that people attach: what they are called, and what they are stored as."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from tests import factories
from tests.times import nov
from tickets import lifecycle
from tickets.models import Attachment
from tickets.models.messages import clean_filename


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        ("report.pdf", "report.pdf"),
        ("Übersicht März.xlsx", "Übersicht März.xlsx"),
        ("रिपोर्ट.pdf", "रिपोर्ट.pdf"),
        ("/etc/passwd", "passwd"),  # Folders.
        ("../../etc/passwd", "passwd"),
        ("..\\..\\windows\\system32\\evil.exe", "evil.exe"),
        ("C:\\Users\\asha\\report.pdf", "report.pdf"),
        ("folder\uff0fevil.exe", "evil.exe"),  # A full-width slash.
        ("report\x00.pdf.exe", "report.pdf.exe"),  # NUL.
        ("line\r\nContent-Type: text\uff0fhtml", "html"),  # A new header, and then a folder.
        ("line\r\nX-Evil: 1", "lineX-Evil: 1"),
        ("two\u2028lines\u2029.txt", "twolines.txt"),  # Line and paragraph separators.
        ("report\u202efdp.exe", "reportfdp.exe"),  # Right to left: would read reportexe.pdf.
        ("re\u200bport\u200d.p\ufeffdf", "report.pdf"),  # Zero width.
        ("\u2066evil\u2069.txt", "evil.txt"),  # Isolates.
        ("ｒｅｐｏｒｔ.ｐｄｆ", "report.pdf"),  # Full width.
        (" . report.pdf . ", "report.pdf"),
        ("", "file"),
        ("...", "file"),
        ("folder/", "file"),
        ("\u200b\u202e", "file"),
        ("x" * 300 + ".pdf", "x" * 251 + ".pdf"),  # The end says what it is.
    ],
)  # fmt: skip
def test_a_file_name_is_one_clean_line(given: str, shown: str) -> None:
    assert clean_filename(given) == shown


@pytest.mark.usefixtures("policy")
def test_a_file_is_stored_under_a_name_that_says_nothing(settings: Any) -> None:
    bill = SimpleUploadedFile("bill\u202efdp.exe", b"%PDF-1.7", content_type="application/pdf")
    page = SimpleUploadedFile("page.html", b"<script>", content_type="text/html" + "x" * 200)
    ticket = factories.ticket(attachments=[bill, page])
    lifecycle.reply(
        ticket=ticket,
        by=factories.agent(),
        text="See here.",
        at=nov(2, "11:00"),
        attachments=[SimpleUploadedFile("answer.txt", b"42")],
    )
    files = list(Attachment.objects.filter(message__ticket=ticket))
    assert [file.filename for file in files] == ["billfdp.exe", "page.html", "answer.txt"]
    assert [file.size for file in files] == [8, 8, 2]
    assert [len(file.content_type) for file in files] == [15, 100, 10]
    assert all(re.fullmatch(r"[0-9a-f]{2}/[0-9a-f]{32}", file.file.name) for file in files)
    assert len({file.file.name for file in files}) == 3
    for file, content in zip(files, (b"%PDF-1.7", b"<script>", b"42"), strict=True):
        path = Path(file.file.path)
        assert path.read_bytes() == content
        assert path.is_relative_to(settings.MEDIA_ROOT)
        assert path.stat().st_mode & 0o077 == 0  # Nobody else on this machine reads it.
