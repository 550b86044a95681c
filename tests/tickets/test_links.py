"""Signed links: who holds one sees one ticket as one person, and nobody can make one up."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.core.signing import Signer
from django.urls import reverse

from tests import factories
from tests.factories import MONDAY
from tickets import links
from tickets.models import Ticket, User

pytestmark = pytest.mark.usefixtures("policy")

MOMENT = timedelta(milliseconds=1)  # As exactly as a link knows when it was made.


@pytest.fixture
def asha() -> User:
    return factories.customer("asha@client.example")


@pytest.fixture
def ticket(asha: User) -> Ticket:
    return factories.ticket(requester=asha)


def key_for(ticket: Ticket, user: User) -> str:
    return links.key_for(ticket, user, at=MONDAY)


def holder(reference: str, key: str) -> tuple[Ticket, User] | None:
    return links.holder(reference, key, at=MONDAY)


def test_a_link_opens_the_ticket_as_its_owner(settings: Any, ticket: Ticket, asha: User) -> None:
    settings.PUBLIC_BASE_URL = "https://help.example.com"
    key = key_for(ticket, asha)
    path = reverse("portal:ticket", args=[ticket.reference, key])
    assert holder(ticket.reference, key) == (ticket, asha)
    mailed = links.url_for(ticket, asha, at=MONDAY)
    assert mailed.startswith(f"https://help.example.com{path.rpartition(key)[0]}")
    found = links.read(ticket.reference, mailed.rsplit("/", 2)[1])
    assert found == links.Link(ticket, asha, MONDAY, by_mail=True)
    assert links.desk_url_for(ticket) == (
        f"https://help.example.com/admin/tickets/ticket/{ticket.pk}/change/"
    )


def test_a_member_of_staff_may_hold_a_link(ticket: Ticket) -> None:
    agent = factories.agent()
    assert holder(ticket.reference, key_for(ticket, agent)) == (ticket, agent)


def test_a_link_does_not_open_another_ticket(ticket: Ticket, asha: User) -> None:
    other = factories.ticket(requester=asha)
    assert holder(other.reference, key_for(ticket, asha)) is None


def test_a_link_does_not_make_another_person(ticket: Ticket, asha: User) -> None:
    _, made, signature = key_for(ticket, asha).split(".")
    agent = factories.agent()
    assert holder(ticket.reference, f"{agent.pk}.{made}.{signature}") is None


def test_a_link_of_somebody_who_may_not_see_the_ticket_opens_nothing(ticket: Ticket) -> None:
    stranger = factories.customer()
    assert holder(ticket.reference, key_for(ticket, stranger)) is None


def test_a_link_ends_with_the_account_of_its_owner(ticket: Ticket, asha: User) -> None:
    key = key_for(ticket, asha)
    User.objects.filter(pk=asha.pk).update(is_active=False)
    assert holder(ticket.reference, key) is None


def test_a_link_ends_after_its_days(settings: Any, ticket: Ticket, asha: User) -> None:
    settings.TICKET_LINK_DAYS = 3
    key, last = key_for(ticket, asha), MONDAY + timedelta(days=3)
    assert links.holder(ticket.reference, key, at=last) == (ticket, asha)
    assert links.holder(ticket.reference, key, at=last + MOMENT) is None
    found = links.read(ticket.reference, key)
    assert found is not None
    assert found.is_over(at=last + MOMENT)


@pytest.mark.parametrize("whose", [Ticket, User])
def test_links_that_were_declared_void_end_and_later_ones_do_not(
    whose: type[Ticket] | type[User], ticket: Ticket, asha: User
) -> None:
    whose.objects.update(links_void_before=MONDAY)
    assert holder(ticket.reference, key_for(ticket, asha)) is None
    later = links.key_for(ticket, asha, at=MONDAY + MOMENT)
    assert holder(ticket.reference, later) == (ticket, asha)


def test_a_link_to_a_deleted_ticket_opens_nothing(asha: User) -> None:
    unsaved = Ticket(pk=987654321)
    assert holder("HD-987654321", key_for(unsaved, asha)) is None


@pytest.mark.parametrize(
    "reference",
    [
        "XX-{n}",  # Another prefix.
        "hd-{n}",
        "{n}",
        "-{n}",
        "HD-0{n}",
        "HD-{n} ",
        "HD-+{n}",
        "HD-{n}.0",
        "HD- {n}",
        "HD-HD-{n}",
        "HD-",
        "",
        "HD-x",
        "HD-\u0661",  # A digit, but not one of ours.
        "HD-" + "9" * 30,  # More than the database can hold.
        "HD-\x00",
    ],
)
def test_a_changed_reference_opens_nothing(ticket: Ticket, asha: User, reference: str) -> None:
    key = key_for(ticket, asha)
    assert holder(reference.format(n=ticket.pk), key) is None


@pytest.mark.parametrize(
    "change",
    [
        lambda key: "",
        lambda key: ".",
        lambda key: "...",
        lambda key: key[:-1],
        lambda key: key + "A",
        lambda key: key[:-1] + ("A" if key[-1] != "A" else "B"),
        lambda key: key.swapcase(),
        lambda key: key.replace(".", ":"),
        lambda key: "1." + key,
        lambda key: key + "." + key.split(".")[1],
        lambda key: key.split(".")[0],
        lambda key: "." + key.split(".")[1],
        lambda key: " " + key,
        lambda key: key + "\n",
        lambda key: key + "\x00",
        lambda key: "\u0661" + key,
        lambda key: "\ud800" + key,
        lambda key: "x" * 100_000,
    ],
)
def test_a_forged_key_opens_nothing(ticket: Ticket, asha: User, change: Any) -> None:
    assert holder(ticket.reference, change(key_for(ticket, asha))) is None


def test_the_parts_of_a_key_cannot_be_shifted_into_the_reference(
    ticket: Ticket, asha: User
) -> None:
    user, made, signature = key_for(ticket, asha).split(".")
    for reference in (f"{ticket.reference}.{user}", f"{ticket.reference}.{user}.{made}"):
        for key in (signature, f"{made}.{signature}"):
            assert holder(reference, key) is None


def test_a_signature_made_for_something_else_is_worthless(ticket: Ticket, asha: User) -> None:
    value = f"{ticket.pk}.{asha.pk}.w{key_for(ticket, asha).split('.')[1][1:]}"
    for signer in (Signer(sep="."), Signer(salt="other", sep="."), Signer(key="guess", sep=".")):
        key = signer.sign(value).split(".", 1)[1]
        assert holder(ticket.reference, key) is None


def test_a_new_secret_key_keeps_old_links_while_the_former_one_is_known(
    settings: Any, ticket: Ticket, asha: User
) -> None:
    old = key_for(ticket, asha)
    former, settings.SECRET_KEY = settings.SECRET_KEY, "n" * 50
    assert holder(ticket.reference, old) is None
    settings.SECRET_KEY_FALLBACKS = [former]
    assert holder(ticket.reference, old) == (ticket, asha)
    new = key_for(ticket, asha)
    assert new != old
    assert holder(ticket.reference, new) == (ticket, asha)


def test_another_prefix_ends_old_links_without_an_error(
    settings: Any, ticket: Ticket, asha: User
) -> None:
    key, reference = key_for(ticket, asha), ticket.reference
    settings.TICKET_PREFIX = "CASE"
    assert holder(reference, key) is None
    assert holder(f"CASE-{ticket.pk}", key) == (ticket, asha)
