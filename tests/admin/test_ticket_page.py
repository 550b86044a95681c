"""The page of a ticket tells its whole story, and looks the same however long that is."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from sla.models import Policy
from tests import factories
from tickets import lifecycle
from tickets.models import Delivery, Ticket, User


@pytest.fixture
def ada(client: Client, policy: Policy) -> User:
    """An agent, signed in."""
    user = factories.agent(name="Ada Lovelace")
    client.force_login(user)
    return user


def page_of(client: Client, ticket: Ticket, query: str = "") -> str:
    """The HTML of the ticket's page, with spaces as one reads them."""
    response = client.get(f"/admin/tickets/ticket/{ticket.pk}/change/{query}")
    assert response.status_code == 200
    return " ".join(response.content.decode().split())


def section(page: str, heading: str) -> str:
    """What stands between this heading and the next one."""
    found = re.search(rf'<h3 class="desk-heading">{heading}</h3>(.*?)</section>', page)
    assert found is not None, heading
    return found[1]


def test_the_conversation_stands_in_order_and_tells_notes_from_replies(
    client: Client, ada: User
) -> None:
    ticket = factories.ticket(text="It stands still.")
    at = factories.MONDAY
    lifecycle.reply(ticket=ticket, by=ada, text="We look.", at=at + timedelta(minutes=1))
    lifecycle.add_note(ticket=ticket, by=ada, text="Job hangs.", at=at + timedelta(minutes=2))
    page = page_of(client, ticket)
    kinds = re.findall(r'<article [^>]*desk-message-(\w+)">', page)
    assert kinds == ["customer", "staff", "note"]
    assert page.index("It stands still.") < page.index("We look.") < page.index("Job hangs.")
    note = re.search(r'<article [^>]*desk-message-note">(.*?)</article>', page)
    assert note is not None
    assert ">Internal note</span>" in note[1]
    assert ">Customer</span>" not in note[1]


def test_attachments_are_links_that_ask_who_opens_them(client: Client, ada: User) -> None:
    file = SimpleUploadedFile("report.png", b"x" * 2048, "image/png")
    ticket = factories.ticket(attachments=[file])
    attachment = ticket.messages.get().attachments.get()
    page = page_of(client, ticket)
    assert f'href="/files/{attachment.pk}/">report.png</a>' in page
    assert "2.0\xa0KB" in page or "2.0 KB" in page


def test_what_people_write_is_text_and_never_markup(client: Client, ada: User) -> None:
    ticket = factories.ticket(
        subject="<script>1</script>", text="<script>2</script>\nsee https://example.com/a?b=1"
    )
    lifecycle.wait_for_customer(
        ticket=ticket, by=ada, at=factories.MONDAY, reason="<script>3</script>"
    )
    page = page_of(client, ticket)
    assert not re.search(r"<script>[123]", page)
    assert "&lt;script&gt;2&lt;/script&gt;<br>" in page
    assert '<a href="https://example.com/a?b=1" rel="nofollow">' in page


def test_running_promises_show_their_goal_limit_and_the_time_left(
    client: Client, ada: User
) -> None:
    page = page_of(client, factories.ticket("P4", at=timezone.now()))
    promises = section(page, "Promises")
    assert "P4, 2 business days" in promises
    assert "P4, 5 to 10 business days" in promises
    assert promises.count("<dt>Due</dt>") == 2
    assert promises.count("<dt>Goal</dt>") == 1
    assert promises.count("desk-tag-good") == 2
    assert re.search(r"<dd>\w{3} \d+ \w{3}, \d\d:\d\d IST</dd>", promises)


def test_promises_that_are_over_say_kept_or_broken(client: Client, ada: User) -> None:
    at = factories.MONDAY
    ticket = factories.ticket("P1", at=at)
    lifecycle.reply(ticket=ticket, by=ada, text="Hello.", at=at + timedelta(minutes=30))
    lifecycle.resolve(ticket=ticket, by=ada, at=at + timedelta(hours=13))
    promises = section(page_of(client, ticket), "Promises")
    assert "kept, 1 h 30 min before" in promises
    assert "broken, 1 h late" in promises


def test_a_promise_that_stands_still_says_why_and_since_when(client: Client, ada: User) -> None:
    ticket = factories.ticket("P2", at=timezone.now())
    lifecycle.wait_for_customer(ticket=ticket, by=ada, at=timezone.now())
    promises = section(page_of(client, ticket), "Promises")
    assert "<dt>Stands still</dt>" in promises
    assert "Waiting for the customer" in promises


def test_a_replaced_promise_is_broken_only_if_it_was_missed_before(
    client: Client, ada: User
) -> None:
    at = factories.MONDAY
    ticket = factories.ticket("P2", at=at)
    high = factories.priority("P1")
    # After the first response was due (Tue 3 Nov 10:00), before the resolution was.
    lifecycle.change_priority(ticket=ticket, priority=high, by=ada, at=at + timedelta(hours=25))
    promises = section(page_of(client, ticket), "Promises")
    assert "broken, 1 h late" in promises
    assert ">replaced</span>" in promises


def test_the_properties_name_the_people_and_where_the_request_came_from(
    client: Client, ada: User
) -> None:
    spoc = factories.agent(name="Grace Hopper")
    acme = factories.organization("Acme", spoc=spoc)
    rosa = factories.customer("rosa@acme.example", name="Rosa Diaz", organization=acme)
    ticket = factories.ticket(requester=rosa, share_of_users=15, channel=Ticket.Channel.PHONE)
    about = section(page_of(client, ticket), "About")
    for words in (
        f'href="/admin/tickets/user/{rosa.pk}/change/">Rosa Diaz</a>',
        "rosa@acme.example",
        f'href="/admin/tickets/organization/{acme.pk}/change/">Acme</a>',
        "Grace Hopper",
        "15 %",
        "Telephone",
        "2 Nov 2026, 10:00 IST",
    ):
        assert words in about


