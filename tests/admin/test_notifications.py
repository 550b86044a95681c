"""The bell, the page of one's own notifications, how one is told, and mentions in the composer."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from django.contrib.auth.models import Permission
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from sla.models import Policy
from tests import factories
from tests.factories import MONDAY
from tickets import lifecycle
from tickets.models import Notification, NotificationChoices, Team, Ticket, User

OWN = "/admin/tickets/notification/"
BELL = f"{OWN}bell/"
HX = {"HX-Request": "true"}


@pytest.fixture
def ada(client: Client, policy: Policy) -> User:
    user = factories.agent("ada@desk.example", name="Ada Lovelace")
    client.force_login(user)
    return user


@pytest.fixture
def team(ada: User) -> Team:
    return factories.team("First line", ada)


def give(ada: User, team: Team, number: int = 1) -> list[Ticket]:
    """Tickets that somebody hands to Ada."""
    boss = factories.agent(name="Mei Chen")
    found = []
    for step in range(number):
        at = MONDAY + timedelta(minutes=step)
        ticket = factories.ticket(subject=f"Matter {step}", at=at)
        found.append(lifecycle.assign(ticket=ticket, by=boss, assignee=ada, team=team, at=at))
    return found


def seen(page: str) -> str:
    found = re.search(r"\?seen=([\d.]+)", page)
    assert found is not None
    return found[1]


def test_the_bell_counts_and_says_nothing_while_nothing_is_new(
    client: Client, ada: User, team: Team
) -> None:
    page = client.get("/admin/").content.decode()
    assert f'hx-get="{BELL}" hx-trigger="load"' in page
    first = client.get(BELL).content.decode()
    assert "bell-badge" not in first
    give(ada, team, 2)
    answer = client.get(f"{BELL}?seen={seen(first)}")
    assert '<span class="desk-hidden">2 unread</span>' in answer.content.decode()
    with CaptureQueriesContext(connection) as queries:
        assert client.get(f"{BELL}?seen={seen(answer.content.decode())}").status_code == 204
    assert len(queries) <= 7


def test_the_bell_lists_what_is_new_and_the_page_of_a_ticket_makes_it_read(
    client: Client, ada: User, team: Team
) -> None:
    first, second = give(ada, team, 2)
    page = client.get(f"{OWN}latest/").content.decode()
    assert re.findall(r"Matter \d", page) == ["Matter 1", "Matter 0"]
    assert page.count("bell-unread") == 2
    assert "Assigned to you (Mei Chen)" in page
    client.get(f"/admin/tickets/ticket/{second.pk}/change/")
    unread = Notification.objects.unread().filter(user=ada)
    assert [each.ticket for each in unread] == [first]


def test_all_are_read_at_once_but_what_came_meanwhile(
    client: Client, ada: User, team: Team
) -> None:
    give(ada, team)
    up_to = Notification.objects.get().pk
    give(ada, team)
    answer = client.post(f"{OWN}read/", {"up_to": up_to}, headers=HX)
    assert answer.headers["HX-Trigger"] == "bell-changed"
    assert answer.content.decode().count("bell-unread") == 1
    for nonsense in ("", "x", "9" * 30, "-1"):
        assert client.post(f"{OWN}read/", {"up_to": nonsense}).status_code == 302
    assert Notification.objects.unread().count() == 1
    assert client.get(f"{OWN}read/").status_code == 405


def test_nobody_sees_or_reads_those_of_others(client: Client, ada: User, team: Team) -> None:
    give(ada, team, 2)
    newest = Notification.objects.latest("pk").pk
    client.force_login(factories.agent(group="Administrator"))
    for page in (OWN, f"{OWN}latest/"):
        assert "Matter" not in client.get(page).content.decode()
    assert client.post(f"{OWN}read/", {"up_to": newest}).status_code == 302
    assert client.get(f"{OWN}{newest}/change/").status_code == 403
    assert Notification.objects.unread().count() == 2


def test_a_ticket_that_one_may_not_see_any_more_is_not_named(
    client: Client, ada: User, team: Team
) -> None:
    (ticket,) = give(ada, team)
    Ticket.objects.filter(pk=ticket.pk).update(assignee=None, team=factories.team("Elsewhere"))
    for page in (OWN, f"{OWN}latest/"):
        assert "Matter" not in client.get(page).content.decode()
    assert "bell-badge" not in client.get(BELL).content.decode()


def test_strangers_and_staff_without_tickets_have_no_bell(client: Client, policy: Policy) -> None:
    new = User.objects.create_user("new@desk.example", is_staff=True)
    for user, status in ((new, 403), (factories.customer(), 302), (None, 302)):
        client = Client()
        if user:
            client.force_login(user)
        for page in ("", "bell/", "latest/", "choices/"):
            assert client.get(f"{OWN}{page}").status_code == status
        assert client.post(f"{OWN}read/", {"up_to": 1}).status_code == status
    client.force_login(new)
    assert 'id="bell"' not in client.get("/admin/").content.decode()


def test_the_page_of_all_takes_as_many_queries_for_many(
    client: Client, ada: User, team: Team
) -> None:
    def queries(number: int) -> int:
        with CaptureQueriesContext(connection) as asked:
            page = client.get(OWN).content.decode()
        assert page.count('class="bell-item') == number + 1  # The list itself, too.
        return len(asked)

    give(ada, team)
    queries(1)
    few = queries(1)
    give(ada, team, 5)
    assert queries(6) == few <= 12


def test_one_chooses_how_one_is_told(client: Client, ada: User, team: Team) -> None:
    assert f'href="{OWN}choices/"' in client.get("/admin/").content.decode()
    give(ada, team)
    chosen = {
        "assigned": "bell", "mentioned": "digest", "customer_replied": "off", "at_risk": "bell",
        "notice": "off", "digest": "day", "daily_at": "07:30",
    }  # fmt: skip
    assert client.post(f"{OWN}choices/", chosen).status_code == 302
    row = NotificationChoices.objects.get()
    assert (row.user, row.how("mentioned"), f"{row.daily_at:%H:%M}") == (ada, "digest", "07:30")
    assert not Notification.objects.waiting().exists()
    # The mail of an escalation is nobody's choice.
    answer = client.post(f"{OWN}choices/", {**chosen, "at_risk": "at_once"})
    assert "Select a valid choice" in answer.content.decode()


# What Ada writes on a ticket of her team, how, and what she learns of it.
REMARKS = [
    ("note", "@eve look", "Eve Hall may not see this ticket, and was not told of it."),
    ("note", "@nobody look", "@nobody is nobody here, so nobody was told."),
    ("reply", "Eve, @eve, will help.", "Eve Hall may not see this ticket"),
    ("reply", "Follow @nobody.", ""),
    ("note", "@ada notes to self", ""),
]


@pytest.mark.parametrize(("verb", "text", "sentence"), REMARKS)
def test_who_mentions_somebody_in_vain_is_told(
    client: Client, ada: User, team: Team, verb: str, text: str, sentence: str
) -> None:
    factories.agent("eve@desk.example", name="Eve Hall")
    (ticket,) = give(ada, team)
    Notification.objects.all().delete()
    page = client.post(f"/admin/tickets/ticket/{ticket.pk}/{verb}/", {"text": text}, follow=True)
    said = [str(message) for message in page.context["messages"]]
    assert [each for each in said if "@" in each or "may not" in each] == (
        [each for each in said if sentence in each] if sentence else []
    )
    assert not sentence or any(sentence in each for each in said)
    assert not Notification.objects.exists()


def test_colleagues_are_suggested_where_one_may_write(
    client: Client, ada: User, team: Team
) -> None:
    (ticket,) = give(ada, team)
    address = f"/admin/tickets/ticket/{ticket.pk}/mentions/"
    page = client.get(f"/admin/tickets/ticket/{ticket.pk}/change/").content.decode()
    assert f'data-mentions="{address}"' in page
    people = client.get(f"{address}?q=me").json()["people"]
    assert [person["name"] for person in people] == ["Mei Chen"]
    onlooker = User.objects.create_user("eve@desk.example", is_staff=True)
    onlooker.user_permissions.add(Permission.objects.get(codename="view_ticket"))
    client.force_login(onlooker)
    assert client.get(address).status_code == 403
    client.force_login(factories.agent())
    assert client.get(address).status_code == 404


def test_a_ticket_is_handed_back_by_a_button(client: Client, ada: User, team: Team) -> None:
    (ticket,) = give(ada, team)
    page = client.get(f"/admin/tickets/ticket/{ticket.pk}/change/").content.decode()
    assert "Hand back to the team" in page
    assert client.post(f"/admin/tickets/ticket/{ticket.pk}/hand_back/", {}).status_code == 302
    ticket.refresh_from_db()
    assert ticket.assignee is None
    page = client.get(f"/admin/tickets/ticket/{ticket.pk}/change/").content.decode()
    assert "Hand back to the team" not in page
