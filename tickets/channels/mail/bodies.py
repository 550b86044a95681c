"""The words and the files of a message, out of its parts."""

from __future__ import annotations

import html as entities
import re
from dataclasses import dataclass, field
from typing import Final

from tickets.channels.mail import filenames
from tickets.channels.mail.charsets import Charsets
from tickets.channels.mail.contents import plain_bytes, without_uuencoded
from tickets.channels.mail.headers import read_headers
from tickets.channels.mail.html import text_of
from tickets.channels.mail.incoming import Attached, Protection
from tickets.channels.mail.structure import Part, Structure

MOST_TEXT: Final = 1024 * 1024  # Bytes, of all texts together; the same again for HTML.

META_CHARSET: Final = re.compile(
    rb"<meta[^>]{0,200}?charset\s{0,9}=\s{0,9}[\"']?([\w.:-]{1,40})", re.I
)
NESTED: Final = frozenset({"message/rfc822", "message/global", "message/news"})
OPAQUE: Final = frozenset({"application/pkcs7-mime", "application/x-pkcs7-mime"})
INLINE_PGP: Final = re.compile(r"^-----BEGIN PGP (SIGNED )?MESSAGE-----$", re.MULTILINE)
CRLF: Final = re.compile(r"(?<!\r)\r++\n")
OTHER_BREAKS: Final = re.compile(r"[\r\x0b\x0c\x85\u2028\u2029]")
LONGEST_CONTENT_ID: Final = 255


@dataclass(frozen=True)
class _Words:
    """One piece of the body, in one or both of its forms; `plain` was not made from `html`."""

    plain: str = ""
    html: str = ""


