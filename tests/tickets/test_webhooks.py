"""What mail providers tell us: a mail is stored before it is acknowledged."""

from __future__ import annotations

import base64
import hashlib
import hmac
import importlib
import json
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode

import pytest
from django.db import OperationalError
from django.test import Client
from django.urls import include, path

import helpdesk.urls
from tests import factories
from tickets import webhooks
from tickets.models import Delivery, InboundMessage, Mailbox, UndeliverableAddress

urlpatterns = [path("anymail/", include("tickets.webhooks")), *helpdesk.urls.urlpatterns]
pytestmark = [pytest.mark.urls(__name__), pytest.mark.django_db]

SECRET = "mailer:a long password"
FORMER = "mailer:the former password"
KEY = "the key of mailgun"
# In Latin-1, as some servers still write: not valid UTF-8.
RAW = (
    b"From: Asha <asha@client.example>\r\nTo: Support <support@desk.example>\r\n"
    b"Subject: Help\r\nContent-Type: text/plain; charset=latin-1\r\n"
    b"Content-Transfer-Encoding: 8bit\r\n\r\nGr\xfc\xdfe\r\n"
)
PLAIN = RAW.replace(b"Gr\xfc\xdfe", "Grüße".encode())


@pytest.fixture(autouse=True)
def webhooks_on(settings: Any) -> None:
    settings.ANYMAIL = {"WEBHOOK_SECRET": [SECRET, FORMER], "MAILGUN_WEBHOOK_SIGNING_KEY": KEY}


def basic(login: str) -> dict[str, str]:
    return {"Authorization": f"Basic {base64.b64encode(login.encode()).decode()}"}


def called(address: str, body: Any, *, login: str = SECRET, **more: Any) -> Any:
    """The answer to a call with a JSON body."""
    return Client(raise_request_exception=False).post(
        f"/anymail/{address}/", body, content_type="application/json", headers=basic(login), **more
    )


def postmark(raw: bytes = PLAIN, recipient: str = "support@desk.example") -> dict[str, Any]:
    return {
        "MessageID": "22c74902-a0c1-4511-804f2-341342852c90",
        "OriginalRecipient": recipient,
        "Headers": [],
        "RawEmail": raw.decode(),
    }


def mailgun(raw: bytes, *, key: str = KEY) -> dict[str, Any]:
    token, timestamp = "t" * 50, "1793593800"
    signature = hmac.new(key.encode(), f"{timestamp}{token}".encode(), hashlib.sha256)
    return {
        "recipient": "support@desk.example",
        "sender": "asha@client.example",
        "timestamp": timestamp,
        "token": token,
        "signature": signature.hexdigest(),
        "body-mime": raw,
    }


# --- Mail that comes in ---------------------------------------------------------------------------


def test_a_mail_is_stored_byte_for_byte_under_the_mailbox_that_it_reached() -> None:
    box = Mailbox.objects.create(address="support@desk.example")
    answer = called("postmark/inbound", postmark())
    assert answer.status_code == 200
    row = InboundMessage.objects.get()
    assert (bytes(row.raw), row.mailbox, row.state) == (PLAIN, box, InboundMessage.State.WAITING)
    assert row.key.startswith("postmark:")


def as_multipart(client: Client, fields: dict[str, Any]) -> Any:
    boundary = "b0undary"
    parts = [
        f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n'.encode()
        + (value if isinstance(value, bytes) else value.encode())
        + b"\r\n"
        for name, value in fields.items()
    ]
    body = b"".join(parts) + f"--{boundary}--\r\n".encode()
    kind = f"multipart/form-data; boundary={boundary}"
    return client.generic(
        "POST", "/anymail/mailgun/inbound_mime/", body, kind, headers=basic(SECRET)
    )


def as_form(client: Client, fields: dict[str, Any]) -> Any:
    kind = "application/x-www-form-urlencoded"
    body = urlencode(fields).encode()
    return client.generic(
        "POST", "/anymail/mailgun/inbound_mime/", body, kind, headers=basic(SECRET)
    )


@pytest.mark.parametrize("send", [as_multipart, as_form])
def test_a_form_keeps_bytes_of_any_charset(send: Any) -> None:
    answer = send(Client(), mailgun(RAW))
    assert answer.status_code == 200
    assert bytes(InboundMessage.objects.get().raw) == RAW


