"""HTML cut into tags and text, in time linear in its length however broken it is.

The parser of the standard library takes quadratic time for comments and tags that never end.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from typing import Final, NamedTuple

TAG_START: Final = re.compile(r"<(?=[a-zA-Z!?]|/[a-zA-Z])")
NAME: Final = re.compile(r"</?([a-zA-Z][^\s/>]{0,60})[^\s/>]*")
BARE_TAG: Final = re.compile(r"<(/?)([a-zA-Z][a-zA-Z0-9]{0,20})>")
GAP: Final = re.compile(r"[\s/]*")
ATTRIBUTE: Final = re.compile(r"([^\s/>][^\s/>=]*)\s*(=?)\s*")
BARE_VALUE: Final = re.compile(r"[^\s>]*")
LONG_NUMBER: Final = re.compile(r"&#(?=\d{20})")
MOST_ATTRIBUTES: Final = 50

# What is in these is no text of the message.
UNSHOWN: Final = frozenset({"script", "style", "iframe", "noembed", "noframes", "title"})
RAW_END: Final = {name: re.compile(rf"</{name}(?=[\s/>])", re.IGNORECASE) for name in UNSHOWN}


class Start(NamedTuple):
    """A tag that opens; names in lower case, values with their entities read."""

    name: str
    attributes: dict[str, str]


class End(NamedTuple):
    """A tag that closes."""

    name: str


class Text(NamedTuple):
    """Characters between tags, with their entities read."""

    text: str


type Token = Start | End | Text


def unescaped(text: str) -> str:
    """The text with its entities read; a number too long to be one stays."""
    try:
        return html.unescape(text)
    except ValueError:
        return html.unescape(LONG_NUMBER.sub("&amp;#", text))


def tokens(document: str) -> Iterator[Token]:
    """The tags and texts of a document, without comments and what `UNSHOWN` holds."""
    yield from _Scanner(document).tokens()


class _Scanner:
    """What is not found behind one place is not behind any later one: it is looked for once."""

    def __init__(self, document: str) -> None:
        self.document = document
        self._absent: set[str] = set()

    def tokens(self) -> Iterator[Token]:
        position = 0
        while start := TAG_START.search(self.document, position):
            if start.start() > position:
                yield Text(unescaped(self.document[position : start.start()]))
            token, position = self._markup(start.start())
            if token is None:
                continue
            yield token
            if isinstance(token, Start) and token.name in UNSHOWN:
                position = self._after_raw(token.name, position)
            if "tags" in self._absent:
                break
        if position < len(self.document):
            yield Text(unescaped(self.document[position:]))

    def _find(self, what: str, position: int) -> int:
        if what in self._absent:
            return -1
        found = self.document.find(what, position)
        if found < 0:
            self._absent.add(what)
        return found

    def _markup(self, start: int) -> tuple[Token | None, int]:
        """The tag at `start`, None for a comment; a "<" that begins nothing is text."""
        if bare := BARE_TAG.match(self.document, start):
            tag = bare[2].lower()
            return (End(tag) if bare[1] else Start(tag, {})), bare.end()
        if self.document.startswith("<!--", start):
            end = self._find("-->", start + 2)
            return (None, end + 3) if end >= 0 else (None, start + 4)
        if self.document[start + 1] in "!?":
            end = self._find(">", start)
            if end >= 0:
                return None, end + 1
            self._absent.add("tags")
            return Text("<"), start + 1
        name = NAME.match(self.document, start)
        read = self._attributes(name.end()) if name else None
        if name is None or read is None:
            self._absent.add("tags")
            return Text("<"), start + 1
        attributes, end = read
        if self.document[start + 1] == "/":
            return End(name[1].lower()), end
        return Start(name[1].lower(), attributes), end

    def _attributes(self, position: int) -> tuple[dict[str, str], int] | None:
        """The attributes from here, and where the tag ends; None when it never does."""
        attributes: dict[str, str] = {}
        while True:
            gap = GAP.match(self.document, position)
            position = gap.end() if gap else position
            if self.document.startswith(">", position):
                return attributes, position + 1
            found = ATTRIBUTE.match(self.document, position)
            if found is None:
                return None
            value, position = self._value(found.end()) if found[2] else ("", found.end())
            if len(attributes) < MOST_ATTRIBUTES:
                attributes.setdefault(found[1].lower(), unescaped(value))

    def _value(self, start: int) -> tuple[str, int]:
        quote = self.document[start : start + 1]
        if quote in {'"', "'"} and (end := self._find(quote, start + 1)) >= 0:
            return self.document[start + 1 : end], end + 1
        bare = BARE_VALUE.match(self.document, start)
        return (bare[0], bare.end()) if bare else ("", start)

    def _after_raw(self, name: str, position: int) -> int:
        """Where the end tag of a raw element is; an element that never ends hides nothing."""
        if name in self._absent:
            return position
        end = RAW_END[name].search(self.document, position)
        if end is None:
            self._absent.add(name)
            return position
        return end.start()
