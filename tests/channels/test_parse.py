"""Whole messages, as mailers write them: what an agent sees, and what the desk decides by."""

from __future__ import annotations

import logging
from dataclasses import fields
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from celery.exceptions import SoftTimeLimitExceeded

from tickets.channels.email import BouncedRecipient, Incoming, parse

MAILS = Path(__file__).parent / "mails"

CASES: dict[str, dict[str, Any]] = {
    "gmail_reply": {
        "subject": "Re: [HD-1042] Report is empty",
        "sender": "asha@client.example",
        "sender_name": "Asha Rao",
        "sender_header": "From",
        "to": ("support@example.com",),
        "cc": ("vikram@client.example", "finance@client.example"),
        "delivered_to": ("support+1042.f3a9c1@example.com", "support@example.com"),
        "names": {
            "asha@client.example": "Asha Rao",
            "support@example.com": "Support",
            "vikram@client.example": "Rao, Vikram",
        },
        "message_id": "<CAF1@mail.client.example>",
        "in_reply_to": "<hd-1042.2@example.com>",
        "references": ("<hd-1042.1@example.com>", "<hd-1042.2@example.com>"),
        "sent_at": datetime(2026, 11, 3, 4, 45, tzinfo=UTC),
        "reply_text": "It is still empty, and the total says ₹0.",
        "authentication_results": ("mx.example.com; dmarc=pass header.from=client.example",),
        "auto_generated": "",
        "bounce": None,
        "remarks": (),
    },
    "outlook_reply": {
        "subject": "AW: Störung im Büro",
        "sender_name": "Jürgen Groß",
        "reply_text": "Guten Tag,\n\nder Fehler ist noch da, siehe [Bild].",
        "files": {"image001.png": b"\x89PNG\r\n\x1a\n"},
        "content_ids": ["image001.png@01DC"],  # Outlook says nothing of a disposition.
    },
    "apple_mixed": {
        "text": "Before the page.\n\nAfter the page.\n",
        "html": "<p>Before the page.</p>\n<p>After the page.</p>",
        "files": {"page.pdf": b"%PDF-1.4\n"},
    },
    "invite": {
        "text": "Can we talk at three?",
        "files": {"invite.ics": b"BEGIN:VCALENDAR\nMETHOD:REQUEST\nEND:VCALENDAR"},
    },
    "signed": {"text": "This is signed.", "protection": "signed", "remarks": ()},
    "encrypted": {
        "text": "",
        "protection": "encrypted",
        "remarks": ("The message is encrypted: it was not opened.",),
        "files": {
            "version.asc": b"Version: 1",
            "encrypted.asc": b"-----BEGIN PGP MESSAGE-----\nhQEMA\n-----END PGP MESSAGE-----",
        },
    },
    "smime_encrypted": {
        "protection": "encrypted",
        "remarks": ("The message is encrypted: it was not opened.",),
        "files": {"smime.p7m": b"0\x82\x01\x04\x10"},
    },
    "winmail": {
        "text": "The file is attached.",
        "files": {"winmail.dat": b"x\x9f>\x22\x01\x00"},
        "remarks": (
            "Outlook packed the attachments into winmail.dat: they were not taken out of it.",
        ),
    },
    "uuencoded": {
        "text": "Here is the log.\n\n\nRegards to all.\n",
        "files": {"log.txt": b"Cat"},
    },
    "html_only": {
        "text": "First line,\nsecond line.\n\n- one\n- two\n\n"
        "See the log <https://client.example/log?id=7>.\n\n> What you wrote.",
    },
    "broken_boundary": {"text": "The words.", "files": {"log.txt": b"one line\n"}},
    "raw_koi8": {
        "subject": "Срочно: не работает система",
        "sender": "ivan@client.example",
        "sender_name": "Иван Петров",
        "text": "Принтер не работает с утра.\n",
    },
    "mbox_line": {
        "subject": "From an mbox",
        "sender": "asha@client.example",
        "text": "Hello.\n",
    },
    "out_of_office": {"auto_generated": "Its header Auto-Submitted says auto-generated."},
}


