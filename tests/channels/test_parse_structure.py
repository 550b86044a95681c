"""Parts and files: whole, broken, nested, and too many."""

from __future__ import annotations

import base64
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tickets.channels.email import Incoming, parse

HEAD = b"From: asha@client.example\nMIME-Version: 1.0\n"
ROOT = Path(__file__).parent.parent.parent


def multipart(*parts: str | bytes, kind: str = "mixed", close: bool = True) -> bytes:
    raw = [p if isinstance(p, bytes) else p.encode() for p in parts]
    head = HEAD + f"Content-Type: multipart/{kind}; boundary=b\n\n".encode()
    return head + b"".join(b"--b\n" + part + b"\n" for part in raw) + (b"--b--\n" if close else b"")


def names(incoming: Incoming) -> list[str]:
    return [file.filename for file in incoming.attachments]


WORDS = "Content-Type: text/plain\n\nWords."
FILE = "Content-Type: image/png; name=a.png\n\npng"


@pytest.mark.parametrize(
    ("raw", "text", "files"),
    [
        (multipart(WORDS, FILE), "Words.", ["a.png"]),
        (multipart(WORDS, FILE, close=False), "Words.", ["a.png"]),
        (multipart(WORDS, FILE).replace(b"\n", b"\r\n"), "Words.", ["a.png"]),
        (multipart("\nNo headers.", FILE), "No headers.", ["a.png"]),
        (multipart(WORDS, "", FILE), "Words.", ["a.png"]),  # A part of nothing.
        (multipart(WORDS) + b"An epilogue.", "Words.", []),
        (multipart(WORDS).replace(b"\n\n--b", b"\n\nA preamble.\n--b"), "Words.", []),
        (multipart(WORDS, FILE).replace(b"--b\n", b"--b  \t\n"), "Words.", ["a.png"]),
        # The end stands too early; what follows is a part all the same.
        (multipart(WORDS) + b"--b\n" + FILE.encode() + b"\n--b--\n", "Words.", ["a.png"]),
        # Another boundary begins with the same letters.
        (multipart("Content-Type: text/plain\n\n--bb\nWords.\n--b-"), "--bb\nWords.\n--b-", []),
        # Inner parts with the outer boundary.
        (multipart("Content-Type: multipart/mixed; boundary=b\n", WORDS), "Words.", []),
        # No boundary is declared, or the wrong one.
        (multipart(WORDS, FILE).replace(b"; boundary=b", b""), "Words.", ["a.png"]),
        (multipart(WORDS, FILE).replace(b"=b\n", b"=other\n"), "Words.", ["a.png"]),
        (multipart(WORDS).replace(b"multipart/mixed;", b"multipart;"), "Words.", []),
        # There is no boundary anywhere: the bytes are shown as they came.
        (HEAD + b"Content-Type: multipart/mixed; boundary=b\n\nWords.", "Words.", []),
        (HEAD + b"Content-Type: multipart/mixed; boundary=b\n\n", "", []),
        (HEAD + b'Content-Type: multipart/mixed;\n boundary="b"\n\n--b\n\nWords.', "Words.", []),
        (HEAD + b"Content-Type: text\n\nWords.", "Words.", []),
        (HEAD + b"Content-Type:\n\nWords.", "Words.", []),
        (HEAD + b"Content-Type: image/png\n\npng", "", ["attachment.png"]),
        (HEAD + b"Content-Type: rubbish\n\nbytes", "", ["attachment.bin"]),
    ],
)  # fmt: skip
def test_parts_are_found_in_what_mailers_make(raw: bytes, text: str, files: list[str]) -> None:
    incoming = parse(raw)
    assert (incoming.text.rstrip("\n"), names(incoming)) == (text, files)


PLAIN = "Content-Type: text/plain\n\nThe plain words."
HTML = "Content-Type: text/html\n\n<p>The HTML words.</p>"
EMPTY = "Content-Type: text/plain\n\n \n"


@pytest.mark.parametrize(
    ("kind", "parts", "text", "html"),
    [
        ("alternative", [PLAIN, HTML], "The plain words.", "<p>The HTML words.</p>"),
        ("alternative", [HTML, PLAIN], "The plain words.", "<p>The HTML words.</p>"),
        ("alternative", [EMPTY, HTML], "The HTML words.", "<p>The HTML words.</p>"),
        ("alternative", [PLAIN], "The plain words.", ""),
        ("alternative", [PLAIN, PLAIN], "The plain words.", ""),
        ("mixed", [PLAIN, PLAIN], "The plain words.\nThe plain words.", ""),
        # Both are to be read, one after the other.
        ("mixed", [PLAIN, HTML], "The plain words.\nThe HTML words.",
         "<pre>The plain words.</pre>\n<p>The HTML words.</p>"),
        ("mixed", [EMPTY, PLAIN], "The plain words.", ""),
        ("related", [HTML], "The HTML words.", "<p>The HTML words.</p>"),
    ],
)  # fmt: skip
def test_the_body_is_all_that_is_to_be_read(
    kind: str, parts: list[str], text: str, html: str
) -> None:
    incoming = parse(multipart(*parts, kind=kind))
    assert (incoming.text, incoming.html) == (text, html)


