"""Names of files as people may see them: clean, never empty, each one once."""

from __future__ import annotations

import mimetypes
import unicodedata
from typing import Final

INVISIBLE: Final = frozenset({"Cc", "Cf", "Cn", "Co", "Cs", "Zl", "Zp"})
LONGEST: Final = 255
UNNAMED: Final = {
    "text/calendar": "invite.ics",
    "text/plain": "text.txt",
    "text/html": "text.html",
    "application/ms-tnef": "winmail.dat",
    "application/pkcs7-signature": "smime.p7s",
    "application/x-pkcs7-signature": "smime.p7s",
    "application/pkcs7-mime": "smime.p7m",
    "application/x-pkcs7-mime": "smime.p7m",
    "application/pgp-signature": "signature.asc",
    "application/pgp-encrypted": "version.asc",
    "application/pgp-keys": "key.asc",
    "message/delivery-status": "delivery-status.txt",
    "message/disposition-notification": "notification.txt",
    "message/feedback-report": "report.txt",
    "text/rfc822-headers": "headers.txt",
}
# The module's own table alone: what the machine adds to it differs from one to the next.
TYPES: Final = mimetypes.MimeTypes(filenames=())


def clean(name: str) -> str:
    """One line, no folders, nothing invisible; "" when nothing is left."""
    folded = unicodedata.normalize("NFKC", name[:4_000]).replace("\\", "/")
    visible = "".join(c for c in folded if unicodedata.category(c) not in INVISIBLE)
    return visible.rstrip("/ .").rpartition("/")[2].strip(" .")[-LONGEST:].strip(" .")


def unnamed(content_type: str) -> str:
    """A name for a file that has none, by its type."""
    if content_type in UNNAMED:
        return UNNAMED[content_type]
    return f"attachment{TYPES.guess_extension(content_type) or ''}"


class Names:
    """The names that one message has used: letters of either case are the same."""

    def __init__(self) -> None:
        self._next: dict[str, int] = {}

    def unique(self, name: str) -> str:
        """The name, or the name with a number: "log.txt", "log (2).txt"."""
        free = name
        while free.lower() in self._next:
            number = self._next[name.lower()]
            self._next[name.lower()] = number + 1
            free = _numbered(name, number)
        self._next[free.lower()] = 2
        return free


def _numbered(name: str, number: int) -> str:
    stem, dot, ending = name.rpartition(".")
    if not stem or len(ending) > 20:
        stem, dot, ending = name, "", ""
    mark = f" ({number})"
    return f"{stem[: LONGEST - len(mark) - len(ending) - 1].rstrip()}{mark}{dot}{ending}"
