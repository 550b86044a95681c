"""What an e-mail says, as values. No text here has NUL or a lone surrogate: PostgreSQL takes it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

type Protection = Literal["", "signed", "encrypted"]
type Action = Literal["", "failed", "delayed", "delivered", "relayed", "expanded"]


@dataclass(frozen=True)
class Attached:
    """One file of a message.

    `filename` is one clean line of at most 255 characters, never empty, and no other file of the
    message has it, whatever the case of its letters. `content_type` is what the sender says
    ("image/png", lower case): do not serve the file as that. `content_id` is the name by which the
    HTML shows it (``cid:``, RFC 2392), without angle brackets, or "".
    """

    filename: str
    content_type: str
    content: bytes
    content_id: str = ""


@dataclass(frozen=True)
class BouncedRecipient:
    """What became of a message for one recipient (RFC 3464, section 2.3).

    `address` is "" when the report does not name it. `status` is a code such as "5.1.1" (RFC 3463)
    or "". `diagnostic` is what the other server said. `hard` says that the address takes no mail at
    all, because the status says so: nothing else is hard.
    """

    address: str
    action: Action
    status: str
    diagnostic: str
    hard: bool


@dataclass(frozen=True)
class Bounce:
    """A report about a message that we sent.

    `kind` is "complaint" when a person called it spam (RFC 5965), else "delivery"; only an action
    of "failed" is a failure. `original_message_id` is ours as far as the report says, with angle
    brackets, or "". Not every report has the headers of what it is about (RFC 3464, section 2), and
    mail servers on the way may have given it another id: `candidates` are all ids that it may be,
    the likeliest first, so the first one is `original_message_id`.
    """

    kind: Literal["delivery", "complaint"]
    original_message_id: str
    recipients: tuple[BouncedRecipient, ...] = ()
    candidates: tuple[str, ...] = ()


@dataclass(frozen=True)
class Incoming:
    """One e-mail, understood. Every text but the bodies is a single line.

    An address always has an "@" and is as written: compare without regard to case. Nothing here is
    proven: whoever sends a mail chooses its headers.
    """

    subject: str = ""
    sender: str = ""
    """The address; "" when there is none. Only one from the header From may be somebody's."""
    sender_name: str = ""
    sender_header: str = ""
    """Where the sender was read: "From", or for show only "Reply-To", "Sender", "Return-Path"."""
    reply_to: tuple[str, ...] = ()
    to: tuple[str, ...] = ()
    cc: tuple[str, ...] = ()
    delivered_to: tuple[str, ...] = ()
    """Where it really arrived: Delivered-To, X-Original-To, Envelope-To, in this order."""
    names: Mapping[str, str] = field(default_factory=dict)
    """Display names by address in lower case."""
    message_id: str = ""
    """With angle brackets, as all ids here, ASCII of at most 902 characters; "" without one."""
    in_reply_to: str = ""
    references: tuple[str, ...] = ()
    """The oldest first (RFC 5322, section 3.6.4)."""
    sent_at: datetime | None = None
    """In UTC, as the sender's clock says: for show, never for a decision."""
    text: str = ""
    """The whole body, lines ended by "\\n"; made from the HTML when there is nothing else."""
    reply_text: str = ""
    """The new words: `text` without quotes and signature. Never empty when `text` is not."""
    html: str = ""
    """As sent, never safe: show it through `tickets.channels.mail.html.safe_html` alone."""
    attachments: tuple[Attached, ...] = ()
    protection: Protection = ""
    """Whether it claims to be signed or encrypted. Nobody has checked the signature."""
    auto_generated: str = ""
    """Why it must not be answered by a machine, as a sentence; "" when nothing says so."""
    only_by_list: bool = False
    """The only such sign is one that people's mail has as well: it came through a mailing list, or
    asks for no automatic answer. Somebody wrote it, and still it is never acknowledged."""
    bounce: Bounce | None = None
    authentication_results: tuple[str, ...] = ()
    """RFC 8601, topmost first. Only one that our own server wrote on top may be believed."""
    remarks: tuple[str, ...] = ()
    """Sentences for the agent about what was left out or looks wrong."""
    trouble: str = ""
    """Why nothing could be read, in a programmer's words: a defect of ours; "" when it was read."""