@pytest.mark.parametrize(
    ("headers", "name"),
    [
        ("Content-Disposition: attachment; filename=a.txt", "a.txt"),
        ('Content-Disposition: attachment; filename="a b.txt"', "a b.txt"),
        ("Content-Disposition: attachment; filename=a b.txt", "a b.txt"),
        ('Content-Disposition: attachment; filename="a\\"b.txt"', 'a"b.txt'),
        ('Content-Disposition: attachment; filename="never closed.txt', "never closed.txt"),
        ("Content-Disposition: attachment\n filename=a.txt", "a.txt"),  # No semicolon.
        ("Content-Disposition: filename=a.txt", "a.txt"),
        ("Content-Type: text/plain; name=a.txt", "a.txt"),
        ("Content-Type: text/plain; name=a.txt\nContent-Disposition: inline; filename=b.txt",
         "b.txt"),
        ("Content-Disposition: attachment; filename*=utf-8''St%C3%B6rung.txt", "Störung.txt"),
        ("Content-Disposition: attachment; filename*=iso-8859-1'de'St%F6rung.txt", "Störung.txt"),
        ("Content-Disposition: attachment; filename=S.txt; filename*=utf-8''St%C3%B6.txt",
         "Stö.txt"),
        ("Content-Disposition: attachment; filename*0=\"a b\"; filename*1=c.txt", "a bc.txt"),
        ("Content-Disposition: attachment; filename*1*=%B6r.txt; filename*0*=utf-8''St%C3",
         "Stör.txt"),
        ("Content-Disposition: attachment; filename*0*=utf-8''a%20; filename*1=\"b%20.txt\"",
         "a b%20.txt"),
        ("Content-Disposition: attachment; filename*=''a.txt", "a.txt"),
        ("Content-Disposition: attachment; filename*=utf-8''%FF%C3%B6%00.txt", "\ufffdö.txt"),
        ('Content-Disposition: attachment; filename="=?utf-8?q?St=C3=B6rung.txt?="', "Störung.txt"),
        ('Content-Disposition: attachment; filename="Störung.txt"', "Störung.txt"),
        ('Content-Disposition: attachment; filename="../../etc/passwd"', "passwd"),
        ('Content-Disposition: attachment; filename="C:\\temp\\a.txt"', "a.txt"),
        ('Content-Disposition: attachment; filename="\u200b.htaccess"', "htaccess"),
        ("Content-Disposition: attachment; filename*=utf-8''a%0D%0AX:%20y.txt", "a X: y.txt"),
        ("Content-Disposition: attachment; filename*=utf-8''gpj%E2%80%AEexe.txt", "gpjexe.txt"),
        ("Content-Disposition: attachment; filename=...", "text.txt"),
        ("Content-Disposition: attachment; filename=/", "text.txt"),
        ("Content-Disposition: attachment", "text.txt"),
        ("Content-Disposition: attachment; filename=" + "x" * 500 + ".txt", "x" * 251 + ".txt"),
    ],
)  # fmt: skip
def test_a_file_has_one_clean_name(headers: str, name: str) -> None:
    assert names(parse(multipart(f"{headers}\n\nHello"))) == [name]


@pytest.mark.parametrize(
    ("kind", "name"),
    [
        ("text/calendar", "invite.ics"),
        ("application/pdf", "attachment.pdf"),
        ("application/ms-tnef", "winmail.dat"),
        ("application/pgp-signature", "signature.asc"),
        ("message/rfc822", "message.eml"),
        ("x-nobody/knows", "attachment"),
    ],
)
def test_a_file_without_a_name_gets_one_from_its_type(kind: str, name: str) -> None:
    assert names(parse(multipart(f"Content-Type: {kind}\n\n\nHello"))) == [name]


def test_no_two_files_have_one_name() -> None:
    given = ["log.txt", "log.txt", "LOG.TXT", "log (2).txt", "log", "log", "log.txt"]
    parts = [f"Content-Disposition: attachment; filename={name}\n\nx" for name in given]
    found = names(parse(multipart(*parts)))
    assert found == [
        "log.txt", "log (2).txt", "LOG (3).TXT", "log (2) (2).txt", "log", "log (2)", "log (4).txt",
    ]  # fmt: skip
    assert len({name.lower() for name in found}) == len(given)


