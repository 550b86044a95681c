"""Undoing the transfer encodings (RFC 2045, section 6), also where they are damaged."""

from __future__ import annotations

import binascii
import re
from typing import Final

NOT_BASE64: Final = bytes(
    set(range(256)) - set(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/")
)
# More base64 after the padding: some mailers encode a file in pieces and put them in a row.
GOES_ON: Final = re.compile(rb"[A-Za-z0-9+/=\s]*")
PIECE: Final = re.compile(rb"[^=]+")
# Pieces that mailers make have a line at least, so no more than one "=" in so many bytes, and few
# more. What has more is no base64, and would take a second for each million of them.
BYTES_FOR_EACH_PADDING: Final = 30
PADDING_TO_SPARE: Final = 100
UU_BEGIN: Final = re.compile(r"^begin [0-7]{3,4} (\S[^\n]{0,250})\n", re.MULTILINE)
UU_LINE: Final = re.compile(r"[ -`]{0,88}")
UU_ENCODINGS: Final = frozenset({"x-uuencode", "uuencode", "x-uue", "uue"})


def plain_bytes(data: bytes, encoding: str) -> bytes:
    """What the sender encoded. An unknown encoding is left as it is. Never raises."""
    if encoding == "base64":
        return unbased(data)
    if encoding == "quoted-printable":
        return binascii.a2b_qp(data)
    if encoding in UU_ENCODINGS:
        _, files = without_uuencoded(data.decode("latin-1").replace("\r\n", "\n"))
        return files[0][1] if files else data
    return data


def unbased(data: bytes) -> bytes:
    """Base64 without its faults: foreign characters, missing padding, padding in the middle."""
    padding = data.find(b"=")
    if padding < 0:
        return _piece(data)
    rest = data[padding:].lstrip(b"=\r\n\t ")
    if not rest or not GOES_ON.fullmatch(rest):
        return _piece(data[:padding])
    if data.count(b"=") > len(data) // BYTES_FOR_EACH_PADDING + PADDING_TO_SPARE:
        return _piece(data)
    out = bytearray()
    for piece in PIECE.finditer(data):
        out += _piece(piece[0])
    return bytes(out)


def _piece(data: bytes) -> bytes:
    letters = data.translate(None, NOT_BASE64)
    if len(letters) % 4 == 1:
        letters = letters[:-1]  # Six bits are no byte.
    return binascii.a2b_base64(letters + b"=" * (-len(letters) % 4))


def without_uuencoded(text: str) -> tuple[str, list[tuple[str, bytes]]]:
    """A text and the files that were written into it between "begin" and "end", by name.

    What only looks like one stays in the text.
    """
    files: list[tuple[str, bytes]] = []
    kept: list[str] = []
    position = 0
    while begin := UU_BEGIN.search(text, position):
        found = _uuencoded(text, begin.end())
        if found is None:
            kept.append(text[position : begin.end()])
            position = begin.end()
            continue
        content, end = found
        files.append((begin[1].strip(), content))
        kept.append(text[position : begin.start()])
        position = end
    return "".join([*kept, text[position:]]), files


def _uuencoded(text: str, position: int) -> tuple[bytes, int] | None:
    out = bytearray()
    while (end := text.find("\n", position)) >= 0 or position < len(text):
        end = len(text) if end < 0 else end
        line = text[position:end].rstrip("\r")
        position = min(end + 1, len(text))
        if line == "end":
            return bytes(out), position
        if not UU_LINE.fullmatch(line):
            return None
        try:
            out += binascii.a2b_uu(line)
        except binascii.Error:
            return None
    return None
