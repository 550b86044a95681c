"""A link that is over says so, and mails another one to the person that it belonged to."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from django.core import signing
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from sla.models import Policy
from tests import factories, linked
from tickets import links
from tickets.models import Delivery, Ticket, User
from tickets.portal.expired import masked

DAY = timedelta(days=1)


@pytest.fixture
def ticket(policy: Policy) -> Ticket:
    person = factories.customer("maria@client.example", name="Maria Bruns")
    return factories.ticket(requester=person, subject="Payroll is wrong")


@pytest.fixture
def over(ticket: Ticket) -> str:
    """The address of a page whose link has been declared void."""
    key = linked.key(ticket, via=links.MAIL)
    ticket.links_void_before = timezone.now()
    ticket.save()
    return reverse("portal:ticket", args=[ticket.reference, key])


def test_it_says_so_and_nothing_of_the_ticket(client: Client, ticket: Ticket, over: str) -> None:
    response = client.get(over)
    page = response.content.decode()
    assert response.status_code == 410
    assert f"This link to {ticket.reference} is over" in page
    assert "m…@c….example" in page
    for secret in ("maria@", "Maria", "Payroll", "numbers stand still", "client.example"):
        assert secret not in page
    assert reverse("account_request_login_code") + f"?next=/tickets/{ticket.reference}/" in page
    assert {"private", "no-store"} <= set(response.headers["Cache-Control"].split(", "))


def test_an_old_link_is_over(client: Client, ticket: Ticket) -> None:
    key = links.key_for(ticket, ticket.requester, at=timezone.now() - 91 * DAY)
    assert client.get(f"/tickets/{ticket.reference}/{key}/").status_code == 410


def test_the_button_mails_a_new_link_that_works(client: Client, ticket: Ticket, over: str) -> None:
    page = client.post(over, {"new_link": "1"}, follow=True).content.decode()
    assert "A new link is on its way to your mailbox." in page
    mail = Delivery.objects.get(occasion="new_link")
    assert (mail.recipient, mail.user) == ("maria@client.example", ticket.requester)
    address = re.search(r"/tickets/HD-\S+", mail.text)
    assert address
    assert client.get(address[0]).status_code == 200


def test_nobody_is_flooded_with_links(client: Client, ticket: Ticket, over: str) -> None:
    for _ in range(5):
        page = client.post(over, {"new_link": "1"}, follow=True).content.decode()
    assert Delivery.objects.filter(occasion="new_link").count() == 3
    assert "We have sent you several links already." in page


@pytest.mark.parametrize("data", [{"text": "Typed <b>"}, {"close": "1"}, {"leave": "1"}])
def test_no_act_is_done_behind_it_and_no_word_lost(
    client: Client, ticket: Ticket, over: str, data: dict[str, str]
) -> None:
    events = ticket.events.count()
    response = client.post(over, data)
    assert response.status_code == 410
    assert ("Typed &lt;b&gt;</textarea>" in response.content.decode()) is ("text" in data)
    ticket.requester.refresh_from_db()
    assert (ticket.events.count(), ticket.requester.verified_at) == (events, None)


def test_who_is_signed_in_as_that_person_needs_none(
    client: Client, ticket: Ticket, over: str
) -> None:
    client.force_login(ticket.requester)
    assert client.get(over).headers["Location"] == f"/tickets/{ticket.reference}/"
    client.force_login(factories.customer())
    assert client.get(over).status_code == 410


def test_whoever_may_see_the_ticket_no_more_finds_nothing(
    client: Client, ticket: Ticket, over: str
) -> None:
    User.objects.filter(pk=ticket.requester_id).update(is_active=False)
    assert client.get(over).status_code == 404
    assert client.post(over, {"new_link": "1"}).status_code == 404


def test_a_forged_link_gets_no_mail(client: Client, ticket: Ticket, over: str) -> None:
    forged = signing.Signer(salt="other", sep=".").sign(f"{ticket.requester_id}.m1")
    address = f"/tickets/{ticket.reference}/{forged}/"
    assert client.post(address, {"new_link": "1"}).status_code == 404
    assert not Delivery.objects.filter(occasion="new_link").exists()


def test_asking_needs_a_token(over: str) -> None:
    strict = Client(enforce_csrf_checks=True)
    assert strict.post(over, {"new_link": "1"}).status_code == 403


@pytest.mark.parametrize(
    ("email", "shown"),
    [
        ("maria@client.example", "m…@c….example"),
        ("m@c.co.uk", "m…@c….co.uk"),
        ("root@localhost", "r…@l…"),
    ],
)
def test_an_address_is_recognised_by_its_owner_alone(email: str, shown: str) -> None:
    assert masked(email) == shown
