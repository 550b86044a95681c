"""Outgoing e-mail against a real mail server: what it receives, and what its answers mean."""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest
from anymail.exceptions import AnymailAPIError, AnymailRequestsAPIError
from anymail.message import AnymailRecipientStatus
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from django.core import mail as django_mail
from requests import Response

from tests.peers import CLOSE, HANG, SmtpPeer, closed_port, mail_goes_to
from tickets.channels import email
from tickets.channels.base import File, Outgoing, SendError

MAIL = Outgoing(
    recipient="asha@client.example",
    subject="We have your request",
    text="You hear from us by Tue 3 Nov, 10:00 IST.\n",
    html="<p>You hear from us by <b>Tue 3 Nov, 10:00 IST</b>.</p>",
    message_id="<hd-1.0123456789abcdef@example.com>",
)


@pytest.fixture
def peer(settings: Any) -> Iterator[SmtpPeer]:
    with SmtpPeer() as running:
        mail_goes_to(running.port, settings)
        yield running


def outcome_of(error: SendError) -> str:
    """In a word; nothing is two of them."""
    assert not (error.permanent and error.blocks_channel)
    return "for good" if error.permanent else "blocked" if error.blocks_channel else "later"


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


PICTURE = File("chart.png", "image/png", b"\x89PNG\r\n\x1a\n and more", "chart@report")
SHOWING = replace(MAIL, html='<p><img src="cid:chart@report" alt="A chart"></p>')


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


def test_a_provider_is_handed_pictures_as_such(settings: Any) -> None:
    settings.EMAIL_BACKEND = "anymail.backends.test.EmailBackend"
    email.send(replace(SHOWING, attachments=(PICTURE,)))
    (attached,) = django_mail.outbox[0].anymail_test_params["attachments"]
    assert (attached.inline, attached.cid) == (True, "chart@report")
    assert attached.content == PICTURE.content


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
    ("stage", "answer", "outcome"),
    [
        # Refusals of this message or recipient (RFC 5321, 4.2.1).
        ("RCPT", "550 5.1.1 No such user", "for good"),
        ("RCPT", "552 5.2.2 Mailbox full", "for good"),
        ("RCPT", "554 5.7.1 Rejected", "for good"),
        ("DATA", "550 5.7.1 Looks like spam", "for good"),
        ("DATA", "552 5.3.4 Too big", "for good"),
        ("DATA", "554 5.6.0 Bad content", "for good"),
        ("MAIL", "552 5.3.4 Too big for me", "for good"),  # The size is declared here already.
        # Come back later.
        ("RCPT", "421 4.3.2 Closing down", "later"),
        ("RCPT", "450 4.2.1 Greylisted", "later"),
        ("RCPT", "451 4.3.0 Local error", "later"),
        ("RCPT", "452 4.5.3 Too many", "later"),
        ("DATA", "421 4.3.2 Closing down", "later"),
        ("DATA", "451 4.3.0 Local error", "later"),
        ("MAIL", "421 4.7.0 Slow down", "later"),
        ("GREETING", "421 4.3.2 Too busy", "later"),
        # Faults of the configuration, the same for every message: nothing is lost by waiting.
        ("GREETING", "554 5.7.1 No service for you", "blocked"),
        ("MAIL", "530 5.7.0 Must issue a STARTTLS command first", "blocked"),
        ("MAIL", "550 5.7.1 You may not send as this sender", "blocked"),
        ("RCPT", "530 5.7.0 Authentication required", "blocked"),
    ],
)
def test_an_answer_decides_whether_to_try_again(
    settings: Any, stage: str, answer: str, outcome: str
) -> None:
    with SmtpPeer({stage: answer}) as peer:
        mail_goes_to(peer.port, settings)
        with pytest.raises(SendError) as refused:
            email.send(MAIL)
    assert outcome_of(refused.value) == outcome
    assert refused.value.code == int(answer[:3])
    assert answer.partition(" ")[2] in str(refused.value)  # An agent reads what the server said.
    assert peer.received == []


@pytest.mark.parametrize(
    "answers",
    [
        {"GREETING": HANG},
        {"MAIL": HANG},
        {"RCPT": HANG},
        {"DATA": HANG},  # Perhaps it took the message: unknown, so the same one again.
        {"GREETING": CLOSE},
        {"RCPT": CLOSE},
        {"DATA": CLOSE},
    ],
)
def test_a_server_that_hangs_or_hangs_up_is_tried_again(
    settings: Any, answers: dict[str, str]
) -> None:
    with SmtpPeer(answers) as peer:
        mail_goes_to(peer.port, settings, timeout=0.2)
        with pytest.raises(SendError) as trouble:
            email.send(MAIL)
    assert outcome_of(trouble.value) == "later"


def test_a_server_that_is_not_there_is_tried_again(settings: Any) -> None:
    with closed_port() as port:
        mail_goes_to(port, settings)
        with pytest.raises(SendError) as trouble:
            email.send(MAIL)
    assert outcome_of(trouble.value) == "later"
    assert "refused" in str(trouble.value)