CAT = base64.b64encode(b"Cat\n").decode()


@pytest.mark.parametrize(
    ("encoding", "body", "content"),
    [
        ("base64", CAT, b"Cat\n"),
        ("BASE64", CAT, b"Cat\n"),
        ('"base64"', CAT, b"Cat\n"),
        ("base64 (really)", CAT, b"Cat\n"),
        ("base64", CAT.rstrip("="), b"Cat\n"),  # No padding.
        ("base64", "Q2\nF0\n\n C g = =", b"Cat\n"),
        ("base64", "Q!2%F#0Cg==", b"Cat\n"),
        ("base64", f"{CAT}\n{CAT}", b"Cat\nCat\n"),  # In two pieces.
        ("base64", f"{CAT}\n______\nA list's footer.", b"Cat\n"),
        ("base64", "Q2F0C", b"Cat"),  # Cut off.
        ("base64", "", b""),
        ("quoted-printable", "C=61t=0A", b"Cat\n"),
        ("quoted-printable", "C=\na=\nt", b"Cat"),
        ("quoted-printable", "1 = 2, =ZZ", b"1 = 2, =ZZ"),
        ("7bit", "Cat", b"Cat"),
        ("8bit", "Cät", "Cät".encode()),
        ("binary", "C\0t", b"C\0t"),
        ("x-uuencode", "begin 644 cat\n$0V%T\"@``\n`\nend", b"Cat\n"),
        ("x-uuencode", "not so", b"not so"),
        ("x-unknown", "Cat", b"Cat"),
        ("", "Cat", b"Cat"),
    ],
)  # fmt: skip
def test_a_file_comes_out_as_it_was_put_in(encoding: str, body: str, content: bytes) -> None:
    part = f"Content-Type: image/png\nContent-Transfer-Encoding: {encoding}\n\n{body}"
    (file,) = parse(multipart(part)).attachments
    assert file.content == content


@pytest.mark.parametrize(
    ("declared", "known"),
    [
        ("IMAGE/PNG", "image/png"),
        ("image/png; charset=x", "image/png"),
        ("image/png\n ;name=x", "image/png"),
        ("application/vnd.openxmlformats-officedocument.presentationml.presentation",
         "application/vnd.openxmlformats-officedocument.presentationml.presentation"),
        ("image/" + "x" * 200, "application/octet-stream"),
        ("<script>/x", "application/octet-stream"),
        ("image", "application/octet-stream"),
    ],
)  # fmt: skip
def test_a_type_is_a_type_or_unknown(declared: str, known: str) -> None:
    (file,) = parse(multipart(f"Content-Type: {declared}\n\nx")).attachments
    assert file.content_type == known


def test_flowed_lines_are_paragraphs_again() -> None:
    flowed = "One \nparagraph.\n\n> Quoted \n> words.\n> back \n>> deeper\n-- \nAsha "
    raw = HEAD + b"Content-Type: text/plain; format=flowed\n\n" + flowed.encode()
    assert parse(raw).text == ("One paragraph.\n\n> Quoted words.\n> back \n>> deeper\n-- \nAsha ")
    joined = HEAD + b"Content-Type: text/plain; format=flowed; delsp=yes\n\nhttps://a.ex \nample/"
    assert parse(joined).text == "https://a.example/"


@pytest.mark.parametrize(
    ("words", "protection"),
    [
        ("-----BEGIN PGP MESSAGE-----\nhQE\n-----END PGP MESSAGE-----", "encrypted"),
        ("-----BEGIN PGP SIGNED MESSAGE-----\nHello", "signed"),
        ("> -----BEGIN PGP MESSAGE-----", ""),
        ("Hello", ""),
    ],
)
def test_protection_within_the_words_is_told(words: str, protection: str) -> None:
    incoming = parse(HEAD + b"\n" + words.encode())
    assert incoming.protection == protection
    assert incoming.text == words


def test_words_within_a_signature_are_said_to_be_there() -> None:
    raw = HEAD + b"Content-Type: application/pkcs7-mime; smime-type=signed-data\n\nx"
    incoming = parse(raw)
    assert (incoming.protection, names(incoming)) == ("signed", ["smime.p7m"])
    assert incoming.remarks == ("The message is inside its signature: see the file.",)


def test_what_only_looks_uuencoded_stays_in_the_text() -> None:
    words = "begin 644 to think\nof it.\nend\n\nbegin 644 cut.txt\n#0V%T\n"
    incoming = parse(HEAD + b"\n" + words.encode())
    assert (incoming.text, incoming.attachments) == (words, ())


