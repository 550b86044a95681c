"""Addresses in headers (RFC 5322, section 3.4), read before encoded words are decoded.

Decoding first would let `=?utf-8?Q?a=40victim.example?=` become somebody else's address.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

from tickets.channels.mail.charsets import Charsets
from tickets.channels.mail.words import decoded, one_line

LONGEST: Final = 254  # RFC 5321, errata 1690
# No controls, no spaces, nothing invisible: what looks like another address is none.
_UNSEEN: Final = (
    r"\s\x00-\x20\x7f-\xa0\xad\u034f\u200b-\u200f\u2028-\u202f\u2060-\u206f\ufeff\ufffd"
)
VALID: Final = re.compile(
    rf'(?:"[^"\x00-\x1f\x7f]{{1,64}}"|[^@"(),:;<>\[\]\\{_UNSEEN}]{{1,64}})'
    rf"@(?:\[[\d.]{{7,15}}\]|[^@\"'(),:;<>\[\]\\{_UNSEEN}]{{1,253}})"
)
ENCODED_WORD: Final = r"=\?[^?\s]{1,80}\?[bBqQ]\?[^?\s]{0,2000}\?="
QUOTED: Final = r'"(?:[^"\\]|\\.)*"'
REST: Final = rf'{ENCODED_WORD}|<[^<>,;]*>?|(?:(?!=\?)[^"<(),;:])+|.'
TOKEN: Final = re.compile(f"{QUOTED}|{REST}", re.DOTALL)
TOKEN_WITHOUT_QUOTES: Final = re.compile(REST, re.DOTALL)
PARENTHESIS: Final = re.compile(r"[()]")
ESCAPED: Final = re.compile(r"\\(.)")


@dataclass(frozen=True)
class Mailbox:
    """A display name as people read it, and an address as written; either may be ""."""

    name: str
    address: str


def address_of(text: str) -> str:
    """The one address that this text is, without angle brackets; "" when it is none."""
    bare = text.strip().removeprefix("<").removesuffix(">").strip()
    return bare if len(bare) <= LONGEST and VALID.fullmatch(bare) else ""


def mailboxes(header: str, charsets: Charsets) -> Iterator[Mailbox]:
    """The mailboxes of a header that is unfolded but not decoded. Never raises."""
    before: list[str] = []
    for entry in _entries(header):
        name, address = entry.mailbox()
        if not address and not entry.angle:
            # "Doe, John <john@...>": a comma in a name that has no quotes.
            before += [name] if name else []
            continue
        readable = _readable(", ".join([*before, name]), charsets)
        before = []
        if readable or address:
            yield Mailbox("" if readable.lower() == address.lower() else readable, address)
    if before:
        yield Mailbox(_readable(", ".join(before), charsets), "")


def _readable(name: str, charsets: Charsets) -> str:
    return one_line(decoded(name, charsets), 200).strip("'\" ")


@dataclass
class _Entry:
    """What stands between two commas, sorted as it is read."""

    words: list[str] = field(default_factory=list)
    bare: list[str] = field(default_factory=list)
    comments: list[str] = field(default_factory=list)
    angle: list[str] = field(default_factory=list)

    def add(self, token: str) -> None:
        if token.startswith("<"):
            self.angle.append(token)
            return
        self.bare.append(token)
        is_quoted = len(token) > 1 and token.startswith('"')
        self.words.append(ESCAPED.sub(r"\1", token[1:-1]) if is_quoted else token)

    def mailbox(self) -> tuple[str, str]:
        """The name, still encoded, and the address."""
        words, comment = "".join(self.words).strip(), "".join(self.comments)
        # Two in angle brackets are no address: nobody can say which one is meant.
        if address := address_of("".join(self.angle)):
            return words or comment, address
        if address := address_of("".join(self.bare)):
            return comment, address
        parts = words.split()
        for position, part in enumerate(parts):
            if address := address_of(part):
                rest = " ".join(parts[:position] + parts[position + 1 :])
                return rest or comment, address
        return words or comment, ""


def _entries(header: str) -> Iterator[_Entry]:
    """One pass: no nesting and no unclosed quote takes more than time linear in the length."""
    closing = _closing_parentheses(header)
    token = TOKEN
    entry = _Entry()
    position = 0
    while position < len(header):
        if position in closing:
            entry.comments.append(header[position + 1 : closing[position]])
            position = closing[position] + 1
            continue
        found = token.match(header, position)
        text = found[0] if found else header[position]
        position += len(text)
        if text == '"':
            token = TOKEN_WITHOUT_QUOTES  # It is not closed, and is looked for once only.
        elif text in {",", ";"}:
            yield entry
            entry = _Entry()
        elif text == ":":
            entry = _Entry()  # That was the name of a group: "undisclosed-recipients:;".
        else:
            entry.add(text)
    yield entry


def _closing_parentheses(header: str) -> dict[int, int]:
    pairs: dict[int, int] = {}
    opened: list[int] = []
    for found in PARENTHESIS.finditer(header):
        if found[0] == "(":
            opened.append(found.start())
        elif opened:
            pairs[opened.pop()] = found.start()
    return pairs
