"""The queue shows what is due next, in words and colour, at the same cost for any number."""

from __future__ import annotations

import re
from datetime import datetime, timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from sla.models import Clock, Policy
from tests import factories
from tickets import escalation, indexing, lifecycle, presence
from tickets.admin.paging import CappedPaginator
from tickets.models import Ticket, User
from tickets.states import Status

QUEUE = "/admin/tickets/ticket/"


@pytest.fixture
def desk(client: Client, policy: Policy) -> Client:
    """The queue as an agent sees it."""
    client.force_login(factories.agent("ada@desk.example", name="Ada Lovelace"))
    return client


def me() -> User:
    return User.objects.get(email="ada@desk.example")


def references(client: Client, query: str = "") -> list[str]:
    """The references of the rows, from top to bottom."""
    page = client.get(f"{QUEUE}{query}").content.decode()
    return re.findall(r'<span class="desk-reference">(.+?)</span>', page)


def many(number: int) -> None:
    """Tickets with a running clock each, written without verbs to save time."""
    first = factories.ticket()
    clock = Clock.objects.get(ticket=first, metric="resolution")
    shared = {
        "requester": first.requester,
        "priority": first.priority,
        "submitted_at": first.submitted_at,
        "updated_at": first.updated_at,
        "next_due_at": first.next_due_at,
        "team": factories.team("", *User.objects.staff()),
        "assignee": factories.agent(),
        "organization": factories.organization(),
    }
    tickets = Ticket.objects.bulk_create(Ticket(subject="One", **shared) for _ in range(number))
    facts = {
        field.attname: getattr(clock, field.attname)
        for field in Clock._meta.concrete_fields
        if field.name not in ("id", "ticket")
    }
    Clock.objects.bulk_create(Clock(ticket=ticket, **facts) for ticket in tickets)


def test_what_is_due_next_comes_first_and_what_waits_comes_last(desk: Client) -> None:
    low = factories.ticket("P4")
    high = factories.ticket("P1")
    waiting = factories.ticket("P2")
    at = factories.MONDAY + timedelta(minutes=1)
    lifecycle.reply(ticket=waiting, by=me(), text="Since when?", at=at)
    lifecycle.wait_for_customer(ticket=waiting, by=me(), at=at)
    assert references(desk) == [high.reference, low.reference, waiting.reference]


# How long ago a P1 ticket (first response within two hours) came: what the cell says, its colour.
CELLS = [
    (timedelta(minutes=5), "due in 1 h 54 min", "good"),
    (timedelta(minutes=65), "due in 54 min", "soon"),  # Less than an hour is left.
    (timedelta(minutes=155), "35 min late", "late"),
]


@pytest.mark.parametrize(("ago", "words", "tone"), CELLS)
def test_the_next_promise_is_said_in_words_and_colour(
    desk: Client, ago: timedelta, words: str, tone: str
) -> None:
    # Ten seconds more, so that no minute ends while the test runs.
    factories.ticket("P1", at=timezone.now() - ago - timedelta(seconds=10))
    page = desk.get(QUEUE).content.decode()
    cell = re.search(r'<span class="desk-tag desk-tag-(\w+)" title="(.+?)">(.+?)</span>', page)
    assert cell is not None
    assert cell[1] == tone
    assert cell[2].startswith("First response by ")
    assert cell[2].endswith(" IST")
    assert cell[3] == words


def test_a_ticket_past_its_goal_is_amber_long_before_its_limit(desk: Client) -> None:
    ticket = factories.ticket("P4", at=timezone.now() - timedelta(days=9))
    lifecycle.reply(ticket=ticket, by=me(), text="Hello.", at=ticket.submitted_at)
    clock = Clock.objects.get(ticket=ticket, metric="resolution")
    assert clock.goal_at is not None
    assert clock.goal_at < timezone.now() < clock.due_at - timedelta(hours=2)
    assert "desk-tag desk-tag-soon" in desk.get(QUEUE).content.decode()


def test_a_ticket_that_stands_still_says_so(desk: Client) -> None:
    ticket = factories.ticket("P1", at=timezone.now())
    lifecycle.reply(ticket=ticket, by=me(), text="Since when?", at=timezone.now())
    lifecycle.wait_for_customer(ticket=ticket, by=me(), at=timezone.now())
    page = desk.get(QUEUE).content.decode()
    assert ">waiting</span>" in page
    assert "Waiting for customer" in page


