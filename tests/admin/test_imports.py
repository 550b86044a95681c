"""The pages of an import: choose a file, look at its rows, begin, and watch."""

from __future__ import annotations

from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from tests import factories
from tickets.models import ImportJob, Ticket, User

pytestmark = pytest.mark.usefixtures("policy")

IMPORTS = "/admin/tickets/importjob/"
GOOD = "email,name\nerika@acme.example,Erika\n"


@pytest.fixture
def client(policy: Any) -> Client:
    client = Client()
    client.force_login(factories.agent(group="Administrator"))
    return client


def sent(client: Client, text: str, kind: str = "people") -> Any:
    file = SimpleUploadedFile("people.csv", text.encode())
    return client.post(f"{IMPORTS}add/", {"kind": kind, "file": file}, follow=True)


def test_a_file_is_looked_at_before_it_is_brought_in(client: Client) -> None:
    page = sent(client, GOOD).content.decode()
    assert "1 row, all well." in page
    assert "<td>Will be brought in</td><td>A new person, erika@acme.example.</td>" in page
    assert not User.objects.filter(email="erika@acme.example").exists()
    job = ImportJob.objects.get()
    page = client.post(f"{IMPORTS}{job.pk}/begin/", follow=True).content.decode()
    assert "1 of 1 brought in" in page
    assert User.objects.filter(email="erika@acme.example").exists()
    assert client.get(IMPORTS).status_code == client.get(f"{IMPORTS}{job.pk}/news/").status_code


def test_a_row_that_is_here_already_says_so_before_and_after(client: Client) -> None:
    factories.customer("erika@acme.example", name="Erika")
    page = sent(client, GOOD).content.decode()
    assert "<td>Here already</td><td>Is here already, and the same: Erika.</td>" in page
    job = ImportJob.objects.get()
    client.post(f"{IMPORTS}{job.pk}/begin/")
    assert "<td>Here already</td>" in client.get(f"{IMPORTS}{job.pk}/news/").content.decode()


def test_a_bad_row_is_named_and_the_import_cannot_begin(client: Client) -> None:
    page = sent(client, f"{GOOD}nobody,Nobody\n").content.decode()
    assert "1 of 2 rows have to be mended." in page
    assert "email “nobody” is no e-mail address." in page
    assert "/begin/" not in page
    assert "<td>In order</td><td>A new person, erika@acme.example.</td>" in page
    job = ImportJob.objects.get()
    page = client.post(f"{IMPORTS}{job.pk}/begin/", follow=True).content.decode()
    assert "Mend the rows that are named first" in page
    assert not User.objects.filter(email="erika@acme.example").exists()
    client.post(f"{IMPORTS}{job.pk}/discard/")
    assert not ImportJob.objects.exists()


def test_a_file_that_cannot_be_read_comes_back_with_a_sentence(client: Client) -> None:
    page = sent(client, "mail\nx\n").content.decode()
    assert "A column is missing: email. There is no such column: mail." in page
    assert "Choose a file." in client.post(f"{IMPORTS}add/", {"kind": "people"}).content.decode()


def test_the_example_of_tickets_can_be_brought_in(client: Client) -> None:
    example = client.get(f"{IMPORTS}example/tickets/").getvalue().decode()
    sent(client, example, "tickets")
    job = ImportJob.objects.get()
    client.post(f"{IMPORTS}{job.pk}/begin/")
    assert Ticket.objects.get().external_reference == "OLD-1001"
    page = client.get(f"{IMPORTS}add/").content.decode()
    assert "external_reference" in page
    assert client.get(f"{IMPORTS}example/shoes/").status_code == 404
