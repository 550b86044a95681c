"""Files of tickets and people: read, looked at, and brought in once, without telling anybody."""

from __future__ import annotations

import csv
import io
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from openpyxl import Workbook

from tests import factories
from tests.factories import MONDAY
from tickets.imports import jobs, reading
from tickets.imports.columns import COLUMNS
from tickets.imports.reading import Unreadable, rows, unguarded
from tickets.models import Event, ImportJob, RuleCue, Ticket, User

FACTS = {
    "external_reference": "OLD-1",
    "subject": "The report stands still",
    "requester": "Erika@acme.example",
    "submitted_at": "2026-10-01T10:00:00+02:00",
}


def table(*lines: dict[str, str], delimiter: str = ",") -> bytes:
    titles = list(dict.fromkeys(title for line in lines for title in line))
    text = io.StringIO()
    writer = csv.DictWriter(text, titles, delimiter=delimiter)
    writer.writeheader()
    writer.writerows(lines)
    return text.getvalue().encode()


def book(*lines: list[Any]) -> bytes:
    made, file = Workbook(), io.BytesIO()
    for line in lines:
        made.worksheets[0].append(line)
    made.save(file)
    return file.getvalue()


PERSON = b"email,name\nada@acme.example,Ada\n"


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"", "The file is empty."),
        (b"email\n", "The file has titles and no row."),
        (b"name\nAda\n", "A column is missing: email."),
        (b"email,shoe\na@b.example,7\n", "There is no such column: shoe."),
        (b"email,email\na@b.example,7\n", "There are several columns: email."),
        (b"email,\na@b.example,7\n", "has more cells than there are titles."),
        ("email,name\na@b.example,Ä\n".encode("latin-1"), "Line 2 is not in UTF-8"),
        ("email\na@b.example\n".encode("utf-16"), "The file is in UTF-16."),
        (b"email\na@b\0.example\n", "NUL characters"),
        (b'email\n"a@b.example\n', "This is no CSV file"),
        (b"PK\x03\x04 and no more", "This XLSX file is damaged"),
        (b"x" * (10 * 1024 * 1024 + 1), "larger than 10 MB"),
        (b"email\n" + b"a@b.example\n" * 20_001, "20,000 rows at most"),
    ],
)
def test_a_file_that_cannot_be_read_says_why(content: bytes, sentence: str) -> None:
    with pytest.raises(Unreadable, match=sentence):
        rows("people.csv", content, kind="people")


@pytest.mark.parametrize(
    "content",
    [
        PERSON,
        b"\xef\xbb\xbf" + PERSON,
        PERSON.replace(b",", b";"),
        PERSON.replace(b",", b"\t"),
        PERSON.replace(b"\n", b"\r\n") + b",\r\n",
        b"Email,Name,active\nada@acme.example,Ada,yes\n",
        book(["email", "name"], ["ada@acme.example", "Ada"], [None, None]),
    ],
)
def test_the_ways_of_writing_a_table_are_one(content: bytes) -> None:
    assert rows("x", content, kind="people") == [(2, {"email": "ada@acme.example", "name": "Ada"})]


@pytest.mark.parametrize(
    ("cell", "plain"),
    [
        ("'=1+1", "=1+1"),
        ("'+49", "+49"),
        ("'-", "-"),
        ("'@x", "@x"),
        ("'tis", "'tis"),
        (" a ", "a"),
    ],
)
def test_the_guard_of_our_own_export_is_taken_off(cell: str, plain: str) -> None:
    assert unguarded(cell) == plain


def looked(*lines: dict[str, str], kind: str = "tickets") -> ImportJob:
    by = User.objects.filter(groups__name="Administrator").first()
    by = by or factories.agent(group="Administrator")
    return jobs.look(kind=kind, name="old.csv", content=table(*lines), by=by, at=MONDAY)


def brought(*lines: dict[str, str], kind: str = "tickets") -> ImportJob:
    job = looked(*lines, kind=kind)
    assert not job.bad, [row.words for row in job.rows.all()]
    return jobs.finish(jobs.begin(job=job, by=job.by, at=MONDAY), at=MONDAY)


