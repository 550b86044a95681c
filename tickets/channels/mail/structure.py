"""The parts of a message (RFC 2046), found in bounded time and memory.

The parser of the standard library raises RecursionError on nested messages and comments, and takes
seconds for ten thousand parts. This one finds the same parts in well-formed mail (the tests compare
them), looks at each boundary once, and stops at limits.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Final

from tickets.channels.mail import headers as heads
from tickets.channels.mail.headers import Headers, Parameter, first_header, read_headers

MOST_BYTES: Final = 64 * 1024 * 1024
MOST_PARTS: Final = 1_000
MOST_LEVELS: Final = 10
MOST_SCANNED: Final = 4 * MOST_BYTES  # All levels together: each is looked through for its own.
MOST_LINES: Final = 20_000  # Lines that look like a boundary, of all parts together.
GUESSED_IN: Final = 16 * 1024

END_OF_LINE: Final = re.compile(rb"(--)?[ \t]*\r*(?:\n|\Z)")
# A delimiter is followed by a header, or by the empty line that stands for none.
LIKELY_BOUNDARY: Final = re.compile(
    rb"^--([^\s-][^\r\n]{0,69})\r?\n(?:[A-Za-z-]{1,60}:|\r?\n)", re.MULTILINE
)


@dataclass(frozen=True)
class Part:
    """One part: its headers, where it lies in the raw bytes, and the parts within."""

    headers: Headers
    content_type: str
    head: int
    body: int
    end: int
    children: tuple[Part, ...] = ()
    too_deep: bool = False

    @cached_property
    def parameters(self) -> dict[str, Parameter]:
        """Those of the Content-Type."""
        return self.headers.parameters("content-type")

    @cached_property
    def disposed(self) -> dict[str, Parameter]:
        """Those of the Content-Disposition."""
        return self.headers.parameters("content-disposition")

    @property
    def disposition(self) -> str:
        """ "attachment", "inline" or "" (RFC 2183)."""
        return self.headers.token("content-disposition")

    def leaves(self) -> Iterator[Part]:
        """The parts without parts, in order."""
        if not self.children:
            yield self
        for child in self.children:
            yield from child.leaves()


@dataclass
class Structure:
    """Finds the parts of one message; `remarks` tells what the limits left out."""

    raw: bytes
    remarks: list[str] = field(default_factory=list)
    _parts: int = 0
    _lines: int = 0
    _left_out: int = 0
    _scanned: int = 0

    def root(self) -> Part:
        """The whole message as a part."""
        if len(self.raw) > MOST_BYTES:
            self.remarks.append(
                f"Only the first {MOST_BYTES // 1024**2} MB of the message were read."
            )
        end = min(len(self.raw), MOST_BYTES)
        root = self._part(first_header(self.raw), end, level=1, default="text/plain")
        if self._left_out:
            self.remarks.append(_left_out(self._left_out))
        return root

    def _part(self, start: int, end: int, *, level: int, default: str) -> Part:
        self._parts += 1
        lines = heads.MOST_LINES if level == 1 else heads.MOST_LINES_OF_A_PART
        headers, body = read_headers(self.raw, start, end, most=lines)
        content_type = headers.content_type(default)
        if not content_type.startswith("multipart/"):
            return Part(headers, content_type, start, body, end)
        self._scanned += end - body
        if level > MOST_LEVELS or self._scanned > MOST_SCANNED:
            self.remarks.append(
                "The message has too many parts within parts: the inner ones are in one file."
            )
            return Part(headers, content_type, start, body, end, too_deep=True)
        within = "message/rfc822" if content_type == "multipart/digest" else "text/plain"
        part = Part(headers, content_type, start, body, end)
        regions = self._regions(part)
        children = [self._part(*region, level=level + 1, default=within) for region in regions]
        return replace(part, children=tuple(children))

    def _regions(self, part: Part) -> list[tuple[int, int]]:
        boundary = part.parameters.get("boundary")
        name = boundary.value.rstrip() if boundary else b""
        regions = self._between(name, part.body, part.end) if name else []
        if regions or self._parts >= MOST_PARTS:
            return regions
        near = min(part.end, part.body + GUESSED_IN)
        guess = LIKELY_BOUNDARY.search(self.raw, part.body, near)
        return self._between(guess[1].rstrip(), part.body, part.end) if guess else []

    def _between(self, boundary: bytes, start: int, end: int) -> list[tuple[int, int]]:
        regions: list[tuple[int, int]] = []
        opened: int | None = None
        for line, after, closes in self._delimiters(boundary, start, end):
            if opened is not None and opened < line:
                regions.append((opened, self._before(line, opened)))
            opened = None if closes else after
            if opened is not None and self._parts + len(regions) > MOST_PARTS:
                self._left_out += _count(self.raw, boundary, line - 1, end)
                return regions
        if opened is not None and opened < end:
            regions.append((opened, end))
        return regions

    def _before(self, line: int, start: int) -> int:
        """The line end before a delimiter belongs to the delimiter (RFC 2046, section 5.1.1)."""
        end = line - 1
        if end > start and self.raw[end - 1 : end] == b"\r":
            end -= 1
        return max(end, start)

    def _delimiters(self, boundary: bytes, start: int, end: int) -> Iterator[tuple[int, int, bool]]:
        """The start of each delimiter line, of the line after it, and whether it is the last."""
        needle = b"\n--" + boundary
        position = max(start - 1, 0)
        while (found := self.raw.find(needle, position, end)) >= 0:
            self._lines += 1
            if self._lines > MOST_LINES:
                self._left_out += _count(self.raw, boundary, found, end)
                return
            line_end = END_OF_LINE.match(self.raw, found + len(needle), end)
            position = found + 1
            if line_end:
                position = max(line_end.end() - 1, position)
                yield found + 1, line_end.end(), bool(line_end[1])


def _count(raw: bytes, boundary: bytes, start: int, end: int) -> int:
    needle = b"\n--" + boundary
    return raw.count(needle, start, end) - raw.count(needle + b"--", start, end)


def _left_out(parts: int) -> str:
    were = "1 part was" if parts == 1 else f"{parts:,} parts were"
    return f"{were} left out: the message has more than {MOST_PARTS:,} parts."
