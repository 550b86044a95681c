"""The page of a ticket tells its whole story, and looks the same however long that is."""

from __future__ import annotations

import html
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
from tickets import lifecycle, linking, tagging
from tickets.models import Delivery, Event, Message, Tag, Ticket, TicketLink, User
from tickets.templatetags.ticket_page import Parts, quoted

BY_HTMX = {"HX-Request": "true"}


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


def story_of(client: Client, ticket: Ticket) -> str:
    """What opens below the conversation when it is asked for."""
    response = client.get(f"/admin/tickets/ticket/{ticket.pk}/story/", headers=BY_HTMX)
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
    page = page_of(client, ticket)
    about = section(page, "Requester") + section(page, "About")
    for words in (
        f'href="/admin/tickets/user/{rosa.pk}/change/">Rosa Diaz</a>',
        "rosa@<wbr>acme.example",
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
    page = story_of(client, ticket)
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
    mail = section(story_of(client, ticket), "Mail")
    assert "Not delivered" in mail
    assert "550 No such user" in mail


def test_only_what_the_status_allows_is_offered(client: Client, ada: User) -> None:
    ticket = factories.ticket()
    at = factories.MONDAY

    def offered() -> list[str]:
        return re.findall(r'<details [^>]*data-verb="(\w+)"', page_of(client, ticket))

    tidy = ["tag", "link"]
    rest = ["follow", "void_links", *tidy, "merge", "split", "spam"]
    assert offered() == ["assign", "priority", "engineering", "wait", *rest]
    lifecycle.wait_for_customer(ticket=ticket, by=ada, at=at)
    assert 'data-verb="reply_and_wait"' not in page_of(client, ticket)
    lifecycle.escalate_to_engineering(ticket=ticket, by=ada, at=at)
    assert offered() == ["assign", "priority", "expect", "back", "resume", *rest]
    lifecycle.resolve(ticket=ticket, by=ada, at=at)
    assert offered() == ["assign", "reopen", "close", *rest]
    assert "Send and resolve" not in page_of(client, ticket)
    lifecycle.close(ticket=ticket, by=ada, at=at)
    tagging.add_tag(ticket=ticket, by=ada, at=at, tag="vip")
    linking.link(ticket=factories.ticket(), by=ada, at=at, other=ticket)
    tidy = ["tag", "untag", "link", "unlink"]
    assert offered() == ["reopen", "void_links", *tidy, "split"]
    closed = page_of(client, ticket)
    assert "Send to" not in closed
    assert "Add internal note" in closed


def test_a_ticket_with_engineering_is_marked(client: Client, ada: User) -> None:
    ticket = factories.ticket()
    assert "desk-tag-engineering" not in page_of(client, ticket)
    lifecycle.escalate_to_engineering(ticket=ticket, by=ada, at=factories.MONDAY)
    assert 'desk-tag-engineering">With engineering</span>' in page_of(client, ticket)


def test_the_way_back_leads_to_the_queue_as_it_was_narrowed_down(client: Client, ada: User) -> None:
    page = page_of(client, factories.ticket(), "?_changelist_filters=due%3Dlate")
    assert 'href="/admin/tickets/ticket/?due=late" data-queue>Back to the queue</a>' in page


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
    assert len(many) <= 12


def test_of_a_long_conversation_the_beginning_and_the_end_are_there_and_the_rest_on_demand(
    client: Client, ada: User
) -> None:
    ticket = factories.ticket(text="Number 0.")
    for number in range(1, 90):
        Message.objects.create(
            ticket=ticket, author=ada, by_staff=True, is_public=True, text=f"Number {number}.",
            sent_at=factories.MONDAY + timedelta(minutes=number),
        )  # fmt: skip

    def numbers(page: str) -> list[int]:
        return [int(number) for number in re.findall(r"Number (\d+)\.", page)]

    page = page_of(client, ticket)
    assert numbers(page) == [0, *range(70, 90)]
    assert "Show 69 earlier messages" in page
    found = []
    while more := re.search(r'hx-get="([^"]*/messages/\?before=\d+)"', page):
        response = client.get(more[1], headers=BY_HTMX)
        page = " ".join(response.content.decode().split())
        found = numbers(page) + found
    assert found == list(range(1, 70))
    assert numbers(page_of(client, ticket, "?messages=all")) == list(range(90))


def test_pictures_are_shown_small_and_nothing_else_is(client: Client, ada: User) -> None:
    files = [
        SimpleUploadedFile("shot.png", b"\x89PNG", "image/png"),
        SimpleUploadedFile("evil.svg", b"<svg onload='1'/>", "image/svg+xml"),
        SimpleUploadedFile("evil.html", b"<script>1</script>", "text/html"),
    ]
    ticket = factories.ticket(attachments=files)
    shown = {file.filename: file.pk for file in ticket.messages.get().attachments.all()}
    page = page_of(client, ticket)
    assert re.findall(r'<img src="/files/(\d+)/\?show=1"', page) == [str(shown["shot.png"])]
    for name, is_inline in (("shot.png", True), ("evil.svg", False), ("evil.html", False)):
        response = client.get(f"/files/{shown[name]}/?show=1")
        assert response["Content-Disposition"].startswith("inline" if is_inline else "attachment")
        assert response["X-Content-Type-Options"] == "nosniff"
        assert "sandbox" in response["Content-Security-Policy"]
        kind = "image/png" if is_inline else "application/octet-stream"
        assert response["Content-Type"] == kind


QUOTES = [
    # What was written, what is read at once, what is folded.
    ("Yes.\n\n> a\n> b\n> c", "Yes.", "> a\n> b\n> c"),
    ("> a\n> b\n> c", "> a\n> b\n> c", ""),  # Nothing but a quote is the message.
    ("> a\nYes.\n> b\nNo.", "> a\nYes.\n> b\nNo.", ""),  # Answered line by line.
    ("Yes.\n> a", "Yes.\n> a", ""),
]


@pytest.mark.parametrize(("text", "words", "quote"), QUOTES)
def test_what_is_quoted_at_the_end_is_folded(text: str, words: str, quote: str) -> None:
    assert quoted(text) == Parts(words, quote)


def test_the_requester_comes_with_his_other_tickets_and_his_local_time(
    client: Client, ada: User
) -> None:
    rosa = factories.customer(name="Rosa Diaz", time_zone="America/Bogota")
    ticket, other = (factories.ticket(requester=rosa, subject=each) for each in ("One", "Two"))
    lifecycle.resolve(ticket=other, by=ada, at=factories.MONDAY)
    factories.ticket(requester=rosa, subject="Three")
    requester = section(page_of(client, ticket), "Requester")
    assert "2 other tickets, 1 unsolved" in requester
    assert f'href="/admin/tickets/ticket/{other.pk}/change/">{other}</a>' in requester
    assert "UTC-05 <span" in requester


def test_tags_links_and_merged_tickets_are_named(client: Client, ada: User) -> None:
    at = factories.MONDAY
    ticket, related, merged = (factories.ticket(subject=each) for each in ("One", "Two", "Three"))
    ticket.tags.add(Tag.objects.create(name="billing"))
    TicketLink.objects.create(ticket=related, other=ticket, kind="split_from", at=at, by=ada)
    lifecycle.resolve(ticket=merged, by=ada, at=at)
    lifecycle.close(ticket=merged, by=ada, at=at)
    Ticket.objects.filter(pk=merged.pk).update(merged_into=ticket, closed_as="merged")
    about = section(page_of(client, ticket), "About")
    assert "#billing" in about
    assert re.search(rf"Split off</span> <a [^>]*>{related}</a>", about)
    assert re.search(rf"Merged into this one</span> <a [^>]*>{merged}</a>", about)
    assert f">{ticket}</a>" in page_of(client, merged)


def test_a_promise_has_a_bar_with_its_goal_and_the_business_time_left(
    client: Client, ada: User
) -> None:
    page = page_of(client, factories.ticket("P4", at=timezone.now()))
    assert "of business time left" in page
    assert re.search(r'aria-label="0 % of the time is used, the goal is at \d+ %"', page)


def test_the_page_asks_for_what_is_new_and_gets_nothing_while_nothing_is(
    client: Client, ada: User
) -> None:
    ticket = factories.ticket()
    page = page_of(client, ticket)
    news = html.unescape(re.findall(r'hx-get="([^"]+/news/[^"]+)"', page)[0])
    statuses = set()
    for _ in range(2):  # The minute may end between the two.
        minute = int(timezone.now().timestamp() // 60)
        news = re.sub(r"minute=\d+", f"minute={minute}", news)
        statuses.add(client.get(news, headers=BY_HTMX).status_code)
    assert 204 in statuses
    lifecycle.reply(ticket=ticket, by=ada, text="We look.", at=timezone.now())
    response = client.get(news, headers=BY_HTMX)
    answer = response.content.decode()
    assert response.status_code == 200
    assert "We look." in answer
    assert "Since this morning" not in answer
    assert "<textarea" not in answer  # What is being typed is left alone.
    for nonsense in (
        "",
        "?changed=x&minute=9&last=x",
        "?changed=2026-01-01T00:00&last=" + "9" * 40,
    ):
        address = f"/admin/tickets/ticket/{ticket.pk}/news/{nonsense}"
        assert client.get(address, headers=BY_HTMX).status_code == 200


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


def test_what_did_not_reach_its_reader_is_on_the_page_at_once(
    policy: Policy, client: Client
) -> None:
    client.force_login(factories.agent())
    ticket = factories.ticket()
    for number in range(5):
        Event.objects.create(
            ticket=ticket,
            kind=Event.Kind.UNDELIVERED,
            at=factories.MONDAY + timedelta(hours=number),
            detail=f"Reply {number} to mira@client.example: <550> she has left",
        )
    page = client.get(f"/admin/tickets/ticket/{ticket.pk}/change/").content.decode()
    shown = [number for number in range(5) if f"Reply {number} to mira@client.example" in page]
    assert shown == [2, 3, 4]
    assert "&lt;550&gt; she has left" in page
