"""Outgoing e-mail against a real mail server: what it receives, and what its answers mean."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from email.message import EmailMessage
from typing import Any

import pytest

from tests.peers import CLOSE, HANG, SmtpPeer, closed_port, mail_goes_to
from tickets.channels import email
from tickets.channels.base import Outgoing, SendError

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
    ("stage", "answer", "permanent"),
    [
        # Refusals of this message or recipient (RFC 5321, 4.2.1).
        ("RCPT", "550 5.1.1 No such user", True),
        ("RCPT", "552 5.2.2 Mailbox full", True),
        ("RCPT", "554 5.7.1 Rejected", True),
        ("DATA", "550 5.7.1 Looks like spam", True),
        ("DATA", "552 5.3.4 Too big", True),
        ("DATA", "554 5.6.0 Bad content", True),
        ("MAIL", "552 5.3.4 Too big for me", True),  # The size is declared here already.
        # Come back later.
        ("RCPT", "421 4.3.2 Closing down", False),
        ("RCPT", "450 4.2.1 Greylisted", False),
        ("RCPT", "451 4.3.0 Local error", False),
        ("RCPT", "452 4.5.3 Too many", False),
        ("DATA", "421 4.3.2 Closing down", False),
        ("DATA", "451 4.3.0 Local error", False),
        ("MAIL", "421 4.7.0 Slow down", False),
        # Faults of the configuration, the same for every message: nothing is lost by waiting.
        ("GREETING", "554 5.7.1 No service for you", False),
        ("GREETING", "421 4.3.2 Too busy", False),
        ("MAIL", "530 5.7.0 Must issue a STARTTLS command first", False),
        ("MAIL", "550 5.7.1 You may not send as this sender", False),
        ("RCPT", "530 5.7.0 Authentication required", False),
    ],
)
def test_an_answer_decides_whether_to_try_again(
    settings: Any, stage: str, answer: str, permanent: bool
) -> None:
    with SmtpPeer({stage: answer}) as peer:
        mail_goes_to(peer.port, settings)
        with pytest.raises(SendError) as refused:
            email.send(MAIL)
    assert refused.value.permanent is permanent
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
    assert not trouble.value.permanent


def test_a_server_that_is_not_there_is_tried_again(settings: Any) -> None:
    with closed_port() as port:
        mail_goes_to(port, settings)
        with pytest.raises(SendError) as trouble:
            email.send(MAIL)
    assert not trouble.value.permanent
    assert "refused" in str(trouble.value)


def test_a_refused_login_is_tried_again(settings: Any) -> None:
    with SmtpPeer(refuse_login=True) as peer:
        mail_goes_to(peer.port, settings)
        settings.EMAIL_HOST_USER = settings.EMAIL_HOST_PASSWORD = "wrong"
        with pytest.raises(SendError) as trouble:
            email.send(MAIL)
    assert not trouble.value.permanent
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
        {"recipient": ""},
        {"recipient": "nobody at all"},
        {"recipient": "आशा@client.example"},  # Needs SMTPUTF8, which few servers speak.
    ],
)
def test_what_cannot_be_a_header_is_refused_for_good(
    peer: SmtpPeer, broken: dict[str, str]
) -> None:
    with pytest.raises(SendError) as refused:
        email.send(replace(MAIL, **broken))
    assert refused.value.permanent
    assert peer.received == []


def test_a_recipient_in_a_foreign_domain_is_reached(peer: SmtpPeer) -> None:
    email.send(replace(MAIL, recipient="asha@bücher.example"))
    assert peer.received[0].recipients == ("asha@xn--bcher-kva.example",)
