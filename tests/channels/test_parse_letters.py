"""Character sets and headers, as they come: wrong, unknown, missing, broken."""

from __future__ import annotations

import base64
import unicodedata

import pytest

from tickets.channels.email import parse
from tickets.channels.mail.charsets import codec_of

RUSSIAN = "Здравствуйте, у нас не работает принтер"
JAPANESE = "プリンターが動きません。至急対応お願いします"
CHINESE = "系统无法登录，请尽快处理"


def body(data: bytes, content_type: str) -> str:
    head = f"Content-Type: {content_type}\nContent-Transfer-Encoding: 8bit\n\n"
    return parse(head.encode() + data).text


@pytest.mark.parametrize(
    ("declared", "data", "text"),
    [
        ("gb2312", "朱镕基".encode("gb18030"), "朱镕基"),  # GB 18030 by another name.
        ("iso-gb2312", CHINESE.encode("gb18030"), CHINESE),  # Python knows no such name.
        ("x-gbk", CHINESE.encode("gbk"), CHINESE),
        ("big5", "系統無法登入".encode("big5"), "系統無法登入"),
        ("ks_c_5601-1987", "프린터 뷁".encode("cp949"), "프린터 뷁"),
        ("shift_jis", "①株式会社～".encode("cp932"), "①株式会社～"),
        ("x-sjis", "ﾃｽﾄ".encode("cp932"), "ﾃｽﾄ"),
        ("iso-2022-jp", JAPANESE.encode("iso2022_jp"), JAPANESE),
        ("iso-2022-jp", b"\x1b$B-!\x1b(B 1", "① 1"),  # A sign of NEC, not in the standard.
        ("iso-2022-jp", b"\x1b(I=@\x1b(B", "ｽﾀ"),  # Half-width katakana.
        ("iso-2022-jp", b"\x1b$B=P=", "出?"),  # Cut off.
        ("iso-2022-jp", JAPANESE.encode("cp932"), JAPANESE),  # It is Shift_JIS.
        ("koi8-r", RUSSIAN.encode("koi8-r"), RUSSIAN),
        ("windows-1252", "“Quotes” – 5 €".encode("cp1252"), "“Quotes” – 5 €"),
        ("iso-8859-1", "“Quotes” – 5 €".encode("cp1252"), "“Quotes” – 5 €"),  # Windows lies.
        ("us-ascii", "Störung".encode(), "Störung"),
        ("us-ascii", "Störung im Büro".encode("cp1252"), "Störung im Büro"),
        ("utf-8", "Störung im Büro".encode("cp1252"), "Störung im Büro"),
        ("utf-8", "नमस्ते ₹".encode() + b"\xe0\xa4", "नमस्ते ₹\ufffd"),  # Cut off in mid-letter.
        ('"utf-8"', "Störung".encode(), "Störung"),
        ("UTF8", "Störung".encode(), "Störung"),
        ("utf-7", b"St+APY-rung", "Störung"),
        ("utf-16", "Störung".encode("utf-16"), "Störung"),
        ("utf-8", "\ufeffStörung".encode(), "Störung"),  # A byte order mark.
        ("unknown-8bit", RUSSIAN.encode(), RUSSIAN),
        ("x-user-defined", RUSSIAN.encode("cp1251"), RUSSIAN),
        ("rot13", b"Hello", "Hello"),  # Codecs of Python that are no character sets of mail.
        ("zlib", b"Hello", "Hello"),
        ("idna", b"xn--bcher-kva", "xn--bcher-kva"),
        ("unicode_escape", b"\\ud800", "\\ud800"),
        ("utf-8\0", "Störung".encode(), "Störung"),
        ("x" * 3000, b"Hello", "Hello"),
        ("", RUSSIAN.encode("koi8-r"), RUSSIAN),  # Nothing is declared from here on.
        ("", RUSSIAN.encode("cp1251"), RUSSIAN),
        ("", CHINESE.encode("gbk"), CHINESE),
        ("", JAPANESE.encode("cp932"), JAPANESE),
        ("", JAPANESE.encode("euc_jp"), JAPANESE),
        ("", JAPANESE.encode("iso2022_jp"), JAPANESE),
        ("", "프린터가 작동하지 않습니다".encode("cp949"), "프린터가 작동하지 않습니다"),
        ("", "Problème réseau à l’étage".encode("cp1252"), "Problème réseau à l’étage"),
        ("", "เครื่องพิมพ์เสีย".encode("cp874"), "เครื่องพิมพ์เสีย"),
    ],
)
def test_a_body_is_read_in_the_letters_that_were_meant(
    declared: str, data: bytes, text: str
) -> None:
    assert body(data, f"text/plain; charset={declared}" if declared else "text/plain") == text


def test_html_says_its_letters_itself_when_the_header_does_not() -> None:
    html = f'<html><head><meta charset="koi8-r"></head><p>{RUSSIAN}</p>'.encode("koi8-r")
    assert body(html, "text/html") == RUSSIAN


