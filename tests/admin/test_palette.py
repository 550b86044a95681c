"""The command palette leads to tickets, people and pages, and only to what somebody may see."""

from __future__ import annotations

import html
import re

import pytest
from django.contrib.auth.models import Permission
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from sla.models import Policy
from tests import factories
from tickets import indexing, lifecycle, search
from tickets.models import CannedReply, SavedView, Ticket, User

PALETTE, QUEUE = "/admin/search/", "/admin/tickets/ticket/"


@pytest.fixture
def desk(client: Client, policy: Policy) -> Client:
    client.force_login(factories.agent("ada@desk.example", name="Ada Lovelace"))
    return client


@pytest.fixture
def found_there(desk: Client) -> Ticket:
    kestrel = factories.organization("Kestrel Retail")
    rosa = factories.customer("rosa@kestrel.example", name="Rosa Diaz", organization=kestrel)
    ticket = factories.ticket(
        subject="Kestrel <b>colours</b>", text="The kestrel is red.", requester=rosa
    )
    indexing.write_marked(at=timezone.now())
    return ticket


def lines(client: Client, typed: str) -> list[tuple[str, str]]:
    """The titles and the addresses of the lines."""
    page = client.get(PALETTE, {"s": typed}).content.decode()
    found = re.findall(r'<a href="(.+?)".+?<b>(.+?)</b><small>', page, re.DOTALL)
    return [(title, html.unescape(link)) for link, title in found]


def test_each_kind_is_a_group_of_lines_that_the_keyboard_can_count(
    desk: Client, found_there: Ticket
) -> None:
    page = desk.get(PALETTE, {"s": "kestrel"}).content.decode()
    assert re.findall(r'<h3 id=".+?">(.+?)</h3>', page) == ["Tickets", "People", "Organizations"]
    assert re.findall(r"currentIndex === (\d+)", page) == ["1", "2", "3"]
    assert "3 found" in page
    (ticket, link), (person, _), (organization, _) = lines(desk, "kestrel")
    named = f"{found_there.reference} <mark>Kestrel</mark> &lt;b&gt;colours&lt;/b&gt;"
    assert (ticket, person, organization) == (named, "Rosa Diaz", "Kestrel Retail")
    assert link == f"{QUEUE}{found_there.pk}/change/"
    assert "<mark>kestrel</mark> is red" in page


LED = [
    ("{reference}", ["ticket/"]),
    ("{number}", ["ticket/"]),
    ("rosa@kes", ["ticket/", "user/"]),
    ("kestrel.example", ["ticket/", "user/"]),
    ("diaz ros", ["ticket/", "user/"]),
    ("retail", ["ticket/", "organization/"]),
    ("deliv", ["delivery/"]),
    ("mailbox", []),  # An agent may not look at them.
    ("nothing-such", []),
]


@pytest.mark.parametrize(("typed", "kinds"), LED)
def test_letters_lead_to_rows_and_pages(
    desk: Client, found_there: Ticket, typed: str, kinds: list[str]
) -> None:
    typed = typed.format(reference=found_there.reference, number=found_there.pk)
    links = [link.removeprefix("/admin/tickets/") for _, link in lines(desk, typed)]
    assert [re.sub(r"\d+/change/$", "", link) for link in links] == kinds


@pytest.mark.parametrize(
    ("typed", "words"),
    [
        ("and the ", search.TOO_COMMON),
        ("\x00", search.NO_WORDS),
        ('-"x', search.ONLY_WITHOUT),
        ("x" * 10_000, search.TOO_LONG),
        ("zebra", "Nothing was found."),
    ],
)
def test_no_answer_has_a_reason(desk: Client, typed: str, words: str) -> None:
    assert words in html.unescape(desk.get(PALETTE, {"s": typed}).content.decode())
    queue = desk.get(QUEUE, {"q": typed})
    assert queue.status_code == 200
    if typed not in ("\x00", "zebra"):
        assert words in html.unescape(queue.content.decode())


