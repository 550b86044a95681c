"""The customer's form to escalate, and the page of those who are called by it."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from sla.models import Policy
from tests import factories, linked
from tickets import escalation, lifecycle, links
from tickets.models import Delivery, Escalation, Ticket, User

ADDRESS = "escalations@desk.example"
REASON = "Our board meets at three."


@pytest.fixture(autouse=True)
def address(settings: Any) -> None:
    settings.ESCALATION_ADDRESS = ADDRESS


@pytest.fixture
def spoc(policy: Policy) -> User:
    return factories.agent("grace@desk.example", name="Grace Hopper")


@pytest.fixture
def ticket(spoc: User) -> Ticket:
    asha = factories.customer(organization=factories.organization("Acme", spoc=spoc))
    return factories.ticket("P2", requester=asha, at=timezone.now() - timedelta(minutes=10))


@pytest.fixture(params=["by link", "signed in"])
def door(request: pytest.FixtureRequest, ticket: Ticket, client: Client) -> str:
    """The address of the page at which the customer stands."""
    if request.param == "signed in":
        client.force_login(ticket.requester)
        return reverse("portal:own_ticket", args=[ticket.reference])
    key = linked.key(ticket)
    return reverse("portal:ticket", args=[ticket.reference, key])


def read(client: Client, address: str) -> str:
    response = client.get(address)
    assert response.status_code == 200
    return " ".join(response.content.decode().split())


def escalate(ticket: Ticket, *, ago: timedelta = timedelta(0)) -> Escalation:
    at = timezone.now() - ago
    escalation.escalate(ticket=ticket, by=ticket.requester, reason=REASON, at=at)
    return Escalation.objects.latest("pk")


# --- The customer's form ---


def test_a_customer_escalates_and_reads_who_was_told(
    client: Client, ticket: Ticket, door: str
) -> None:
    page = read(client, door)
    assert "<summary>Escalate this ticket</summary>" in page
    assert "<details>" in page, "closed until somebody wants it"
    response = client.post(door, {"escalate": "1", "reason": f" {REASON}\r\n"}, follow=True)
    assert response.redirect_chain == [(door, 302)]
    page = " ".join(response.content.decode().split())
    assert "The people in charge are told that it is urgent." in page
    assert f"we told Grace Hopper and {ADDRESS} on" in page
    assert "Nobody has confirmed yet that they look after it." in page
    assert 'name="escalate"' not in page
    assert "<summary>Escalate" not in page
    found = Escalation.objects.get()
    assert (found.reason, found.raised_by) == (REASON, ticket.requester)
    assert Delivery.objects.filter(occasion="customer_escalation").count() == 2


def test_the_customer_reads_who_looks_after_it(
    client: Client, ticket: Ticket, spoc: User, door: str
) -> None:
    row = escalate(ticket)
    escalation.acknowledge(escalation=row, by=spoc, at=timezone.now())
    page = read(client, door)
    assert re.search(r"It is looked after: Grace Hopper, \w{3} \d+ \w{3}, \d\d:\d\d IST\.", page)
    assert "Nobody has confirmed" not in page


def test_sending_it_twice_makes_one_escalation(client: Client, ticket: Ticket, door: str) -> None:
    data = {"escalate": "1", "reason": REASON}
    assert client.post(door, data).status_code == 302
    again = client.post(door, {"escalate": "1", "reason": "And <i>another</i> thing"})
    assert again.status_code == 422
    page = again.content.decode()
    assert "You have escalated this ticket today already" in page
    assert "And &lt;i&gt;another&lt;/i&gt; thing</textarea>" in page, "what was typed is kept"
    assert "<details open>" in page
    assert Escalation.objects.count() == 1
    assert Delivery.objects.filter(occasion="customer_escalation").count() == 2


BAD_REASONS = [
    ("", "Tell us why: the people who are called need to know."),
    (" \n ", "Tell us why: the people who are called need to know."),
    ("kept\0text", "There is a character in it that cannot be stored (NUL): remove it."),
    ("kept" * 501, "This has 2,004 characters, and at most 2,000 fit"),
]


def test_a_bad_reason_comes_back_with_a_sentence(client: Client, ticket: Ticket, door: str) -> None:
    for reason, sentence in BAD_REASONS:
        response = client.post(door, {"escalate": "1", "reason": reason})
        page = response.content.decode()
        assert response.status_code == 422
        assert page.count(sentence) == 2, "in the summary, and at the field"
        assert 'href="#id_reason"' in page
        assert reason.strip() in page
        assert "<details open>" in page
        assert "Write your message first." not in page
    assert not Escalation.objects.exists()


def test_a_day_later_it_is_offered_again_beside_what_came_of_the_last_one(
    client: Client, ticket: Ticket, door: str
) -> None:
    Ticket.objects.update(updated_at=timezone.now() - timedelta(days=3))
    escalate(ticket, ago=timedelta(days=2))
    page = read(client, door)
    assert "You escalated this ticket" in page
    assert "<summary>Escalate this ticket again</summary>" in page
    assert client.post(door, {"escalate": "1", "reason": REASON}).status_code == 302
    assert Escalation.objects.count() == 2


def test_what_is_solved_offers_no_escalation(
    client: Client, ticket: Ticket, spoc: User, door: str
) -> None:
    lifecycle.resolve(ticket=ticket, by=spoc, at=timezone.now())
    assert "Is it urgent?" not in read(client, door)
    response = client.post(door, {"escalate": "1", "reason": REASON})
    assert response.status_code == 422
    assert "You cannot escalate a ticket that is Resolved." in response.content.decode()
    assert REASON in response.content.decode()
    assert not Escalation.objects.exists()


def test_a_step_that_fired_says_nothing_to_the_customer(
    client: Client, ticket: Ticket, door: str
) -> None:
    escalation.fire_due_steps(at=timezone.now() + timedelta(days=30))
    assert ticket.escalations.exists()
    page = read(client, door)
    assert "You escalated this ticket" not in page
    assert "<summary>Escalate this ticket</summary>" in page


def test_a_token_is_needed(ticket: Ticket) -> None:
    key = linked.key(ticket)
    address = reverse("portal:ticket", args=[ticket.reference, key])
    strict = Client(enforce_csrf_checks=True)
    data = {"escalate": "1", "reason": REASON}
    assert strict.post(address, data).status_code == 403
    assert not Escalation.objects.exists()


# --- The page of those who are called ---


def call(row: Escalation, reader: User | str = ADDRESS) -> str:
    """The path of the link in that reader's mail."""
    return "/escalations/" + links.acknowledgement_url_for(row, reader).rpartition("ns/")[2]


