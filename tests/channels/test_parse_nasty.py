"""Five hundred nasty mails: none raises, none loses a file, none takes long.

Half of them are well-formed, with every character set, encoding, structure and way to write a
header that mailers know; the other half are those, damaged.
"""

from __future__ import annotations

import binascii
import email
import email.policy
import re
import time
import tracemalloc
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, fields, is_dataclass
from email.message import EmailMessage
from typing import Any, Final

import pytest
from hypothesis import HealthCheck, given, seed, settings
from hypothesis import strategies as st

from tickets.channels.email import Attached, Incoming, parse
from tickets.channels.mail.structure import Structure

LINE_ENDS: Final = re.compile(r"[\r\n\x0b\x0c\x1c-\x1e\x85\u2028\u2029]")
BODIES: Final = {"text", "reply_text", "html"}

# What is declared, how it is really encoded, and words to find again.
CHARSETS: Final = [
    ("utf-8", "utf-8", "Grüße नमस्ते ₹ 🚀"),
    ("us-ascii", "ascii", "Plain words"),
    ("us-ascii", "utf-8", "Störung im Büro"),
    ("iso-8859-1", "cp1252", "“Störung” – 5 €"),
    ("windows-1251", "cp1251", "Принтер не работает"),
    ("koi8-r", "koi8-r", "Принтер не работает"),
    ("gb2312", "gb18030", "朱镕基 系统无法登录"),
    ("iso-gb2312", "gbk", "系统无法登录"),
    ("big5", "cp950", "系統無法登入"),
    ("ks_c_5601-1987", "cp949", "프린터가 작동하지"),
    ("shift_jis", "cp932", "①プリンターが動きません"),
    ("iso-2022-jp", "iso2022_jp", "プリンターが動きません"),
    ("euc-jp", "euc_jp", "プリンターが動きません"),
    ("utf-7", "utf-7", "Störung"),
    ("unknown-8bit", "utf-8", "Störung नमस्ते"),
    ("x-no-such-set", "utf-8", "Störung नमस्ते"),
]


@dataclass(frozen=True)
class Made:
    """A part as bytes, the files in it and the words that are to be found in the text."""

    raw: bytes
    files: tuple[bytes, ...] = ()
    words: tuple[str, ...] = ()


def encoded(data: bytes, encoding: str) -> bytes:
    if encoding == "base64":
        pieces = (data[i : i + 57] for i in range(0, len(data), 57))
        return b"".join(binascii.b2a_base64(piece) for piece in pieces)
    if encoding == "quoted-printable":
        return binascii.b2a_qp(data, istext=False)
    if encoding == "x-uuencode":
        pieces = (data[i : i + 45] for i in range(0, len(data), 45))
        lines = b"".join(binascii.b2a_uu(piece) for piece in pieces)
        return b"begin 644 file\n" + lines + b"`\nend"
    return data


@st.composite
def words_written(draw: st.DrawFn) -> Made:
    """A part of plain text or HTML."""
    declared, codec, words = draw(st.sampled_from(CHARSETS))
    encoding = draw(st.sampled_from(["base64", "quoted-printable", "8bit"]))
    kind = draw(st.sampled_from(["plain", "html"]))
    text = f"<p>{words}</p>" if kind == "html" else words
    head = f"Content-Type: text/{kind}; charset={declared}\nContent-Transfer-Encoding: {encoding}\n"
    return Made(head.encode() + b"\n" + encoded(text.encode(codec), encoding), (), (words,))


NAMES: Final = [
    "Content-Disposition: attachment",
    "Content-Disposition: attachment; filename=log.txt",
    'Content-Disposition: attachment; filename="a file.txt"',
    "Content-Disposition: inline; filename*=utf-8''St%C3%B6rung.pdf",
    "Content-Disposition: attachment; filename*0*=utf-8''St%C3; filename*1*=%B6rung.pdf",
    'Content-Disposition: attachment; filename="=?utf-8?B?w5xiZXI=?="',
    'Content-Disposition: attachment; filename="Störung.pdf"',
    "Content-Disposition: attachment; filename*=utf-8''%0D%0ABcc:%20x%00%E2%80%AE.txt",
    'Content-Disposition: attachment; filename="../../../etc/passwd"',
    "Content-ID: <picture@client.example>",
    "Content-Disposition: attachment; filename=",
    "X-Nothing: to see",
]
TYPES: Final = ["image/png", "application/pdf", "text/calendar", "application/ms-tnef", "x/y"]


