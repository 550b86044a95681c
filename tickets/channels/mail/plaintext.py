"""Markup as readable plain text."""

from __future__ import annotations

import re
from typing import Final

from tickets.channels.mail.markup import Start, Text, Token

SPACES: Final = re.compile(r"[ \t\r\n\f]+")
HEADINGS: Final = frozenset({"h1", "h2", "h3", "h4", "h5", "h6"})
PARAGRAPHS: Final = HEADINGS | {"p", "ul", "ol", "dl", "table", "pre", "blockquote"}
# Blocks whose own name says nothing to a reader of mail.
SECTIONS: Final = frozenset(
    {"address", "article", "aside", "center", "details", "fieldset", "figcaption", "figure"}
    | {"footer", "form", "header", "main", "nav", "section", "summary"}
)
LINES: Final = PARAGRAPHS | SECTIONS | {"dd", "div", "dt", "hr", "li", "tr"}
DEEPEST: Final = 10  # Quotes and lists deeper than that look the same.
MARK: Final = "> "
LONGEST_LINK: Final = 1_000
LINK: Final = re.compile(r"(?:https?://|mailto:)", re.IGNORECASE)


class Plain:
    """Takes tokens one by one and puts lines together."""

    def __init__(self) -> None:
        self._lines: list[str] = []
        self._line: list[str] = []
        self._quotes = 0
        self._lists: list[int] = []  # The next number of an ordered list; 0 has none.
        self._verbatim = 0
        self._link: tuple[str, int] | None = None

    def text(self) -> str:
        """All of it, without empty lines at the ends."""
        self._break()
        return "\n".join(self._lines).strip("\n")

    def take(self, token: Token) -> None:
        """Add one token."""
        if isinstance(token, Text):
            self._words(token.text)
        elif isinstance(token, Start):
            self._start(token.name, token.attributes)
        else:
            self._end(token.name)

    def _words(self, text: str) -> None:
        if self._verbatim:
            first, *rest = text.replace("\r\n", "\n").split("\n")
            self._line.append(first)
            for line in rest:
                self._break(always=True)
                self._line.append(line)
            return
        words = SPACES.sub(" ", text)
        if words.startswith(" ") and (not self._line or self._line[-1].endswith(" ")):
            words = words[1:]
        if words:
            self._line.append(words)

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        if name in LINES:
            self._start_block(name)
        elif name == "br":
            self._break(always=True)
        elif name in {"td", "th"} and self._line:
            self._line.append("  ")
        elif name == "img" and attributes.get("alt", "").strip():
            self._words(f"[{attributes['alt'].strip()}]")
        elif name == "a":
            self._link = (attributes.get("href", "").strip(), len(self._line))

    def _start_block(self, name: str) -> None:
        self._block(name)
        if name == "blockquote":
            self._quotes += 1
        elif name in {"ul", "ol"}:
            self._lists.append(1 if name == "ol" else 0)
        elif name == "li":
            self._item()
        elif name == "pre":
            self._verbatim += 1
        elif name == "hr":
            self._lines.append(f"{self._prefix()}---")

    def _end(self, name: str) -> None:
        if name == "a":
            self._finish_link()
        if name not in LINES:
            return
        if name == "blockquote":
            self._break()
            self._quotes = max(self._quotes - 1, 0)
        self._block(name)
        if name in {"ul", "ol"} and self._lists:
            self._lists.pop()
        elif name == "pre":
            self._verbatim = max(self._verbatim - 1, 0)

    def _item(self) -> None:
        indent = "  " * min(len(self._lists) - 1, DEEPEST)
        number = self._lists[-1] if self._lists else 0
        if number:
            self._lists[-1] += 1
        self._line.append(f"{indent}{number}. " if number else f"{indent}- ")

    def _finish_link(self) -> None:
        link, self._link = self._link, None
        if link is None or not LINK.match(link[0]) or len(link[0]) > LONGEST_LINK:
            return
        address, start = link
        shown = "".join(self._line[start:]).strip()
        bare = LINK.sub("", address, count=1).rstrip("/")
        if bare.lower() not in shown.lower():
            self._line.append(f" <{address}>" if shown else f"<{address}>")

    def _block(self, name: str) -> None:
        self._break()
        if name not in PARAGRAPHS or not self._lines:
            return
        empty = self._prefix().rstrip()
        if not _is_empty(self._lines[-1]):
            self._lines.append(empty)
        elif len(empty) < len(self._lines[-1]):
            self._lines[-1] = empty

    def _break(self, *, always: bool = False) -> None:
        line = "".join(self._line).replace("\xa0", " ").rstrip()
        self._line = []
        if line.strip() or (always and not self._ends_empty()):
            self._lines.append(f"{self._prefix()}{line}".rstrip())
        self._link = None if self._link is None else (self._link[0], 0)

    def _ends_empty(self) -> bool:
        return len(self._lines) > 1 and all(_is_empty(line) for line in self._lines[-2:])

    def _prefix(self) -> str:
        return MARK * min(self._quotes, DEEPEST)


def _is_empty(line: str) -> bool:
    """Whether it has nothing but marks of quotes. It is asked often, so never of a long line."""
    return len(line) <= len(MARK) * DEEPEST and not line.strip(MARK)