def mail(name: str) -> Incoming:
    return parse((MAILS / f"{name}.eml").read_bytes())


@pytest.mark.parametrize("name", CASES)
def test_a_message_is_understood(name: str) -> None:
    incoming = mail(name)
    expected = dict(CASES[name])
    if (files := expected.pop("files", None)) is not None:
        assert {file.filename: file.content for file in incoming.attachments} == files
    if (ids := expected.pop("content_ids", None)) is not None:
        assert [file.content_id for file in incoming.attachments] == ids
    assert {key: getattr(incoming, key) for key in expected} == expected


def test_a_forwarded_message_stays_a_message_and_keeps_its_parts_to_itself() -> None:
    incoming = mail("nested_message")
    (inner,) = incoming.attachments
    assert (inner.filename, inner.content_type) == ("Price list für 2027.eml", "message/rfc822")
    assert incoming.text == "See the mail I attach."
    again = parse(inner.content)
    assert again.subject == "Price list für 2027"
    assert again.text == "The inner words."
    assert [file.filename for file in again.attachments] == ["prices.pdf"]


def test_a_delivery_report_tells_what_became_of_each_recipient() -> None:
    bounce = mail("bounce_report").bounce
    assert bounce is not None
    assert (bounce.kind, bounce.original_message_id) == (
        "delivery",
        "<hd-7.0123456789abcdef@example.com>",
    )
    rejected = "550 5.1.1 <gone@client.example>: Recipient address rejected: User unknown"
    assert bounce.recipients == (
        BouncedRecipient("gone@client.example", "failed", "5.1.1", rejected, hard=True),
        BouncedRecipient(
            "full@client.example", "failed", "5.2.2", "552 5.2.2 Mailbox full", hard=False
        ),
        BouncedRecipient(
            "slow@client.example", "delayed", "4.4.1", "connect timed out", hard=False
        ),
    )


def test_a_bounce_without_a_report_is_read_from_its_header_and_its_words() -> None:
    bounce = mail("bounce_exim").bounce
    assert bounce is not None
    assert bounce.original_message_id == "<hd-8.aa@example.com>"
    gone, spam = bounce.recipients
    assert (gone.address, gone.status, gone.hard) == ("gone@client.example", "5.1.1", True)
    assert (spam.address, spam.status, spam.hard) == ("nobody@client.example", "5.7.1", False)


def test_a_bounce_in_prose_names_the_message_at_least() -> None:
    bounce = mail("bounce_in_words").bounce
    assert bounce is not None
    assert bounce.original_message_id == "<hd-9.bb@example.com>"
    (recipient,) = bounce.recipients
    assert (recipient.address, recipient.action, recipient.status) == ("", "failed", "5.1.1")


def test_a_complaint_is_no_failure() -> None:
    bounce = mail("complaint").bounce
    assert bounce is not None
    assert (bounce.kind, bounce.original_message_id) == ("complaint", "<hd-10.cc@example.com>")
    assert [(r.address, r.action, r.hard) for r in bounce.recipients] == [
        ("asha@client.example", "", False)
    ]


@pytest.mark.parametrize("raw", [b"", b"\n", b"\r\n\r\n", b"\0", b"\xff", b":", b"\xef\xbb\xbf"])
def test_next_to_nothing_is_a_message_too(raw: bytes) -> None:
    incoming = parse(raw)
    assert incoming.sender == incoming.subject == ""
    assert incoming.remarks == incoming.attachments == ()


def test_every_field_has_a_value_when_nothing_is_said() -> None:
    empty = parse(b"")
    assert {f.name: getattr(empty, f.name) for f in fields(empty)} == {
        f.name: getattr(Incoming(), f.name) for f in fields(Incoming)
    }


class Unreadable(bytes):
    """Bytes that cannot be looked at."""

    def __contains__(self, item: object) -> bool:
        raise RuntimeError("No.")


