"""One message, from raw bytes to values."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from itertools import islice
from typing import Final

from tickets.channels.mail.addresses import Mailbox, address_of, mailboxes
from tickets.channels.mail.automatic import reason
from tickets.channels.mail.bodies import Body
from tickets.channels.mail.bounces import read_bounce
from tickets.channels.mail.charsets import Charsets
from tickets.channels.mail.headers import Headers
from tickets.channels.mail.incoming import Attached, Incoming
from tickets.channels.mail.replies import reply_text
from tickets.channels.mail.structure import Structure
from tickets.channels.mail.words import one_line

logger = logging.getLogger(__name__)

MOST_ADDRESSES: Final = 1_000
MOST_ARRIVED: Final = 100
LONGEST_DATE: Final = 200
SHOWN_SENDERS: Final = (
    ("from", "From"),
    ("reply-to", "Reply-To"),
    ("sender", "Sender"),
    ("return-path", "Return-Path"),
)
ARRIVED: Final = ("delivered-to", "x-original-to", "envelope-to")
NOT_READ: Final = "The message could not be read: it is in the file message.eml."
LONGEST_TROUBLE: Final = 500
# What Python raises where code meets data that it did not expect. Anything else is not about the
# message, and goes on to the caller: above all the end of a worker's time, which Celery raises
# wherever the program is (SoftTimeLimitExceeded, an Exception of no other kind).
DEFECTS: Final = (
    ArithmeticError,
    AssertionError,
    AttributeError,
    BufferError,
    LookupError,
    RuntimeError,
    TypeError,
    ValueError,
)


def parse(raw: bytes) -> Incoming:
    """What an e-mail says. Raises for no bytes at all: what cannot be understood is told in
    `remarks`, and a defect of ours in `trouble`. What interrupts the program goes through.
    """
    try:
        return _parse(raw)
    except DEFECTS as error:
        logger.exception("An e-mail of %d bytes could not be read.", len(raw))
        whole = Attached("message.eml", "message/rfc822", bytes(raw))
        trouble = one_line(f"{type(error).__name__}: {error}", LONGEST_TROUBLE)
        return Incoming(attachments=(whole,), remarks=(NOT_READ,), trouble=trouble)


def _parse(raw: bytes) -> Incoming:
    if b"\n" not in raw:
        raw = raw.replace(b"\r", b"\n")
    structure = Structure(raw)
    charsets = Charsets()
    root = structure.root()
    body = Body(structure, charsets)
    body.read(root)
    headers = root.headers
    people = _People(headers, charsets)
    subject = headers.line("subject", charsets)
    automatic, only_by_list = reason(
        headers, root.content_type, people.sender.address, people.sender.name
    )
    in_reply_to = headers.ids("in-reply-to", charsets)
    return Incoming(
        subject=subject,
        sender=people.sender.address,
        sender_name=people.sender.name,
        sender_header=people.sender_header,
        reply_to=people.addresses("reply-to"),
        to=people.addresses("to"),
        cc=people.addresses("cc"),
        delivered_to=_delivered_to(headers, charsets),
        names=people.names,
        message_id=next(iter(headers.ids("message-id", charsets)), ""),
        in_reply_to=next(iter(in_reply_to), ""),
        references=headers.ids("references", charsets),
        sent_at=_sent_at(headers.line("date", charsets)),
        text=body.text,
        reply_text=reply_text(body.text, subject),
        html=body.html,
        attachments=tuple(body.files),
        protection=body.protection,
        auto_generated=automatic,
        only_by_list=only_by_list,
        bounce=read_bounce(root, body, charsets, people.sender.address),
        authentication_results=tuple(headers.lines("authentication-results", charsets)),
        remarks=tuple(dict.fromkeys([*structure.remarks, *people.remarks])),
    )


class _People:
    """Everybody whom the headers name."""

    def __init__(self, headers: Headers, charsets: Charsets) -> None:
        self._headers = headers
        self._charsets = charsets
        self._found: dict[str, list[Mailbox]] = {}
        self.names: dict[str, str] = {}
        self.remarks: list[str] = []
        for name in ("from", "reply-to", "to", "cc", "sender", "return-path"):
            self._found[name] = self._read(name)
        self.sender, self.sender_header = self._sender()

    def addresses(self, name: str) -> tuple[str, ...]:
        return tuple(dict.fromkeys(m.address for m in self._found[name] if m.address))

    def _read(self, name: str) -> list[Mailbox]:
        found = list(islice(self._all(name), MOST_ADDRESSES + 1))
        if len(found) > MOST_ADDRESSES:
            self.remarks.append(
                f"The header {name.title()} names more than {MOST_ADDRESSES:,} addresses: "
                "the others were left out."
            )
        for mailbox in found:
            if mailbox.address and mailbox.name:
                self.names.setdefault(mailbox.address.lower(), mailbox.name)
        return found[:MOST_ADDRESSES]

    def _all(self, name: str) -> Iterator[Mailbox]:
        for value in self._headers.texts(name, self._charsets):
            yield from mailboxes(value, self._charsets)

    def _sender(self) -> tuple[Mailbox, str]:
        """The first address of From; without one somebody to show, by name at least."""
        if len(self.addresses("from")) > 1:
            self.remarks.append("The message names more than one sender: the first one is shown.")
        for name, written in SHOWN_SENDERS:
            for mailbox in self._found[name]:
                if mailbox.address:
                    shown = mailbox.name or next((m.name for m in self._found["from"]), "")
                    return Mailbox(shown, mailbox.address), written
        return Mailbox(next((m.name for m in self._found["from"]), ""), ""), ""


def _delivered_to(headers: Headers, charsets: Charsets) -> tuple[str, ...]:
    found = (address_of(line) for name in ARRIVED for line in headers.texts(name, charsets))
    return tuple(islice(dict.fromkeys(address for address in found if address), MOST_ARRIVED))


def _sent_at(date: str) -> datetime | None:
    try:
        sent = parsedate_to_datetime(date[:LONGEST_DATE])
        return (sent if sent.tzinfo else sent.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