@st.composite
def file_enclosed(draw: st.DrawFn) -> Made:
    """A file, of any bytes where the encoding allows them."""
    encoding = draw(st.sampled_from(["base64", "quoted-printable", "x-uuencode", "binary", "8bit"]))
    content = draw(st.binary(max_size=200))
    if encoding in {"binary", "8bit"}:
        content = content.replace(b"--", b"__").rstrip(b"\r\n")
    headers = [
        f"Content-Type: {draw(st.sampled_from(TYPES))}",
        draw(st.sampled_from(NAMES)),
        f"Content-Transfer-Encoding: {encoding}",
    ]
    head = "\n".join(draw(st.permutations(headers))).encode()
    return Made(head + b"\n\n" + encoded(content, encoding), (content,))


@st.composite
def message_enclosed(draw: st.DrawFn) -> Made:
    """A whole message as a file; what is in it stays in it."""
    inner = draw(file_enclosed()).raw.rstrip(b"\r\n")
    content = b"From: other@client.example\nSubject: Inner\n" + inner
    return Made(b"Content-Type: message/rfc822\n\n" + content, (content,))


BOUNDARIES: Final = ["b", "=_next", "----=_Part_0", "a b c", "b'()+_,-./:=?"]


def wrapped(kind: str, boundary: str, parts: list[Made], level: int) -> Made:
    boundary = f"{boundary}{level}"  # One may be the beginning of another.
    delimiter = b"\n--" + boundary.encode()
    head = f'Content-Type: multipart/{kind}; boundary="{boundary}"\n\nA preamble.'
    raw = head.encode() + b"".join(delimiter + b"\n" + part.raw for part in parts)
    files = tuple(file for part in parts for file in part.files)
    words = tuple(word for part in parts for word in part.words)
    return Made(raw + delimiter + b"--\n", files, words)


@st.composite
def part_with_parts(draw: st.DrawFn, level: int = 0) -> Made:
    leaves = [words_written(), file_enclosed(), message_enclosed()]
    choices = [*leaves, part_with_parts(level + 1)] if level < 4 else leaves
    parts = draw(st.lists(st.one_of(choices), min_size=1, max_size=4))
    kind = draw(st.sampled_from(["mixed", "related", "alternative", "x-unknown"]))
    return wrapped(kind, draw(st.sampled_from(BOUNDARIES)), parts, level)


HEADERS: Final = [
    "From: Asha Rao <asha@client.example>",
    "From: =?utf-8?q?J=C3=BCrgen?= <juergen@client.example>",
    "From: =?utf-8?Q?a?Q?b?=@client.example",
    'From: "never closed <asha@client.example>',
    "From: Störung (((( <a@b.example>",
    "Subject: =?utf-8?q?one=0D=0ABcc:_x=00=E2=80=A8y?=",
    "Subject: =?utf-7?q?+2AA-?= =?gb2312?B?zrq08w==?=",
    "Subject: Störung",
    "To: undisclosed-recipients:;",
    "To: a@b.example; <c@d.example>, E, F <g@h.example>,",
    "Date: Tue, 99 Nov 99999 99:99:99 +9999",
    "Message-ID: <one\n two@client.example>",
    "References: <1@x> junk <2@x",
    "Auto-Submitted: auto-replied",
    "X-Failed-Recipients: a@b.example",
    "Received: from nowhere\n\tby nobody",
    "this is no header",
]


