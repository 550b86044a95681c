"""Fill the form in, and read what it answers."""

import re
from typing import Any

from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from tickets.models import RequestType, Ticket

NEW = "/tickets/new/"


def filled_in(kind: RequestType, **changes: Any) -> dict[str, Any]:
    return {
        "request_type": kind.pk,
        "subject": "The report counts twice",
        "text": "Since Monday each order is there twice.",
        "email": "maria@client.example",
        "name": "Maria Silva",
        "nonce": "abc",
        **changes,
    }


def file(
    name: str = "notes.txt", content: bytes = b"hello", kind: str = "text/plain"
) -> SimpleUploadedFile:
    return SimpleUploadedFile(name, content, kind)


def refused(client: Client, data: dict[str, Any]) -> str:
    """The page that comes back; no ticket was made."""
    response = client.post(NEW, data)
    assert response.status_code == 422
    assert not Ticket.objects.exists()
    return response.content.decode()


def error_of(text: str, field: str) -> str:
    """The sentence at a field, found as a screen reader finds it."""
    found = re.search(rf'id="id_{field}_error">(.*?)</div>', text, re.DOTALL)
    assert found, f"no error at {field}"
    assert re.search(rf'aria-describedby="[^"]*id_{field}_error', text)
    assert f'href="#id_{field}"' in text, "the summary links to the field"
    return " ".join(re.sub(r"<[^>]+>", " ", found[1]).split())
