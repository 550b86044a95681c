"""What the answers of a mail server, or their absence, mean for a mail."""

from __future__ import annotations

import ssl
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from tests.channels.outgoing import MAIL, outcome_of
from tests.peers import CLOSE, HANG, SmtpPeer, closed_port, mail_goes_to
from tickets.channels import email
from tickets.channels.base import SendError


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
