"""The words of a ticket follow its rows, whoever changes them and however large they are."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from io import StringIO

import pytest
from django.core.management import call_command
from django.db import connection, transaction
from django.utils import timezone

from sla.models import Policy
from tests import factories
from tests.tickets.test_search import found, index
from tickets import indexing, lifecycle
from tickets.models import Message, Organization, SearchDocument, SearchMark, Tag, Ticket, User

pytestmark = pytest.mark.django_db


def ticket_of_rosa() -> Ticket:
    company = factories.organization("Kestrel")
    rosa = factories.customer("rosa@kestrel.example", name="Rosa", organization=company)
    ticket = factories.ticket(subject="Colours", text="They are wrong.", requester=rosa)
    ticket.tags.add(Tag.objects.create(name="wombat"))
    return ticket


CHANGES: list[tuple[str, Callable[[Ticket], object]]] = [
    ("subject", lambda t: Ticket.objects.filter(pk=t.pk).update(subject="quokka")),
    ("message", lambda t: lifecycle.reply(
        ticket=t, by=t.requester, text="quokka", at=t.updated_at)),
    ("edited", lambda t: Message.objects.filter(ticket=t).update(text="quokka")),
    ("person", lambda t: User.objects.filter(pk=t.requester_id).update(name="quokka")),
    ("company", lambda t: Organization.objects.filter(pk=t.organization_id).update(name="quokka")),
    ("tag", lambda t: t.tags.add(Tag.objects.create(name="quokka"))),
    ("renamed tag", lambda t: Tag.objects.filter(tickets=t).update(name="quokka")),
    ("handed on", lambda t: Ticket.objects.filter(pk=t.pk).update(
        requester=factories.customer("quokka@client.example"))),
]  # fmt: skip


@pytest.mark.parametrize("change", [change for _, change in CHANGES], ids=[n for n, _ in CHANGES])
def test_whatever_changes_the_words_of_a_ticket_is_found(
    policy: Policy, change: Callable[[Ticket], object]
) -> None:
    ticket = ticket_of_rosa()
    index()
    change(ticket)
    assert index() == 1
    assert found("quokka") != []


def test_a_message_that_moves_to_another_ticket_takes_its_words_along(policy: Policy) -> None:
    one, other = factories.ticket(text="quokka"), factories.ticket(subject="Other")
    index()
    Message.objects.filter(ticket=one).update(ticket=other)
    assert index() == 2
    assert found("quokka") == ["Other"]
    Message.objects.filter(ticket=other).delete()
    index()
    assert found("quokka") == []


def test_an_act_without_words_marks_nothing(policy: Policy) -> None:
    ticket = factories.ticket()
    index()
    lifecycle.assign(ticket=ticket, by=None, at=ticket.updated_at, assignee=factories.agent())
    User.objects.update(last_login=factories.MONDAY)
    assert not SearchMark.objects.exists()


def test_a_change_that_is_taken_back_leaves_no_mark(policy: Policy) -> None:
    with transaction.atomic():
        factories.ticket()
        assert SearchMark.objects.exists()
        transaction.set_rollback(True)
    assert not SearchMark.objects.exists()


def test_ten_megabytes_are_found_by_their_beginning(policy: Policy) -> None:
    ticket = factories.ticket(text="quokka " + "".join(f"w{n} " for n in range(1_600_000)))
    lifecycle.reply(ticket=ticket, by=ticket.requester, text="x" * 5_000_000, at=ticket.updated_at)
    lifecycle.reply(ticket=ticket, by=ticket.requester, text="wombat", at=ticket.updated_at)
    assert index() == 1
    assert found("quokka") == [ticket.subject]
    assert not SearchMark.objects.exists()


def test_of_a_long_conversation_the_opening_and_the_newest_words_are_found(
    policy: Policy, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(indexing, "MOST_MESSAGES", 3)
    ticket = factories.ticket(text="opening")
    for word in ("second", "third", "fourth"):
        lifecycle.reply(ticket=ticket, by=ticket.requester, text=word, at=ticket.updated_at)
    index()
    words = ("opening", "second", "third", "fourth")
    assert [bool(found(word)) for word in words] == [True, False, True, True]


def test_a_ticket_that_cannot_be_written_is_tried_again_and_stops_no_other(
    policy: Policy, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    broken, whole = factories.ticket(text="lion " * 5), factories.ticket(text="quokka")
    refuse = f"1 / (ticket.id - {broken.pk}) IS NOT NULL AND ticket.id = ANY"
    monkeypatch.setattr(indexing, "WRITE", indexing.WRITE.replace("ticket.id = ANY", refuse))
    at = timezone.now()
    assert indexing.write_marked(at=at) == 2
    assert found("quokka") == [whole.subject]
    assert "could not be written" in caplog.text
    assert SearchMark.objects.get().due_at == at + indexing.POSTPONEMENT
    monkeypatch.undo()
    assert index() == 0
    assert indexing.write_marked(at=at + timedelta(minutes=6)) == 1
    assert found("lion") == [broken.subject]


def test_the_command_writes_everything_anew_or_leaves_it_to_the_workers(policy: Policy) -> None:
    tickets = [factories.ticket(text="quokka") for _ in range(3)]
    index()
    SearchDocument.objects.all().delete()
    said = StringIO()
    call_command("index_search", first=tickets[1].pk, mark_only=True, stdout=said)
    assert (found("quokka"), "2 tickets are marked" in said.getvalue()) == ([], True)
    call_command("index_search", stdout=said)
    assert len(found("quokka")) == 3
    assert "3 tickets are written" in said.getvalue()


@pytest.mark.django_db(transaction=True)
def test_two_workers_never_write_at_once(policy: Policy) -> None:
    factories.ticket()
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [indexing.LOCK])
        other = connection.copy()
        try:
            with other.cursor() as cursor:
                cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", [indexing.LOCK])
                assert cursor.fetchone() == (False,)
        finally:
            other.close()
    assert index() == 1
