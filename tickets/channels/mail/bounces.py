"""Reports about mail that we sent: delivery reports (RFC 3464) and complaints (RFC 5965)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import islice
from typing import Final, Literal, cast

from tickets.channels.mail.addresses import address_of, mailboxes
from tickets.channels.mail.automatic import is_mail_system
from tickets.channels.mail.bodies import Body
from tickets.channels.mail.charsets import Charsets
from tickets.channels.mail.headers import USABLE_ID, Headers, read_headers
from tickets.channels.mail.incoming import Action, Bounce, BouncedRecipient
from tickets.channels.mail.structure import Part
from tickets.channels.mail.words import one_line

ACTIONS: Final = frozenset({"failed", "delayed", "delivered", "relayed", "expanded"})
STATUS: Final = re.compile(r"(?<![\d.])([245]\.\d{1,3}\.\d{1,3})(?![\d.])")
REPLY_CODE: Final = re.compile(r"(?<![\d.])([45])\d\d(?=[ -])")
WRITTEN_ID: Final = re.compile(
    rf"^[> ]{{0,4}}Message-ID:\s{{0,9}}({USABLE_ID})", re.IGNORECASE | re.MULTILINE
)
# RFC 3463 and 7505: there is no such mailbox or domain (5.1.7 and 5.1.8 are about the sender, us),
# or it is disabled. With any other status, and with none, the next message may be taken: servers
# refuse a message for its size, its content or our name by a bare 550 as well.
NO_SUCH_ADDRESS: Final = re.compile(r"5\.1\.(?:[1-6]|10)|5\.2\.1")
RETURNED: Final = frozenset({"message/rfc822", "message/global", "text/rfc822-headers"})
MOST_RECIPIENTS: Final = 500
LONGEST_DIAGNOSTIC: Final = 1_000
SEARCHED: Final = 20_000
END_OF_FIELDS: Final = re.compile(rb"\n[ \t]*\n")
LINE: Final = re.compile(r"[^\n]+")


def status_in(text: str) -> str:
    """The first status code (RFC 3463) in what a server said, or ""."""
    found = STATUS.search(text)
    return found[1] if found else ""


def is_hard(status: str) -> bool:
    """Whether this status says that the address takes no mail at all, whatever is sent to it."""
    return NO_SUCH_ADDRESS.fullmatch(status) is not None


@dataclass
class _Report:
    """What is needed to read a report."""

    root: Part
    body: Body
    charsets: Charsets
    sender: str

    def first(self, content_types: frozenset[str]) -> Headers | None:
        """The fields of the first part of one of these types, read as headers."""
        for part in self.root.leaves():
            if part.content_type in content_types:
                content = self.body.content(part)
                return read_headers(content, 0, len(content))[0]
        return None


def read_bounce(root: Part, body: Body, charsets: Charsets, sender: str) -> Bounce | None:
    """The report that this message is, or None. A person who forwards a report is not one."""
    report = _Report(root, body, charsets, sender)
    is_report = root.content_type in {"multipart/report", "message/delivery-status"}
    if is_report and (feedback := report.first(frozenset({"message/feedback-report"}))):
        return _complaint(feedback, report)
    by_a_server = is_mail_system(sender) or root.headers.raw("return-path")[:1] == [b"<>"]
    status = _delivery_status(report) if is_report or by_a_server else []
    if not status:
        status = _failed_header(report)
    if not status and is_mail_system(sender):
        status = _written_out(report)
    return _bounce("delivery", report, status) if status else None


def _complaint(feedback: Headers, report: _Report) -> Bounce:
    addresses = feedback.lines("original-rcpt-to", report.charsets)[:MOST_RECIPIENTS]
    kind = feedback.line("feedback-type", report.charsets)
    recipients = [BouncedRecipient(address_of(a), "", "", kind, hard=False) for a in addresses]
    return _bounce("complaint", report, recipients)


def _bounce(
    kind: Literal["delivery", "complaint"], report: _Report, recipients: list[BouncedRecipient]
) -> Bounce:
    candidates = _candidates(report)
    return Bounce(kind, next(iter(candidates), ""), tuple(recipients), candidates)


def _delivery_status(report: _Report) -> list[BouncedRecipient]:
    for part in report.root.leaves():
        if part.content_type not in {"message/delivery-status", "message/global-delivery-status"}:
            continue
        content = report.body.content(part).replace(b"\r\n", b"\n")
        found = []
        blocks = END_OF_FIELDS.split(content.strip(), MOST_RECIPIENTS + 1)
        for block in blocks[: MOST_RECIPIENTS + 1]:
            fields, _ = read_headers(block, 0, len(block))
            if fields.raw("final-recipient") or fields.raw("original-recipient"):
                found.append(_recipient(fields, report.charsets))
        return found
    return []


def _recipient(fields: Headers, charsets: Charsets) -> BouncedRecipient:
    named = [
        *fields.lines("final-recipient", charsets),
        *fields.lines("original-recipient", charsets),
    ]
    address = next((a for line in named if (a := address_of(line.rpartition(";")[2]))), "")
    diagnostic = fields.line("diagnostic-code", charsets)
    kind, semicolon, answer = diagnostic.partition(";")
    if semicolon and re.fullmatch(r"[\w-]{1,30}", kind.strip()):
        diagnostic = answer.strip()
    return _settled(
        address,
        fields.token("action"),
        fields.line("status", charsets),
        diagnostic[:LONGEST_DIAGNOSTIC],
    )


def _settled(address: str, action: str, status: str, diagnostic: str) -> BouncedRecipient:
    """Each of action and status says what the other leaves out."""
    code, in_words = status_in(status), status_in(diagnostic)
    if in_words and (not code or code.endswith(".0.0")):
        code = in_words
    if not code and (reply := REPLY_CODE.search(diagnostic)):
        code = f"{reply[1]}.0.0"
    if action not in ACTIONS:
        action = {"5": "failed", "4": "delayed", "2": "delivered"}.get(code[:1], "failed")
    hard = action == "failed" and is_hard(code)
    return BouncedRecipient(address, cast("Action", action), code, diagnostic, hard=hard)


def _failed_header(report: _Report) -> list[BouncedRecipient]:
    """Exim and others have no report, but a header with the addresses that failed."""
    failed = report.root.headers.texts("x-failed-recipients", report.charsets)
    found = (m.address for value in failed for m in mailboxes(value, report.charsets))
    addresses = list(islice(dict.fromkeys(filter(None, found)), MOST_RECIPIENTS))
    reasons = _reasons(report.body.text, addresses) if addresses else []
    return [_settled(a, "failed", "", reason) for a, reason in zip(addresses, reasons, strict=True)]


def _written_out(report: _Report) -> list[BouncedRecipient]:
    """A mail system that tells its trouble in prose, with a copy of what we sent."""
    if not _returned_ids(report):
        return []
    return [_settled("", "failed", "", _reasons(report.body.text, [""])[0])]


def _reasons(text: str, addresses: list[str]) -> list[str]:
    """For each address the line of a server's answer: the first one with a code behind it."""
    text = text[:SEARCHED]
    coded = [
        (line.start(), line[0])
        for line in LINE.finditer(text)
        if STATUS.search(line[0]) or REPLY_CODE.search(line[0])
    ][:MOST_RECIPIENTS]
    starts = (max(text.find(address), 0) for address in addresses)
    behind = (next((line for at, line in coded if at >= start), "") for start in starts)
    return [one_line(line, LONGEST_DIAGNOSTIC) for line in behind]


def _candidates(report: _Report) -> tuple[str, ...]:
    """The ids that our message may have: as it came back, else what the report says it answers."""
    headers, charsets = report.root.headers, report.charsets
    answered = headers.ids("in-reply-to", charsets)
    newest_first = headers.ids("references", charsets)[::-1]
    return tuple(dict.fromkeys([*_returned_ids(report), *answered, *newest_first]))


def _returned_ids(report: _Report) -> tuple[str, ...]:
    """Those of the message that came back, as a part or written out in the text."""
    returned = report.first(RETURNED)
    if returned and (ids := returned.ids("message-id", report.charsets)):
        return ids
    written = WRITTEN_ID.search(report.body.text[:SEARCHED])
    return (written[1],) if written else ()