def test_names_and_subjects_cannot_bring_markup_into_the_queue(desk: Client) -> None:
    evil = "<script>alert(1)</script>"
    requester = factories.customer(name=evil, organization=factories.organization(evil))
    factories.ticket(subject=evil, requester=requester)
    page = desk.get(QUEUE).content.decode()
    assert evil not in page
    assert page.count("&lt;script&gt;alert(1)&lt;/script&gt;") >= 3


def escalate(ticket: Ticket, *, at: datetime) -> Ticket:
    return escalation.escalate(ticket=ticket, by=ticket.requester, reason="Now!", at=at)


def test_an_escalated_ticket_is_marked_with_the_time(desk: Client) -> None:
    factories.ticket("P1")
    escalate(factories.ticket("P4"), at=factories.MONDAY)
    page = desk.get(QUEUE).content.decode()
    tags = re.findall(r'<span class="desk-tag desk-tag-escalated" title="(.+?)">(.+?)<', page)
    assert tags == [("Mon 2 Nov, 10:00 IST", "Escalated")]


@pytest.fixture
def mixed(desk: Client) -> dict[str, Ticket]:
    """A ticket of each kind that the filters tell apart."""
    now = timezone.now()
    acme = factories.organization("Acme")
    team = factories.team("Night shift", me())
    made = {
        "late": factories.ticket("P1", at=now - timedelta(hours=3)),
        "mine": lifecycle.assign(ticket=factories.ticket(at=now), by=None, at=now, assignee=me()),
        "team": lifecycle.assign(ticket=factories.ticket(at=now), by=None, at=now, team=team),
        "acme": factories.ticket(at=now, requester=factories.customer(organization=acme)),
        "engineering": lifecycle.escalate_to_engineering(
            ticket=factories.ticket(at=now), by=me(), at=now
        ),
        "pending": lifecycle.wait_for_customer(ticket=factories.ticket(at=now), by=me(), at=now),
        "resolved": lifecycle.resolve(
            ticket=escalate(factories.ticket(at=now), at=now), by=me(), at=now
        ),
    }
    lifecycle.close(
        ticket=lifecycle.resolve(ticket=factories.ticket(at=now), by=me(), at=now), by=me(), at=now
    )
    escalate(made["late"], at=now)
    return made


FILTERS = [
    ("", {"late", "mine", "team", "acme", "engineering", "pending"}),  # Unsolved by default.
    ("?status=pending", {"pending"}),
    ("?status=resolved", {"resolved"}),
    ("?due=late", {"late"}),
    ("?assignee=me", {"mine"}),
    ("?assignee=team", {"team"}),
    ("?assignee=nobody", {"late", "team", "acme", "engineering", "pending"}),
    ("?with_engineering__exact=1", {"engineering"}),
    ("?escalated=yes", {"late"}),
    ("?escalated=yes&status=all", {"late", "resolved"}),
    ("?escalated=no", {"mine", "team", "acme", "engineering", "pending"}),
    ("?status=nonsense", set()),
]


@pytest.mark.parametrize(("query", "names"), FILTERS)
def test_the_queue_can_be_narrowed_down(
    desk: Client, mixed: dict[str, Ticket], query: str, names: set[str]
) -> None:
    assert set(references(desk, query)) == {mixed[name].reference for name in names}


def test_the_queue_can_be_narrowed_down_to_rows_of_other_tables(
    desk: Client, mixed: dict[str, Ticket]
) -> None:
    acme, late, team = mixed["acme"], mixed["late"], mixed["team"]
    assert references(desk, f"?organization__id__exact={acme.organization_id}") == [acme.reference]
    assert references(desk, f"?team__id__exact={team.team_id}") == [team.reference]
    assert references(desk, f"?priority__id__exact={late.priority_id}") == [late.reference]


def test_all_statuses_can_be_chosen(desk: Client, mixed: dict[str, Ticket]) -> None:
    assert len(references(desk, "?status=all")) == Ticket.objects.count() == 8


@pytest.mark.parametrize("term", ["{reference}", "{number}", "colours", "rosa@", "Rosa", "Kestrel"])
def test_a_ticket_is_found_by_reference_subject_requester_and_organization(
    desk: Client, term: str
) -> None:
    kestrel = factories.organization("Kestrel Retail")
    rosa = factories.customer("rosa@kestrel.example", name="Rosa Diaz", organization=kestrel)
    ticket = factories.ticket(subject="Wrong colours", requester=rosa)
    factories.ticket()
    indexing.write_marked(at=timezone.now())
    typed = term.format(reference=ticket.reference.lower(), number=ticket.pk)
    assert references(desk, f"?q={typed}") == [ticket.reference]


