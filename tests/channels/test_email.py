"""Outgoing e-mail as a real mail server receives it."""

from __future__ import annotations

from contextlib import closing
from dataclasses import replace
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest

from tests.channels.outgoing import MAIL, PICTURE, SHOWING
from tests.peers import SmtpPeer
from tickets.channels import email
from tickets.channels.base import File, SendError


def received(peer: SmtpPeer) -> EmailMessage:
    (only,) = peer.received
    return only.message


def test_the_server_gets_our_message_id_and_both_parts(peer: SmtpPeer) -> None:
    email.send(MAIL)
    mail = received(peer)
    assert mail["Message-ID"] == MAIL.message_id
    assert mail["To"] == MAIL.recipient
    assert mail["Subject"] == MAIL.subject
    assert [part.get_content_type() for part in mail.iter_parts()] == ["text/plain", "text/html"]
    plain, html = mail.get_body(("plain",)), mail.get_body(("html",))
    assert plain is not None
    assert html is not None
    assert plain.get_content().replace("\r\n", "\n") == MAIL.text
    assert html.get_content().strip() == MAIL.html


def test_robots_are_told_not_to_answer(peer: SmtpPeer) -> None:
    email.send(MAIL)
    mail = received(peer)
    assert mail["Auto-Submitted"] == "auto-generated"  # RFC 3834, section 5
    assert mail["X-Auto-Response-Suppress"] == "All"
    assert mail["Precedence"] == "bulk"


def test_an_acknowledgement_says_that_it_answers(peer: SmtpPeer) -> None:
    email.send(replace(MAIL, automatic="auto-replied"))
    assert received(peer)["Auto-Submitted"] == "auto-replied"
    assert received(peer)["X-Auto-Response-Suppress"] == "All"


def test_a_persons_own_words_are_not_automatic(peer: SmtpPeer) -> None:
    email.send(replace(MAIL, automatic="", from_name="Meera Nair"))
    for header in ("Auto-Submitted", "X-Auto-Response-Suppress", "Precedence"):
        assert header not in received(peer)


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("Meera Nair", "Meera Nair (Acme Desk)"),
        ("मीरा नायर", "मीरा नायर (Acme Desk)"),
        (
            'Meera "Mo" Nair, <boss@evil.example>',
            'Meera "Mo" Nair, <boss@evil.example> (Acme Desk)',
        ),
        ("Meera\r\nBcc: all@client.example", "Meera Bcc: all@client.example (Acme Desk)"),
        ("Meera\u2028Bcc: all@client.example", "Meera Bcc: all@client.example (Acme Desk)"),
        ("Meera\0Nair\x85", "Meera Nair (Acme Desk)"),
    ],
)
def test_the_agent_and_the_desk_are_named_at_our_address(
    peer: SmtpPeer, settings: Any, name: str, shown: str
) -> None:
    settings.BRAND_NAME, settings.DEFAULT_FROM_EMAIL = "Acme Desk", "Desk <help@acme.example>"
    email.send(replace(MAIL, from_name=name))
    (address,) = received(peer)["From"].addresses
    assert (address.display_name, address.addr_spec) == (shown, "help@acme.example")
    assert peer.received[0].sender == "help@acme.example"
    assert "Bcc" not in received(peer)


def test_without_an_agent_the_desk_itself_writes(peer: SmtpPeer, settings: Any) -> None:
    settings.DEFAULT_FROM_EMAIL = "Acme Desk <help@acme.example>"
    email.send(MAIL)
    assert received(peer)["From"] == "Acme Desk <help@acme.example>"


def test_answers_go_to_the_address_of_the_ticket(peer: SmtpPeer) -> None:
    address = "support+1042-abcdefghijklmnopqrst@example.com"
    email.send(replace(MAIL, reply_to=address))
    assert received(peer)["Reply-To"] == address


# Outlook's are longer than a line should be; the email package alone would encode them.
LONG = f"<{'A1B2' * 40}@{'namprd07.' * 5}outlook.example>"


