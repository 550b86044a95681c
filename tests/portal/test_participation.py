"""Who may do what on the ticket page, who gets the answers, and taking a ticket up again."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from sla.models import Policy
from tests import factories, linked
from tickets import correspondence, lifecycle, links
from tickets.models import Organization, Ticket, User
from tickets.portal import participation as people
from tickets.states import Status

HOUR, DAY = timedelta(hours=1), timedelta(days=1)


@pytest.fixture
def acme(policy: Policy) -> Organization:
    return factories.organization("Acme", domains=["acme.example"], shares_tickets=True)


@pytest.fixture
def ticket(acme: Organization) -> Ticket:
    asha = factories.customer("asha@acme.example", name="Asha Rao", organization=acme)
    return factories.ticket(requester=asha, at=timezone.now() - 40 * DAY)


@pytest.fixture
def ben(ticket: Ticket) -> User:
    """A follower of another company."""
    ben = factories.customer("ben@partner.example", name="Ben Okri")
    at = timezone.now() - 30 * DAY
    correspondence.follow(ticket=ticket, user=ben, by=None, at=at)
    return ben


@pytest.fixture
def cleo(acme: Organization) -> User:
    """A colleague, who sees the ticket because the company shares them."""
    return factories.customer("cleo@acme.example", name="Cleo", organization=acme)


def own(ticket: Ticket) -> str:
    return reverse("portal:own_ticket", args=[ticket.reference])


def link(ticket: Ticket, person: User, *, via: str = links.WEB) -> str:
    key = linked.key(ticket, person, via=via)
    return reverse("portal:ticket", args=[ticket.reference, key])


def read(client: Client, address: str) -> str:
    response = client.get(address)
    assert response.status_code == 200
    return " ".join(response.content.decode().split())


def press(client: Client, address: str, **data: str) -> str:
    """The page after the button, which leads back to it."""
    response = client.post(address, data, follow=True)
    assert response.redirect_chain == [(address, 302)], response.content.decode()
    return " ".join(response.content.decode().split())


def refused(client: Client, address: str, **data: str) -> str:
    response = client.post(address, data)
    assert response.status_code == 422
    return " ".join(response.content.decode().split())


def solve(ticket: Ticket, *, ago: timedelta = HOUR) -> None:
    lifecycle.resolve(ticket=ticket, by=factories.agent(), at=timezone.now() - ago)


def close(ticket: Ticket, *, ago: timedelta = HOUR) -> None:
    lifecycle.close(ticket=ticket, by=ticket.requester, at=timezone.now() - ago)


# --- Who may --------------------------------------------------------------------------------------

# What the page shows, and who reads it: the requester, a follower, a colleague of a shared company.
SHOWN = [
    (">Send</button>", "requester follower colleague"),
    ('name="close"', "requester"),
    ('name="escalate"', "requester"),
    ("Who gets our answers", "requester"),
    ("Ben Okri", "requester"),
    ('name="add_colleague"', "requester"),
    ('name="void_links"', "requester"),
    ('name="leave"', "follower"),
]


@pytest.mark.parametrize("who", ["requester", "follower", "colleague"])
def test_the_page_offers_each_person_what_he_may_do(
    client: Client, ticket: Ticket, ben: User, cleo: User, who: str
) -> None:
    person = {"requester": ticket.requester, "follower": ben, "colleague": cleo}[who]
    client.force_login(person)
    page = read(client, own(ticket)).split("<main", 1)[1].replace(str(person), "")
    for words, readers in SHOWN:
        if words != str(person):
            assert (words in page) is (who in readers.split()), words


@pytest.mark.parametrize("who", ["follower", "colleague"])
@pytest.mark.parametrize(
    "data",
    [
        {"close": "1"},
        {"escalate": "1", "reason": "Now!"},
        {"add_colleague": "1", "email": "dan@acme.example"},
        {"void_links": "1"},
        {"rate": "1", "stars": "5"},
    ],
)
def test_what_is_the_requesters_is_refused_to_others(
    client: Client, ticket: Ticket, ben: User, cleo: User, who: str, data: dict[str, str]
) -> None:
    if "rate" in data:
        solve(ticket)
    client.force_login(ben if who == "follower" else cleo)
    events = ticket.events.count()
    assert "Only the person who sent the request can do this." in refused(
        client, own(ticket), **data
    )
    assert ticket.events.count() == events


@pytest.mark.parametrize("who", ["follower", "colleague"])
def test_followers_and_colleagues_write(
    client: Client, ticket: Ticket, ben: User, cleo: User, who: str
) -> None:
    person = ben if who == "follower" else cleo
    client.force_login(person)
    press(client, own(ticket), text="Same here.")
    assert ticket.messages.latest("pk").author == person


# --- Colleagues -----------------------------------------------------------------------------------


def test_the_requester_adds_a_colleague_and_removes_him(client: Client, ticket: Ticket) -> None:
    place = link(ticket, ticket.requester)
    assert "Only you." in read(client, place)
    page = press(client, place, add_colleague="1", email="dan@acme.example")
    assert "dan@acme.example gets the answers from now on." in page
    row = ticket.followers.get()
    assert f'value="{row.pk}"' in page
    page = press(client, place, remove_colleague=str(row.pk))
    assert "dan@acme.example gets no more answers." in page
    assert "Only you." in page


@pytest.mark.parametrize(
    ("email", "sentence"),
    [
        ("", "Give the e-mail address of your colleague."),
        ("dan", "This is no e-mail address"),
        ("eve@evil.example", "Only people of your own organization can be added"),
        ("asha@acme.example", "gets the answers to this ticket already"),
    ],
)
def test_a_colleague_who_cannot_be_added_is_a_sentence(
    client: Client, ticket: Ticket, email: str, sentence: str
) -> None:
    page = refused(client, link(ticket, ticket.requester), add_colleague="1", email=email)
    assert sentence in page
    assert f'value="{email}"' in page or not email
    assert not ticket.followers.exists()


def test_without_an_organization_it_is_not_offered(client: Client, policy: Policy) -> None:
    ticket = factories.ticket()
    assert 'name="add_colleague"' not in read(client, link(ticket, ticket.requester))
    page = refused(
        client, link(ticket, ticket.requester), add_colleague="1", email="a@acme.example"
    )
    assert "once we know your organization" in page


def test_addresses_are_tried_so_often_and_no_more(
    client: Client, ticket: Ticket, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(people, "ADDING", people.Limit("adding in a test", 2, DAY))
    place = link(ticket, ticket.requester)
    for _ in range(2):
        assert "Only people of" in refused(client, place, add_colleague="1", email="e@e.example")
    page = refused(client, place, add_colleague="1", email="dan@acme.example")
    assert "You have added many people today." in page


@pytest.mark.parametrize("number", ["0", "x", "", "9" * 40, "²"])
def test_a_row_that_is_none_removes_nobody(
    client: Client, ticket: Ticket, ben: User, number: str
) -> None:
    refused(client, link(ticket, ticket.requester), remove_colleague=number)
    assert ticket.followers.count() == 1


def test_a_row_of_another_ticket_removes_nobody(client: Client, ticket: Ticket, ben: User) -> None:
    other = factories.ticket(requester=ticket.requester)
    row = ticket.followers.get()
    refused(client, link(other, ticket.requester), remove_colleague=str(row.pk))
    assert ticket.followers.count() == 1


def test_a_follower_who_leaves_sees_the_ticket_no_more(
    client: Client, ticket: Ticket, ben: User
) -> None:
    place = link(ticket, ben)
    response = client.post(place, {"leave": "1"}, follow=True)
    assert response.redirect_chain == [(reverse("portal:start"), 302)]
    assert f"You get no more answers to {ticket.reference}." in response.content.decode()
    assert client.get(place).status_code == 404


def test_a_colleague_who_leaves_still_sees_what_the_company_shares(
    client: Client, ticket: Ticket, cleo: User
) -> None:
    correspondence.follow(ticket=ticket, user=cleo, by=None, at=timezone.now())
    client.force_login(cleo)
    assert 'name="leave"' not in press(client, own(ticket), leave="1")


# --- Taking it up again ---------------------------------------------------------------------------


@pytest.mark.parametrize("end", [solve, close])
def test_the_requester_takes_it_up_again_with_or_without_words(
    client: Client, ticket: Ticket, end: Callable[..., None]
) -> None:
    place = link(ticket, ticket.requester)
    for text in ("", "It is back."):
        end(ticket, ago=timedelta(0))
        assert "It is not solved: take it up again" in read(client, place)
        page = press(client, place, reopen="1", text=text)
        assert "We take it up again." in page
        assert (text or "In progress") in page
        ticket.refresh_from_db()
        assert ticket.status == Status.OPEN


@pytest.mark.parametrize("end", [solve, close])
def test_a_follower_takes_it_up_again_with_words(
    client: Client, ticket: Ticket, ben: User, end: Callable[..., None]
) -> None:
    end(ticket)
    place = link(ticket, ben)
    assert "take it up again" in read(client, place)
    assert "Write your message first." in refused(client, place, reopen="1", text=" ")
    press(client, place, reopen="1", text="It is back.")
    ticket.refresh_from_db()
    assert ticket.status == Status.OPEN


@pytest.mark.parametrize("end", [solve, close])
def test_too_late_a_new_request_is_offered_instead(
    client: Client, ticket: Ticket, end: Callable[..., None]
) -> None:
    end(ticket, ago=15 * DAY)
    place = link(ticket, ticket.requester)
    page = read(client, place)
    assert "take it up" not in page
    assert ">Send</button>" not in page
    assert "Send a new request" in page
    page = refused(client, place, reopen="1", text="It is back.")
    assert "It is too long ago that this ticket was solved." in page
    assert "It is back.</textarea>" in page
    page = refused(client, place, text="It is back.")
    assert "It is back.</textarea>" in page
    ticket.refresh_from_db()
    assert not ticket.is_unsolved


# --- Links ----------------------------------------------------------------------------------------


def test_the_requester_who_is_signed_in_ends_all_links(client: Client, ticket: Ticket) -> None:
    place = link(ticket, ticket.requester)
    client.force_login(ticket.requester)
    assert "All links to this ticket that were sent so far are void." in press(
        client, own(ticket), void_links="1"
    )
    assert Client().get(place).status_code == 410
    assert client.get(own(ticket)).status_code == 200


def test_links_are_not_ended_by_a_link(client: Client, ticket: Ticket) -> None:
    place = link(ticket, ticket.requester)
    assert 'name="void_links"' not in read(client, place)
    assert "Sign in first" in refused(client, place, void_links="1")
    ticket.refresh_from_db()
    assert ticket.links_void_before is None


@pytest.mark.parametrize(
    ("via", "data", "proves"),
    [
        (links.MAIL, {"text": "Hello."}, True),
        (links.WEB, {"text": "Hello."}, False),  # The page after the form: anybody may be there.
        (links.MAIL, None, False),  # Programs look at links too.
    ],
)
def test_an_act_behind_a_link_that_came_by_mail_proves_the_address(
    client: Client, ticket: Ticket, via: str, data: dict[str, str] | None, proves: bool
) -> None:
    place = link(ticket, ticket.requester, via=via)
    client.post(place, data) if data else client.get(place)
    ticket.requester.refresh_from_db()
    assert (ticket.requester.verified_at is not None) is proves


def test_the_first_proof_stays(client: Client, ticket: Ticket) -> None:
    first = timezone.now() - DAY
    User.objects.filter(pk=ticket.requester_id).update(verified_at=first)
    client.post(link(ticket, ticket.requester, via=links.MAIL), {"text": "Hello."})
    ticket.requester.refresh_from_db()
    assert ticket.requester.verified_at == first


# --- At the desk ----------------------------------------------------------------------------------


def at_desk(ticket: Ticket, verb: str = "change") -> str:
    return f"/admin/tickets/ticket/{ticket.pk}/{verb}/"


def test_staff_remove_a_follower_and_end_links(client: Client, ticket: Ticket, ben: User) -> None:
    client.force_login(factories.agent())
    page = read(client, at_desk(ticket))
    assert 'aria-label="Remove Ben Okri"' in page
    assert "Remove a follower" in page
    assert client.post(at_desk(ticket, "unfollow"), {"email": ben.email}).status_code == 302
    assert not ticket.followers.exists()
    assert "Remove a follower" not in read(client, at_desk(ticket))
    place = link(ticket, ticket.requester)
    assert client.post(at_desk(ticket, "void_links"), {"reason": "Lost"}).status_code == 302
    assert Client().get(place).status_code == 410


@pytest.mark.parametrize("email", ["nobody@acme.example", "cleo@acme.example", "x"])
def test_removing_somebody_else_is_a_sentence_and_makes_nobody_a_customer(
    client: Client, ticket: Ticket, ben: User, cleo: User, email: str
) -> None:
    client.force_login(factories.agent())
    before = User.objects.count()
    response: Any = client.post(at_desk(ticket, "unfollow"), {"email": email})
    assert response.status_code == 200
    expected = "Enter a valid email address" if email == "x" else "does not get the answers"
    assert expected in response.content.decode()
    assert (ticket.followers.count(), User.objects.count()) == (1, before)
