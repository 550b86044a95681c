"""The lines above a body: which are headers, and what parameters they have."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final
from urllib.parse import unquote_to_bytes

from tickets.channels.mail.charsets import JIS_SIGN, Charsets
from tickets.channels.mail.words import decoded, one_line, unfolded

HEADER: Final = re.compile(rb"([!-9;-~]{1,200})[ \t]*:[ \t]?")
WELL_KNOWN: Final = re.compile(
    rb"^(?:from|to|cc|subject|date|message-id|mime-version|content-type|received):",
    re.IGNORECASE | re.MULTILINE,
)
MBOX: Final = re.compile(rb">?From [^\n]*\n")
END_OF_BLOCK: Final = re.compile(rb"\n\r*\n")
LEADING_BLANK: Final = re.compile(rb"(?:\xef\xbb\xbf)?[\r\n]*")
EMPTY_BLOCK: Final = re.compile(rb"\r*\n")

MOST_BYTES: Final = 256 * 1024
LONGEST_VALUE: Final = 64 * 1024
LONGEST_PARAMETERS: Final = 4 * 1024
LONGEST_SHOWN: Final = 1_024
MOST_PARAMETERS: Final = 200
MOST_LINES: Final = 10_000
MOST_LINES_OF_A_PART: Final = 200

TYPE: Final = re.compile(r"\s*([\w!#$&^.+-]+/[\w!#$&^.+-]+)", re.ASCII)
LONGEST_TYPE: Final = 100
# What mailers write that leave the rest out (RFC 2045, section 5.2).
HALF_TYPES: Final = {
    "text": "text/plain",
    "plain": "text/plain",
    "html": "text/html",
    "multipart": "multipart/mixed",
}
UNKNOWN_TYPE: Final = "application/octet-stream"
TOKEN: Final = re.compile(r"\s*[\"']?([\w.+-]+)")
# It starts where a name starts, so that a search takes time in proportion to the length.
ATTRIBUTE: Final = re.compile(
    r"(?<![\w!#$&^.+*%-])([\w!#$&^.+*%-]{1,60}+)[ \t]{0,20}+=[ \t]{0,20}+"
)
MESSAGE_ID: Final = re.compile(r"<([^<>]{1,996})>")
BARE_ID: Final = re.compile(r"[^\s<>@]{1,500}@[^\s<>@]{1,490}")
# What we can write into a header of ours again, and keep in an index, which takes 2,704 bytes.
USABLE_ID: Final = r"<[!-;=?-~]{1,900}>"
MOST_IDS: Final = 100
QUOTED: Final = re.compile(r'"((?:[^"\\]|\\.)*)(?:"|\Z)', re.DOTALL)
BARE: Final = re.compile(r"[^;]*")
# name, number of a continuation, "extended" (RFC 2231, sections 3 and 4)
SECTION: Final = re.compile(r"([^*]+)(?:\*(\d{1,4}))?(\*)?")


@dataclass(frozen=True)
class Parameter:
    """A value as bytes, and the set of its characters where the sender declares it."""

    value: bytes
    charset: str = ""

    def text(self, charsets: Charsets) -> str:
        """As people read it, on one line."""
        text = charsets.text(self.value[:LONGEST_SHOWN], self.charset)
        # Encoded words are not allowed here, and most mailers of the world write them.
        return one_line(text if self.charset else decoded(text, charsets))


@dataclass(frozen=True)
class Headers:
    """The headers of one part: pairs of a name in lower case and the raw value, in order."""

    fields: tuple[tuple[str, bytes], ...] = ()

    def raw(self, name: str) -> list[bytes]:
        """All values of a header, not decoded."""
        return [value for known, value in self.fields if known == name]

    def texts(self, name: str, charsets: Charsets) -> list[str]:
        """All values, unfolded and in the right letters; encoded words stay encoded."""
        return [_letters(value, charsets) for value in self.raw(name)]

    def lines(self, name: str, charsets: Charsets) -> list[str]:
        """All values as people read them, one line each."""
        return [one_line(decoded(text, charsets)) for text in self.texts(name, charsets)]

    def line(self, name: str, charsets: Charsets) -> str:
        """The first value as people read it, or ""."""
        return next(iter(self.lines(name, charsets)), "")

    def content_type(self, default: str = "text/plain") -> str:
        """ "type/subtype" in lower case; what is none becomes application/octet-stream."""
        values = self.raw("content-type")
        if not values or not values[0].strip():
            return default
        found = TYPE.match(values[0].decode("latin-1"))
        if found is None:
            return HALF_TYPES.get(self.token("content-type"), UNKNOWN_TYPE)
        return found[1].lower() if len(found[1]) <= LONGEST_TYPE else UNKNOWN_TYPE

    def token(self, name: str) -> str:
        """The first word of a header, in lower case: an encoding, a disposition; or ""."""
        values = self.raw(name)
        found = TOKEN.match(values[0].decode("latin-1")) if values else None
        return found[1].lower() if found else ""

    def ids(self, name: str, charsets: Charsets) -> tuple[str, ...]:
        """Message-IDs (RFC 5322, section 3.6.4) in order, once each, without the folds within.

        Those that are not ASCII or longer than 902 characters are left out. Of very many, the first
        one and the last ones.
        """
        found: dict[str, None] = {}
        for value in self.texts(name, charsets):
            text = one_line(value, LONGEST_VALUE)
            ids = [f"<{''.join(i.split())}>" for i in MESSAGE_ID.findall(text)]
            if not ids and BARE_ID.fullmatch(text):
                ids = [f"<{text}>"]  # Some mailers forget the brackets.
            found.update(dict.fromkeys(i for i in ids if re.fullmatch(USABLE_ID, i)))
        ids = list(found)
        return tuple(ids if len(ids) <= MOST_IDS else [ids[0], *ids[1 - MOST_IDS :]])

    def parameters(self, name: str) -> dict[str, Parameter]:
        """What follows the first semicolon, by name in lower case."""
        values = self.raw(name)
        return _parameters(values[0][:LONGEST_PARAMETERS]) if values else {}


def _letters(value: bytes, charsets: Charsets) -> str:
    # NUL may not come out, and an address must not become another one where it is dropped.
    value = value.replace(b"\0", b"\x7f")
    if value.isascii() and not JIS_SIGN.search(value):
        return unfolded(value.decode("ascii"))
    return unfolded(charsets.text(value))


def read_headers(
    raw: bytes, start: int, end: int, *, most: int = MOST_LINES
) -> tuple[Headers, int]:
    """The headers at `start`, of `most` lines at most, and where the body begins.

    No headers is an answer, too. A line that is no header ends them, unless well-known headers
    follow it: then it is a folded line that lost its indentation.
    """
    if empty := EMPTY_BLOCK.match(raw, start, end):
        return Headers(), empty.end()
    blank = END_OF_BLOCK.search(raw, start, end)
    block_end = blank.start() + 1 if blank else end
    body = blank.end() if blank else end
    block = raw[start : min(block_end, start + MOST_BYTES)]
    last_known = max((found.start() for found in WELL_KNOWN.finditer(block)), default=-1)
    fields: list[tuple[str, list[bytes]]] = []
    position = 0
    for line in block.split(b"\n", most)[:most]:
        indented = line.startswith((b" ", b"\t"))
        header = None if indented else HEADER.match(line)
        if header:
            fields.append((header[1].decode("ascii").lower(), [line[header.end() :]]))
        elif fields and (indented or position < last_known):
            fields[-1][1].append(line if indented else b" " + line)
        elif line.strip():
            body = start + position
            break
        position += len(line) + 1
    values = ((name, b"\n".join(pieces)[:LONGEST_VALUE].strip()) for name, pieces in fields)
    return Headers(tuple(values)), body


def first_header(raw: bytes) -> int:
    """Where a message really starts: after empty lines, an mbox separator or one line of junk."""
    blank = LEADING_BLANK.match(raw)
    start = blank.end() if blank else 0
    if mbox := MBOX.match(raw, start):
        return mbox.end()
    second = raw.find(b"\n", start) + 1
    if second and not HEADER.match(raw, start) and WELL_KNOWN.match(raw, second):
        return second
    return start


def _parameters(value: bytes) -> dict[str, Parameter]:
    plain: dict[str, Parameter] = {}
    sections: dict[str, list[tuple[int, bool, str]]] = {}
    for name, text in _pairs(unfolded(value.decode("latin-1"))):
        found = SECTION.fullmatch(name)
        if found is None:
            continue
        if name == found[1]:
            plain.setdefault(name, Parameter(text.encode("latin-1")))
        else:
            section = (int(found[2] or 0), bool(found[3]), text)
            sections.setdefault(found[1], []).append(section)
    # A value in sections often has a plain one beside it for old readers: it is the better one.
    return plain | {name: _joined(sorted(found)) for name, found in sections.items()}


def _joined(sections: list[tuple[int, bool, str]]) -> Parameter:
    charset = ""
    out = b""
    for position, (_, extended, text) in enumerate(sections):
        value = text
        if extended and position == 0 and text.count("'") >= 2:
            charset, _language, value = text.split("'", 2)
        data = value.encode("latin-1")
        out += unquote_to_bytes(data) if extended else data
    return Parameter(out, charset)


def _pairs(value: str) -> Iterator[tuple[str, str]]:
    """name=value pairs, names in lower case. What is none is skipped; linear in the length."""
    position = 0
    for _ in range(MOST_PARAMETERS):
        name = ATTRIBUTE.search(value, position)
        if name is None:
            return
        quoted = QUOTED.match(value, name.end())
        if quoted:
            text = quoted[1].replace('\\"', '"').replace("\\\\", "\\")
            yield name[1].lower(), text
            position = quoted.end()
            continue
        bare = BARE.match(value, name.end())
        position = bare.end() if bare else len(value)
        yield name[1].lower(), value[name.end() : position].strip()
