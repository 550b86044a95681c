"""My tickets: who sees the page, and whose tickets on it."""

import pytest
from django.test import Client
from django.urls import reverse

from sla.models import Policy
from tests import factories
from tests.portal.my_tickets.listed import NOW, PAGE, opened, page, signed_in, subjects
from tickets import correspondence
from tickets.models import Organization, Ticket, User


def test_who_is_not_signed_in_is_asked_for_his_address_first(policy: Policy) -> None:
    response = Client().get(PAGE, {"q": "report"})
    assert response.status_code == 302
    address = reverse("account_request_login_code")
    assert response.headers["Location"] == f"{address}?next=/tickets/%3Fq%3Dreport"


def test_a_list_that_outlived_the_session_goes_to_sign_in_as_a_whole(policy: Policy) -> None:
    response = Client().get(PAGE, headers={"HX-Request": "true"})
    assert response.status_code == 200
    assert response.headers["HX-Redirect"].startswith(reverse("account_request_login_code"))
    assert response.content == b""


def test_who_was_switched_off_is_nobody(maria: User) -> None:
    client = signed_in(maria)
    maria.is_active = False
    maria.save()
    assert client.get(PAGE).status_code == 302


def test_staff_are_led_to_the_desk(policy: Policy) -> None:
    response = signed_in(factories.agent()).get(PAGE)
    assert response.status_code == 302
    assert response.headers["Location"] == reverse("admin:tickets_ticket_changelist")


def test_the_page_is_only_read(maria: User) -> None:
    assert signed_in(maria).post(PAGE).status_code == 405


def test_the_page_is_kept_by_no_cache(maria: User) -> None:
    assert "no-store" in signed_in(maria).get(PAGE).headers["Cache-Control"]


@pytest.fixture
def everybodys(maria: User, paul: User) -> dict[str, Ticket]:
    """A ticket of Maria, one of her colleague, and two of a stranger: she follows one of them."""
    stranger = factories.customer(organization=factories.organization(shares_tickets=True))
    rows = {
        "own": opened(maria, "own"),
        "colleague": opened(paul, "colleague"),
        "followed": opened(stranger, "followed"),
        "foreign": opened(stranger, "foreign"),
    }
    correspondence.follow(ticket=rows["followed"], user=maria, by=None, at=NOW)
    return rows


@pytest.mark.parametrize(
    ("whose", "expected"),
    [
        ("", {"own"}),
        ("mine", {"own"}),
        ("others", {"colleague", "followed"}),
        ("all", {"own", "colleague", "followed"}),
        # Nonsense counts as not chosen.
        ("everybody", {"own"}),
    ],
)
def test_where_the_organization_shares_the_reader_chooses_whose(
    everybodys: dict[str, Ticket], maria: User, whose: str, expected: set[str]
) -> None:
    assert set(subjects(maria, whose=whose)) == expected


@pytest.mark.parametrize("whose", ["", "mine", "others", "all"])
def test_where_it_does_not_there_is_no_choice(
    everybodys: dict[str, Ticket], acme: Organization, maria: User, whose: str
) -> None:
    acme.shares_tickets = False
    acme.save()
    assert set(subjects(maria, whose=whose)) == {"own", "followed"}
    assert "Whose tickets" not in page(maria)


def test_a_search_finds_no_ticket_of_others(everybodys: dict[str, Ticket], maria: User) -> None:
    foreign = everybodys["foreign"]
    assert subjects(maria, q="foreign") == []
    assert subjects(maria, q=foreign.reference) == []
    assert subjects(maria, q=str(foreign.pk)) == []


def test_the_row_names_the_requester_unless_it_is_the_reader(
    everybodys: dict[str, Ticket], maria: User
) -> None:
    text = page(maria, whose="all")
    assert "of Paul" in text
    assert "of Maria" not in text