def mailed(recipient: str) -> str:
    """The path of the link as it was mailed to that address."""
    mail = Delivery.objects.get(occasion="customer_escalation", recipient=recipient)
    found = re.search(r"http://[^/\s]+(/escalations/\S+)", mail.text)
    assert found
    assert found[0] in mail.html
    return found[1]


def test_looking_at_the_link_acknowledges_nothing(client: Client, ticket: Ticket) -> None:
    escalate(ticket)
    for ask in (client.get, client.head):
        assert ask(mailed(ADDRESS)).status_code == 200
    assert Escalation.objects.open().count() == 1
    page = read(client, mailed(ADDRESS))
    for words in (ticket.subject, REASON, "Acme", "Grace Hopper", f"You acknowledge as {ADDRESS}."):
        assert words in page
    assert "in the desk" not in page, "the address is nobody who may sign in"


@pytest.mark.parametrize(
    ("recipient", "name"), [(ADDRESS, ADDRESS), ("grace@desk.example", "Grace Hopper")]
)
def test_the_button_acknowledges_as_the_reader_of_the_mail(
    client: Client, ticket: Ticket, recipient: str, name: str
) -> None:
    row = escalate(ticket)
    address = mailed(recipient)
    response = client.post(address, follow=True)
    assert response.redirect_chain == [(address, 302)]
    page = response.content.decode()
    assert "Thank you: the others see that you look after it." in page
    assert re.search(
        rf"Acknowledged</strong> by {name}, \w{{3}} \d+ \w{{3}}, \d\d:\d\d IST\.", page
    )
    assert "I look after it" not in page
    row.refresh_from_db()
    assert row.acknowledger == name
    assert (row.acknowledged_by is None) == (recipient == ADDRESS)