def test_a_refused_login_blocks_the_channel(settings: Any) -> None:
    with SmtpPeer(refuse_login=True) as peer:
        mail_goes_to(peer.port, settings)
        settings.EMAIL_HOST_USER = settings.EMAIL_HOST_PASSWORD = "wrong"
        with pytest.raises(SendError) as trouble:
            email.send(MAIL)
    assert outcome_of(trouble.value) == "blocked"
    assert "535" in str(trouble.value)


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


# --- TLS ---------------------------------------------------------------------------------------


@pytest.fixture
def self_signed(tmp_path: Path) -> ssl.SSLContext:
    """The certificate of a server that nobody vouches for."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .sign(key, hashes.SHA256())
    )
    pem, plain = serialization.Encoding.PEM, serialization.NoEncryption()
    secret = key.private_bytes(pem, serialization.PrivateFormat.PKCS8, plain)
    (tmp_path / "both.pem").write_bytes(secret + made.public_bytes(pem))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(tmp_path / "both.pem")
    return context


def test_a_certificate_that_nobody_vouches_for_blocks_the_channel(
    settings: Any, self_signed: ssl.SSLContext
) -> None:
    with SmtpPeer(certificate=self_signed) as peer:
        mail_goes_to(peer.port, settings)
        settings.EMAIL_USE_TLS = True
        with pytest.raises(SendError) as trouble:
            email.send(MAIL)
    assert outcome_of(trouble.value) == "blocked"
    assert "CERTIFICATE_VERIFY_FAILED" in str(trouble.value)
    assert peer.received == []


def test_a_server_without_tls_blocks_a_channel_that_wants_it(peer: SmtpPeer, settings: Any) -> None:
    settings.EMAIL_USE_TLS = True
    with pytest.raises(SendError) as trouble:
        email.send(MAIL)
    assert outcome_of(trouble.value) == "blocked"
    assert peer.received == []


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


# --- Mail providers ------------------------------------------------------------------------------


def test_a_providers_id_is_answered(settings: Any) -> None:
    settings.EMAIL_BACKEND = "anymail.backends.test.EmailBackend"
    django_mail.outbox = []
    with closing(email.Line()) as line:
        ids = [line.send(MAIL) for _ in range(2)]
    assert ids == ["0", "1"]
    first = django_mail.outbox[0]
    assert first.message()["Message-ID"] == MAIL.message_id


def test_smtp_has_no_id_of_a_provider(peer: SmtpPeer) -> None:
    assert email.send(MAIL) == ""


@pytest.mark.parametrize(
    ("status", "outcome"),
    [
        (400, "for good"),
        (422, "for good"),
        (401, "blocked"),  # The key is wrong.
        (403, "blocked"),
        (404, "blocked"),  # The account's domain is.
        (408, "later"),
        (429, "later"),
        (500, "later"),
        (503, "later"),
    ],
)
def test_an_answer_of_a_provider_decides_as_well(
    settings: Any, monkeypatch: pytest.MonkeyPatch, status: int, outcome: str
) -> None:
    response = Response()
    response.status_code, response.reason = status, "Because"
    refusal = AnymailRequestsAPIError("Not sent", response=response)
    answers(settings, monkeypatch, refusal)
    with pytest.raises(SendError) as refused:
        email.send(MAIL)
    assert outcome_of(refused.value) == outcome
    assert refused.value.code == status


def test_a_recipient_whom_the_provider_refuses_is_refused_for_good(
    settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    status = AnymailRecipientStatus(message_id="1", status="rejected")
    answers(settings, monkeypatch, {"recipient_status": {MAIL.recipient: status}})
    with pytest.raises(SendError) as refused:
        email.send(MAIL)
    assert outcome_of(refused.value) == "for good"


def test_a_provider_without_its_key_blocks_the_channel(settings: Any) -> None:
    settings.EMAIL_BACKEND = "anymail.backends.postmark.EmailBackend"
    with pytest.raises(SendError) as refused:
        email.send(MAIL)
    assert outcome_of(refused.value) == "blocked"
    assert "POSTMARK_SERVER_TOKEN" in str(refused.value)


def test_a_provider_that_is_not_there_is_tried_again(settings: Any) -> None:
    settings.EMAIL_BACKEND = "anymail.backends.postmark.EmailBackend"
    with closed_port() as port:
        settings.ANYMAIL = {
            "POSTMARK_SERVER_TOKEN": "token",
            "POSTMARK_API_URL": f"http://127.0.0.1:{port}/",
        }
        with pytest.raises(SendError) as trouble:
            email.send(MAIL)
    assert outcome_of(trouble.value) == "later"


def answers(
    settings: Any, monkeypatch: pytest.MonkeyPatch, answer: AnymailAPIError | dict[str, Any]
) -> None:
    """django-anymail's own provider for tests answers this."""
    settings.EMAIL_BACKEND = "anymail.backends.test.EmailBackend"
    monkeypatch.setattr(email._Mail, "anymail_test_response", answer, raising=False)