@pytest.mark.parametrize(
    ("text", "codec"), [(RUSSIAN, "koi8-r"), (CHINESE, "gbk"), (JAPANESE, "shift_jis")]
)
def test_raw_letters_in_headers_are_read_as_the_body_declares(text: str, codec: str) -> None:
    raw = f"Subject: {text}\nFrom: {text} <a@client.example>\n".encode(codec)
    incoming = parse(raw + f"Content-Type: text/plain; charset={codec}\n\nHello".encode())
    assert (incoming.subject, incoming.sender_name) == (text, text)
    assert incoming.sender == "a@client.example"


def b64(text: str, codec: str = "utf-8") -> str:
    return base64.b64encode(text.encode(codec)).decode()


SNOWMAN = "☃".encode()


@pytest.mark.parametrize(
    ("header", "subject"),
    [
        ("=?utf-8?q?St=C3=B6rung?=", "Störung"),
        ("=?UTF-8?B?" + b64("Störung") + "?=", "Störung"),
        ("=?utf-8?b?" + b64("Störung").rstrip("=") + "?=", "Störung"),  # No padding.
        ("=?utf-8?q?St=C3=B6?= =?utf-8?q?rung?=", "Störung"),  # RFC 2047, 6.2
        ("=?utf-8?q?St=C3=B6?=\n =?utf-8?q?rung?=", "Störung"),
        ("=?utf-8?q?St=C3=B6?==?utf-8?q?rung?=", "Störung"),
        ("=?utf-8?q?St=C3?= =?utf-8?q?=B6rung?=", "Störung"),  # A letter cut in two.
        ("=?utf-8?q?one?= two =?utf-8?q?three?=", "one two three"),
        ("=?iso-8859-1*de?q?St=F6rung?=", "Störung"),  # RFC 2231, 5
        ("=?gb2312?B?" + b64(CHINESE, "gb18030") + "?=", CHINESE),
        ("=?iso-2022-jp?B?" + base64.b64encode(b"\x1b$B-!\x1b(B").decode() + "?=", "①"),
        ("=?x-nothing?q?plain?=", "plain"),
        ("=?utf-8?q?really??=", "really?"),
        ("=?utf-8?q?a b?=", "a b"),  # Spaces are not allowed, and common.
        ("=?utf-8?x?plain?=", "=?utf-8?x?plain?="),
        ("=?utf-8?q?never closed", "=?utf-8?q?never closed"),
        ("Störung", "Störung"),  # RFC 6532
        ("folded\n\tin two", "folded in two"),
        ("=?utf-8?q?one=0D=0ABcc:_all@client.example?=", "one Bcc: all@client.example"),
        ("=?utf-8?q?a=00b=E2=80=A8c=C2=85d=0Be?=", "ab c d e"),
        ("=?utf-7?q?a+2AA-b?=", "a\ufffdb"),  # A lone surrogate.
        ("=?utf-8?q?=E2=80=AEgpj.exe?=", "gpj.exe"),  # Turns the direction of writing.
        ("=?utf-8?q?" + "".join(f"={byte:02X}" for byte in SNOWMAN) + "?=", "☃"),
    ],
)
def test_a_subject_is_one_line_that_people_can_read(header: str, subject: str) -> None:
    found = parse(f"Subject: {header}\n\nHello".encode()).subject
    assert found == subject
    assert not any(unicodedata.category(c) in {"Cc", "Zl", "Zp", "Cs"} for c in found)


@pytest.mark.parametrize(
    ("name", "codec"),
    [
        ("UTF-8", "utf-8"),
        ("utf_8", "utf-8"),
        (" =utf-8", "utf-8"),
        ("GB2312", "gb18030"),
        ("CP-1252", "cp1252"),
        ("win-1251", "cp1251"),
        ("csISO2022JP", "iso2022-jp"),
        ("hex", ""),
        ("punycode", ""),
        ("no such set", ""),
        ("", ""),
    ],
)
def test_a_name_of_a_character_set_is_known_however_it_is_spelled(name: str, codec: str) -> None:
    assert codec_of(name) == codec


@pytest.mark.parametrize(
    ("raw", "subject", "text"),
    [
        (b"\n\nSubject: x\n\nHello", "x", "Hello"),  # Empty lines first.
        (b"\xef\xbb\xbfSubject: x\n\nHello", "x", "Hello"),
        (b">From a Tue\nSubject: x\n\nHello", "x", "Hello"),
        (b"some junk\nSubject: x\n\nHello", "x", "Hello"),
        (b"Subject : x\n\nHello", "x", "Hello"),
        (b"SUBJECT:x\n\nHello", "x", "Hello"),
        (b"Subject: x\r\rHello", "x", "Hello"),  # Line ends of another age.
        (b"Subject: x\r\r\n\r\r\nHello", "x", "Hello"),  # Converted once too often.
        (b"Subject: x\nlost its indent\nFrom: a@b.example\n\nHello", "x lost its indent", "Hello"),
        (b"Subject: x\nHello there", "x", "Hello there"),  # No empty line.
        (b"Subject: x\nSubject: y\n\nHello", "x", "Hello"),
        (b"Hello there\nand more", "", "Hello there\nand more"),  # No header at all.
        (b"Subject: a\0b\n\nHel\0lo", "a b", "Hello"),
        (b"Subject: x", "x", ""),
    ],
)
def test_headers_end_where_they_end(raw: bytes, subject: str, text: str) -> None:
    incoming = parse(raw)
    assert (incoming.subject, incoming.text) == (subject, text)
