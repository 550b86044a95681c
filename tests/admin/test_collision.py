"""Two agents at one ticket: each sees the other, and neither acts on what is out of date."""

from __future__ import annotations

import re

import pytest
from django.contrib.auth.models import Permission
from django.test import Client
from django.utils import timezone

from sla.models import Policy
from tests import factories
from tickets import lifecycle
from tickets.models import Presence, Ticket, User


@pytest.fixture
def ada(client: Client, policy: Policy) -> User:
    """An agent, signed in."""
    user = factories.agent(name="Ada Lovelace")
    client.force_login(user)
    return user


@pytest.fixture
def ticket(ada: User) -> Ticket:
    return factories.ticket(at=timezone.now())


def address(ticket: Ticket, part: str) -> str:
    return f"/admin/tickets/ticket/{ticket.pk}/{part}/"


def forms_of(client: Client, ticket: Ticket) -> dict[str, str]:
    """Where the forms of the open page lead, by the name of their verb."""
    page = client.get(address(ticket, "change")).content.decode()
    return forms_in(page)


def forms_in(page: str) -> dict[str, str]:
    found = re.findall(r'action="(/admin/tickets/ticket/\d+/(\w+)/[^"]*)"', page)
    return {name: target.replace("&amp;", "&") for target, name in found}


def test_a_reply_to_an_older_state_comes_back_with_what_came_in_between(
    client: Client, ada: User, ticket: Ticket
) -> None:
    opened = forms_of(client, ticket)
    ben = factories.agent(name="Ben Bitdiddle")
    now = timezone.now()
    lifecycle.reply(ticket=ticket, by=ticket.requester, text="It works <again>.", at=now)
    lifecycle.assign(ticket=ticket, by=ben, assignee=ben, at=now)
    back = client.post(opened["reply"], {"text": "Please restart it."})
    page = back.content.decode()
    assert back.status_code == 200
    assert ticket.messages.count() == 2
    assert "Please restart it.</textarea>" in page
    bar = page[page.index('id="changes"') : page.index("</section>", page.index('id="changes"'))]
    assert "Customer replied" in bar
    assert "It works &lt;again&gt;." in bar
    assert "Ben Bitdiddle" in bar
    assert "To Ben Bitdiddle." in bar
    assert "Send anyway" in page
    sent = client.post(forms_in(page)["reply"], {"text": "Please restart it, if need be."})
    assert sent.status_code == 302
    assert sent["Location"] == address(ticket, "change")
    assert ticket.messages.count() == 3


@pytest.mark.parametrize(("verb", "typed"), [("assign", "assignee"), ("resolve", "")])
def test_the_second_of_two_agents_is_told_who_was_first(
    client: Client, ada: User, ticket: Ticket, verb: str, typed: str
) -> None:
    ben, second = factories.agent(name="Ben Bitdiddle"), Client()
    second.force_login(ben)
    pages = [(client, ada, forms_of(client, ticket)), (second, ben, forms_of(second, ticket))]
    answers = [
        somebody.post(forms[verb], {typed: who.pk} if typed else {"text": "Done."})
        for somebody, who, forms in pages
    ]
    assert [answer.status_code for answer in answers] == [302, 200]
    assert "Ada Lovelace: " in answers[1].content.decode()
    assert ticket.events.count() == 2


@pytest.mark.parametrize("seen", ["x", "-1", "9" * 40, "0"])
def test_a_state_that_nobody_can_have_seen_is_an_old_one(
    client: Client, ada: User, ticket: Ticket, seen: str
) -> None:
    lifecycle.add_note(ticket=ticket, by=factories.agent(), text="Mine.", at=timezone.now())
    answer = client.post(f"{address(ticket, 'reply')}?seen={seen}", {"text": "Hello."})
    assert answer.status_code == 200
    assert ticket.messages.count() == 2


def test_an_open_page_says_who_is_there(client: Client, ada: User, ticket: Ticket) -> None:
    ben, other = factories.agent(name="Ben Bitdiddle"), Client()
    other.force_login(ben)
    here = address(ticket, "presence")
    assert client.post(here).json() == {"others": []}
    assert other.post(here, {"typing": "1"}).json() == {"others": ["Ada Lovelace is looking"]}
    assert client.post(here).json() == {"others": ["Ben Bitdiddle is typing"]}
    assert other.post(here, {"leaving": "1"}).status_code == 204
    assert client.post(here).json() == {"others": []}
    assert f'data-presence="{here}"' in client.get(address(ticket, "change")).content.decode()


def test_only_who_may_see_the_ticket_hears_who_is_there(ada: User, ticket: Ticket) -> None:
    onlooker = User.objects.create_user("eve@desk.example", is_staff=True)
    onlooker.user_permissions.add(Permission.objects.get(codename="view_ticket"))
    visitors = [
        (onlooker, 200),
        (User.objects.create_user("new@desk.example", is_staff=True), 403),
        (ticket.requester, 302),
        (None, 302),
    ]
    for user, expected in visitors:
        visitor = Client()
        if user:
            visitor.force_login(user)
        assert visitor.post(address(ticket, "presence")).status_code == expected
    assert [row.user for row in Presence.objects.all()] == [onlooker]
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(ada)
    assert strict.post(address(ticket, "presence")).status_code == 403
    assert strict.get(address(ticket, "presence")).status_code == 405
    assert strict.post("/admin/tickets/ticket/0/presence/").status_code == 403
