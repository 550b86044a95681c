"""Outgoing e-mail through a mail provider: what it is handed, and what its answers mean."""

from __future__ import annotations

from contextlib import closing
from dataclasses import replace
from typing import Any

import pytest
from anymail.exceptions import AnymailAPIError, AnymailRequestsAPIError
from anymail.message import AnymailRecipientStatus
from django.core import mail as django_mail
from requests import Response

from tests.channels.outgoing import MAIL, PICTURE, SHOWING, outcome_of
from tests.peers import SmtpPeer, closed_port
from tickets.channels import email
from tickets.channels.base import SendError


def answers(
    settings: Any, monkeypatch: pytest.MonkeyPatch, answer: AnymailAPIError | dict[str, Any]
) -> None:
    """django-anymail's own provider for tests answers this."""
    settings.EMAIL_BACKEND = "anymail.backends.test.EmailBackend"
    monkeypatch.setattr(email._Mail, "anymail_test_response", answer, raising=False)


def test_a_provider_is_handed_pictures_as_such(settings: Any) -> None:
    settings.EMAIL_BACKEND = "anymail.backends.test.EmailBackend"
    email.send(replace(SHOWING, attachments=(PICTURE,)))
    (attached,) = django_mail.outbox[0].anymail_test_params["attachments"]
    assert (attached.inline, attached.cid) == (True, "chart@report")
    assert attached.content == PICTURE.content


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
