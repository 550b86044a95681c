"""Who sends the form, and the promise that it shows before it is sent."""

import re

import pytest
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from sla.models import Policy
from tests import factories
from tests.portal.filling import NEW, error_of, file, filled_in, refused
from tickets.models import RequestType, Ticket, User


def test_a_form_never_renames_a_person(client: Client, kind: RequestType) -> None:
    factories.customer("maria@client.example", name="Maria")
    client.post(NEW, filled_in(kind, email=" MARIA@client.example ", name="Somebody Else"))
    assert User.objects.get(email="maria@client.example").name == "Maria"
    assert Ticket.objects.get().requester.name == "Maria"


def test_an_address_of_staff_acts_as_a_customer(client: Client, kind: RequestType) -> None:
    agent = factories.agent()
    response = client.post(NEW, filled_in(kind, email=agent.email))
    ticket = Ticket.objects.get()
    assert ticket.requester == agent
    assert not ticket.messages.get().by_staff
    client.post(response.headers["Location"], {"text": "And more."})
    assert not ticket.messages.filter(by_staff=True).exists()
    ticket.refresh_from_db()
    assert ticket.first_responded_at is None


def test_an_address_that_was_switched_off_is_refused(client: Client, kind: RequestType) -> None:
    factories.customer("maria@client.example", is_active=False)
    text = refused(client, filled_in(kind))
    assert "We cannot take requests from this address" in error_of(text, "email")


def test_a_person_who_is_signed_in_finds_the_address_filled_in(
    client: Client, policy: Policy
) -> None:
    client.force_login(factories.customer("maria@client.example"))
    assert 'value="maria@client.example"' in client.get(NEW).content.decode()


def test_a_form_without_a_token_is_refused(kind: RequestType) -> None:
    strict = Client(enforce_csrf_checks=True)
    response = strict.post(NEW, filled_in(kind))
    assert response.status_code == 403
    assert "send it again" in response.content.decode()
    assert not Ticket.objects.exists()
    token = re.search(r'csrfmiddlewaretoken" value="(\w+)"', strict.get(NEW).content.decode())[1]  # type: ignore[index]
    data = filled_in(kind, csrfmiddlewaretoken=token, attachments=[file()])
    assert strict.post(NEW, data).status_code == 302


@pytest.mark.parametrize("chosen", [{}, {"request_type": ""}, {"request_type": "no\0thing"}])
def test_nothing_chosen_is_promised_nothing(
    client: Client, policy: Policy, chosen: dict[str, str]
) -> None:
    text = client.get(NEW, chosen).content.decode()
    assert "Choose what it is about, and see here when we will answer." in text


def test_a_link_shows_the_promise_for_a_type(client: Client, kind: RequestType) -> None:
    text = client.get(NEW, {"request_type": kind.pk}).content.decode()
    assert "We answer by" in text
    assert "8 business hours" in text
    assert re.search(rf'value="{kind.pk}" required\s+checked', text)


def test_htmx_gets_the_promise_alone(client: Client, system_down: RequestType) -> None:
    chosen = {"request_type": system_down.pk, "share_of_users": "21"}
    response = client.get(NEW, chosen, headers={"HX-Request": "true"})
    text = response.content.decode()
    assert "2 hours, day and night" in text
    assert "8 business hours" not in text
    assert "<form" not in text
    assert "HX-Request" in response.headers["Vary"]


@pytest.mark.parametrize("share", ["", "x", "101", "9" * 30])
def test_a_share_that_is_no_percentage_shows_both_promises(
    client: Client, system_down: RequestType, share: str
) -> None:
    chosen = {"request_type": system_down.pk, "share_of_users": share}
    text = client.get(NEW, chosen).content.decode()
    assert "More than 20 % of your users: P1 Critical" in text
    assert "20 % of your users or fewer: P2 High" in text


def test_the_promise_can_be_seen_without_javascript_and_nothing_is_lost(
    client: Client, kind: RequestType
) -> None:
    text = client.post(NEW, filled_in(kind, email="half@", preview="1")).content.decode()
    assert "8 business hours" in text
    assert "Since Monday each order is there twice." in text
    assert 'value="half@"' in text
    assert 'class="error"' not in text
    assert not Ticket.objects.exists()


def test_the_form_asks_the_database_equally_often_with_many_tickets(
    client: Client, system_down: RequestType, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    person = factories.customer()
    row = {"requester": person, "priority": factories.priority("P3"), "subject": "One of many"}
    times = {"submitted_at": factories.MONDAY, "updated_at": factories.MONDAY}
    client.get(NEW)  # The calendar is read once per process.
    for count in (10, 990):
        Ticket.objects.bulk_create(Ticket(**row, **times) for _ in range(count))
        # The policy with what it promises, and the types.
        with django_assert_num_queries(2):
            client.get(NEW, {"request_type": system_down.pk})
