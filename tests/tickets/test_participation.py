"""Who takes part in a ticket, its links, and its rating."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest

from sla.models import Policy
from tests import factories
from tests.factories import MONDAY
from tickets import lifecycle, links, participation
from tickets.models import Delivery, Organization, Rating, Ticket, User
from tickets.refusals import (
    DoesNotFollow,
    FollowsAlready,
    MoveNotAllowed,
    NoOrganization,
    NotAColleague,
    NotTheRequester,
    RatedAlready,
    TooManyFollowers,
)

pytestmark = pytest.mark.usefixtures("policy")

HOUR, DAY = timedelta(hours=1), timedelta(days=1)


@pytest.fixture
def agent(policy: Policy) -> User:
    return factories.agent()


@pytest.fixture
def acme() -> Organization:
    return factories.organization("Acme", domains=["acme.example"])


@pytest.fixture
def asha(acme: Organization) -> User:
    return factories.customer("asha@acme.example", organization=acme)


@pytest.fixture
def ticket(asha: User) -> Ticket:
    return factories.ticket(requester=asha)


def followers(ticket: Ticket) -> set[str]:
    return set(ticket.followers.values_list("user__email", flat=True))


def last_event(ticket: Ticket) -> tuple[str, User | None, str]:
    event = ticket.events.latest("pk")
    return event.kind, event.by, event.detail


# --- Colleagues ---------------------------------------------------------------------------------


def add(ticket: Ticket, email: str, by: User | None = None) -> Ticket:
    by = by or ticket.requester
    return participation.add_colleague(ticket=ticket, by=by, email=email, at=MONDAY + HOUR)


def test_a_colleague_gets_the_answers_from_then_on(
    ticket: Ticket, acme: Organization, agent: User
) -> None:
    ben = factories.customer("ben@elsewhere.example", organization=acme)
    add(ticket, " Ben@Elsewhere.example ")
    assert followers(ticket) == {ben.email}
    detail = "ben@elsewhere.example gets the answers too."
    assert last_event(ticket) == ("followed", ticket.requester, detail)
    lifecycle.reply(ticket=ticket, by=agent, text="Done.", at=MONDAY + 2 * HOUR)
    assert Delivery.objects.filter(recipient=ben.email, occasion="reply").exists()


def test_somebody_unknown_at_a_domain_of_the_organization_becomes_one_of_it(
    ticket: Ticket, acme: Organization
) -> None:
    add(ticket, "new@acme.example")
    assert User.objects.get(email="new@acme.example").organization == acme


def test_somebody_known_without_an_organization_joins_by_the_domain(
    ticket: Ticket, acme: Organization
) -> None:
    lone = factories.customer("lone@acme.example")
    add(ticket, lone.email)
    lone.refresh_from_db()
    assert lone.organization == acme


def other_company(name: str) -> None:
    factories.customer(name, organization=factories.organization())


def staff(name: str) -> None:
    factories.agent(name)


def gone(name: str) -> None:
    factories.customer(name, organization=Organization.objects.get(name="Acme"), is_active=False)


def nobody(name: str) -> None:
    """An address that we do not know."""


@pytest.mark.parametrize(
    ("email", "is_there"),
    [
        ("eve@evil.example", nobody),
        ("eve@evil.example", other_company),  # The same answer: nothing is learned of whom we know.
        ("eve@evil.example", staff),
        ("moved@acme.example", other_company),  # He works elsewhere now.
        ("gone@acme.example", gone),
        ("agent@acme.example", staff),
        ("eve@sub.acme.example", nobody),
        ("eve@acme.example.evil.example", nobody),
    ],
)
def test_only_people_of_the_organization_are_added(
    ticket: Ticket, email: str, is_there: Any
) -> None:
    is_there(email)
    people = User.objects.count()
    with pytest.raises(NotAColleague, match="people of your own organization"):
        add(ticket, email)
    assert (followers(ticket), User.objects.count()) == (set(), people)


def test_who_has_no_organization_adds_nobody() -> None:
    ticket = factories.ticket()
    with pytest.raises(NoOrganization):
        add(ticket, "ben@client.example")


def test_nobody_is_added_twice_and_not_the_requester(ticket: Ticket) -> None:
    add(ticket, "ben@acme.example")
    for email in ("ben@acme.example", "asha@acme.example"):
        with pytest.raises(FollowsAlready):
            add(ticket, email)


def test_twenty_follow_and_no_more(ticket: Ticket) -> None:
    for number in range(20):
        add(ticket, f"c{number}@acme.example")
    with pytest.raises(TooManyFollowers):
        add(ticket, "c20@acme.example")
    assert len(followers(ticket)) == 20
    assert not User.objects.filter(email="c20@acme.example").exists()


def test_nobody_is_added_to_a_closed_ticket(ticket: Ticket) -> None:
    lifecycle.close(ticket=ticket, by=ticket.requester, at=MONDAY + HOUR)
    with pytest.raises(MoveNotAllowed):
        add(ticket, "ben@acme.example")
    assert not User.objects.filter(email="ben@acme.example").exists()


@pytest.fixture
def ben(ticket: Ticket) -> User:
    """A follower."""
    add(ticket, "ben@acme.example")
    return User.objects.get(email="ben@acme.example")


@pytest.mark.parametrize("who", ["himself", "requester", "agent"])
def test_a_follower_leaves_or_is_removed(ticket: Ticket, ben: User, agent: User, who: str) -> None:
    by = {"himself": ben, "requester": ticket.requester, "agent": agent}[who]
    participation.unfollow(ticket=ticket, user=ben, by=by, at=MONDAY + 2 * HOUR)
    assert followers(ticket) == set()
    detail = "ben@acme.example gets the answers no more."
    assert last_event(ticket) == ("unfollowed", by, detail)
    assert not Ticket.objects.visible_to(ben).exists()
    with pytest.raises(DoesNotFollow):
        participation.unfollow(ticket=ticket, user=ben, by=by, at=MONDAY + 2 * HOUR)


def test_a_follower_removes_nobody_else_and_does_nothing_of_the_requesters(
    ticket: Ticket, ben: User, agent: User
) -> None:
    add(ticket, "cleo@acme.example")
    cleo = User.objects.get(email="cleo@acme.example")
    at = MONDAY + 2 * HOUR
    acts = [
        lambda: participation.unfollow(ticket=ticket, user=cleo, by=ben, at=at),
        lambda: participation.void_links(ticket=ticket, by=ben, at=at),
        lambda: add(ticket, "dan@acme.example", by=ben),
        lambda: lifecycle.close(ticket=ticket, by=ben, at=at),
    ]
    for act in acts:
        with pytest.raises(NotTheRequester):
            act()
    lifecycle.resolve(ticket=ticket, by=agent, at=at)
    for by in (ben, agent):
        with pytest.raises(NotTheRequester):
            participation.rate(ticket=ticket, by=by, stars=5, comment="", at=at)


# --- Links --------------------------------------------------------------------------------------


@pytest.mark.parametrize("who", ["requester", "agent"])
def test_links_made_so_far_end_and_later_ones_do_not(ticket: Ticket, agent: User, who: str) -> None:
    by = ticket.requester if who == "requester" else agent
    at = MONDAY + HOUR
    old = links.key_for(ticket, ticket.requester, at=at)
    participation.void_links(ticket=ticket, by=by, at=at)
    assert links.holder(ticket.reference, old, at=at) is None
    found = links.read(ticket.reference, old)
    assert found is not None
    assert found.is_over(at=at)
    later = at + timedelta(milliseconds=1)
    new = links.key_for(ticket, ticket.requester, at=later)
    assert links.holder(ticket.reference, new, at=later) == (ticket, ticket.requester)
    kind, author, _ = last_event(ticket)
    assert (kind, author) == ("links_voided", by)


def test_a_new_link_says_nothing_of_the_ticket(ticket: Ticket) -> None:
    participation.send_new_link(ticket=ticket, user=ticket.requester, at=MONDAY + HOUR)
    mail = Delivery.objects.get(occasion="new_link")
    assert mail.recipient == "asha@acme.example"
    assert mail.subject == f"[{ticket.reference}] A new link to your ticket"
    for part in (mail.text, mail.html):
        assert f"/tickets/{ticket.reference}/" in part
        assert "not refreshed" not in part
        assert "numbers stand still" not in part


# --- Ratings ------------------------------------------------------------------------------------


def rate(ticket: Ticket, stars: int, at: datetime, comment: str = "") -> Ticket:
    by = ticket.requester
    return participation.rate(ticket=ticket, by=by, stars=stars, comment=comment, at=at)


def test_help_is_rated_once_solved_and_changed_for_some_days(ticket: Ticket, agent: User) -> None:
    with pytest.raises(MoveNotAllowed, match="You cannot rate a ticket that is New"):
        rate(ticket, 5, MONDAY + HOUR)
    lifecycle.resolve(ticket=ticket, by=agent, at=MONDAY + HOUR)
    rate(ticket, 2, MONDAY + DAY, " Slow. ")
    assert last_event(ticket) == ("rated", ticket.requester, "2 of 5: Slow.")
    rate(ticket, 4, MONDAY + HOUR + 14 * DAY)
    rating = Rating.objects.get(ticket=ticket)
    assert (rating.stars, rating.comment, rating.at) == (4, "", MONDAY + HOUR + 14 * DAY)
    with pytest.raises(RatedAlready):
        rate(ticket, 5, MONDAY + 2 * HOUR + 14 * DAY)


def test_a_first_rating_is_never_too_late(ticket: Ticket, agent: User) -> None:
    lifecycle.resolve(ticket=ticket, by=agent, at=MONDAY + HOUR)
    rate(ticket, 3, MONDAY + 300 * DAY)
    assert Rating.objects.get(ticket=ticket).stars == 3