def test_the_best_and_unsolved_come_first_and_the_rest_is_in_the_queue(
    desk: Client, policy: Policy
) -> None:
    factories.ticket(subject="Solved zebra", text="zebra")
    lifecycle.resolve(
        ticket=Ticket.objects.get(), by=factories.agent(), at=factories.MONDAY, text="Done."
    )
    factories.ticket(subject="Zebra zebra")
    for _ in range(8):
        factories.ticket(subject="Other", text="Here is a zebra.")
    indexing.write_marked(at=timezone.now())
    titles = [title for title, _ in lines(desk, "zebra")]
    assert titles[0].endswith("<mark>Zebra</mark> <mark>zebra</mark>")
    assert len(titles) == 9
    assert "Solved" not in "".join(titles)
    assert lines(desk, "zebra")[-1] == ("All that was found", f"{QUEUE}?q=zebra")


def test_who_may_not_look_at_rows_does_not_find_them(client: Client, found_there: Ticket) -> None:
    nobody = factories.agent()
    nobody.groups.clear()
    client.force_login(nobody)
    assert lines(client, "kestrel") == []
    nobody.user_permissions.add(Permission.objects.get(codename="view_organization"))
    assert [title for title, _ in lines(client, "kestrel")] == ["Kestrel Retail"]


def test_customers_and_strangers_search_nothing(client: Client, found_there: Ticket) -> None:
    client.force_login(found_there.requester)
    assert client.get(PALETTE, {"s": "kestrel"}).status_code == 302
    client.logout()
    assert client.get(PALETTE, {"s": "kestrel"}).status_code == 302


@pytest.mark.parametrize("typed", ["kestrel", "{0.reference}"])
def test_a_search_takes_five_queries_in_the_palette_and_four_in_the_queue(
    desk: Client, found_there: Ticket, typed: str
) -> None:
    words = typed.format(found_there)
    desk.get(PALETTE, {"s": words})
    with CaptureQueriesContext(connection) as palette:
        desk.get(PALETTE, {"s": words})
    asked = [q for q in palette if "tsquery" in q["sql"] or "tickets_ticket" in q["sql"]]
    assert len(asked) <= 5
    with CaptureQueriesContext(connection) as plain:
        desk.get(QUEUE)
    with CaptureQueriesContext(connection) as queue:
        desk.get(QUEUE, {"q": words})
    assert len(queue) - len(plain) <= (4 if typed == "kestrel" else 5)


def test_the_queue_shows_where_the_words_stand(desk: Client, found_there: Ticket) -> None:
    page = desk.get(QUEUE, {"q": "kestrel"}).content.decode()
    assert "<mark>Kestrel</mark> &lt;b&gt;colours&lt;/b&gt;" in page
    assert "<mark>kestrel</mark> is red" in page


def test_the_queue_says_that_there_is_more(
    desk: Client, found_there: Ticket, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(search, "MOST", 1)
    assert "These are the newest 1." in desk.get(QUEUE, {"q": "kestrel"}).content.decode()


def test_queues_own_views_and_canned_replies_are_found(desk: Client, policy: Policy) -> None:
    ada, theirs = User.objects.get(email="ada@desk.example"), factories.team("Others")
    mine = SavedView.objects.create(owner=ada, name="Night shift", query="due=late")
    hidden = {"owner": factories.agent(), "name": "Night watch"}
    SavedView.objects.create(**hidden)
    reply = CannedReply.objects.create(title="Night closing", text="We are closed.")
    CannedReply.objects.create(title="Night secret", text="Ours.", team=theirs)
    CannedReply.objects.create(title="Night old", text="Old.", is_active=False)
    assert lines(desk, "nig") == [
        ("Night shift", f"{QUEUE}?due=late&view={mine.pk}"),
        ("Night closing", f"/admin/tickets/cannedreply/{reply.pk}/change/"),
    ]
    assert ("Breached", f"{QUEUE}?due=late") in lines(desk, "breach")
    ticket = factories.ticket()
    there = {"HX-Current-URL": f"https://desk.example{QUEUE}{ticket.pk}/change/?p=1"}
    page = desk.get(PALETTE, {"s": "closing"}, headers=there).content.decode()
    assert f'href="{QUEUE}{ticket.pk}/change/?canned={reply.pk}"' in page
    composer = desk.get(f"{QUEUE}{ticket.pk}/change/?canned={reply.pk}").content.decode()
    assert "We are closed.</textarea>" in composer