@pytest.mark.parametrize(
    ("address", "body"),
    [
        (
            "mailersend/inbound",
            {"type": "inbound.message", "data": {"id": "1", "raw": PLAIN.decode()}},
        ),
        (
            "sparkpost/inbound",
            [
                {
                    "msys": {
                        "relay_message": {
                            "protocol": "smtp",
                            "rcpt_to": "support@desk.example",
                            "content": {
                                "email_rfc822": base64.b64encode(PLAIN).decode(),
                                "email_rfc822_is_base64": True,
                            },
                        }
                    }
                }
            ],
        ),
    ],
)
def test_other_providers_wrap_it_in_other_ways(settings: Any, address: str, body: Any) -> None:
    secret = "secret of mailersend"
    settings.ANYMAIL = {**settings.ANYMAIL, "MAILERSEND_INBOUND_SECRET": secret}
    text = json.dumps(body)
    signature = hmac.new(secret.encode(), text.encode(), hashlib.sha256).hexdigest()
    answer = called(address, text, HTTP_SIGNATURE=signature)
    assert answer.status_code == 200, answer.content
    assert bytes(InboundMessage.objects.get().raw) == PLAIN


def test_the_same_call_again_stores_nothing_new() -> None:
    for _ in range(3):
        assert called("postmark/inbound", postmark()).status_code == 200
    assert InboundMessage.objects.count() == 1


def test_one_mail_to_two_mailboxes_is_in_both() -> None:
    for name in ("support", "billing"):
        Mailbox.objects.create(address=f"{name}@desk.example")
        called("postmark/inbound", postmark(recipient=f"{name}@desk.example"))
    found = InboundMessage.objects.values_list("mailbox__address", flat=True)
    assert set(found) == {"support@desk.example", "billing@desk.example"}


@pytest.mark.parametrize(
    ("reached", "mailbox"),
    [
        ("SUPPORT@Desk.example", "support@desk.example"),
        ("support+1042-token@desk.example", "support@desk.example"),
        ("", "support@desk.example"),  # By the header To.
        ("unknown@desk.example", "support@desk.example"),
        ("billing@desk.example", "billing@desk.example"),  # What it reached counts more.
    ],
)
def test_the_mailbox_is_the_one_that_it_reached(reached: str, mailbox: str) -> None:
    for name in ("support", "billing"):
        Mailbox.objects.create(address=f"{name}@desk.example")
    called("postmark/inbound", postmark(recipient=reached))
    row = InboundMessage.objects.select_related("mailbox").get()
    assert str(row.mailbox) == mailbox


def test_a_mail_to_nobody_whom_we_know_is_kept_all_the_same() -> None:
    assert called("postmark/inbound", postmark()).status_code == 200
    assert InboundMessage.objects.get().mailbox is None


# --- Never 2xx without a row ----------------------------------------------------------------------


@pytest.mark.parametrize("login", ["mailer:wrong", "", "other:a long password", f"{SECRET} "])
def test_whoever_does_not_know_the_secret_stores_nothing(login: str) -> None:
    assert called("postmark/inbound", postmark(), login=login).status_code == 400
    assert not InboundMessage.objects.exists()


def test_two_secrets_are_valid_while_it_changes() -> None:
    assert called("postmark/inbound", postmark(), login=FORMER).status_code == 200


def test_a_wrong_signature_stores_nothing() -> None:
    answer = as_form(Client(), mailgun(RAW, key="forged"))
    assert answer.status_code == 400
    assert not InboundMessage.objects.exists()


def test_a_get_stores_nothing() -> None:
    answer = Client().get("/anymail/postmark/inbound/", headers=basic(SECRET))
    assert answer.status_code == 405


def test_mail_that_is_not_sent_as_it_came_has_to_be_sent_again(
    caplog: pytest.LogCaptureFixture,
) -> None:
    parsed = {**postmark(), "TextBody": "Hello"}
    del parsed["RawEmail"]
    answer = called("postmark/inbound", parsed)
    assert answer.status_code == 503
    assert "raw MIME" in answer.content.decode()
    assert "raw MIME" in caplog.text
    assert not InboundMessage.objects.exists()


def test_a_provider_that_hands_over_no_raw_mail_is_never_told_that_it_is_here() -> None:
    answer = called("mailjet/inbound", {"Headers": {"From": "asha@client.example"}, "Parts": []})
    assert answer.status_code == 503
    assert not InboundMessage.objects.exists()


def test_what_cannot_be_stored_is_not_acknowledged(monkeypatch: pytest.MonkeyPatch) -> None:
    def away(*_: Any, **__: Any) -> None:
        raise OperationalError("The database is away.")

    monkeypatch.setattr(webhooks, "receive", away)
    assert called("postmark/inbound", postmark()).status_code == 500


@pytest.mark.parametrize("body", ["", "{", "[]", '{"RawEmail": 1}', "null"])
def test_nonsense_is_not_acknowledged(body: str) -> None:
    assert called("postmark/inbound", body).status_code >= 400
    assert not InboundMessage.objects.exists()


