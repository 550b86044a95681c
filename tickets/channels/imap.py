"""Mail from an IMAP server (RFC 9051): what is unread, byte for byte, and its mark as read."""

from __future__ import annotations

import imaplib
import re
import socket
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from django.template.defaultfilters import filesizeformat

from tickets.channels.imap_login import (
    BUSY,
    Account,
    Answer,
    ImapError,
    Line,
    MessageError,
    RefusalError,
    Security,
    connected,
    said_in,
    select,
    sign_in,
    speaking_to,
)

__all__ = ["Account", "Envelope", "Folder", "ImapError", "MessageError", "Security", "opened"]

CONNECT_SECONDS = 10.0
TIMEOUT_SECONDS = 30.0
# A server that sends a byte now and then is left as well.
LONGEST_SESSION_SECONDS = 150.0
# Sizes and dates are asked for so many messages at once; texts one by one.
CHUNK = 100
LONGEST_HEADERS = 256 * 1024
_UID = re.compile(rb"\bUID (\d+)")
_SIZE = re.compile(rb"\bRFC822\.SIZE (\d+)")
_DATE = re.compile(rb'\bINTERNALDATE "([^"]+)"')


@dataclass(frozen=True)
class Envelope:
    """One message of the folder. `size` in bytes, as the server says; `arrived_at` may lack."""

    uid: int
    size: int
    arrived_at: datetime | None


class Folder:
    """An open folder. Every method raises ImapError; nothing but `mark_seen` changes anything."""

    def __init__(self, client: imaplib.IMAP4, account: Account, uid_validity: int) -> None:
        self._client = client
        self._account = account
        self.uid_validity = uid_validity

    def newest(self) -> int:
        """The highest UID that the folder has given to any message so far; 0 for none."""
        _, answer = self._client.response("UIDNEXT")
        said = answer[-1] if answer else None
        if isinstance(said, bytes) and said.isdigit():
            return int(said) - 1
        return max(self._search("ALL"), default=0)

    def unseen(self) -> list[int]:
        """The UIDs of what is not marked as read, ascending, each once."""
        return sorted(self._search("UNSEEN"))

    def arrived(self, *, after: int | None) -> list[int]:
        """Those of what is unread, and of what has come after that UID, read by somebody or not."""
        found = self._search("UNSEEN")
        if after is not None:
            # "n:*" names the last message in any case (RFC 9051, 6.4.4).
            found |= {uid for uid in self._search(f"UID {after + 1}:*") if uid > after}
        return sorted(found)

    def _search(self, criterion: str) -> set[int]:
        lines = self._ask("SEARCH", *criterion.split())
        words = b" ".join(line for line in lines if isinstance(line, bytes)).split()
        return {int(word) for word in words if word.isdigit()}

    def envelopes(self, uids: Sequence[int]) -> Iterator[Envelope]:
        """In this order; without those that are not there any more."""
        for start in range(0, len(uids), CHUNK):
            chunk = uids[start : start + CHUNK]
            numbers = ",".join(map(str, chunk))
            lines = self._ask("FETCH", numbers, "(UID RFC822.SIZE INTERNALDATE)")
            found = {known.uid: known for line in lines if (known := _envelope(line))}
            yield from (found[uid] for uid in chunk if uid in found)

    def raw(self, envelope: Envelope, *, max_bytes: int) -> bytes | None:
        """The message, not marked as read; None when it is gone.

        Of one above `max_bytes` the headers, with a text that says so to whoever reads it. Raises
        MessageError when the server does not give this one.
        """
        if envelope.size > max_bytes:
            return self._stub(envelope.uid, envelope.size, max_bytes)
        raw = self._part(envelope.uid, "BODY.PEEK[]")
        # Some servers estimate sizes.
        if raw is not None and len(raw) > max_bytes:
            return self._stub(envelope.uid, len(raw), max_bytes)
        return raw

    def mark_seen(self, uid: int) -> None:
        """Mark it as read: `unseen` does not find it again."""
        # Not imap-tools' flag(), which expunges what others have marked as deleted.
        self._ask("STORE", str(uid), "+FLAGS.SILENT", r"(\Seen)")

    def _stub(self, uid: int, size: int, max_bytes: int) -> bytes | None:
        headers = self._part(uid, f"BODY.PEEK[HEADER]<0.{LONGEST_HEADERS}>")
        if headers is None:
            return None
        notice = (
            f"This message has {filesizeformat(size)}, and at most {filesizeformat(max_bytes)} "
            "are accepted here. Its text and its attachments were not read: they are still in "
            f"the mailbox, in the folder {self._account.folder}. Please send large files in "
            "another way."
        )
        return _plain_headers(headers) + notice.replace("\xa0", " ").encode() + b"\r\n"

    def _part(self, uid: int, part: str) -> bytes | None:
        try:
            answer = self._ask("FETCH", str(uid), f"(UID {part})")
        except RefusalError as error:
            raise MessageError(f"Message {uid}: {error}", permanent=error.permanent) from error
        if not any(answer):
            return None
        for place, item in enumerate(answer):
            if isinstance(item, tuple):
                trailer = answer[place + 1] if place + 1 < len(answer) else b""
                named = _UID.search(item[0]) or _UID.search(
                    trailer if isinstance(trailer, bytes) else b""
                )
                if named is None or int(named[1]) == uid:
                    return item[1]
        # Removed this moment, it has no text; a message that is still there should have one.
        if not any(self._ask("FETCH", str(uid), "(UID)")):
            return None
        raise MessageError(f"Message {uid}: the server gave no text.", permanent=True)

    def _ask(self, command: str, *arguments: str) -> Answer:
        with speaking_to(self._account):
            status, answer = self._client.uid(command, *arguments)
        if status != "OK":
            said = said_in(answer)
            reason = f"{self._account.server} refused {command}: {said}"
            raise RefusalError(reason, permanent=not BUSY.search(said))
        return answer


