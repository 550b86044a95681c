"""Escalations in the desk: the list, a row, the ticket's card, and who acknowledges."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from django.contrib.auth.models import Permission
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from sla.models import Metric, Policy
from tests import factories
from tests.factories import MONDAY
from tests.times import nov
from tickets import escalation, lifecycle
from tickets.models import Escalation, Event, Ticket, User

LIST = "/admin/tickets/escalation/"
REASON = "Our board meets at three."


@pytest.fixture
def ada(client: Client, policy: Policy) -> User:
    """An agent, signed in."""
    user = factories.agent(name="Ada Lovelace")
    client.force_login(user)
    return user


def escalated(ticket: Ticket | None = None, reason: str = REASON) -> Escalation:
    """An escalation by the customer."""
    ticket = ticket or factories.ticket()
    escalation.escalate(ticket=ticket, by=ticket.requester, reason=reason, at=MONDAY)
    return Escalation.objects.latest("pk")


def fired(ticket: Ticket | None = None) -> Escalation:
    """One by a step: the first response of a P1 is half an hour away."""
    ticket = ticket or factories.ticket("P1")
    escalation.fire_due_steps(at=nov(2, "11:30"))
    return ticket.escalations.get(firing__percent=75)


def page_of(client: Client, address: str) -> str:
    response = client.get(address)
    assert response.status_code == 200
    return " ".join(response.content.decode().split())


def references(client: Client, query: str = "") -> list[str]:
    """The references of the rows, from top to bottom."""
    return re.findall(
        r'<span class="desk-reference">(.+?)</span>', page_of(client, f"{LIST}{query}")
    )


def acknowledge(client: Client, row: Escalation, back: str = "") -> list[str]:
    """Press the button; where it leads, and what is said there."""
    response = client.post(f"{LIST}{row.pk}/acknowledge/", {"next": back}, follow=True)
    assert response.status_code == 200
    said = [str(message) for message in response.context["messages"]]
    return [response.redirect_chain[0][0], *said]


# --- The list ---


def test_the_newest_comes_first_and_says_why_when_and_who_was_told(
    client: Client, ada: User
) -> None:
    by_customer = escalated()
    by_step = fired()
    first, second = by_step.ticket.reference, by_customer.ticket.reference
    assert references(client) == [first, first, second]
    page = page_of(client, LIST)
    for words in (
        "P1 First response: 75 % of the target is used",
        "P1 First response: 50 % of the target is used",
        "By the customer",
        REASON,
        "Mon 2 Nov, 10:00 IST",
        "escalations@example.com",
    ):
        assert words in page


@pytest.fixture
def mixed(ada: User) -> dict[str, Ticket]:
    """A ticket with an escalation in each state."""
    rows = {
        "open": escalated(factories.ticket(subject="Wrong colours"), reason="A fair is on."),
        "acknowledged": escalated(),
        "solved": escalated(),
        "answered": fired(),
    }
    escalation.acknowledge(escalation=rows["acknowledged"], by=ada, at=nov(2, "11:35"))
    lifecycle.resolve(ticket=rows["solved"].ticket, by=ada, at=nov(2, "11:35"))
    lifecycle.reply(ticket=rows["answered"].ticket, by=ada, text="Hello.", at=nov(2, "11:35"))
    rows["answered"].ticket.escalations.filter(firing__percent=50).delete()
    return {name: row.ticket for name, row in rows.items()}


FILTERS: list[tuple[str, set[str]]] = [
    ("", {"open"}),  # What still calls for somebody.
    ("?state=open", {"open"}),
    ("?state=acknowledged", {"acknowledged"}),
    ("?state=missed", {"solved", "answered"}),
    ("?state=all", {"open", "acknowledged", "solved", "answered"}),
    ("?state=nonsense", set()),
    ("?q=colours", {"open"}),
    ("?q=fair", {"open"}),
    ("?q={solved}", {"solved"}),  # A search looks at all of them.
    ("?q={number}", {"answered"}),
    ("?q=" + "9" * 40, set()),
]


def test_the_list_can_be_narrowed_down(client: Client, mixed: dict[str, Ticket]) -> None:
    typed = {"solved": mixed["solved"].reference.lower(), "number": mixed["answered"].pk}
    for query, names in FILTERS:
        found = set(references(client, query.format(**typed)))
        assert found == {mixed[name].reference for name in names}, query


def test_each_state_is_a_press_away_and_nothing_of_the_queue_of_tickets_is_offered(
    client: Client, ada: User
) -> None:
    page = page_of(client, f"{LIST}?state=missed")
    assert '<a href="?state=missed" class="desk-view-current" aria-current="page">Over' in page
    assert '<a href="?">Not acknowledged</a>' in page
    for others in ("Save this view", "Order:", "Columns"):
        assert others not in page


def test_each_state_says_what_became_of_it(client: Client, mixed: dict[str, Ticket]) -> None:
    page = page_of(client, f"{LIST}?state=all")
    assert page.count("Acknowledge<span") == 1
    assert page.count(">Over</span>") == 2
    assert "Ada Lovelace, Mon 2 Nov, 11:35 IST" in page


def test_the_list_takes_as_many_queries_for_a_thousand_rows_as_for_ten(
    client: Client, ada: User
) -> None:
    counted = []
    references(client)  # The first page notes that she is here.
    for count in (10, 990):
        tickets = [factories.ticket() for _ in range(2)]
        Escalation.objects.bulk_create(
            Escalation(
                ticket=tickets[number % 2],
                at=MONDAY,
                raised_by=tickets[0].requester,
                day=(MONDAY + timedelta(days=number)).date(),
                reason="One of many",
            )
            for number in range(count)
        )
        with CaptureQueriesContext(connection) as queries:
            assert len(references(client)) == min(Escalation.objects.count(), 50)
        counted.append(len(queries))
    assert counted[0] == counted[1]


def test_what_people_typed_is_text(client: Client, ada: User) -> None:
    evil = "<script>alert(1)</script>"
    row = escalated(factories.ticket(subject=evil), reason=evil)
    for address in (LIST, f"{LIST}{row.pk}/change/", ticket_page(row.ticket)):
        page = page_of(client, address)
        assert evil not in page
        assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page


# --- Acknowledging ---


def ticket_page(ticket: Ticket) -> str:
    return f"/admin/tickets/ticket/{ticket.pk}/change/"


def test_an_agent_acknowledges_and_comes_back_to_where_the_button_was(
    client: Client, ada: User
) -> None:
    for back in (f"{LIST}?state=all", ticket_page(escalated().ticket)):
        row = escalated()
        said = f"{row.ticket.reference}: the others see that you look after it."
        assert acknowledge(client, row, back) == [back, said]
        row.refresh_from_db()
        assert row.acknowledged_by == ada
        assert row.acknowledged_at is not None
        assert timezone.now() - row.acknowledged_at < timedelta(minutes=1)
    assert Event.objects.filter(kind=Event.Kind.ACKNOWLEDGED, by=ada).count() == 2


@pytest.mark.parametrize("back", ["", "https://evil.example/", "//evil.example", "javascript:x"])
def test_no_address_elsewhere_is_a_way_back(client: Client, ada: User, back: str) -> None:
    row = escalated()
    assert acknowledge(client, row, back)[0] == f"{LIST}{row.pk}/change/"


def test_the_second_one_reads_who_was_first_and_when(client: Client, ada: User) -> None:
    row = escalated()
    grace = factories.agent(name="Grace Hopper")
    escalation.acknowledge(escalation=row, by=grace, at=nov(2, "10:05"))
    _, said = acknowledge(client, row)
    when = "Mon 2 Nov, 10:05 IST"
    assert said == f"Grace Hopper has acknowledged this escalation already: {when}."
    row.refresh_from_db()
    assert row.acknowledged_by == grace


def test_only_a_post_acknowledges(client: Client, ada: User) -> None:
    row = escalated()
    assert client.get(f"{LIST}{row.pk}/acknowledge/").status_code == 405
    assert client.post(f"{LIST}{row.pk + 1}/acknowledge/").status_code == 404
    assert Client(enforce_csrf_checks=True).post(f"{LIST}{row.pk}/acknowledge/").status_code == 403
    assert Escalation.objects.open().count() == 1


@pytest.mark.parametrize(
    ("permissions", "looks", "acknowledges"),
    [
        (["view_ticket", "view_escalation"], True, False),
        (["view_ticket", "change_ticket"], False, False),
        (["view_ticket", "view_escalation", "change_ticket"], True, True),
        ([], False, False),
    ],
)
def test_acknowledging_needs_the_permission_to_change_tickets(
    client: Client, policy: Policy, permissions: list[str], looks: bool, acknowledges: bool
) -> None:
    row = escalated()
    eve = User.objects.create_user("eve@desk.example", is_staff=True)
    eve.user_permissions.set(Permission.objects.filter(codename__in=permissions))
    client.force_login(eve)
    for address in (LIST, f"{LIST}{row.pk}/change/"):
        response = client.get(address)
        assert response.status_code == (200 if looks else 403)
        assert ("/acknowledge/" in response.content.decode()) is acknowledges
    response = client.post(f"{LIST}{row.pk}/acknowledge/")
    assert response.status_code == (302 if acknowledges else 403)
    assert Escalation.objects.acknowledged().exists() is acknowledges


def test_a_customer_is_asked_to_sign_in_as_staff(client: Client, policy: Policy) -> None:
    row = escalated()
    client.force_login(row.ticket.requester)
    response = client.post(f"{LIST}{row.pk}/acknowledge/")
    assert response["Location"].startswith("/admin/login/")
    assert Escalation.objects.open().count() == 1


def test_a_row_shows_everything_and_a_button_while_nobody_has_acknowledged_it(
    client: Client, ada: User
) -> None:
    row = escalated()
    page = page_of(client, f"{LIST}{row.pk}/change/")
    assert f'action="{LIST}{row.pk}/acknowledge/"' in page
    assert "Nobody has acknowledged this escalation yet." in page
    for words in (REASON, ticket_page(row.ticket), "escalations@example.com", "By the customer"):
        assert words in page
    assert "_save" not in page
    acknowledge(client, row)
    page = page_of(client, f"{LIST}{row.pk}/change/")
    assert "/acknowledge/" not in page
    assert "Ada Lovelace, " in page


# --- The ticket's page ---


def card(page: str) -> str:
    found = re.search(r'<h3 class="desk-heading">Escalations</h3>(.*?)</section>', page)
    assert found is not None
    return found[1]


def test_the_ticket_shows_its_escalations_and_a_button_each(client: Client, ada: User) -> None:
    ticket = factories.ticket("P1")
    escalated(ticket)
    row = fired(ticket)
    page = page_of(client, ticket_page(ticket))
    assert re.search(r'href="#escalations" title="Mon 2 Nov, 10:00 IST">Escalated</a>', page)
    shown = card(page)
    story = page_of(client, reverse("admin:tickets_ticket_story", args=[ticket.pk]))
    assert ">Customer escalation</a>" in story
    assert shown.count("desk-tag-late") == shown.count("</button>") == 3
    for words in (REASON, row.occasion, "escalations@example.com", str(ticket.requester)):
        assert words in shown
    acknowledge(client, row)
    shown = card(page_of(client, ticket_page(ticket)))
    assert shown.count("</button>") == 2
    assert "Ada Lovelace, " in shown
    lifecycle.resolve(ticket=ticket, by=ada, at=timezone.now())
    shown = card(page_of(client, ticket_page(ticket)))
    assert "</button>" not in shown
    assert shown.count(">Over</span>") == 2


def test_a_ticket_without_escalations_shows_neither_tag_nor_card(client: Client, ada: User) -> None:
    page = page_of(client, ticket_page(factories.ticket()))
    assert 'href="#escalations"' not in page
    assert ">Escalations</h3>" not in page


def test_who_may_only_look_has_no_button(client: Client, policy: Policy) -> None:
    row = escalated()
    eve = User.objects.create_user("eve@desk.example", is_staff=True)
    eve.user_permissions.set(
        Permission.objects.filter(codename__in=["view_ticket", "view_escalation"])
    )
    client.force_login(eve)
    shown = card(page_of(client, ticket_page(row.ticket)))
    assert REASON in shown
    assert "</button>" not in shown


def test_the_ticket_takes_as_many_queries_for_many_escalations(client: Client, ada: User) -> None:
    ticket = factories.ticket("P1")
    counted = []
    page_of(client, ticket_page(ticket))  # The first page notes that she is here.
    for at in (nov(2, "11:00"), nov(20, "10:00")):
        escalation.fire_due_steps(at=at)
        assert ticket.escalations.exists()
        with CaptureQueriesContext(connection) as queries:
            page_of(client, ticket_page(ticket))
        counted.append(len(queries))
    assert ticket.escalations.count() == 5
    assert counted[0] == counted[1]
    assert str(Metric.RESOLUTION.label) in card(page_of(client, ticket_page(ticket)))