@st.composite
def mails(draw: st.DrawFn) -> Made:
    lines = draw(st.lists(st.sampled_from(HEADERS[:-1]), max_size=6, unique=True))
    body = draw(st.one_of(part_with_parts(), words_written(), file_enclosed()))
    head = "\n".join(["MIME-Version: 1.0", *lines, ""]).encode()
    return Made(head + body.raw, body.files, body.words)


@st.composite
def damaged_mails(draw: st.DrawFn) -> bytes:
    raw = bytearray(draw(mails()).raw)
    junk = [line.encode() + b"\n" for line in HEADERS] + [
        b"--b0", b"--b0--\n", b"\n\n", b"\r\n", b"\r", b"\0", b"\x1b$B", b"\xff\xfe", b"=?utf-8?b?",
        b'"', b"(", b"<!--", b"begin 644 x\n", b"=\n", b"charset=utf-16", b"\xed\xa0\x80", b"%00",
    ]  # fmt: skip
    for _ in range(draw(st.integers(1, 8))):
        start = draw(st.integers(0, len(raw)))
        end = start + draw(st.integers(0, 30))
        raw[start:end] = draw(st.one_of(st.sampled_from(junk), st.binary(max_size=4)))
    return bytes(raw)


def texts(value: Any, name: str = "") -> Iterator[tuple[str, str]]:
    """Every text in a value, with the name of its field."""
    if isinstance(value, str):
        yield name, value
    elif isinstance(value, dict):
        yield from texts(tuple(value.items()), name)
    elif isinstance(value, tuple):
        for item in value:
            yield from texts(item, name)
    elif is_dataclass(value):
        for field in fields(value):
            yield from texts(getattr(value, field.name), field.name)


def understood(raw: bytes) -> Incoming:
    """The message, with all that holds for any."""
    start = time.process_time()
    incoming = parse(raw)
    assert time.process_time() - start < 2
    assert not any("could not be read" in remark for remark in incoming.remarks)
    for name, text in texts(incoming):
        assert "\0" not in text, name
        text.encode()  # No lone surrogate.
        assert name in BODIES or not LINE_ENDS.search(text), name
    names = [file.filename.lower() for file in incoming.attachments]
    assert all(names)
    assert len(set(names)) == len(names)
    assert bool(incoming.reply_text.strip()) == bool(incoming.text.strip())
    return incoming


def contents(files: tuple[Attached, ...]) -> Counter[bytes]:
    return Counter(file.content for file in files)


quickly = settings(max_examples=250, suppress_health_check=list(HealthCheck))


@quickly
@seed(1)
@given(mails())
def test_a_nasty_mail_loses_no_file_and_no_word(mail: Made) -> None:
    incoming = understood(mail.raw)
    assert contents(incoming.attachments) == Counter(mail.files)
    for words in mail.words:
        assert words in incoming.text or words in incoming.html
    assert parse(mail.raw) == incoming


@quickly
@seed(2)
@given(damaged_mails())
def test_a_damaged_mail_is_understood_as_far_as_it_goes(raw: bytes) -> None:
    assert understood(raw) == parse(raw)


@settings(max_examples=50, suppress_health_check=list(HealthCheck))
@seed(3)
@given(st.binary(max_size=400))
def test_any_bytes_are_a_mail(raw: bytes) -> None:
    understood(raw)


RUN: Final = 100_000
RUN_IN_HEADER: Final = 60_000  # Of longer ones the end is cut off.
PLACES: Final = {
    "text": b"From: a@b.example\n\nx%by\n",
    "flowed": b"Content-Type: text/plain; format=flowed\n\nx%by\n",
    "html": b"Content-Type: text/html\n\n<p>x%by</p>\n",
    "a tag": b"Content-Type: text/html\n\n<p title=x%by>x</p>\n",
    "base64": b"Content-Type: x/y\nContent-Transfer-Encoding: base64\n\nAAAA%bAA\n",
    "a boundary": b"Content-Type: multipart/mixed; boundary=b\n\n--b\n\nx\n--b%b\n",
}
HEADERS_WITH_RUNS: Final = [
    b"From", b"To", b"Cc", b"Reply-To", b"Subject", b"Date", b"Message-ID", b"References",
    b"Delivered-To", b"X-Failed-Recipients", b"Content-Type", b"Content-Disposition",
]  # fmt: skip