@pytest.mark.usefixtures("policy")
@pytest.mark.parametrize(
    ("cells", "sentence"),
    [
        ({"subject": ""}, "subject is empty."),
        ({"subject": "x" * 201}, "subject has more than 200 characters."),
        ({"requester": "erika"}, "requester “erika” is no e-mail address."),
        ({"submitted_at": "2026-11-02 10:00"}, "has no zone."),
        ({"submitted_at": "2026-13-02T10:00Z"}, "is no time such as"),
        ({"submitted_at": "yesterday"}, "is no time such as"),
        ({"status": "done"}, "status “done” is none of new, open"),
        ({"priority": "P9"}, "priority names a priority that is not here: “P9”."),
        ({"team": "Nobody"}, "team names a team that is not here"),
        ({"assignee": "erika@acme.example"}, "assignee names an agent that is not here"),
        ({"organization": "Acme"}, "organization names an organization that is not here"),
        ({"tags": "good, b@d"}, "tags has a word that is no tag."),
        ({"status": "resolved"}, "A ticket that is resolved needs resolved_at."),
        ({"status": "open", "resolved_at": "2026-10-02T10:00Z"}, "has neither resolved_at"),
        ({"resolved_at": "2026-09-02T10:00Z"}, "Its times are not in order"),
        ({"answer": "Yes"}, "answer needs first_responded_at."),
        ({"requester": "x", "status": "y"}, "requester “x” is no e-mail address. status “y”"),
    ],
)
def test_a_bad_row_says_what_is_wrong_and_nothing_is_written(
    cells: dict[str, str], sentence: str
) -> None:
    good = {**FACTS, "external_reference": "OLD-2"}
    job = looked({**FACTS, **cells}, good)
    bad, well = job.rows.order_by("number")
    assert sentence in bad.words.replace("  ", " ")
    assert (bad.state, well.state, job.bad) == ("bad", "waiting", 1)
    with pytest.raises(jobs.RowsAreBad):
        jobs.begin(job=job, by=job.by, at=MONDAY)
    assert not Ticket.objects.exists()


@pytest.mark.usefixtures("policy")
def test_the_same_reference_twice_in_a_file_is_named() -> None:
    job = looked(FACTS, FACTS)
    assert [row.words for row in job.rows.filter(state="bad")] == [
        "It says the same external_reference as row 2."
    ]


@pytest.mark.usefixtures("policy")
def test_a_solved_ticket_comes_with_its_facts_and_without_promises_or_noise() -> None:
    ada, team = factories.agent("ada@desk.example"), factories.team("Second line")
    acme = factories.organization("Acme")
    job = brought(
        FACTS
        | {
            "text": "It shows last week.", "status": "closed", "priority": "p2",
            "team": "second line", "assignee": "Ada@desk.example", "organization": "Acme",
            "tags": "Billing, report", "channel": "email", "answer": "We mended it.",
            "first_responded_at": "2026-10-01T12:00Z", "resolved_at": "2026-10-02T08:00Z",
            "requester_name": "Erika",
        }
    )  # fmt: skip
    ticket = Ticket.objects.get()
    assert (job.done, job.same, job.refused, job.finished_at) == (1, 0, 0, MONDAY)
    assert (ticket.external_reference, ticket.status) == ("OLD-1", "closed")
    assert ticket.submitted_at == datetime(2026, 10, 1, 8, tzinfo=UTC)
    assert ticket.resolved_at == ticket.closed_at == datetime(2026, 10, 2, 8, tzinfo=UTC)
    assert (ticket.priority.code, ticket.team, ticket.assignee) == ("P2", team, ada)
    assert (ticket.organization, ticket.requester.name) == (acme, "Erika")
    assert set(ticket.tags.values_list("name", flat=True)) == {"billing", "report"}
    said = ticket.messages.values_list("text", "author__email", "by_staff")
    assert list(said) == [
        ("It shows last week.", "erika@acme.example", False),
        ("We mended it.", "ada@desk.example", True),
    ]
    assert not ticket.clocks.exists()
    assert not ticket.deliveries.exists()
    assert not ticket.escalations.exists()
    assert not RuleCue.objects.exists()
    assert list(ticket.events.values_list("kind", "turn")) == [(Event.Kind.IMPORTED, "")]


