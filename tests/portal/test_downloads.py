"""Attached files: who gets them, and that no browser runs them."""

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.http import FileResponse
from django.test import Client
from django.urls import reverse

from sla.models import Policy
from tests import factories, linked
from tickets import lifecycle
from tickets.models import Attachment, Ticket


@pytest.fixture
def ticket(policy: Policy) -> Ticket:
    notes = SimpleUploadedFile("notes.txt", b"hello", "text/plain")
    return factories.ticket(attachments=[notes])


@pytest.fixture
def secret(ticket: Ticket) -> Attachment:
    """A file of an internal note."""
    lifecycle.add_note(
        ticket=ticket,
        by=factories.agent(),
        text="Only for us.",
        at=factories.MONDAY,
        attachments=[SimpleUploadedFile("secret.txt", b"secret", "text/plain")],
    )
    return Attachment.objects.get(filename="secret.txt")


def by_link(ticket: Ticket, file: Attachment) -> str:
    key = linked.key(ticket)
    return reverse("portal:file_by_link", args=[ticket.reference, key, file.pk])


def by_name(file: Attachment) -> str:
    return reverse("portal:file", args=[file.pk])


def public_file(ticket: Ticket) -> Attachment:
    return Attachment.objects.get(message__ticket=ticket, message__is_public=True)


def content(client: Client, address: str) -> bytes:
    response = client.get(address)
    assert isinstance(response, FileResponse)
    return response.getvalue()


def test_the_link_gives_files_of_public_messages_alone(
    client: Client, ticket: Ticket, secret: Attachment
) -> None:
    assert content(client, by_link(ticket, public_file(ticket))) == b"hello"
    assert client.get(by_link(ticket, secret)).status_code == 404


def test_the_link_of_one_ticket_gives_no_file_of_another(client: Client, ticket: Ticket) -> None:
    other = factories.ticket(attachments=[SimpleUploadedFile("other.txt", b"other")])
    assert client.get(by_link(ticket, public_file(other))).status_code == 404


def test_a_forged_link_gives_no_file(client: Client, ticket: Ticket) -> None:
    address = reverse(
        "portal:file_by_link", args=[ticket.reference, "1.forged", public_file(ticket).pk]
    )
    assert client.get(address).status_code == 404


def test_people_get_the_files_that_they_may_see(
    client: Client, ticket: Ticket, secret: Attachment
) -> None:
    public = public_file(ticket)
    assert client.get(by_name(public)).status_code == 404, "nobody is signed in"
    client.force_login(factories.customer())
    assert client.get(by_name(public)).status_code == 404, "a customer of another ticket"
    client.force_login(ticket.requester)
    assert content(client, by_name(public)) == b"hello"
    assert client.get(by_name(secret)).status_code == 404, "a file of an internal note"
    client.force_login(factories.agent())
    assert content(client, by_name(public)) == b"hello"
    assert content(client, by_name(secret)) == b"secret"


@pytest.mark.parametrize(
    ("stored", "served"),
    [
        ("image/png", "image/png"),
        ("application/pdf", "application/pdf"),
        ("text/plain", "text/plain; charset=utf-8"),
        # What a browser would run is only bytes.
        ("text/html", "application/octet-stream"),
        ("image/svg+xml", "application/octet-stream"),
        ("", "application/octet-stream"),
    ],
)
def test_a_file_is_saved_and_never_run(
    client: Client, ticket: Ticket, stored: str, served: str
) -> None:
    Attachment.objects.update(content_type=stored)
    headers = client.get(by_link(ticket, public_file(ticket))).headers
    assert headers["Content-Type"] == served
    assert headers["Content-Disposition"] == 'attachment; filename="notes.txt"'
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Content-Security-Policy"] == "default-src 'none'; sandbox"
    assert "no-store" in headers["Cache-Control"]


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("größe.txt", "attachment; filename*=utf-8''gr%C3%B6%C3%9Fe.txt"),
        ('a"b.txt', 'attachment; filename="a\\"b.txt"'),
    ],
)
def test_a_name_beyond_ascii_is_kept(
    client: Client, ticket: Ticket, name: str, expected: str
) -> None:
    Attachment.objects.update(filename=name)
    response = client.get(by_link(ticket, public_file(ticket)))
    assert response.headers["Content-Disposition"] == expected


def test_a_file_that_is_gone_is_not_found(client: Client, ticket: Ticket) -> None:
    file = public_file(ticket)
    file.file.storage.delete(file.file.name)
    assert client.get(by_link(ticket, file)).status_code == 404


def test_a_number_beyond_the_database_is_not_found(client: Client, ticket: Ticket) -> None:
    client.force_login(ticket.requester)
    assert client.get(f"/files/{'9' * 40}/").status_code == 404