def test_a_search_finds_closed_tickets_too(desk: Client) -> None:
    ticket = factories.ticket()
    lifecycle.resolve(ticket=ticket, by=me(), at=factories.MONDAY)
    lifecycle.close(ticket=ticket, by=me(), at=factories.MONDAY)
    assert references(desk) == []
    assert references(desk, f"?q={ticket.reference}") == [ticket.reference]


@pytest.mark.parametrize(
    "query", ["?q=%00", "?p=99999", "?priority__id__exact=x", "?o=1.2.x", "?q=" + "9" * 40, "?x=1"]
)
def test_nonsense_in_the_address_is_no_error(desk: Client, query: str) -> None:
    assert desk.get(f"{QUEUE}{query}", follow=True).status_code == 200


def test_times_are_in_the_agents_own_zone_with_its_name(client: Client, policy: Policy) -> None:
    factories.ticket("P1", at=datetime.fromisoformat("2026-11-02T04:30:00+00:00"))
    client.force_login(factories.agent(time_zone="America/New_York"))
    assert "Mon 2 Nov, 01:30 EST" in client.get(QUEUE).content.decode()


def test_the_queue_takes_as_many_queries_for_a_thousand_tickets_as_for_ten(desk: Client) -> None:
    many(10)
    desk.get(QUEUE)
    with CaptureQueriesContext(connection) as ten:
        assert len(references(desk)) == 11
    many(990)
    with CaptureQueriesContext(connection) as thousand:
        assert len(references(desk)) == 50
    assert len(thousand) == len(ten)


PAGES = ["", "?q=refreshed", "?assignee=me", "?columns=due,type,tags,solved", "{}/change/"]


@pytest.mark.parametrize("group", ["Agent", "Manager"])  # Who sees his teams' tickets; all of them.
def test_each_page_takes_twelve_queries_at_most_for_any_number(
    client: Client, policy: Policy, group: str
) -> None:
    reader, other = factories.agent(group=group), factories.agent()
    client.force_login(reader)
    team = factories.team("", reader, other)
    counted: list[list[int]] = []
    for more in (2, 5):
        for _ in range(more):
            ticket = factories.ticket()
            Ticket.objects.filter(pk=ticket.pk).update(assignee=reader, team=team)
            presence.look(ticket=ticket, user=other, at=timezone.now(), is_typing=False)
        indexing.write([one.pk for one in Ticket.objects.all()])
        counted.append([])
        for page in PAGES:
            with CaptureQueriesContext(connection) as queries:
                assert client.get(f"{QUEUE}{page.format(ticket.pk)}").status_code == 200
            counted[-1].append(len(queries))
    # The first page of a minute notes that he is here.
    counted[0][0] -= 1
    assert counted[0] == counted[1]
    assert max(counted[0]) <= 12


def test_no_more_rows_are_counted_than_anybody_turns_to(
    desk: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(CappedPaginator, "MOST", 60)
    many(70)
    with CaptureQueriesContext(connection) as queries:
        page = desk.get(QUEUE).content.decode()
    counting = [query["sql"] for query in queries if "COUNT(" in query["sql"]]
    assert re.search(r"60\s+tickets\s.*or more: narrow them down", page, re.DOTALL)
    assert len(counting) == 1
    assert "LIMIT 60" in counting[0]


def test_the_front_page_counts_and_leads_into_the_queue(
    desk: Client, mixed: dict[str, Ticket]
) -> None:
    page = desk.get(reverse("admin:index")).content.decode()
    cards = re.findall(r'desk-number-count">(\d+)</span>\s*<span>(.+?)</span>', page)
    counts = {title: int(number) for number, title in cards}
    assert counts == {
        "Late": 1,
        "Escalations": 1,
        "Due within the hour": 0,
        "Mine": 1,
        "Unassigned": 5,
        "Waiting for customer": 1,
        "All unsolved": 6,
    }
    assert f"{QUEUE}?due=late" in page
    assert 'href="/admin/tickets/escalation/"' in page
    assert f"{QUEUE}?status={Status.PENDING}" in page