@pytest.mark.usefixtures("policy")
@pytest.mark.parametrize(
    ("cells", "metrics"),
    [
        ({}, {"first_response", "resolution"}),
        ({"status": "pending"}, {"first_response", "resolution"}),
        ({"status": "open", "first_responded_at": "2026-10-02T10:00Z"}, {"resolution"}),
    ],
)
def test_the_promises_of_an_unsolved_ticket_begin_with_the_import(
    cells: dict[str, str], metrics: set[str]
) -> None:
    brought({**FACTS, **cells})
    ticket = Ticket.objects.get()
    assert {clock.metric for clock in ticket.clocks.all()} == metrics
    assert {clock.started_at for clock in ticket.clocks.all()} == {MONDAY}
    assert ticket.events.get().turn == Event.Turn.IN
    assert ticket.next_due_at == min(clock.due_at for clock in ticket.clocks.all())
    paused = ticket.clocks.filter(metric="resolution", pauses__ended_at=None)
    assert paused.filter(pauses__isnull=False).exists() == (ticket.status == "pending")
    assert not ticket.deliveries.exists()


@pytest.mark.usefixtures("policy")
def test_the_same_file_twice_brings_nothing_twice() -> None:
    brought(FACTS)
    job = looked(FACTS)
    ticket = Ticket.objects.get()
    assert job.rows.get().words == f"Is here already: {ticket.reference}."
    job = jobs.finish(jobs.begin(job=job, by=job.by, at=MONDAY), at=MONDAY)
    assert (job.done, job.same) == (0, 1)
    assert Ticket.objects.count() == Event.objects.count() == 1
    # And a job that is begun twice, or gone on with by two workers, does nothing more.
    jobs.begin(job=job, by=job.by, at=MONDAY)
    assert jobs.go_on(at=MONDAY) == 0


@pytest.mark.usefixtures("policy")
def test_people_are_changed_by_what_the_file_says_and_get_no_rights() -> None:
    factories.organization("Acme")
    known = factories.customer("erika@acme.example", name="E.", language="de")
    file = [
        {"email": "Erika@acme.example", "name": "Erika", "organization": "Acme", "language": ""},
        {"email": "new@acme.example", "name": "New", "time_zone": "Europe/Berlin"},
    ]
    assert (job := brought(*file, kind="people")).done == 2
    known.refresh_from_db()
    assert (known.name, str(known.organization), known.language) == ("Erika", "Acme", "de")
    new = User.objects.get(email="new@acme.example")
    assert (new.time_zone, new.is_staff, new.has_usable_password()) == (
        "Europe/Berlin", False, False,
    )  # fmt: skip
    assert [row.values for row in job.rows.all()] == [{}, {}]
    assert brought(*file, kind="people").same == 2


@pytest.mark.usefixtures("policy")
@pytest.mark.parametrize(
    ("cells", "sentence"),
    [
        ({"email": "ada@desk.example"}, "ada@desk.example is a member of staff"),
        ({"time_zone": "Berlin"}, "time_zone “Berlin” is no time zone"),
        ({"language": "xx"}, "language “xx” is none of en-gb, de."),
    ],
)
def test_a_bad_person_says_what_is_wrong(cells: dict[str, str], sentence: str) -> None:
    factories.agent("ada@desk.example")
    job = looked({"email": "erika@acme.example", **cells}, kind="people")
    assert sentence in job.rows.get().words


@pytest.mark.usefixtures("policy")
def test_who_lost_the_right_meanwhile_brings_in_nothing() -> None:
    job = looked(FACTS)
    jobs.begin(job=job, by=job.by, at=MONDAY)
    job.by.groups.clear()
    assert jobs.go_on(at=MONDAY) == 1
    job.refresh_from_db()
    assert (job.refused, job.rows.get().words) == (1, "Only administrators may bring in files.")
    assert not Ticket.objects.exists()


@pytest.mark.usefixtures("policy")
def test_a_file_that_nobody_began_is_forgotten_after_a_week() -> None:
    old = looked(FACTS)
    ImportJob.objects.filter(pk=old.pk).update(made_at=MONDAY - timedelta(days=8))
    looked(FACTS)
    assert not ImportJob.objects.filter(pk=old.pk).exists()


def test_the_example_files_can_be_read() -> None:
    for kind, columns in COLUMNS.items():
        line = {column.title: column.example for column in columns}
        ((_, found),) = reading.rows("example.csv", table(line), kind=kind)
        assert found == line
