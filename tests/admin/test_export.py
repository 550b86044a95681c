"""What a filter shows as a file: its rows and no others, and nothing that runs in a spreadsheet."""

from __future__ import annotations

import csv
import io
from typing import Any

import pytest
from django.test import Client
from openpyxl import load_workbook

from sla.files import harmless
from tests import factories
from tickets.models import Ticket

pytestmark = pytest.mark.usefixtures("policy")

QUEUE, PEOPLE = "/admin/tickets/ticket/export/", "/admin/tickets/user/export/"


def rows(answer: Any) -> list[dict[str, str]]:
    text = b"".join(answer.streaming_content).decode("utf-8-sig")
    return list(csv.DictReader(io.StringIO(text)))


@pytest.mark.parametrize(
    ("typed", "cell"),
    [
        ("=1+1", "'=1+1"),
        ("+49", "'+49"),
        ("-1", "'-1"),
        ("@SUM(A1)", "'@SUM(A1)"),
        ("\t=1", "'\t=1"),
        ("\r=1", "'\r=1"),
        ("  =1", "'  =1"),
        ("a\x00b", "ab"),
        ("Hello = you", "Hello = you"),
        ("", ""),
        (None, ""),
        (True, "yes"),
        (7, 7),
    ],
)
def test_a_cell_is_no_formula(typed: Any, cell: Any) -> None:
    assert harmless(typed) == cell


def test_the_file_has_what_the_filter_shows_and_the_agent_sees(client: Client) -> None:
    ada = factories.agent("ada@desk.example")
    mine, other, hidden = (factories.ticket(subject=f"=cmd|{n}") for n in range(3))
    Ticket.objects.filter(pk=mine.pk).update(assignee=ada)
    Ticket.objects.filter(pk=hidden.pk).update(team=factories.team())
    client.force_login(ada)
    found = rows(client.get(f"{QUEUE}csv/?status=all"))
    assert {row["reference"] for row in found} == {mine.reference, other.reference}
    assert all(row["subject"].startswith("'=cmd") for row in found)
    answer = client.get(f"{QUEUE}csv/?assignee=me")
    assert [row["reference"] for row in rows(answer)] == [mine.reference]
    assert 'filename="tickets.csv"' in answer["Content-Disposition"]
    book = load_workbook(io.BytesIO(b"".join(client.get(f"{QUEUE}xlsx/").streaming_content)))
    sheet = [[cell.value for cell in row] for row in book.worksheets[0].iter_rows()]
    assert sheet[0][:2] == ["reference", "external_reference"]
    assert len(sheet) == 3
    assert all(cell.data_type != "f" for row in book.worksheets[0].iter_rows() for cell in row)
    assert client.get(f"{QUEUE}exe/").status_code == 404
    assert client.post(f"{QUEUE}csv/").status_code == 405
    assert (
        "export/csv/?assignee=me"
        in client.get("/admin/tickets/ticket/?assignee=me").content.decode()
    )


@pytest.mark.parametrize(
    ("group", "tickets", "people"),
    [("Agent", 200, 403), ("Manager", 200, 403), ("Administrator", 200, 200), ("", 302, 302)],
)
def test_who_takes_what_along(client: Client, group: str, tickets: int, people: int) -> None:
    client.force_login(factories.agent(group=group) if group else factories.customer())
    assert client.get(f"{QUEUE}csv/").status_code == tickets
    assert client.get(f"{PEOPLE}csv/").status_code == people