def test_the_conversation_is_named_as_it_was(peer: SmtpPeer) -> None:
    ids = ("<first@client.example>", LONG, *(f"<{n}@example.com>" for n in range(18)))
    email.send(replace(MAIL, in_reply_to=LONG, references=ids))
    mail = received(peer)
    assert mail["In-Reply-To"] == LONG
    assert tuple(mail["References"].split()) == ids
    raw = peer.received[0].raw
    assert LONG.encode() in raw
    assert max(len(line) for line in raw.split(b"\r\n")) < 998  # RFC 5322, 2.1.1


def test_files_arrive_as_they_are(peer: SmtpPeer) -> None:
    files = (
        File("Protokoll №1.pdf", "application/pdf", b"%PDF-1.7 \x00\xff"),
        File("log.txt", "text/plain", "Grüße\r\n.\r\nFrom here".encode()),
        File("latin.txt", "text/plain", "Grüße".encode("latin-1")),
        File("odd", "", b"?"),
        File("letter.eml", "message/rfc822", b"From: a@b.example\r\n\r\nBcc: x@y.example"),
        File("evil.txt\r\nBcc: all@client.example\u2028\0", "text/html\r\nBcc: x", b"<b>"),
    )
    email.send(replace(MAIL, attachments=files))
    mail = received(peer)
    found = list(mail.iter_attachments())
    names = [part.get_filename() for part in found]
    assert names[:5] == [file.filename for file in files[:5]]
    assert names[5] == "evil.txt Bcc: all@client.example"
    for part, file in zip(found, files, strict=True):
        content = part.get_payload(decode=True)
        assert isinstance(content, bytes)
        assert content.replace(b"\r\n", b"\n").rstrip() == file.content.replace(b"\r\n", b"\n")
    assert "Bcc" not in mail
    assert peer.received[0].recipients == (MAIL.recipient,)
    body = mail.get_body(("plain",))
    assert body is not None
    assert body.get_content().strip() == MAIL.text.strip()


def test_pictures_stand_beside_the_html_and_files_beside_the_words(peer: SmtpPeer) -> None:
    table = File("table.csv", "text/csv", "a,b\r\nGrüße,1\r\n".encode())
    email.send(replace(SHOWING, attachments=(PICTURE, table)))
    mail = received(peer)
    assert [part.get_content_type() for part in mail.walk()] == [
        "multipart/mixed",
        "multipart/alternative", "text/plain",
        "multipart/related", "text/html", "image/png",
        "text/csv",
    ]  # fmt: skip
    (picture,) = (part for part in mail.walk() if part.get_content_type() == "image/png")
    assert picture["Content-ID"] == "<chart@report>"
    assert picture.get_content_disposition() == "inline"
    assert picture.get_filename() == "chart.png"
    assert picture.get_payload(decode=True) == PICTURE.content
    (file,) = mail.iter_attachments()
    assert file.get_filename() == "table.csv"
    html, plain = mail.get_body(("html",)), mail.get_body(("plain",))
    assert html is not None
    assert plain is not None
    assert html.get_content().strip() == SHOWING.html
    assert plain.get_content().replace("\r\n", "\n") == MAIL.text


def test_pictures_alone_make_no_file(peer: SmtpPeer) -> None:
    email.send(replace(SHOWING, attachments=(PICTURE,)))
    mail = received(peer)
    assert mail.get_content_type() == "multipart/alternative"
    assert list(mail.iter_attachments()) == []


def test_a_message_without_html_has_one_part(peer: SmtpPeer) -> None:
    email.send(replace(MAIL, html=""))
    assert received(peer).get_content_type() == "text/plain"


def test_a_second_attempt_has_the_same_message_id(peer: SmtpPeer) -> None:
    email.send(MAIL)
    email.send(MAIL)
    assert peer.copies() == {(MAIL.message_id, MAIL.recipient): 2}