@contextmanager
def opened(
    account: Account,
    *,
    connect_seconds: float = CONNECT_SECONDS,
    timeout: float = TIMEOUT_SECONDS,
    session_seconds: float = LONGEST_SESSION_SECONDS,
) -> Iterator[Folder]:
    """The account's folder, for reading and marking. Raises ImapError, here and while it is open.

    After `timeout` seconds without a byte, and after `session_seconds` in all, it is given up.
    """
    began = time.monotonic()
    with speaking_to(account):
        box = connected(account, connect_seconds)
        client = box.client
        client.sock.settimeout(timeout)
    left = max(0.0, began + session_seconds - time.monotonic())
    ending = threading.Timer(left, _hang_up, [client.sock])
    ending.daemon = True
    ending.start()
    try:
        sign_in(box, account)
        yield Folder(client, account, select(box, account))
        # What was asked for is done: a farewell that fails changes nothing.
        with suppress(imaplib.IMAP4.error, OSError):
            client.logout()
    finally:
        ending.cancel()
        with suppress(OSError):
            client.shutdown()


def _hang_up(connection: socket.socket) -> None:
    # The plain socket's: a TLS one would take its state away from the thread that reads.
    with suppress(OSError):
        socket.socket.shutdown(connection, socket.SHUT_RDWR)


def _envelope(line: Line) -> Envelope | None:
    """What a line of an answer says about a message; None for what was not asked for."""
    if not isinstance(line, bytes):
        return None
    uid, size, date = _UID.search(line), _SIZE.search(line), _DATE.search(line)
    if not (uid and size):
        return None
    return Envelope(int(uid[1]), int(size[1]), _instant(date[1]) if date else None)


def _instant(words: bytes) -> datetime | None:
    """Such as ``17-Jul-2026 02:44:25 -0700``, in UTC."""
    try:
        return parsedate_to_datetime(words.decode("ascii", "replace").strip()).astimezone(UTC)
    except ValueError:
        return None


def _plain_headers(headers: bytes) -> bytes:
    """These headers, for a body of plain text."""
    kept, keeping = [], True
    for line in headers.replace(b"\r\n", b"\n").split(b"\n"):
        if not line.strip():
            continue
        if not line.startswith((b" ", b"\t")):
            keeping = not line.lower().startswith((b"content-", b"mime-version"))
        if keeping:
            kept.append(line)
    ours = [b"MIME-Version: 1.0", b"Content-Type: text/plain; charset=utf-8"]
    return b"\r\n".join([*kept, *ours, b"Content-Transfer-Encoding: 8bit", b"", b""])
