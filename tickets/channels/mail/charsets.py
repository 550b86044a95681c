"""Bytes to text when the declared character set is wrong, unknown or missing."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final

import charset_normalizer

from tickets.channels.mail.guessing import commonness

# What is declared, and the wider set that mailers really mean by it.
MEANT: Final = {
    **dict.fromkeys(
        ["gb2312", "gbk", "x-gbk", "cn-gb", "gb-2312", "iso-gb2312", "gb2312-80", "euc-cn"],
        "gb18030",
    ),
    **dict.fromkeys(["cp936", "windows-936", "hz-gb2312"], "gb18030"),
    **dict.fromkeys(
        ["shift-jis", "shiftjis", "sjis", "x-sjis", "ms-kanji", "windows-31j"], "cp932"
    ),
    **dict.fromkeys(
        ["ks-c-5601-1987", "ks-c-5601", "ksc5601", "ksc-5601", "euc-kr", "euckr", "uhc"], "cp949"
    ),
    **dict.fromkeys(["big5", "cn-big5", "x-x-big5", "big5-eten"], "cp950"),
    **dict.fromkeys(["iso-8859-1", "latin1", "latin-1", "l1", "8859-1", "iso8859-1"], "cp1252"),
    **dict.fromkeys(["us-ascii", "ascii", "ansi-x3.4-1968", "iso646-us", "646"], "ascii"),
    **dict.fromkeys(["iso-8859-8-i", "iso-8859-8-e"], "iso8859-8"),
    **dict.fromkeys(["tis-620", "iso-8859-11", "windows-874"], "cp874"),
    **dict.fromkeys(["unicode-1-1-utf-7", "x-unicode-2-0-utf-7"], "utf-7"),
    **dict.fromkeys(["utf8mb4", "x-utf-8", "unicode-1-1-utf-8", "utf"], "utf-8"),
    **dict.fromkeys(["macintosh", "x-mac-roman"], "mac-roman"),
}
JIS_NAMES: Final = re.compile(r"(cs)?iso-?2022-?jp|cp5022[012]")
WINDOWS: Final = re.compile(r"(?:x-)?(?:windows|win|cp|ibm|x-cp)-?(\d{3,5})")
NAME: Final = re.compile(r"[a-z0-9][a-z0-9.:+-]{0,40}")
# Codecs of Python that are no character sets of mail, and slow or surprising on hostile bytes.
UNWANTED: Final = frozenset(
    {"idna", "punycode", "unicode-escape", "raw-unicode-escape", "undefined", "mbcs", "oem"}
)
JIS: Final = "iso2022-jp"
PRINTABLE: Final = bytes(range(32, 127))

# In this order when two are equally likely.
LIKELY: Final = (
    "cp1252", "cp932", "euc_jp", "cp949", "gb18030", "cp950", "koi8_u", "cp1251",
    "cp1253", "cp1255", "cp1256", "cp874", "cp1250", "iso8859_2", "cp1254",
)  # fmt: skip
SURE_ENOUGH: Final = 0.75
SAMPLE_BYTES: Final = 4_000
MOST_GUESSES: Final = 8

# Byte order marks; what stands there is so, whatever is declared.
MARKS: Final = {b"\xef\xbb\xbf": "utf-8", b"\xff\xfe": "utf-16-le", b"\xfe\xff": "utf-16-be"}
JIS_ESCAPE: Final = re.compile(rb"\x1b(\$[@B]|\$\([A-Z]|\([A-Z])")
JIS_SIGN: Final = re.compile(rb"\x1b(?:\$[@B]|\([JI])")


@lru_cache(maxsize=256)
def codec_of(charset: str) -> str:
    """Python's codec for a declared name, in any of the ways mailers spell it; "" for none."""
    found = NAME.match(charset[:100].lower().replace("_", "-").lstrip("\"' ="))
    if not found:
        return ""
    name = found[0]
    if JIS_NAMES.match(name):
        return JIS
    name = MEANT.get(name, name)
    if windows := WINDOWS.fullmatch(name):
        name = MEANT.get(f"cp{windows[1]}", f"cp{windows[1]}")
    try:
        "".encode(name)
    except LookupError:
        return ""
    return "" if name in UNWANTED else name


@lru_cache(maxsize=256)
def _reads_ascii(codec: str) -> bool:
    return PRINTABLE.decode(codec, "replace") == PRINTABLE.decode("ascii")


def clean(text: str) -> str:
    """Without NUL; lone surrogates become U+FFFD."""
    text = text.replace("\0", "")
    try:
        text.encode()
    except UnicodeEncodeError:
        # Pairs that were decoded one by one come together again on the way.
        text = text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    return text


