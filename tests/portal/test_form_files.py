"""Files on the form, and submitting twice."""

import re
from typing import Any

import pytest
from django.test import Client

from sla.models import Policy
from tests.portal.filling import NEW, error_of, file, filled_in, refused
from tickets.models import Attachment, Delivery, RequestType, Ticket


def test_several_files_come_with_a_request(client: Client, kind: RequestType) -> None:
    client.post(NEW, filled_in(kind, attachments=[file("a.txt"), file("b.png", b"png")]))
    files = Attachment.objects.filter(message__ticket=Ticket.objects.get())
    assert [(found.filename, found.size) for found in files] == [("a.txt", 5), ("b.png", 3)]
    assert files[0].file.read() == b"hello"


@pytest.mark.parametrize(
    ("files", "sentence"),
    [
        ([("empty.txt", 0)], "“empty.txt” is empty."),
        ([("big.bin", 11)], "“big.bin” has 11 bytes, and a file may have at most 10 bytes."),
        (
            [("a", 1), ("b", 1), ("c", 1)],
            "You chose 3 files, and at most 2 can be attached at once.",
        ),
        # All that is wrong is said at once.
        ([("empty.txt", 0), ("also.txt", 0)], "“empty.txt” is empty. “also.txt” is empty."),
    ],
)
def test_files_beyond_the_limits_are_refused_by_name(
    client: Client,
    kind: RequestType,
    settings: Any,
    files: list[tuple[str, int]],
    sentence: str,
) -> None:
    settings.MAX_ATTACHMENT_BYTES, settings.MAX_ATTACHMENTS = 10, 2
    chosen = [file(name, b"x" * size) for name, size in files]
    text = refused(client, filled_in(kind, attachments=chosen))
    assert error_of(text, "attachments") == sentence
    assert "Choose your files again: a browser does not keep them." in text
    assert not Attachment.objects.exists()


def test_no_more_of_a_large_file_is_kept_than_may_be(
    client: Client, kind: RequestType, settings: Any
) -> None:
    settings.MAX_ATTACHMENT_BYTES = 1024 * 1024
    chosen = [file("a.txt"), file("big.bin", b"x" * 3 * 1024 * 1024)]
    text = refused(client, filled_in(kind, attachments=chosen))
    assert "“big.bin” has 3.0" in error_of(text, "attachments")


def test_a_hundred_files_are_answered_with_a_page(client: Client, kind: RequestType) -> None:
    chosen = [file(f"{number}.txt") for number in range(101)]
    assert client.post(NEW, filled_in(kind, attachments=chosen)).status_code == 413


def test_files_are_asked_for_again_when_something_else_is_wrong(
    client: Client, kind: RequestType
) -> None:
    again = "Choose your files again: a browser does not keep them."
    assert again in refused(client, filled_in(kind, subject="", attachments=[file()]))
    assert again not in refused(client, filled_in(kind, subject=""))


@pytest.mark.parametrize("claimed", ["text/plain\0", "nonsense", "a/" + "b" * 200, ""])
def test_a_media_type_that_is_none_is_not_stored(
    client: Client, kind: RequestType, claimed: str
) -> None:
    client.post(NEW, filled_in(kind, attachments=[file(kind=claimed)]))
    # The test client guesses a type by the name when it is given none.
    assert Attachment.objects.get().content_type in {"application/octet-stream", "text/plain"}


def test_submitting_twice_makes_one_ticket_and_shows_it_twice(
    client: Client, kind: RequestType
) -> None:
    first = client.post(NEW, filled_in(kind, attachments=[file()]))
    second = client.post(NEW, filled_in(kind, attachments=[file()]))
    assert Ticket.objects.count() == 1
    assert Delivery.objects.count() == 1
    places = {answer.headers["Location"].rsplit("/", 2)[0] for answer in (first, second)}
    assert places == {f"/tickets/{Ticket.objects.get().reference}"}


@pytest.mark.parametrize(
    "changes",
    [
        {"text": "And one more thing."},
        {"email": "leo@client.example"},
        # The next form of the same person has another nonce.
        {"nonce": "xyz"},
        {"attachments": [file(content=b"other")]},
    ],
)
def test_an_edited_submission_is_a_new_ticket(
    client: Client, kind: RequestType, changes: dict[str, Any]
) -> None:
    client.post(NEW, filled_in(kind, attachments=[file()]))
    client.post(NEW, filled_in(kind, **{"attachments": [file()], **changes}))
    assert Ticket.objects.count() == 2


def test_submissions_without_a_nonce_are_never_the_same(client: Client, kind: RequestType) -> None:
    client.post(NEW, filled_in(kind, nonce=""))
    client.post(NEW, filled_in(kind, nonce=""))
    assert Ticket.objects.count() == 2


def test_every_form_has_a_nonce_of_its_own(client: Client, policy: Policy) -> None:
    nonces = {
        re.search(r'name="nonce" value="([^"]{20,})"', client.get(NEW).content.decode())[1]  # type: ignore[index]
        for _ in range(2)
    }
    assert len(nonces) == 2
