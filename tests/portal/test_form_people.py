"""Who sends the form, and the promise that it shows before it is sent."""

import re
from zoneinfo import ZoneInfo

import pytest
from django.test import Client
from django.utils import timezone
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
    client.force_login(factories.customer("maria@client.example", name="Maria Silva"))
    text = client.get(NEW).content.decode()
    for value in ("maria@client.example", "Maria Silva"):
        assert re.search(rf'value="{value}"[^>]*readonly', text), f"{value} is fixed"
    assert "To use another one, sign out first." in text


@pytest.mark.parametrize("typed", ["leo@client.example", "nonsense", "", "maria@client.example2"])
def test_a_person_who_is_signed_in_sends_nothing_for_another_address(
    client: Client, kind: RequestType, typed: str
) -> None:
    client.force_login(factories.customer("maria@client.example"))
    text = refused(client, filled_in(kind, email=typed))
    assert "You are signed in as maria@client.example" in error_of(text, "email")
    assert 'value="maria@client.example"' in text, "the field cannot be edited, so it is put right"


def test_a_preview_keeps_the_address_of_who_is_signed_in(client: Client, kind: RequestType) -> None:
    client.force_login(factories.customer("maria@client.example"))
    data = filled_in(kind, email="leo@client.example", preview="1")
    assert "leo@client.example" not in client.post(NEW, data).content.decode()


def test_a_person_who_is_signed_in_comes_to_the_page_of_his_own(
    client: Client, kind: RequestType
) -> None:
    maria = factories.customer("maria@client.example")
    client.force_login(maria)
    response = client.post(NEW, filled_in(kind, email=" Maria@client.example"))
    ticket = Ticket.objects.get()
    assert ticket.requester == maria
    assert response.headers["Location"] == f"/tickets/{ticket.reference}/"


def test_an_agent_writes_for_the_customer_who_telephones(client: Client, kind: RequestType) -> None:
    client.force_login(factories.agent())
    client.post(NEW, filled_in(kind))
    assert Ticket.objects.get().requester.email == "maria@client.example"


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


def test_the_types_come_in_the_order_of_their_rows_with_a_sentence_each(
    client: Client, policy: Policy
) -> None:
    RequestType.objects.filter(name="Minor dashboard issue").update(position=0, sentence="First!")
    RequestType.objects.filter(name="Campaign update request").update(is_active=False)
    text = client.get(NEW).content.decode()
    names = re.findall(r"<strong>([^<]+)</strong> <span class=\"help\">", text)
    assert names == [kind.name for kind in RequestType.objects.filter(is_active=True)]
    assert "First!" in text
    assert "Campaign update request" not in names


def test_system_down_is_first_and_says_when_it_is_critical(client: Client, policy: Policy) -> None:
    text = client.get(NEW).content.decode()
    first = text[text.index('class="choice"') :].split("</label>")[0]
    assert "System down" in first
    assert "Your users cannot work" in first
    words = " ".join(first.split())
    assert "P1 Critical when more than 20 % of your users are affected, otherwise P2." in words
    assert 'name="share_of_users"' in text


@pytest.mark.parametrize(
    ("week", "said"),
    [
        ([], True),  # Never open.
        ([(day, "00:00", "24:00") for day in range(7)], False),  # Always open.
    ],
)
def test_what_happens_after_hours_is_said_before_a_type_is_chosen(
    client: Client, policy: Policy, week: list[tuple[int, str, str]], said: bool
) -> None:
    hours = policy.calendar.opening_hours
    today = timezone.now().astimezone(ZoneInfo("Asia/Kolkata")).weekday()
    # Not open today, or open all of the time: whatever the clock says.
    week = week or [((today + 3) % 7, "09:00", "17:00")]
    hours.all().delete()
    policy.calendar.holidays.all().delete()
    for weekday, opens, closes in week:
        hours.create(weekday=weekday, opens=opens, closes=closes)
    policy.calendar.publish(at=timezone.now())
    text = " ".join(client.get(NEW).content.decode().split())
    assert ("Support is closed now and opens" in text) == said
    assert ("You can send your request now." in text) == said
    assert ("Day and night we answer: System down" in text) == said


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
        # The policy with what it promises, the types, and twice what is switched on.
        with django_assert_num_queries(4):
            client.get(NEW, {"request_type": system_down.pk})
