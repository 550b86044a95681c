"""The keys of the desk, and the way through a queue that they lead along."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from django.contrib.auth.models import Permission
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from sla.models import Policy
from tests import factories
from tickets import lifecycle, presence
from tickets.admin.shortcuts import PLACES
from tickets.admin.verbs import VERBS
from tickets.models import Ticket, User


@pytest.fixture
def ada(client: Client, policy: Policy) -> User:
    """An agent, signed in."""
    user = factories.agent(name="Ada Lovelace")
    client.force_login(user)
    return user


def step(client: Client, ticket: Ticket, way: str, query: str = "") -> str:
    """Where "Next" or "Previous" leads."""
    response = client.get(f"/admin/tickets/ticket/{ticket.pk}/{way}/of-queue/{query}")
    assert response.status_code == 302
    return str(response["Location"])


def page_of(ticket: Ticket, query: str) -> str:
    return f"/admin/tickets/ticket/{ticket.pk}/change/?{query}"


def test_next_and_previous_lead_through_the_queue_as_it_is_now(client: Client, ada: User) -> None:
    for hours in (3, 2, 1):
        factories.ticket(at=timezone.now() - timedelta(days=9, hours=hours))
    first, second, third = Ticket.objects.for_desk()
    assert step(client, first, "next") == page_of(second, "n=1")
    assert step(client, second, "previous", "?n=1") == page_of(first, "n=0")
    lifecycle.resolve(ticket=second, by=ada, at=timezone.now())
    assert step(client, second, "next", "?n=1") == page_of(third, "n=1")
    assert step(client, second, "previous", "?n=1") == page_of(first, "n=0")
    assert step(client, third, "next") == "/admin/tickets/ticket/"
    lifecycle.assign(ticket=third, by=ada, assignee=ada, at=timezone.now())
    mine = "_changelist_filters=assignee%3Dme"
    assert step(client, first, "next", f"?{mine}") == page_of(third, f"{mine}&n=0")
    assert step(client, third, "next", f"?{mine}") == "/admin/tickets/ticket/?assignee=me"
    for nonsense in ("_changelist_filters=colour%3Dred", "n=x"):
        assert step(client, third, "next", f"?{nonsense}").startswith(
            "/admin/tickets/ticket/?"
        ) or (nonsense == "n=x")


def test_the_place_in_the_queue_survives_a_verb(client: Client, ada: User) -> None:
    ticket = factories.ticket(at=timezone.now())
    address = f"/admin/tickets/ticket/{ticket.pk}/note/?n=4"
    assert client.post(address, {"text": "Hm."})["Location"] == page_of(ticket, "n=4")


def test_who_may_not_look_at_tickets_is_led_nowhere(client: Client, policy: Policy) -> None:
    ticket = factories.ticket()
    client.force_login(User.objects.create_user("new@desk.example", is_staff=True))
    base = "/admin/tickets/ticket/"
    assert client.get(f"{base}{ticket.pk}/next/of-queue/").status_code == 403
    assert client.post(f"{base}shortcuts/", {"on": "0"}).status_code == 403
    client.force_login(ticket.requester)
    assert client.get(f"{base}{ticket.pk}/next/of-queue/").status_code == 302
    onlooker = User.objects.create_user("eve@desk.example", is_staff=True)
    onlooker.user_permissions.add(Permission.objects.get(codename="view_ticket"))
    client.force_login(onlooker)
    assert client.get(f"{base}{ticket.pk}/sideways/of-queue/").status_code == 404


@pytest.mark.parametrize(
    ("there", "leads"),
    [("/admin/tickets/ticket/?due=late", "/admin/tickets/ticket/?due=late")]
    + [(there, "..") for there in ("https://evil.example/", "//evil.example/", "")],
)
def test_an_agent_switches_the_keys_off_and_comes_back(
    client: Client, ada: User, there: str, leads: str
) -> None:
    address = "/admin/tickets/ticket/shortcuts/"
    assert client.get(address).status_code == 405
    assert client.post(address, {"on": "0", "next": there})["Location"] == leads
    ada.refresh_from_db()
    assert not ada.has_shortcuts
    page = client.get("/admin/tickets/ticket/").content.decode()
    assert "They are switched off for you." in page
    assert not re.search(r"<dialog[^>]* data-on>", page)
    client.post(address, {"on": "1"})
    assert re.search(
        r"<dialog[^>]* data-on>", client.get("/admin/tickets/ticket/").content.decode()
    )


def test_the_dialog_shows_every_key_of_the_page_once(client: Client, ada: User) -> None:
    pages = {
        "queue": "/admin/tickets/ticket/",
        "ticket": f"/admin/tickets/ticket/{factories.ticket().pk}/change/",
    }
    for place, address in pages.items():
        shown = re.findall(r'data-way="([^"]+)"', client.get(address).content.decode())
        wanted = [way for _, keys in PLACES[place] for key in keys for way in key.keys]
        assert sorted(shown) == sorted(wanted)
        assert len(set(shown)) == len(shown)
        # What begins a sequence does nothing by itself.
        assert not {way.split(" ")[0] for way in wanted if " " in way} & set(wanted)


def test_keys_name_verbs_that_there_are_once_they_are_there() -> None:
    named = {
        found[1]
        for _, keys in PLACES["ticket"]
        for key in keys
        if (found := re.search(r'data-verb="(\w+)"', key.target))
    }
    later = {"merge", "tag", "link", "spam"}
    assert named - later - {"take"} <= {verb.name for verb in VERBS}


def test_a_row_of_the_queue_says_who_is_at_the_ticket(client: Client, ada: User) -> None:
    tickets = [factories.ticket(at=timezone.now()) for _ in range(3)]
    ben = factories.agent(name="Ben Bitdiddle")
    client.get("/admin/tickets/ticket/")
    with CaptureQueriesContext(connection) as alone:
        client.get("/admin/tickets/ticket/")
    for ticket in tickets[:2]:
        presence.look(ticket=ticket, user=ben, at=timezone.now(), is_typing=True)
    with CaptureQueriesContext(connection) as together:
        page = client.get("/admin/tickets/ticket/").content.decode()
    assert len(together) == len(alone)
    assert page.count('title="Ben Bitdiddle is typing">Ben</span>') == 2
    found = re.search(r'name="seen" value="(\w+)"', page)
    assert found is not None
    look = f"/admin/tickets/ticket/?seen={found[1]}"
    assert client.get(look).status_code == 204
    presence.leave(ticket=tickets[0], user=ben, at=timezone.now())
    assert client.get(look).status_code == 200