def test_what_cannot_be_read_at_all_is_kept_whole(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.ERROR):
        incoming = parse(Unreadable(b"Subject: x\n\nHello"))
    (whole,) = incoming.attachments
    assert (whole.filename, whole.content) == ("message.eml", b"Subject: x\n\nHello")
    assert incoming.remarks == ("The message could not be read: it is in the file message.eml.",)
    assert incoming.trouble == "RuntimeError: No."
    assert "could not be read" in caplog.text


class Slow(bytes):
    """Bytes at which the time of a worker ends."""

    def __contains__(self, item: object) -> bool:
        raise SoftTimeLimitExceeded


def test_the_end_of_a_workers_time_is_no_fault_of_the_message() -> None:
    with pytest.raises(SoftTimeLimitExceeded):
        parse(Slow(b"Subject: x\n\nHello"))


@pytest.mark.parametrize(
    ("date", "sent_at"),
    [
        ("Tue, 3 Nov 2026 10:00:00 +0530", datetime(2026, 11, 3, 4, 30, tzinfo=UTC)),
        ("Tue, 3 Nov 2026 10:00:00 GMT", datetime(2026, 11, 3, 10, tzinfo=UTC)),
        ("3 Nov 2026 10:00:00 -0000", datetime(2026, 11, 3, 10, tzinfo=UTC)),  # RFC 5322, 3.3
        ("Tue, 3 Nov 2026 10:00:00 +0530 (IST)", datetime(2026, 11, 3, 4, 30, tzinfo=UTC)),
        ("Tue, 33 Nov 2026 10:00:00 +0530", None),
        ("Fri, 31 Dec 9999 23:59:00 -1400", None),  # After the last year in UTC.
        ("Tue, 3 Nov 2026 10:00:00 +9999999999", None),
        ("yesterday", None),
        ("1" * 5000, None),
        ("", None),
    ],
)
def test_a_date_is_an_instant_or_nothing(date: str, sent_at: datetime | None) -> None:
    assert parse(f"Date: {date}\n\nHello".encode()).sent_at == sent_at


@pytest.mark.parametrize(
    ("header", "message_id"),
    [
        ("<1@x.example>", "<1@x.example>"),
        ("\n <very.long.id@x.example>", "<very.long.id@x.example>"),  # Outlook folds here.
        ("<very.long\n .id@x.example>", "<very.long.id@x.example>"),
        ("1@x.example", "<1@x.example>"),
        ("Your message of Tue <1@x.example>", "<1@x.example>"),
        ("<1@x.example> <2@x.example>", "<1@x.example>"),
        ("no id at all", ""),
        ("<>", ""),
        (f"<{'1' * 900}>", f"<{'1' * 900}>"),
        (f"<{'1' * 901}>", ""),  # No index takes it, nor a line of a header.
        (f"<{'数' * 300}@x.example>", ""),
        ("<störung@x.example>", ""),
        ("störung@x.example", ""),
    ],
)
def test_an_id_has_its_brackets_and_no_folds(header: str, message_id: str) -> None:
    incoming = parse(f"Message-ID: {header}\nIn-Reply-To: {header}\n\nHello".encode())
    assert incoming.message_id == incoming.in_reply_to == message_id


def test_of_the_references_those_that_are_ids_are_kept() -> None:
    header = f"References: <1@x.example> <störung@x.example> <{'2' * 950}> <3@x.example>"
    assert parse(header.encode()).references == ("<1@x.example>", "<3@x.example>")


def test_the_name_of_a_picture_is_no_longer_than_its_column() -> None:
    raw = f"Content-Type: image/png\nContent-ID: <{'c' * 300}>\n\nPNG"
    (picture,) = parse(raw.encode()).attachments
    assert picture.content_id == "c" * 255


def test_of_very_many_references_the_first_and_the_last_are_kept() -> None:
    ids = [f"<{number}@x.example>" for number in range(500)]
    incoming = parse(("References: " + "\n ".join(ids) + "\n\nHello").encode())
    assert incoming.references == (ids[0], *ids[-99:])