@dataclass
class Body:
    """Reads the parts of one message, once: `text`, `html`, `files` and what to say of them."""

    structure: Structure
    charsets: Charsets
    text: str = ""
    html: str = ""
    files: list[Attached] = field(default_factory=list)
    protection: Protection = ""
    _names: filenames.Names = field(default_factory=filenames.Names)
    _room: dict[str, int] = field(default_factory=lambda: {"plain": MOST_TEXT, "html": MOST_TEXT})

    def read(self, root: Part) -> None:
        """Fill all of it."""
        for part in root.leaves():
            if charset := part.parameters.get("charset"):
                self.charsets.declare(charset.value.decode("latin-1"))
        pieces = self._pieces(root, at_root=True)
        self.text = "\n".join(p.plain or text_of(p.html) for p in pieces if p.plain or p.html)
        if any(piece.html for piece in pieces):
            self.html = "\n".join(piece.html or _as_html(piece.plain) for piece in pieces)
        if not self.protection and (pgp := INLINE_PGP.search(self.text)):
            self.protection = "signed" if pgp[1] else "encrypted"
        self._tell()

    def content(self, part: Part) -> bytes:
        """The bytes of one part, its transfer encoding undone."""
        start = part.head if part.too_deep else part.body
        data = self.structure.raw[start : part.end]
        encoding = part.headers.token("content-transfer-encoding")
        return data if part.too_deep else plain_bytes(data, encoding)

    def _pieces(self, part: Part, *, at_root: bool = False) -> list[_Words]:
        kind = part.content_type
        if part.children:
            if kind == "multipart/encrypted":
                self.protection = "encrypted"
                for leaf in part.leaves():
                    self._attach(leaf)
                return []
            if kind == "multipart/signed" and not self.protection:
                self.protection = "signed"
            pieces = [piece for child in part.children for piece in self._pieces(child)]
            return _merged(pieces) if kind == "multipart/alternative" else pieces
        if kind.startswith("multipart/") and not part.too_deep:
            return self._words(part, "plain")  # It is broken: its bytes are shown as they came.
        form = {"text/plain": "plain", "text/html": "html"}.get(kind, "")
        if form and part.disposition != "attachment" and (at_root or not _named(part)):
            return self._words(part, form)
        if kind in OPAQUE:
            self._look_into(part)
        self._attach(part)
        return []

    def _words(self, part: Part, form: str) -> list[_Words]:
        data = self.content(part)
        if len(data) > self._room[form]:
            self.structure.remarks.append(
                "The message is longer than can be shown: the whole text is in a file."
            )
            self._attach(part)
            data = (
                data[: max(data.rfind(b"\n", 0, self._room[form]), 0)] or data[: self._room[form]]
            )
        self._room[form] -= len(data)
        text = self.charsets.text(data, self._charset(part, data))
        if form == "html":
            return [_Words(html=text)] if text.strip() else []
        text = OTHER_BREAKS.sub("\n", CRLF.sub("\n", text))
        if _parameter(part, "format") == "flowed":
            text = _reflowed(text, joined=_parameter(part, "delsp") == "yes")
        text, written_in = without_uuencoded(text)
        for name, content in written_in:
            self._add(name, "application/octet-stream", content)
        return [_Words(plain=text)] if text.strip() else []

    def _charset(self, part: Part, data: bytes) -> str:
        declared = _parameter(part, "charset")
        if not declared and part.content_type == "text/html":
            meta = META_CHARSET.search(data, 0, 4_096)
            declared = meta[1].decode("ascii", "replace") if meta else ""
        return declared

    def _attach(self, part: Part, content: bytes | None = None) -> None:
        content = self.content(part) if content is None else content
        kind = "message/rfc822" if part.too_deep else part.content_type
        name = filenames.clean(self._given_name(part))
        if not name and kind in NESTED:
            inner, _ = read_headers(content, 0, len(content))
            subject = filenames.clean(inner.line("subject", self.charsets).replace("/", "-"))
            name = f"{subject[:100] or 'message'}.eml"
        content_id = part.headers.line("content-id", self.charsets).strip("<> ")
        self._add(name or filenames.unnamed(kind), kind, content, content_id)

    def _given_name(self, part: Part) -> str:
        for found in (part.disposed.get("filename"), part.parameters.get("name")):
            if found and found.value.strip():
                return found.text(self.charsets)
        return ""

    def _add(self, name: str, kind: str, content: bytes, content_id: str = "") -> None:
        name = self._names.unique(filenames.clean(name) or filenames.unnamed(kind))
        self.files.append(Attached(name, kind, content, content_id[:LONGEST_CONTENT_ID]))

    def _look_into(self, part: Part) -> None:
        """S/MIME in one piece (RFC 8551, section 3.2.2): the words are inside the file."""
        signed = _parameter(part, "smime-type") in {"signed-data", "certs-only"}
        self.protection = "signed" if signed and self.protection != "encrypted" else "encrypted"

    def _tell(self) -> None:
        if self.protection == "encrypted":
            self.structure.remarks.append("The message is encrypted: it was not opened.")
        elif self.protection == "signed" and not self.text.strip():
            self.structure.remarks.append("The message is inside its signature: see the file.")
        if any(file.content_type == "application/ms-tnef" for file in self.files):
            self.structure.remarks.append(
                "Outlook packed the attachments into winmail.dat: they were not taken out of it."
            )


def _merged(pieces: list[_Words]) -> list[_Words]:
    """Alternatives say the same: one piece. What broken mailers make alternative is all kept."""
    plain = "\n".join(dict.fromkeys(piece.plain for piece in pieces if piece.plain))
    html = "\n".join(dict.fromkeys(piece.html for piece in pieces if piece.html))
    return [_Words(plain, html)] if plain or html else []


def _named(part: Part) -> bool:
    return "filename" in part.disposed or "name" in part.parameters


def _parameter(part: Part, name: str) -> str:
    found = part.parameters.get(name)
    return found.value.decode("latin-1").strip().lower() if found else ""


def _as_html(text: str) -> str:
    return f"<pre>{entities.escape(text)}</pre>" if text else ""


def _reflowed(text: str, *, joined: bool) -> str:
    """Paragraphs in one line again (RFC 3676, section 4); `joined` drops the space at the break."""
    lines: list[list[str]] = []
    quotes: str | None = None
    for line in text.split("\n"):
        depth = line[: len(line) - len(line.lstrip(">"))]
        words = line[len(depth) :].removeprefix(" ")
        flows = words.endswith(" ") and words != "-- "
        if quotes != depth or words == "-- ":
            lines.append([f"{depth} "] if depth else [])
        lines[-1].append(words[:-1] if flows and joined else words)
        quotes = depth if flows else None
    return "\n".join("".join(pieces) for pieces in lines)