# --- What became of ours --------------------------------------------------------------------------


@pytest.fixture
def sent(policy: Any) -> Delivery:
    row: Delivery = factories.ticket().deliveries.get()
    row.provider_id, row.state = "883953f4-6105-42a2-a16a-77a8eac79483", Delivery.State.SENT
    row.save()
    return row


def tracked(row: Delivery, kind: str, **more: Any) -> int:
    event = {
        "RecordType": kind,
        "MessageID": row.provider_id,
        "Recipient": row.recipient,
        "Email": row.recipient,
        "DeliveredAt": "2026-11-02T05:00:00Z",
        "BouncedAt": "2026-11-02T06:00:00Z",
        **more,
    }
    status: int = called("postmark/tracking", event).status_code
    return status


def test_a_delivery_that_arrived_says_so(sent: Delivery) -> None:
    assert tracked(sent, "Delivery", Details="250 OK") == 200
    sent.refresh_from_db()
    assert sent.fate == Delivery.Fate.DELIVERED
    assert sent.fate_at == datetime(2026, 11, 2, 5, tzinfo=UTC)


@pytest.mark.parametrize(
    ("kind", "details", "hard"),
    [
        ("HardBounce", "smtp;550 5.1.1 The account does not exist", True),
        ("HardBounce", "", False),  # It does not say why.
        ("SoftBounce", "", False),
        ("HardBounce", "smtp;550 Message held as spam", False),
        ("HardBounce", "smtp;550 5.1.8 Sender's domain not found", False),  # Ours.
        ("HardBounce", "smtp;550 5.1.10 Null MX", True),
        ("HardBounce", "smtp;552 5.2.2 Mailbox full", False),
        ("HardBounce", "smtp;550 5.7.1 Rejected by policy", False),
        ("HardBounce", "smtp;550 5.2.1 Mailbox disabled", True),
    ],
)
def test_a_bounce_marks_an_address_that_takes_no_mail(
    sent: Delivery, kind: str, details: str, hard: bool
) -> None:
    for _ in range(2):
        assert tracked(sent, "Bounce", Type=kind, TypeCode=1, ID=1, Details=details) == 200
    sent.refresh_from_db()
    assert sent.fate == Delivery.Fate.BOUNCED
    assert UndeliverableAddress.objects.exists() is hard
    assert sent.ticket is not None
    assert sent.ticket.events.filter(kind="undelivered").count() == 1


def test_a_complaint_is_shown(sent: Delivery) -> None:
    assert tracked(sent, "SpamComplaint", Type="SpamComplaint", TypeCode=1, ID=1) == 200
    sent.refresh_from_db()
    assert sent.fate == Delivery.Fate.COMPLAINED


def test_an_event_that_says_nothing_of_its_fate_changes_nothing(sent: Delivery) -> None:
    assert tracked(sent, "Open") == 200
    sent.refresh_from_db()
    assert sent.fate == ""


def test_an_event_about_nothing_of_ours_is_taken(sent: Delivery) -> None:
    sent.provider_id = "unknown"
    assert tracked(sent, "Delivery") == 200


def test_an_event_that_overtakes_the_end_of_sending_has_to_come_again(sent: Delivery) -> None:
    Delivery.objects.filter(pk=sent.pk).update(provider_id="", state=Delivery.State.LEASED)
    assert tracked(sent, "Delivery") == 503
    Delivery.objects.filter(pk=sent.pk).update(
        provider_id=sent.provider_id, state=Delivery.State.SENT
    )
    assert tracked(sent, "Delivery") == 200
    sent.refresh_from_db()
    assert sent.fate == Delivery.Fate.DELIVERED


def test_a_forged_event_changes_nothing(sent: Delivery) -> None:
    event = {"RecordType": "Bounce", "MessageID": sent.provider_id, "Type": "HardBounce"}
    assert called("postmark/tracking", event, login="mailer:wrong").status_code == 400
    sent.refresh_from_db()
    assert sent.fate == ""


# --- Without the secret ---------------------------------------------------------------------------


@pytest.mark.urls("helpdesk.urls")
def test_without_a_secret_there_are_no_webhooks() -> None:
    assert called("postmark/inbound", postmark()).status_code == 404


def test_with_a_secret_there_are(settings: Any) -> None:
    before = len(helpdesk.urls.urlpatterns)
    settings.ANYMAIL_WEBHOOK_SECRET = [SECRET]
    try:
        importlib.reload(helpdesk.urls)
        assert len(helpdesk.urls.urlpatterns) == before + 1
    finally:
        settings.ANYMAIL_WEBHOOK_SECRET = []
        importlib.reload(helpdesk.urls)
    assert len(helpdesk.urls.urlpatterns) == before
