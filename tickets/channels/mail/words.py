"""Encoded words (RFC 2047), and texts that fit on one line."""

from __future__ import annotations

import binascii
import re
import unicodedata
from collections.abc import Iterator
from typing import Final

from tickets.channels.mail.charsets import Charsets
from tickets.channels.mail.contents import unbased

WORD: Final = re.compile(r"=\?([\w.:+-]{1,60})(?:\*[\w-]{0,20})?\?([bBqQ])\?")
# It starts where a run of CR starts, so that the run is read once; so do others like it.
FOLD: Final = re.compile(r"(?<!\r)\r*+\n(?=[ \t])")
# Overrides of the direction of writing and marks without width fool the reader of a name.
# Joiners (U+200C, U+200D) stay: Hindi, Persian and emoji need them.
DECEPTIVE: Final = dict.fromkeys(
    [0x200B, 0x200E, 0x200F, 0x2060, 0xFEFF, 0x00AD, *range(0x202A, 0x202F), *range(0x2066, 0x206A)]
)


def unfolded(value: str) -> str:
    """A header's value on one line (RFC 5322, section 2.2.3)."""
    return FOLD.sub("", value)


def decoded(text: str, charsets: Charsets) -> str:
    """The text with its encoded words read; what is none stays as it is.

    Neighbours in the same character set are put together first: some mailers cut a character in
    two. Only for what people read, never for an address.
    """
    out: list[str] = []
    waiting: list[tuple[str, bytes]] = []
    end = 0
    for start, after, charset, data in _words(text):
        between = text[end:start]
        if not waiting or between.strip():
            out += [_together(waiting, charsets), between]
            waiting = []
        waiting.append((charset, data))
        end = after
    return "".join([*out, _together(waiting, charsets), text[end:]])


def _words(text: str) -> Iterator[tuple[int, int, str, bytes]]:
    """Where each encoded word begins and ends, its character set and its bytes.

    Mailers put spaces and question marks into words where the RFC has none, and make words far
    longer than 75 characters: a word goes on to the next "?=".
    """
    position = 0
    while word := WORD.search(text, position):
        end = text.find("?=", word.end())
        if end < 0:
            return
        yield word.start(), end + 2, word[1].lower(), _bytes(word[2], text[word.end() : end])
        position = end + 2


def _bytes(encoding: str, payload: str) -> bytes:
    data = payload.encode("utf-8", "replace")
    return unbased(data) if encoding in "bB" else binascii.a2b_qp(data, header=True)


def _together(words: list[tuple[str, bytes]], charsets: Charsets) -> str:
    texts: list[str] = []
    while words:
        charset = words[0][0]
        run = next((i for i, (name, _) in enumerate(words) if name != charset), len(words))
        texts.append(charsets.text(b"".join(data for _, data in words[:run]), charset))
        words = words[run:]
    return "".join(texts)


def one_line(text: str, longest: int = 2_000) -> str:
    """One line for people: no controls, no line separators, nothing that turns the direction."""
    text = text.translate(DECEPTIVE)
    visible = (" " if unicodedata.category(c) in {"Cc", "Zl", "Zp", "Cs"} else c for c in text)
    return " ".join("".join(visible).split())[:longest].strip()