def everything(incoming: Incoming) -> str:
    """What a reader of the mail gets to see: its words, and those in its files."""
    files = [file.content.decode("utf-8", "replace") for file in incoming.attachments]
    return "\n".join([incoming.text, incoming.html, *files])


@pytest.mark.parametrize("sign", b" \t\r\n><=\"(,;-_.@[&\xa0\\'")
def test_a_long_run_of_one_sign_takes_no_time_anywhere(sign: int) -> None:
    for mail in PLACES.values():
        assert everything(understood(mail % (bytes([sign]) * RUN)))
    for name in HEADERS_WITH_RUNS:
        raw = b"%b: x%by\n\nHello\n" % (name, bytes([sign]) * RUN_IN_HEADER)
        assert "Hello" in everything(understood(raw))


@pytest.mark.parametrize("length", [RUN_IN_HEADER, 100_000, 1024**2])
@pytest.mark.parametrize("start", [b"", *(name + b": " for name in HEADERS_WITH_RUNS)])
def test_bare_carriage_returns_take_no_time(start: bytes, length: int) -> None:
    end = b"\n\nHello\n" if start else b"\n"
    said = everything(understood((start or b"\n") + b"x" + b"\r" * length + b"y" + end))
    assert ("Hello" if start else "x") in said


@pytest.mark.parametrize(
    ("raw", "text"),
    [
        (b"x\r\r\ny", "x\ny"),  # A server that writes CRLF for each LF, twice.
        (b"x\ry\r\rz", "x\ny\n\nz"),
        (b"x\r\n\r\ny", "x\n\ny"),
        (b"x\n\ry", "x\n\ny"),
        (b"x\x0by\x0cz", "x\ny\nz"),
    ],
)
def test_a_line_ends_once_however_it_is_written(raw: bytes, text: str) -> None:
    assert understood(b"Subject: x\n\n" + raw).text == text


def test_breaks_below_a_long_line_of_marks_take_no_time() -> None:
    raw = b"Content-Type: text/html\n\n<br>" + b">" * 300_000 + b"<br>" * 70_000
    assert ">>>" in understood(raw).text


def peak(raw: bytes) -> int:
    """Bytes of memory that it takes to read a message."""
    tracemalloc.start()
    try:
        understood(raw)
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


BASE64: Final = b"Content-Type: x/y\nContent-Transfer-Encoding: base64\n\n"


def test_padding_without_end_takes_neither_time_nor_memory() -> None:
    assert peak(BASE64 + b"AA=" * 1_400_000) < 40 * 1024**2


def test_a_report_about_very_many_takes_no_memory() -> None:
    head = b"Content-Type: message/delivery-status\n\nFinal-Recipient: x; a@b.example\n\n"
    assert peak(head + b"ab\n\n" * 1_000_000) < 40 * 1024**2


def test_a_file_encoded_line_by_line_is_whole() -> None:
    lines = [b"%055d" % number for number in range(20_000)]
    raw = BASE64 + b"".join(binascii.b2a_base64(line) for line in lines)
    (file,) = understood(raw).attachments
    assert file.content == b"".join(lines)


def leaves(message: EmailMessage) -> Iterator[str]:
    """The types of the parts, as the standard library finds them."""
    if message.get_content_maintype() == "multipart":
        for part in message.iter_parts():
            yield from leaves(part)
    else:
        yield message.get_content_type()


@settings(max_examples=50, suppress_health_check=list(HealthCheck))
@seed(4)
@given(part_with_parts())
def test_the_parts_are_those_that_the_standard_library_finds(mail: Made) -> None:
    message = email.message_from_bytes(mail.raw, policy=email.policy.default)
    assert isinstance(message, EmailMessage)
    found = Structure(mail.raw).root().leaves()
    assert [part.content_type for part in found] == list(leaves(message))