def test_a_text_too_long_to_show_is_whole_in_a_file() -> None:
    words = b"A line of words.\n" * 100_000
    incoming = parse(HEAD + b"\n" + words)
    assert incoming.attachments[0].content == words
    assert incoming.text == words[: len(incoming.text)].decode()
    assert 1_000_000 < len(incoming.text) <= 1024 * 1024
    assert incoming.remarks == (
        "The message is longer than can be shown: the whole text is in a file.",
    )


def test_of_too_many_parts_the_first_thousand_are_kept() -> None:
    raw = multipart(*["Content-Type: image/png\n\nx"] * 1_003)
    incoming = parse(raw)
    assert len(incoming.attachments) == 1_000
    assert incoming.remarks == ("3 parts were left out: the message has more than 1,000 parts.",)
    assert parse(multipart(*["Content-Type: image/png\n\nx"] * 1_000)).remarks == ()


def nested(levels: int, inner: bytes) -> bytes:
    opened = b"".join(
        b"Content-Type: multipart/mixed; boundary=b%d\n\n--b%d\n" % (i, i) for i in range(levels)
    )
    return HEAD + opened + inner + b"".join(b"\n--b%d--" % i for i in reversed(range(levels)))


def test_what_lies_too_deep_is_one_file_that_can_be_read_on() -> None:
    incoming = parse(nested(200, b"\nThe words."))
    (deep,) = incoming.attachments
    assert deep.content_type == "message/rfc822"
    assert incoming.remarks == (
        "The message has too many parts within parts: the inner ones are in one file.",
    )
    for _ in range(30):
        if not incoming.attachments:
            break
        incoming = parse(incoming.attachments[0].content)
    assert incoming.text == "The words."
    assert parse(nested(10, b"\nThe words.")).text == "The words."


BIG = base64.b64encode(b"x" * 37_500_000)
BOMBS = {
    "ten thousand parts": multipart(*["Content-Type: image/png\n\nx"] * 10_000),
    "two hundred levels": nested(200, b"\nhi\n" * 500_000),
    "messages in messages": HEAD + b"Content-Type: message/rfc822\n\n" * 20_000,
    "fifty megabytes of base64": HEAD
    + b"Content-Type: image/png\nContent-Transfer-Encoding: base64\n\n"
    + BIG,
    "lines like boundaries": nested(9, b"--b\n" * 2_000_000),
    "empty lines": HEAD + b"\n" * 5_000_000,
    "headers": b"X: y\n" * 2_000_000,
    "one header": b"To: " + b"a@b.example,\n " * 100_000 + b"\n\nHello",
    "comments": b"To: " + b"(" * 60_000 + b"\nContent-Type: " + b"(" * 60_000 + b"\n\nHello",
    "quotes": b"To: " + b'"\\' * 30_000 + b"\nFrom: " + b'\\"' * 30_000 + b"\n\nHello",
    "words never closed": b"Subject: " + b"=?a?q?x" * 9_000 + b"\n\nHello",
    "words": b"Subject: " + b"=?utf-8?q?a?= " * 4_000 + b"\n\nHello",
    "parameters": multipart(*["Content-Type: image/png; " + 'name="' + '\\"' * 2000] * 999),
    "names": multipart(*["Content-Disposition: attachment; filename=a.txt\n\nx"] * 1_000),
    "charsets": multipart(*[b"\n" + bytes(range(128, 256)) * 4] * 999),
    "flowed": HEAD + b"Content-Type: text/plain; format=flowed\n\n" + b"a \n" * 330_000,
    "NUL": bytes(10_000_000),
    "recipients": b"From: MAILER-DAEMON\nX-Failed-Recipients: " + b"a@b.example," * 5_000 + b"\n\n"
    + b"550 no\n" * 10_000,
}  # fmt: skip


@pytest.mark.parametrize("name", BOMBS)
def test_a_bomb_takes_less_than_two_seconds(name: str) -> None:
    start = time.process_time()
    incoming = parse(BOMBS[name])
    assert time.process_time() - start < 2
    assert not any("could not be read" in remark for remark in incoming.remarks)


MEASURED = """
import base64, resource, sys
from tickets.channels.mail.parsing import parse
part = b"Content-Type: image/png\\nContent-Transfer-Encoding: base64\\n\\n"
raw = part + base64.b64encode(b"x" * 37_500_000) * int(sys.argv[1])
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
incoming = parse(raw)
print((resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) // 1024)
print(len(incoming.attachments[0].content) // 2**20, *incoming.remarks)
"""


@pytest.mark.parametrize(
    ("times", "outcome"),
    [
        (1, "35"),
        (3, "47 Only the first 64 MB of the message were read."),
    ],
)
def test_the_memory_for_a_bomb_has_a_bound(times: int, outcome: str) -> None:
    command = [sys.executable, "-c", MEASURED, str(times)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    megabytes, said = done.stdout.strip().split("\n")
    assert int(megabytes) < 400
    assert said == outcome
