"""The sidebar's queues and own views: what each holds, how it is counted, who may do what."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from sla.models import Policy
from tests import factories
from tickets import escalation, lifecycle
from tickets.admin import queues
from tickets.admin.filters import Reader
from tickets.models import SavedView, Ticket, User

QUEUE = "/admin/tickets/ticket/"
NUMBERS = f"{QUEUE}queues/"
VIEWS = f"{QUEUE}views/"
COLUMNS = f"{QUEUE}columns/"


@pytest.fixture
def ada(policy: Policy) -> User:
    return factories.agent("ada@desk.example", name="Ada Lovelace")


@pytest.fixture
def desk(client: Client, ada: User) -> Client:
    client.force_login(ada)
    return client


def numbers(desk: Client) -> dict[str, str]:
    """Title -> count, as the sidebar shows them."""
    page = desk.get(NUMBERS).content.decode()
    found = re.findall(r'desk-queue-name">(.+?)</span>(?:\s*<span.*?>([\d+]+)<)?', page)
    return dict(found)


def references(desk: Client, query: str = "") -> list[str]:
    page = desk.get(f"{QUEUE}{query}").content.decode()
    return re.findall(r'<span class="desk-reference">(.+?)</span>', page)


@pytest.fixture
def mixed(ada: User) -> dict[str, Ticket]:
    """A ticket of each kind that the queues tell apart."""
    now = timezone.now()
    night = factories.team("Night shift", ada)
    made = {
        "late": factories.ticket("P1", at=now - timedelta(hours=3)),
        "soon": factories.ticket("P1", at=now - timedelta(minutes=70)),
        "mine": lifecycle.assign(ticket=factories.ticket(at=now), by=None, at=now, assignee=ada),
        "team": lifecycle.assign(ticket=factories.ticket(at=now), by=None, at=now, team=night),
        "engineering": lifecycle.escalate_to_engineering(
            ticket=factories.ticket(at=now), by=ada, at=now
        ),
        "waiting": lifecycle.wait_for_customer(ticket=factories.ticket(at=now), by=ada, at=now),
        "solved": lifecycle.resolve(ticket=factories.ticket(at=now), by=ada, at=now),
        "old": lifecycle.resolve(ticket=factories.ticket(at=now), by=ada, at=now),
    }
    escalation.escalate(
        ticket=made["soon"], by=made["soon"].requester, reason="Now!", at=timezone.now()
    )
    Ticket.objects.filter(pk=made["old"].pk).update(resolved_at=now - timedelta(days=8))
    return made


UNSOLVED = {"late", "soon", "mine", "team", "engineering", "waiting"}
HELD = {
    "mine": {"mine"},
    "team": {"team"},
    "unassigned": UNSOLVED - {"mine"},
    "hour": {"soon"},
    "breached": {"late"},
    "escalated": {"soon"},
    "waiting": {"waiting"},
    "engineering": {"engineering"},
    "solved": {"solved"},
    "unsolved": UNSOLVED,
    "all": UNSOLVED | {"solved", "old"},
}


@pytest.mark.parametrize("queue", queues.QUEUES, ids=lambda queue: queue.key)
def test_a_queue_shows_its_tickets_and_counts_as_many(
    desk: Client, ada: User, mixed: dict[str, Ticket], queue: queues.Queue
) -> None:
    expected = {mixed[name].reference for name in HELD[queue.key]}
    assert set(references(desk, f"?{queue.query}")) == expected
    assert queues.counted([], Reader(ada, timezone.now()))[queue.key] == len(expected)


def test_the_sidebar_counts_every_queue_in_one_query(desk: Client, mixed: object) -> None:
    assert numbers(desk) == {queue.title: str(len(HELD[queue.key])) for queue in queues.QUEUES}
    with CaptureQueriesContext(connection) as asked:
        desk.get(NUMBERS)
    counting = [query["sql"] for query in asked if "count(*)" in query["sql"]]
    assert len(counting) == 1
    assert counting[0].count("LIMIT 1000") == len(queues.QUEUES)
    assert len(asked) <= 6


def test_a_count_stops_where_nobody_plans_by_it(
    desk: Client, mixed: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(queues, "MOST", 3)
    assert numbers(desk)["Unsolved"] == "2+"
    assert numbers(desk)["Mine"] == "1"


def test_numbers_that_are_as_they_were_are_not_sent_again(desk: Client, ada: User) -> None:
    page = desk.get(NUMBERS).content.decode()
    again = re.search(r'hx-get="(.+?)"', page)
    assert again is not None
    assert desk.get(again[1]).status_code == 204
    factories.ticket()
    assert desk.get(again[1]).status_code == 200


def test_the_queues_are_on_every_page_without_a_query(desk: Client) -> None:
    desk.get("/admin/tickets/team/")
    with CaptureQueriesContext(connection) as asked:
        page = desk.get("/admin/tickets/team/").content.decode()
    assert 'hx-trigger="load, every 20s' in page
    assert f'href="{QUEUE}?assignee=me"' in page
    tables = [table for query in asked for table in ("tickets_ticket", "tickets_savedview")
              if table in query["sql"]]  # fmt: skip
    assert tables == []


def test_the_open_queue_is_marked_in_the_sidebar(desk: Client) -> None:
    page = desk.get(f"{QUEUE}?due=late").content.decode()
    assert re.search(r'id="queue-breached"[^>]*aria-current="page"', page)
    there = {"HX-Current-URL": f"https://desk.example{QUEUE}?status=all&p=2"}
    part = desk.get(NUMBERS, headers=there).content.decode()
    assert re.findall(r'id="([\w-]+)"[^>]*aria-current', part) == ["queue-all"]


def test_who_may_not_see_tickets_gets_no_numbers(policy: Policy) -> None:
    visitors = [
        (None, 401),
        (factories.customer(), 401),
        (User.objects.create_user("new@desk.example", is_staff=True), 403),
    ]
    for user, status in visitors:
        client = Client()
        if user:
            client.force_login(user)
        assert client.get(NUMBERS).status_code == status
        posted = client.post(VIEWS, {"name": "Mine", "query": ""}).status_code
        assert posted == client.post(COLUMNS, {"columns": "due"}).status_code
        assert posted == (403 if status == 403 else 302)
    assert not SavedView.objects.exists()


def save(desk: Client, name: str, query: str = "", **fields: object) -> list[str]:
    """Save the queue under a name; what the agent is told then."""
    page = desk.post(VIEWS, {"name": name, "query": query, **fields}, follow=True)
    return [str(message) for message in page.context["messages"]]


def test_a_view_is_saved_as_the_queue_stands_and_opens_as_a_link(
    desk: Client, ada: User, mixed: dict[str, Ticket]
) -> None:
    team = mixed["team"].team
    assert team is not None
    query = f"assignee=&team__id__exact={team.pk}&sort=newest&columns=due,channel&p=3"
    assert save(desk, "Night", query) == ["The view “Night” is saved."]
    view = SavedView.objects.get()
    assert (view.owner, view.team, view.query) == (ada, None, f"team__id__exact={team.pk}")
    assert (view.sort, view.columns) == ("newest", ["due", "channel"])
    page = desk.get(f"{QUEUE}?{queues.view_query(view)}").content.decode()
    assert re.findall(r"nowrap column-(\w+)", page) == ["ticket", "due", "channel_name"]
    assert f">{mixed['team'].reference}<" in page
    assert numbers(desk)["Night"] == "1"
    # Whoever gets the link and not the view sees the same tickets.
    other = Client()
    other.force_login(factories.agent(group="Manager"))
    assert references(other, f"?{queues.view_query(view)}") == [mixed["team"].reference]
    assert "Night" not in numbers(other)


def test_a_view_that_is_refused_keeps_its_name(desk: Client, ada: User) -> None:
    team = factories.team("Night shift", ada)
    save(desk, "Urgent", team=team.pk)
    page = desk.post(VIEWS, {"name": "Urgent", "query": "", "team": team.pk}, follow=True)
    shown = page.content.decode()
    assert 'name="name" maxlength="60" value="Urgent"' in shown
    assert f'<option value="{team.pk}" selected>' in shown
    assert 'value="Urgent"' not in desk.get(QUEUE).content.decode()  # Said once.


def test_a_view_of_a_team_is_for_its_members_and_changed_by_its_owner_and_lead(
    desk: Client, ada: User
) -> None:
    lead, member, stranger = (factories.agent() for _ in range(3))
    team = factories.team("Night shift", ada, member, lead=lead)
    save(desk, "Urgent", "due=hour", team=team.pk)
    view = SavedView.objects.get()
    address = f"/admin/tickets/savedview/{view.pk}"
    for user, sees, may in ((ada, 1, 1), (lead, 1, 1), (member, 1, 0), (stranger, 0, 0)):
        client = Client()
        client.force_login(user)
        assert ("Urgent" in numbers(client)) == bool(sees)
        assert client.get(f"{address}/change/").status_code == (200 if sees else 302)
        assert client.get(f"{address}/delete/").status_code == (
            200 if may else 403 if sees else 302
        )
        changed = client.post(VIEWS, {"view": view.pk, "query": "due=day"})
        assert changed.status_code == (302 if may else 403)
        renamed = client.post(f"{address}/change/", {"name": f"By {user.pk}", "team": team.pk})
        view.refresh_from_db()
        assert (view.name == f"By {user.pk}") == bool(may), renamed
        SavedView.objects.update(name="Urgent")
    assert view.query == "due=day"


def test_who_renames_or_deletes_a_view_is_back_in_the_queue(desk: Client, ada: User) -> None:
    save(desk, "Urgent", "due=hour")
    view = SavedView.objects.get()
    address = f"/admin/tickets/savedview/{view.pk}"
    renamed = desk.post(f"{address}/change/", {"name": "Soon", "team": ""})
    assert renamed["Location"].startswith(QUEUE)
    assert f"view={view.pk}" in renamed["Location"]
    deleted = desk.post(f"{address}/delete/", {"post": "yes"}, follow=True)
    assert deleted.redirect_chain[-1][0].startswith(QUEUE)
    assert "The view “Soon” is deleted." in deleted.content.decode()


def test_a_view_that_cannot_be_saved_is_refused_with_a_sentence(desk: Client, ada: User) -> None:
    elsewhere = factories.team("Elsewhere")
    assert save(desk, "Late", "due=late") == ["The view “Late” is saved."]
    refused = [
        (("late", ""), "You have a view of that name."),
        (("", ""), "This field is required."),
        (("Bad", "colour=red"), "The queue does not know one of these filters."),
        (("Bad", "team__id__exact=x"), "The queue does not know one of these filters."),
        (("Long", f"priority__id__exact={'1' * 1000}"), "These are too many filters for a view."),
    ]  # fmt: skip
    for (name, query), sentence in refused:
        assert save(desk, name, query) == [sentence]
    assert "Select a valid choice" in save(desk, "Theirs", team=elsewhere.pk)[0]
    assert SavedView.objects.count() == 1


def test_there_are_no_more_views_than_the_sidebar_can_count(
    desk: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(SavedView, "MOST", 1)
    save(desk, "One")
    assert save(desk, "Two") == ["You have 1 views already. Delete one that nobody needs."]


@pytest.mark.parametrize(
    "query", ["status=all", "status=closed", "q=colours", "colour=red", "priority__id__exact=x"]
)
def test_a_view_that_looks_beyond_unsolved_tickets_has_no_count(
    desk: Client, ada: User, query: str
) -> None:
    SavedView.objects.create(name="Far", owner=ada, query=query)
    assert numbers(desk)["Far"] == ""


def headers(desk: Client, query: str = "") -> list[str]:
    page = desk.get(f"{QUEUE}{query}").content.decode()
    return re.findall(r"nowrap column-(\w+)", page)


def test_columns_are_kept_for_each_agent_and_each_queue(desk: Client, ada: User) -> None:
    factories.ticket()
    usual = headers(desk)
    desk.post(COLUMNS, {"query": "", "columns": ["changed", "due", "nonsense"]})
    lifecycle.assign(ticket=factories.ticket(), by=None, at=factories.MONDAY, assignee=ada)
    assert headers(desk) == ["ticket", "due", "changed"]
    assert headers(desk, "?assignee=me") == usual
    assert headers(desk, "?columns=type") == ["ticket", "request_type_name"]
    other = Client()
    other.force_login(factories.agent())
    assert headers(other) == usual
    desk.post(COLUMNS, {"query": "", "usual": "1"})
    assert headers(desk) == usual
    ada.refresh_from_db()
    assert ada.queue_columns == {}


def test_choosing_no_column_at_all_is_refused(desk: Client, ada: User) -> None:
    page = desk.post(COLUMNS, {"query": "due=late"}, follow=True)
    assert "Choose at least one column" in page.content.decode()
    assert page.redirect_chain[-1][0] == f"{QUEUE}?due=late"


ORDERS = [
    ("", ["third", "second", "first"]),  # P1 is due first, and P4 last.
    ("?sort=newest", ["third", "second", "first"]),
    ("?sort=updated", ["first", "third", "second"]),
    ("?sort=stale", ["second", "third", "first"]),
    ("?sort=solved", ["third", "second", "first"]),  # Not an order of unsolved tickets.
    ("?sort=nonsense", ["third", "second", "first"]),
    ("?sort=subject", ["third", "second", "first"]),
]


@pytest.mark.parametrize(("query", "expected"), ORDERS)
def test_tickets_are_put_in_orders_that_an_index_has(
    desk: Client, query: str, expected: list[str]
) -> None:
    made = {
        name: factories.ticket(code)
        for name, code in (("first", "P4"), ("second", "P3"), ("third", "P1"))
    }
    for hours, name in enumerate(("third", "first"), 1):
        at = factories.MONDAY + timedelta(hours=hours)
        Ticket.objects.filter(pk=made[name].pk).update(updated_at=at)
    assert references(desk, query) == [made[name].reference for name in expected]