@pytest.mark.parametrize(
    ("subject", "text"),
    [
        ("Rücksendung – ₹ 1.200 नमस्ते 🚀", "Grüße 🚀"),  # Not ASCII.
        ("x" * 400, "y" * 5000),  # Longer than a line may be.
        ("1 = 2?", "=41 is no letter here"),  # What quoted-printable would decode.
        ("A dot", ".\n..\n.leading"),  # SMTP ends with a dot on its own line.
        ("From the start", "From here on\nFrom there"),  # mbox would quote it.
    ],
)
def test_words_arrive_as_they_were_written(peer: SmtpPeer, subject: str, text: str) -> None:
    email.send(replace(MAIL, subject=subject, text=text + "\n", html=""))
    mail = received(peer)
    assert mail["Subject"] == subject
    assert mail.get_content().replace("\r\n", "\n") == text + "\n"


@pytest.mark.parametrize(
    "broken",
    [
        {"subject": "Hello\nBcc: everybody@client.example"},
        {"subject": "Hello\r\nBcc: everybody@client.example"},
        {"recipient": "asha@client.example\nBcc: everybody@client.example"},
        {"recipient": "asha@client.example, everybody@client.example"},
        {"recipient": "asha@client.example>\r\nRCPT TO:<everybody@client.example"},
        {"message_id": "<1@example.com>\r\nBcc: everybody@client.example"},
        {"subject": "Hello\u2028Bcc: everybody@client.example"},
        {"reply_to": "support@example.com\r\nBcc: everybody@client.example"},
        {"in_reply_to": "<1@example.com>\r\nBcc: everybody@client.example"},
        {"references": ("<1@example.com>\nBcc: everybody@client.example",)},
        {"recipient": ""},
        {"recipient": "nobody at all"},
        {"recipient": "आशा@client.example"},  # Needs SMTPUTF8, which few servers speak.
    ],
)
def test_what_cannot_be_a_header_is_refused_for_good(
    peer: SmtpPeer, broken: dict[str, Any]
) -> None:
    with pytest.raises(SendError) as refused:
        email.send(replace(MAIL, **broken))
    assert refused.value.permanent
    assert peer.received == []


def test_a_recipient_in_a_foreign_domain_is_reached(peer: SmtpPeer) -> None:
    email.send(replace(MAIL, recipient="asha@bücher.example"))
    assert peer.received[0].recipients == ("asha@xn--bcher-kva.example",)


# --- One connection for many messages -----------------------------------------------------------


def test_a_line_keeps_its_connection_and_hangs_up_at_its_end(peer: SmtpPeer) -> None:
    with closing(email.Line()) as line:
        for n in range(5):
            line.send(replace(MAIL, message_id=f"<{n}@example.com>"))
        assert peer.connections == 1
    line.send(MAIL)
    line.close()
    line.close()
    assert peer.connections == 2
    assert len(peer.received) == 6


def test_an_error_ends_the_connection_and_the_next_message_opens_another(peer: SmtpPeer) -> None:
    peer.answers["RCPT nobody@client.example"] = "550 5.1.1 No such user"
    with closing(email.Line()) as line:
        line.send(MAIL)
        with pytest.raises(SendError):
            line.send(replace(MAIL, recipient="nobody@client.example"))
        line.send(MAIL)
    assert peer.connections == 2
    assert len(peer.received) == 2


def test_a_connection_carries_no_more_than_servers_allow(
    peer: SmtpPeer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(email, "MESSAGES_PER_CONNECTION", 2)
    with closing(email.Line()) as line:
        for _ in range(5):
            line.send(MAIL)
    assert peer.connections == 3


def test_mail_for_a_folder_is_a_file_each(settings: Any, tmp_path: Path) -> None:
    settings.EMAIL_BACKEND = "django.core.mail.backends.filebased.EmailBackend"
    settings.EMAIL_FILE_PATH = str(tmp_path)
    with closing(email.Line()) as line:
        line.send(MAIL)
        line.send(MAIL)
    assert len(list(tmp_path.iterdir())) == 2
