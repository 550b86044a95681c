"""Signs that no person wrote a message (RFC 3834, section 2, and what mailers do beside it)."""

from __future__ import annotations

import re
from typing import Final

from tickets.channels.mail.charsets import Charsets
from tickets.channels.mail.headers import Headers

MAIL_SYSTEM: Final = re.compile(r"(?:mailer-?daemon|postmaster|bounces?)(?![a-z])")
NO_REPLY: Final = re.compile(r"(?:.*-)?(?:no|do-?not)-?reply(?![a-z])")
PRECEDENCES: Final = frozenset({"bulk", "junk", "auto_reply", "auto-reply"})
SUPPRESSED: Final = re.compile(r"\b(?:all|autoreply|oof)\b", re.IGNORECASE)
PRESENT: Final = {
    "x-autoreply": "X-Autoreply",
    "x-autorespond": "X-Autorespond",
    "x-auto-reply": "X-Auto-Reply",
    "x-autoreply-from": "X-Autoreply-From",
    "x-loop": "X-Loop",
    "x-failed-recipients": "X-Failed-Recipients",
}
LIST_HEADERS: Final = {"list-id": "List-Id", "list-unsubscribe": "List-Unsubscribe"}


def reason(headers: Headers, content_type: str, sender: str, sender_name: str) -> tuple[str, bool]:
    """Why a message must not be answered by a machine, as a sentence ("" when nothing says so), and
    whether the only signs are those that people's mail has as well. Our own addresses are not known
    here.
    """
    found = _robot(headers, content_type) or _robots_name(sender, sender_name)
    if found:
        return found, False
    found = _unanswered_person(headers)
    return found, bool(found)


def _unanswered_person(headers: Headers) -> str:
    if headers.token("precedence") == "list":
        return "Its header Precedence says list."
    for name, written in LIST_HEADERS.items():
        if headers.raw(name):
            return f"It came through a mailing list: it has the header {written}."
    # "Send me no automatic answer": Exchange and ticket systems write it on people's mail.
    suppressed = headers.line("x-auto-response-suppress", Charsets())
    if SUPPRESSED.search(suppressed):
        return f"Its header X-Auto-Response-Suppress says {suppressed[:100]}."
    return ""


def _robot(headers: Headers, content_type: str) -> str:
    submitted = headers.token("auto-submitted")
    if submitted and submitted != "no":
        return f"Its header Auto-Submitted says {submitted}."
    if content_type in {"multipart/report", "message/delivery-status"}:
        return "It is a report of a mail system."
    precedence = headers.token("precedence")
    if precedence in PRECEDENCES:
        return f"Its header Precedence says {precedence}."
    for name, written in PRESENT.items():
        if headers.raw(name) and headers.token(name) != "no":
            return f"It has the header {written}."
    if any(re.fullmatch(rb"<\s*>", value) for value in headers.raw("return-path")[:1]):
        return "Its sender takes no answer: the Return-Path is empty."
    return ""


def is_mail_system(address: str) -> bool:
    """Whether the address is that of a mail server: mailer-daemon@, postmaster@, bounces@."""
    return MAIL_SYSTEM.match(_local_part(address)) is not None


def _local_part(address: str) -> str:
    local = address.partition("@")[0].lower()
    return re.sub(r"[\s_.+]", "-", local)


def _robots_name(sender: str, sender_name: str) -> str:
    if is_mail_system(sender) or NO_REPLY.match(_local_part(sender)):
        return f"Nobody reads what is sent to {sender}."
    if not sender and is_mail_system(sender_name):
        return f"It comes from {sender_name}."
    return ""