def test_history_deadlines_and_mail_say_who_did_what_and_why(client: Client, ada: User) -> None:
    at = factories.MONDAY
    ticket = factories.ticket("P2", at=at)
    lifecycle.wait_for_customer(ticket=ticket, by=ada, at=at, reason="Asked for the date")
    lifecycle.resume(ticket=ticket, by=ada, at=at + timedelta(hours=3))
    page = page_of(client, ticket)
    history, ledger = section(page, "History"), section(page, "Deadlines")
    assert history.index("Resumed") < history.index("Asked for the date") < history.index("Opened")
    assert "P2 Resolution: resumed" in ledger
    # Three hours later than Thu 5 Nov 10:00, as the policy's example has it.
    assert "<s>Thu 5 Nov, 10:00 IST</s>" in ledger
    assert "Thu 5 Nov, 13:00 IST" in ledger
    assert "Ada Lovelace" in ledger
    assert "Acknowledgement" in section(page, "Mail")


def test_a_message_that_could_not_be_delivered_shows_its_error(client: Client, ada: User) -> None:
    ticket = factories.ticket()
    ticket.deliveries.update(state=Delivery.State.DEAD, last_error="550 No such user")
    mail = section(page_of(client, ticket), "Mail")
    assert "Not delivered" in mail
    assert "550 No such user" in mail


def test_only_what_the_status_allows_is_offered(client: Client, ada: User) -> None:
    ticket = factories.ticket()
    at = factories.MONDAY

    def offered() -> list[str]:
        return re.findall(r"<summary>(.+?)</summary>", page_of(client, ticket))

    new = ["Assign", "Change priority", "Wait for customer", "Escalate to engineering"]
    follow, links = "Add a follower", "End all links"
    tidy = ["Add a tag", "Remove a tag", "Link to a ticket", "Remove a link"]
    one_matter, split, spam = "Merge into another ticket", "Split off messages", "Mark as spam"
    assert offered() == [*new, follow, links, *tidy, one_matter, split, spam]
    lifecycle.wait_for_customer(ticket=ticket, by=ada, at=at)
    lifecycle.escalate_to_engineering(ticket=ticket, by=ada, at=at)
    waiting = ["Assign", "Change priority", "Stop waiting", "Change the expected date"]
    back = "Take back from engineering"
    assert offered() == [*waiting, back, follow, links, *tidy, one_matter, split, spam]
    lifecycle.resolve(ticket=ticket, by=ada, at=at)
    ends = ["Assign", "Reopen", "Close"]
    assert offered() == [*ends, follow, links, *tidy, one_matter, split, spam]
    assert "Send and resolve" not in page_of(client, ticket)
    lifecycle.close(ticket=ticket, by=ada, at=at)
    assert offered() == ["Reopen", links, *tidy, split]
    closed = page_of(client, ticket)
    assert "Send reply" not in closed
    assert "Add note" in closed


def test_a_ticket_with_engineering_is_marked(client: Client, ada: User) -> None:
    ticket = factories.ticket()
    assert "desk-tag-engineering" not in page_of(client, ticket)
    lifecycle.escalate_to_engineering(ticket=ticket, by=ada, at=factories.MONDAY)
    assert 'desk-tag-engineering">With engineering</span>' in page_of(client, ticket)


def test_the_way_back_leads_to_the_queue_as_it_was_narrowed_down(client: Client, ada: User) -> None:
    page = page_of(client, factories.ticket(), "?_changelist_filters=due%3Dlate")
    assert 'href="/admin/tickets/ticket/?due=late">Back to the queue</a>' in page


def test_a_long_story_takes_as_many_queries_as_a_short_one(client: Client, ada: User) -> None:
    at = factories.MONDAY
    short, long = factories.ticket(), factories.ticket()
    for ticket, times in ((short, 1), (long, 25)):
        for step in range(times):
            file = SimpleUploadedFile("a.txt", b"a")
            then = at + timedelta(minutes=step)
            lifecycle.reply(ticket=ticket, by=ada, text="So.", at=then, attachments=[file])
            lifecycle.wait_for_customer(ticket=ticket, by=factories.agent(), at=then)
            lifecycle.reply(ticket=ticket, by=ticket.requester, text="So.", at=then)
    page_of(client, short)
    with CaptureQueriesContext(connection) as few:
        page_of(client, short)
    with CaptureQueriesContext(connection) as many:
        page_of(client, long)
    assert len(many) == len(few)


@pytest.mark.parametrize("address", ["999999/change/", "x/change/", "99999999999999999999/change/"])
def test_a_ticket_that_does_not_exist_is_an_answer_and_no_error(
    client: Client, ada: User, address: str
) -> None:
    response = client.get(f"/admin/tickets/ticket/{address}")
    assert response.status_code in (302, 404)


def test_the_page_itself_takes_no_form(client: Client, ada: User) -> None:
    ticket = factories.ticket()
    response = client.post(f"/admin/tickets/ticket/{ticket.pk}/change/", {"status": "closed"})
    assert response.status_code == 405
    ticket.refresh_from_db()
    assert ticket.status == "new"


def test_no_page_of_the_desk_has_inline_scripts_or_handlers(client: Client, ada: User) -> None:
    ticket = factories.ticket()
    for page in (
        page_of(client, ticket),
        client.get("/admin/tickets/ticket/").content.decode(),
        client.get("/admin/tickets/ticket/add/").content.decode(),
        client.get("/admin/").content.decode(),
    ):
        assert not re.findall(r"<script(?![^>]*(?:src=|application/json))[^>]*>", page)
        assert not re.findall(r'<[^>]+ on\w+="', page)
