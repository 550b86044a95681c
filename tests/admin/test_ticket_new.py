"""An agent opens a ticket for somebody who called."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from sla.models import Policy
from tests import factories
from tickets.models import Delivery, RequestType, Ticket, User

NEW = "/admin/tickets/ticket/add/"


@pytest.fixture
def desk(client: Client, policy: Policy) -> Client:
    client.force_login(factories.agent())
    return client


def call(client: Client, **typed: Any) -> str:
    """Fill in the form; answers the page, or the address that it leads to."""
    form = {
        "email": "Rosa@Client.example",
        "name": "Rosa Diaz",
        "channel": "phone",
        "subject": "No sound",
        "text": "She called: the video has no sound.",
        "nonce": "once",
        **typed,
    }
    response = client.post(NEW, form)
    return response.headers.get("Location", "") or response.content.decode()


def test_a_caller_gets_a_ticket_with_its_promises(desk: Client) -> None:
    address = call(desk)
    ticket = Ticket.objects.get()
    assert address == f"/admin/tickets/ticket/{ticket.pk}/change/"
    assert (ticket.requester.email, ticket.requester.name) == ("rosa@client.example", "Rosa Diaz")
    assert (ticket.channel, ticket.priority.code) == ("phone", "P3")
    assert ticket.clocks.count() == 2
    assert Delivery.objects.get().recipient == "rosa@client.example"
    message = ticket.messages.get()
    assert (message.author, message.by_staff) == (ticket.requester, False)


def test_the_priority_follows_from_the_type_unless_the_agent_says_otherwise(desk: Client) -> None:
    down = RequestType.objects.get(share_threshold__isnull=False)
    call(desk, request_type=down.pk, share_of_users=50)
    low = factories.priority("P4")
    call(desk, request_type=down.pk, share_of_users=50, priority=low.pk, nonce="twice")
    assert [ticket.priority.code for ticket in Ticket.objects.order_by("pk")] == ["P1", "P4"]


def test_a_known_requester_keeps_his_name_and_organization(desk: Client) -> None:
    acme = factories.organization("Acme")
    rosa = factories.customer("rosa@client.example", name="Rosa D. Diaz", organization=acme)
    call(desk)
    ticket = Ticket.objects.get()
    assert (ticket.requester, ticket.organization) == (rosa, acme)
    assert str(ticket.requester) == "Rosa D. Diaz"


def test_pressing_twice_makes_one_ticket(desk: Client) -> None:
    assert call(desk) == call(desk)
    assert Ticket.objects.count() == 1


# What is typed wrongly, and the sentence beside it.
MISTAKES: list[tuple[dict[str, Any], str]] = [
    ({"email": "rosa"}, "Enter a valid email address."),
    ({"subject": ""}, "This field is required."),
    ({"text": " "}, "This field is required."),
    ({"share_of_users": 101}, "less than or equal to 100"),
    ({"nonce": ""}, "This form has no number"),
]


@pytest.mark.parametrize(("typed", "sentence"), MISTAKES)
def test_a_mistake_comes_back_with_all_that_was_typed(
    desk: Client, typed: dict[str, Any], sentence: str
) -> None:
    page = call(desk, **typed)
    assert sentence in page
    for words in {"name": "Rosa Diaz", "subject": "No sound", **typed}.values():
        assert f'value="{words}"' in page or words in ("", " ")
    assert not Ticket.objects.exists()
    assert not User.objects.filter(name="Rosa Diaz").exists()


def test_a_type_that_depends_on_the_share_of_users_asks_for_it(desk: Client) -> None:
    down = RequestType.objects.get(share_threshold__isnull=False)
    assert "Tell us what share of your users is affected." in call(desk, request_type=down.pk)
    assert not Ticket.objects.exists()
