"""The inbox in the admin: looked at, saved, read again, or made a ticket."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from sla.models import Policy
from tests import factories
from tests.times import nov
from tickets import inbound, lifecycle
from tickets.models import InboundMessage, Ticket

LIST = "/admin/tickets/inboundmessage/"
State, Outcome = InboundMessage.State, InboundMessage.Outcome
RAW = b"From: asha@client.example\r\nSubject: Disk full\r\nAuto-Submitted: auto-generated\r\n\r\nX"


@pytest.fixture
def desk(client: Client, policy: Policy) -> Client:
    client.force_login(factories.agent())
    return client


def received(raw: bytes = RAW, key: str = "k") -> InboundMessage:
    row = inbound.receive(raw, mailbox=None, key=key, at=timezone.now())
    inbound.read_waiting(at=timezone.now())
    row.refresh_from_db()
    return row


def quarantined() -> InboundMessage:
    return received(b"no mail at all", "poison")


def page_of(client: Client, row: InboundMessage) -> str:
    return client.get(f"{LIST}{row.pk}/change/").content.decode()


def test_the_list_says_what_became_of_each_message(desk: Client) -> None:
    received()
    quarantined()
    page = desk.get(LIST).content.decode()
    for words in ("Disk full", "asha@client.example", "Ignored", "In quarantine", "poison"):
        assert words in page
    assert "It does not say who wrote it." in page


def test_the_list_asks_the_database_equally_often_with_many_rows(desk: Client) -> None:
    desk.get(LIST)  # The first page of an agent notes that he is there.
    counts = []
    for rows in (5, 60):
        for number in range(rows):
            inbound.receive(b"x%d" % (number + rows), mailbox=None, key=f"{rows}:{number}",
                            at=timezone.now())  # fmt: skip
        with CaptureQueriesContext(
            connection,
        ) as queries:
            assert desk.get(LIST).status_code == 200
        counts.append(len(queries))
        assert not any('"tickets_inboundmessage"."raw"' in query["sql"] for query in queries)
    assert counts[0] == counts[1]


def test_the_original_is_saved_and_never_shown(desk: Client) -> None:
    raw = b"From: a@b.example\r\nContent-Type: text/html\r\n\r\n<script>alert(1)</script>"
    answer = desk.get(f"{LIST}{received(raw).pk}/original/")
    assert answer.content == raw
    assert answer["Content-Disposition"].startswith("attachment")
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert answer["Content-Type"] == "application/octet-stream"


def test_what_is_in_quarantine_is_read_again(desk: Client) -> None:
    row = quarantined()
    assert "Read it again" in page_of(desk, row)
    assert desk.post(f"{LIST}{row.pk}/retry/").status_code == 302
    row.refresh_from_db()
    assert (row.state, row.attempts) == (State.WAITING, 0)
    again = desk.post(f"{LIST}{row.pk}/retry/", follow=True).content.decode()
    assert "not in quarantine any more" in again


def test_what_was_ignored_is_made_a_ticket(desk: Client) -> None:
    row = received()
    assert "Make a ticket of it" in page_of(desk, row)
    page = desk.post(f"{LIST}{row.pk}/adopt/", follow=True).content.decode()
    ticket = Ticket.objects.get()
    assert f"It is part of {ticket} now." in page
    page = desk.post(f"{LIST}{row.pk}/adopt/", follow=True).content.decode()
    assert "It cannot become a ticket. It is not ignored any more." in page


def test_only_staff_with_the_permission_may(client: Client, policy: Policy) -> None:
    row = quarantined()
    for path in ("original/", "retry/", "adopt/", "change/"):
        assert client.get(f"{LIST}{row.pk}/{path}").status_code == 302
    client.force_login(factories.customer())
    for path in ("original/", "retry/", "adopt/", "change/"):
        assert client.post(f"{LIST}{row.pk}/{path}").status_code == 302
    client.force_login(factories.agent(group="Agent"))
    assert client.get(f"{LIST}{row.pk}/retry/").status_code == 405
    assert client.post(f"{LIST}{row.pk}/change/", {"state": "done"}).status_code == 403
    assert client.post(f"{LIST}{row.pk}/delete/", {"post": "yes"}).status_code == 403
    row.refresh_from_db()
    assert row.state == State.QUARANTINED


def test_a_strangers_answer_is_accepted_on_the_tickets_page(desk: Client) -> None:
    ticket, agent = factories.ticket(), factories.agent()
    lifecycle.reply(ticket=ticket, by=agent, text="Which?", at=nov(2, "10:30"))
    sent = ticket.deliveries.get(occasion="reply").mail_message_id
    row = received(
        f"From: mallory@elsewhere.example\r\nIn-Reply-To: {sent}\r\n\r\nLet me in.".encode()
    )
    assert row.message is not None
    address = f"/admin/tickets/ticket/{ticket.pk}/"
    page = desk.get(f"{address}change/").content.decode()
    assert "Unverified: only staff see it" in page
    assert "mallory@elsewhere.example has no part in this ticket." in page
    accept = f"{address}messages/{row.message.pk}/accept/"
    assert desk.get(accept).status_code == 405
    assert "is part of the conversation now" in desk.post(accept, follow=True).content.decode()
    row.message.refresh_from_db()
    assert row.message.is_public
    other = factories.ticket()
    foreign = f"/admin/tickets/ticket/{other.pk}/messages/{row.message.pk}/accept/"
    assert desk.post(foreign).status_code == 404


def test_a_follower_is_added_on_the_tickets_page(desk: Client) -> None:
    ticket = factories.ticket()
    address = f"/admin/tickets/ticket/{ticket.pk}/follow/"
    page = desk.post(address, {"email": "ravi@client.example"}, follow=True).content.decode()
    assert "ravi@client.example" in page
    page = desk.post(address, {"email": "RAVI@client.example"}).content.decode()
    assert "gets the answers to this ticket already" in page
    assert ticket.followers.count() == 1


def test_what_was_formatted_can_run_nothing(desk: Client) -> None:
    row = received(
        b"From: asha@client.example\r\nContent-Type: text/html\r\n\r\n"
        b"<p>Hello <b>you</b><script>alert(1)</script><img src=http://spy.example/x alt=Spy>"
    )
    assert row.ticket is not None
    assert row.message is not None
    address = f"/admin/tickets/ticket/{row.ticket.pk}/"
    assert "As it was formatted" in desk.get(f"{address}change/").content.decode()
    page = desk.get(f"{address}messages/{row.message.pk}/formatted/")
    text = page.content.decode()
    assert "<b>you</b>" in text
    assert "<script" not in text
    assert ' src="http' not in text
    policy = page["Content-Security-Policy"]
    assert policy.startswith("default-src 'none'; img-src 'self'; form-action 'none'")
    assert "sandbox" in policy
    assert "allow-scripts" not in policy
    desk.logout()
    assert desk.get(f"{address}messages/{row.message.pk}/formatted/").status_code == 302