class Charsets:
    """Reads the texts of one message: a set that one part declares is a hint for the others."""

    def __init__(self) -> None:
        self._hints: list[str] = []
        self._guesses = 0

    def declare(self, charset: str) -> None:
        """Some part of the message says that it is in this set."""
        codec = codec_of(charset)
        if codec and codec not in {"ascii", "utf-8"} and codec not in self._hints:
            self._hints.append(codec)

    def text(self, data: bytes, declared: str = "") -> str:
        """The text of some bytes; what cannot be read becomes U+FFFD. Never raises."""
        mark = next((mark for mark in MARKS if data.startswith(mark)), b"")
        codec = MARKS[mark] if mark else codec_of(declared)
        return clean(self._text(data.removeprefix(mark), codec))

    def _text(self, data: bytes, codec: str) -> str:
        if codec == JIS and not data.isascii() and not JIS_SIGN.search(data):
            codec = "cp932"  # Another encoding of the same characters.
        looks_like_jis = data.isascii() and JIS_SIGN.search(data)
        if codec == JIS or (codec in {"", "ascii", "utf-8"} and looks_like_jis):
            return _jis_text(data)
        if data.isascii() and (not codec or _reads_ascii(codec)):
            return data.decode("ascii")
        for candidate in (codec, "utf-8"):
            text = _strictly(data, candidate) if candidate and candidate != "ascii" else None
            if text is not None:
                return text
        if codec in {"", "ascii"}:
            return self._guessed(data)
        text = data.decode(codec, "replace")
        wrong = text.count("\ufffd")
        # Mostly unreadable: the declaration is a lie, not the message damaged.
        if wrong * 2 > sum(c > "\x7f" for c in text):
            return self._guessed(data)
        return text

    def _guessed(self, data: bytes) -> str:
        for hint in self._hints:
            text = _strictly(data, hint)
            if text is not None:
                return text
        if self._guesses >= MOST_GUESSES:
            return data.decode("cp1252", "replace")
        self._guesses += 1
        codec = _likeliest(_sample(data))
        self._hints.append(codec)
        return data.decode(codec, "replace")


def _strictly(data: bytes, codec: str) -> str | None:
    try:
        return data.decode(codec)
    except (UnicodeError, ValueError):
        return None


def _sample(data: bytes) -> bytes:
    """Some bytes from where the first one is that is not ASCII."""
    foreign = re.search(rb"[\x80-\xff]", data)
    start = foreign.start() if foreign else 0
    return data[start : start + SAMPLE_BYTES]


def _likeliest(sample: bytes) -> str:
    scores = []
    for codec in LIKELY:
        # The last character may be cut in two.
        text = next((t for cut in range(4) if (t := _strictly(sample[: -cut or None], codec))), "")
        scores.append((commonness(text, codec), codec))
    best, codec = max(scores, key=lambda scored: scored[0])
    if best >= SURE_ENOUGH:
        return codec
    match = charset_normalizer.from_bytes(sample).best()
    return match.encoding if match else "cp1252"


def _jis_text(data: bytes) -> str:
    """ISO-2022-JP with what mailers add to it: NEC's signs and half-width katakana.

    Python's own codec refuses those, so the two-byte characters go by way of Shift_JIS (cp932).
    """
    first, *rest = JIS_ESCAPE.split(data)
    text = [first.decode("ascii", "replace")]
    for escape, chunk in zip(rest[::2], rest[1::2], strict=True):
        if escape in {b"$@", b"$B"}:
            text.append(_shifted(chunk).decode("cp932", "replace"))
        elif escape == b"(I":
            katakana = bytes(b | 0x80 if 0x20 < b < 0x60 else b for b in chunk)
            text.append(katakana.decode("cp932", "replace"))
        elif escape[:1] == b"(":
            text.append(chunk.decode("ascii", "replace"))
        else:
            text.append((b"\x1b" + escape + chunk).decode("iso2022_jp_ext", "replace"))
    return "".join(text)


def _shifted(jis: bytes) -> bytes:
    """Pairs of JIS X 0208 as Shift_JIS; a control character, as a line end, stands for itself."""
    out = bytearray()
    position = 0
    while position < len(jis):
        high = jis[position]
        low = jis[position + 1] if position + 1 < len(jis) else 0
        if not (0x21 <= high <= 0x7E and 0x21 <= low <= 0x7E):
            out.append(high if high < 0x21 else 0x3F)
            position += 1
            continue
        lead = ((high - 0x21) >> 1) + 0x81
        out.append(lead + 0x40 if lead > 0x9F else lead)
        out.append(low + 0x7E if high % 2 == 0 else low + (0x1F if low < 0x60 else 0x20))
        position += 2
    return bytes(out)
