"""The form that opens a ticket: what it takes, and what it refuses with a sentence."""

import re

import pytest
from django.test import Client

from tests.portal.filling import NEW, error_of, filled_in, refused
from tickets.models import Delivery, RequestType, Ticket


def test_a_request_becomes_a_ticket_and_the_customer_sees_it(
    client: Client, kind: RequestType
) -> None:
    response = client.post(NEW, filled_in(kind), follow=True)
    ticket = Ticket.objects.get()
    assert response.redirect_chain[0][0].startswith(f"/tickets/{ticket.reference}/")
    assert ticket.subject == "The report counts twice"
    assert (ticket.requester.email, ticket.requester.name) == (
        "maria@client.example",
        "Maria Silva",
    )
    assert (ticket.request_type, ticket.priority.code) == (kind, "P2")
    text = response.content.decode()
    assert "Since Monday each order is there twice." in text
    assert ticket.reference in text
    assert Delivery.objects.get().recipient == "maria@client.example"


@pytest.mark.parametrize(
    ("changes", "field", "sentence"),
    [
        ({"request_type": ""}, "request_type", "Choose what your request is about."),
        (
            {"request_type": "999999"},
            "request_type",
            "This kind of request is not offered any more: choose another.",
        ),
        (
            {"request_type": "1 OR 1=1"},
            "request_type",
            "This kind of request is not offered any more: choose another.",
        ),
        ({"subject": "  "}, "subject", "Give your request a subject."),
        (
            {"subject": "x" * 201},
            "subject",
            (
                "This has 201 characters, and at most 200 fit: shorten it, or attach the long part "
                "as a file."
            ),
        ),
        ({"text": ""}, "text", "Describe your request in a few words."),
        (
            {"text": "before\0after"},
            "text",
            "There is a character in it that cannot be stored (NUL): remove it.",
        ),
        (
            {"subject": "before\0after"},
            "subject",
            "There is a character in it that cannot be stored (NUL): remove it.",
        ),
        (
            {"name": "before\0after"},
            "name",
            "There is a character in it that cannot be stored (NUL): remove it.",
        ),
        ({"email": ""}, "email", "Give the e-mail address that our answer should go to."),
        (
            {"email": "nobody"},
            "email",
            "This is no e-mail address: it should look like name@example.com.",
        ),
    ],
)
def test_bad_input_is_answered_with_a_sentence_at_the_field_and_nothing_is_lost(
    client: Client, kind: RequestType, changes: dict[str, str], field: str, sentence: str
) -> None:
    data = filled_in(kind, **changes)
    text = refused(client, data)
    assert error_of(text, field) == sentence
    for name in {"subject", "text", "email", "name", "nonce"} - changes.keys():
        assert data[name] in text, f"{name} is still there"
    if "request_type" not in changes:
        assert re.search(rf'value="{kind.pk}" required\s+checked', text)


def test_a_nul_byte_in_an_address_is_refused(client: Client, kind: RequestType) -> None:
    assert "This is no e-mail address" in error_of(
        refused(client, filled_in(kind, email="a\0b@client.example")), "email"
    )


def test_ten_megabytes_of_text_are_refused_and_kept(client: Client, kind: RequestType) -> None:
    long = "word " * 2 * 1024 * 1024
    text = refused(client, filled_in(kind, text=long))
    assert "at most 100,000 fit" in error_of(text, "text")
    assert long.strip() in text


def test_more_than_the_server_reads_is_answered_with_a_page(
    client: Client, kind: RequestType
) -> None:
    response = client.post(NEW, filled_in(kind, text="y" * 13 * 1024 * 1024))
    assert response.status_code == 413
    assert "too much to send at once" in response.content.decode()


def test_a_line_end_counts_as_one_character(client: Client, kind: RequestType) -> None:
    client.post(NEW, filled_in(kind, text="x\r\n" * 50_000))
    assert Ticket.objects.get().messages.get().text == ("x\n" * 50_000).strip()


def test_another_encoding_than_utf_8_is_not_followed(client: Client, kind: RequestType) -> None:
    # As raw_unicode_escape this would be half a character, which nothing can store.
    boundary = "b"
    fields = filled_in(kind, text="\\ud800").items()
    body = "".join(
        f'--b\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'
        for name, value in fields
    )
    kind_of_body = f"multipart/form-data; boundary={boundary}; charset=raw_unicode_escape"
    response = client.post(NEW, f"{body}--b--\r\n".encode(), content_type=kind_of_body)
    assert response.status_code == 302
    assert Ticket.objects.get().messages.get().text == "\\ud800"


def test_what_was_typed_comes_back_escaped(client: Client, kind: RequestType) -> None:
    attack = "<script>alert(1)</script>\"'"
    data = filled_in(kind, subject=attack, text=attack, name=attack, email=attack)
    assert "<script>alert" not in refused(client, data)


def test_a_body_that_cannot_be_read_is_answered_with_a_page(client: Client, db: None) -> None:
    response = client.post(NEW, b"garbage", content_type="multipart/form-data")
    assert response.status_code == 400
    assert "could not read" in response.content.decode()


def test_more_than_the_server_reads_may_come_in_any_form(client: Client, db: None) -> None:
    body = "text=" + "y" * 13 * 1024 * 1024
    response = client.post(NEW, body, content_type="application/x-www-form-urlencoded")
    assert response.status_code == 413


@pytest.mark.parametrize(
    ("share", "sentence"),
    [
        ("", "Tell us what share of your users is affected."),
        ("many", "Give a whole number from 0 to 100."),
        ("-1", "Give a whole number from 0 to 100."),
        ("101", "Give a whole number from 0 to 100."),
        ("9" * 50, "Give a whole number from 0 to 100."),
        ("20.5", "Give a whole number from 0 to 100."),
    ],
)
def test_a_type_with_a_threshold_asks_for_the_share(
    client: Client, system_down: RequestType, share: str, sentence: str
) -> None:
    text = refused(client, filled_in(system_down, share_of_users=share))
    assert error_of(text, "share_of_users") == sentence


@pytest.mark.parametrize(
    ("share", "code"), [("100", "P1"), ("21", "P1"), ("20", "P2"), ("0", "P2")]
)
def test_the_share_decides_the_priority(
    client: Client, system_down: RequestType, share: str, code: str
) -> None:
    client.post(NEW, filled_in(system_down, share_of_users=share))
    ticket = Ticket.objects.get()
    assert (ticket.priority.code, ticket.share_of_users) == (code, int(share))


@pytest.mark.parametrize("share", ["50", "300", "many"])
def test_other_types_do_not_mind_the_share(client: Client, kind: RequestType, share: str) -> None:
    client.post(NEW, filled_in(kind, share_of_users=share))
    assert Ticket.objects.get().share_of_users is None
