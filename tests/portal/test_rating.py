"""Rating the help on the ticket page, and what agents see of it."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from sla.models import Policy
from tests import factories, linked
from tickets import lifecycle
from tickets.models import Rating, Ticket

DAY = timedelta(days=1)


@pytest.fixture
def ticket(policy: Policy) -> Ticket:
    return factories.ticket(at=timezone.now() - 30 * DAY)


def solved(ticket: Ticket, *, ago: timedelta) -> Ticket:
    return lifecycle.resolve(ticket=ticket, by=factories.agent(), at=timezone.now() - ago)


def link(ticket: Ticket) -> str:
    key = linked.key(ticket)
    return reverse("portal:ticket", args=[ticket.reference, key])


def read(client: Client, address: str) -> str:
    return " ".join(client.get(address).content.decode().split())


def test_it_is_offered_once_the_ticket_is_solved(client: Client, ticket: Ticket) -> None:
    assert 'name="rate"' not in read(client, link(ticket))
    answer = client.post(link(ticket), {"rate": "1", "stars": "5"})
    assert "You cannot rate a ticket that is New." in answer.content.decode()
    solved(ticket, ago=DAY)
    page = read(client, link(ticket))
    assert page.count('type="radio"') == 5
    for words in ("1 – bad", "5 – very good"):
        assert words in page
    assert "checked" not in page


def test_it_is_given_and_changed(client: Client, ticket: Ticket) -> None:
    solved(ticket, ago=DAY)
    data = {"rate": "1", "stars": "4", "comment": "Quick <b>"}
    page = client.post(link(ticket), data, follow=True).content.decode()
    assert "Thank you for your rating." in page
    assert "You rated our help: 4 – good." in page
    assert "Change your rating" in page
    assert "Quick &lt;b&gt;</textarea>" in page
    client.post(link(ticket), {"rate": "1", "stars": "1", "comment": ""})
    rating = Rating.objects.get()
    assert (rating.stars, rating.comment, rating.by) == (1, "", ticket.requester)
    client.force_login(factories.agent())
    assert "1 of 5" in read(client, f"/admin/tickets/ticket/{ticket.pk}/change/")


def test_later_it_stands_as_it_is(client: Client, ticket: Ticket) -> None:
    solved(ticket, ago=15 * DAY)
    assert 'name="rate"' in read(client, link(ticket)), "a first one is never too late"
    client.post(link(ticket), {"rate": "1", "stars": "2"})
    page = read(client, link(ticket))
    assert "You rated our help: 2 – poor." in page
    assert 'name="rate"' not in page
    answer = client.post(link(ticket), {"rate": "1", "stars": "5"})
    assert answer.status_code == 422
    assert "it is too late to change that" in answer.content.decode()
    assert Rating.objects.get().stars == 2


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        ({}, "Choose from 1 to 5."),
        ({"stars": "6"}, "Choose from 1 to 5."),
        ({"stars": "x"}, "Choose from 1 to 5."),
        ({"stars": "3", "comment": "x" * 2_001}, "This has 2,001 characters"),
        ({"stars": "3", "comment": "a\0b"}, "cannot be stored (NUL)"),
    ],
)
def test_a_bad_one_comes_back_with_a_sentence(
    client: Client, ticket: Ticket, data: dict[str, str], sentence: str
) -> None:
    solved(ticket, ago=DAY)
    response = client.post(link(ticket), {"rate": "1", **data})
    assert response.status_code == 422
    assert sentence in response.content.decode()
    assert not Rating.objects.exists()