def test_the_second_one_reads_who_was_first_and_when(
    client: Client, ticket: Ticket, spoc: User
) -> None:
    row = escalate(ticket)
    escalation.acknowledge(escalation=row, by=spoc, at=timezone.now())
    assert re.search(r"Acknowledged</strong> by Grace Hopper, \w{3} \d", read(client, call(row)))
    response = client.post(call(row))
    assert response.status_code == 409
    assert re.search(
        r"Grace Hopper has acknowledged this escalation already: \w{3} \d+ \w{3}, \d\d:\d\d IST\.",
        response.content.decode(),
    )
    row.refresh_from_db()
    assert row.acknowledged_by == spoc


def test_times_are_in_the_zone_of_the_reader(client: Client, ticket: Ticket, spoc: User) -> None:
    User.objects.filter(pk=spoc.pk).update(time_zone="Asia/Tokyo")
    row = escalate(ticket)
    assert "JST" in read(client, call(row, spoc))
    assert "IST" in read(client, call(row))


def test_a_firing_is_acknowledged_by_link_too(client: Client, ticket: Ticket, spoc: User) -> None:
    lifecycle.assign(ticket=ticket, by=None, assignee=spoc, at=timezone.now())
    at = ticket.clocks.get(metric="first_response").due_at
    escalation.fire_due_steps(at=at)
    row = ticket.escalations.get(firing__percent=100, firing__clock__metric="first_response")
    page = read(client, call(row, spoc))
    assert "P2 First response: 100 % of the target is used" in page
    assert "Open the ticket in the desk" in page
    lifecycle.reply(ticket=ticket, by=spoc, text="Hello.", at=at)
    page = read(client, call(row, spoc))
    assert "There is nothing left to look after." in page
    assert "I look after it" not in page


@pytest.mark.parametrize(
    "damage",
    [
        lambda path: path[:-2] + ("A/" if path[-2] != "A" else "B/"),  # forged
        lambda path: "/escalations/WzEsImEiXQ" + path[path.index(":") :],  # of another one
        lambda path: path.rpartition(":")[0] + "/",  # half of it
        lambda path: path[:-1] + "%00/",
        lambda path: "/escalations/ü:ü:ü/",
        lambda path: "/escalations/x/",
    ],
)
def test_a_wrong_link_is_not_found(client: Client, ticket: Ticket, damage: Any) -> None:
    path = call(escalate(ticket))
    assert client.get(damage(path)).status_code == 404
    assert client.post(damage(path)).status_code == 404
    assert Escalation.objects.open().count() == 1


def test_the_key_of_a_ticket_is_no_key_to_its_escalation(client: Client, ticket: Ticket) -> None:
    escalate(ticket)
    key = linked.key(ticket)
    assert client.post(f"/escalations/{key}/").status_code == 404


def test_a_link_ends_with_the_readers_work_here(client: Client, ticket: Ticket, spoc: User) -> None:
    path = call(escalate(ticket), spoc)
    User.objects.filter(pk=spoc.pk).update(is_active=False)
    assert client.get(path).status_code == 404
    assert client.post(path).status_code == 404
    assert Escalation.objects.open().count() == 1


def test_a_customer_with_the_escalation_address_does_not_stand_in_its_way(
    client: Client, ticket: Ticket
) -> None:
    User.objects.customer(ADDRESS)
    row = escalate(ticket)
    assert client.post(call(row)).status_code == 302
    row.refresh_from_db()
    assert (row.acknowledged_by, row.acknowledged_as) == (None, ADDRESS)


def test_the_page_is_kept_by_no_cache_and_needs_a_token(client: Client, ticket: Ticket) -> None:
    row = escalate(ticket)
    response = client.get(call(row))
    assert {"private", "no-store"} <= set(response.headers["Cache-Control"].split(", "))
    assert response.headers["Referrer-Policy"] == "same-origin"
    assert '<meta name="robots" content="noindex' in response.content.decode()
    strict = Client(enforce_csrf_checks=True)
    assert strict.post(call(row)).status_code == 403
    token = re.search(r'csrfmiddlewaretoken" value="(\w+)"', strict.get(call(row)).content.decode())
    assert token
    assert strict.post(call(row), {"csrfmiddlewaretoken": token[1]}).status_code == 302
