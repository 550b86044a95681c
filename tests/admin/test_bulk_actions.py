"""Bulk actions in the queue: choose, confirm, look how it goes, see what was refused and why."""

from __future__ import annotations

import html
import re
from typing import Any

import pytest
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.contrib.auth.models import Permission
from django.db import connection
from django.http import HttpResponse
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from sla.models import Policy
from tests import factories
from tickets import bulk, lifecycle
from tickets.admin.bulk_forms import offered
from tickets.models import BulkJob, Macro, Team, Ticket, User
from tickets.states import Status

QUEUE = "/admin/tickets/ticket/"
JOBS = "/admin/tickets/bulkjob/"


@pytest.fixture
def desk(client: Client, policy: Policy) -> Client:
    client.force_login(factories.agent("ada@desk.example", name="Ada"))
    return client


def me() -> User:
    return User.objects.get(email="ada@desk.example")


def made(number: int) -> list[Ticket]:
    return [factories.ticket(at=timezone.now()) for _ in range(number)]


def press(
    desk: Client, step: str, *tickets: Ticket, query: str = "", across: bool = False, **said: Any
) -> HttpResponse:
    """What the browser sends from the queue, or with `said` from the page that asks."""
    posted = {
        "action": f"bulk_{step}",
        "select_across": int(across),
        ACTION_CHECKBOX_NAME: [ticket.pk for ticket in tickets],
        **said,
    }
    if not said:
        posted["index"] = 0
    return desk.post(f"{QUEUE}{query}", posted)


def confirm(desk: Client, step: str, *tickets: Ticket, **rest: Any) -> HttpResponse:
    return press(desk, step, *tickets, **{"nonce": f"{step}-{tickets[0].pk}", **rest})


def test_the_queue_offers_every_step_that_a_form_can_be_made_for(desk: Client) -> None:
    made(1)
    page = desk.get(QUEUE).content.decode()
    found = dict(re.findall(r'<option value="bulk_(\w+)">(.+?)</option>', page))
    assert found == offered()
    assert {"assign_to_me", "assign", "priority", "wait", "engineering", "resolve", "reopen",
            "close", "add_tag", "remove_tag", "link", "expect", "spam",
            "not_spam"} <= found.keys()  # fmt: skip


def test_who_only_looks_is_offered_nothing(client: Client, policy: Policy) -> None:
    (ticket,) = made(1)
    looker = factories.agent()
    looker.groups.clear()
    looker.user_permissions.add(Permission.objects.get(codename="view_ticket"))
    client.force_login(looker)
    assert "bulk_" not in client.get(QUEUE).content.decode()
    confirm(client, "wait", ticket)
    assert not BulkJob.objects.exists()


def test_it_asks_before_it_begins(desk: Client) -> None:
    tickets = made(3)
    page = press(desk, "resolve", *tickets[:2]).content.decode()
    assert "2 tickets" in page
    assert "Each of their customers gets a mail." in page
    assert tickets[0].reference in page
    assert tickets[2].reference not in page
    assert not BulkJob.objects.exists()


def test_a_few_are_done_at_once(desk: Client) -> None:
    tickets = made(3)
    answer = confirm(desk, "assign_to_me", *tickets[:2], query="?assignee=nobody")
    assert answer["Location"] == f"{QUEUE}?assignee=nobody"
    assert set(Ticket.objects.filter(assignee=me())) == set(tickets[:2])
    assert "Assign to me: 2 tickets done." in desk.get(QUEUE).content.decode()


# What is filled in, and what is marked on the page; "": it is done to each.
SORTED: list[tuple[str, dict[str, str], str]] = [
    ("add_tag", {"tag": "Known Problem"}, ""),
    ("add_tag", {"tag": "a/b"}, "A tag is one word"),
    ("link", {"other": "{other}"}, ""),
    ("link", {"other": "HD-987654"}, "There is no such ticket"),
    ("spam", {"blocks": "on"}, ""),
    ("expect", {"days": "3"}, "The ticket is not with engineering."),
    ("expect", {"days": "3", "expected_on": "2999-01-01"}, "takes one of these"),
    ("expect", {}, "needs: expected on"),
]


@pytest.mark.parametrize(("step", "filled", "said"), SORTED)
def test_tickets_are_sorted_in_bulk(
    desk: Client, step: str, filled: dict[str, str], said: str
) -> None:
    tickets, (other,) = made(2), made(1)
    filled = {name: value.format(other=other.reference) for name, value in filled.items()}
    answer = confirm(desk, step, *tickets, **filled)
    page = desk.get(answer["Location"]) if answer.status_code == 302 else answer
    assert (said or "2 tickets done.") in html.unescape(page.content.decode())


def test_many_are_done_in_the_background_and_are_all_that_the_filter_shows(desk: Client) -> None:
    urgent = [factories.ticket("P1", at=timezone.now()) for _ in range(bulk.FEW + 2)]
    normal = made(1)
    priority = f"?priority__id__exact={urgent[0].priority_id}"
    asked = press(desk, "assign_to_me", urgent[0], query=priority, across=True)
    page = asked.content.decode()
    assert f"{bulk.FEW + 2} tickets, all that the filter shows now" in page
    answer = confirm(desk, "assign_to_me", urgent[0], query=priority, across=True)
    job = BulkJob.objects.get()
    assert answer["Location"] == f"{JOBS}{job.pk}/change/"
    assert not Ticket.objects.filter(assignee=me()).exists()
    bulk.go_on(at=timezone.now())
    assert set(Ticket.objects.filter(assignee=me())) == set(urgent)
    assert normal[0] not in Ticket.objects.filter(assignee=me())


def test_arguments_come_from_the_form_and_what_is_missing_is_said(desk: Client) -> None:
    (ticket,) = made(1)
    page = confirm(desk, "assign", ticket).content.decode()
    assert "needs: team" in page
    low = factories.priority("P4")
    confirm(desk, "priority", ticket, priority=low.pk, reason="No hurry")
    assert ticket.events.filter(detail="From P3 to P4: No hurry").exists()
    team = Team.objects.get(name="Engineering")
    confirm(desk, "assign", ticket, team=team.pk)
    ticket.refresh_from_db()
    assert ticket.team == team


def test_a_macro_does_all_of_its_steps_or_none(desk: Client) -> None:
    tickets = made(2)
    steps = [{"do": "wait"}, {"do": "note", "text": "Asked."}]
    mine, other = Macro.objects.create(name="Ask", steps=steps), factories.team("Others")
    theirs = Macro.objects.create(name="Theirs", steps=steps, team=other)
    lifecycle.wait_for_customer(ticket=tickets[0], by=me(), at=timezone.now())
    assert "Theirs" not in press(desk, "macro", *tickets).content.decode()
    assert (
        "Select a valid choice"
        in confirm(desk, "macro", *tickets, macro=theirs.pk).content.decode()
    )
    confirm(desk, "macro", *tickets, macro=mine.pk)
    job = BulkJob.objects.get()
    assert (job.done, job.refused) == (1, 1)
    assert [t.messages.filter(is_public=False).count() for t in tickets] == [0, 1]
    assert "Step 1, “Wait for customer”: You cannot" in job.rows.get(state="refused").reason


def test_a_form_that_is_sent_twice_acts_once(desk: Client) -> None:
    (ticket,) = made(1)
    for _ in range(2):
        confirm(desk, "reply", ticket, text="It is back.")
    assert BulkJob.objects.count() == 1
    assert ticket.messages.filter(by_staff=True).count() == 1


def test_what_was_refused_is_listed_with_its_reason_and_can_be_tried_again(desk: Client) -> None:
    tickets = made(2)
    lifecycle.wait_for_customer(ticket=tickets[0], by=me(), at=timezone.now())
    answer = confirm(desk, "wait", *tickets)
    job = BulkJob.objects.get()
    assert answer["Location"] == f"{JOBS}{job.pk}/change/"
    page = desk.get(answer["Location"]).content.decode()
    assert "1 of 2 done" in page
    assert "1 refused" in page
    assert f"{QUEUE}{tickets[0].pk}/change/" in page
    assert "You cannot wait for the customer on a ticket that is Waiting for customer." in page
    lifecycle.resume(ticket=tickets[0], by=me(), at=timezone.now())
    desk.post(f"{JOBS}{job.pk}/again/")
    bulk.go_on(at=timezone.now())
    assert "2 of 2 done" in desk.get(answer["Location"]).content.decode()


def test_the_page_moves_by_itself_and_costs_nothing_when_nothing_moved(desk: Client) -> None:
    job = bulk.begin(
        steps=[{"do": "wait"}], tickets=Ticket.objects.filter(pk__in=[t.pk for t in made(2)]),
        by=me(), at=timezone.now(),
    )  # fmt: skip
    address = f"{JOBS}{job.pk}/news/"
    page = desk.get(f"{JOBS}{job.pk}/change/").content.decode()
    known = re.search(rf'hx-get="{address}\?known=([\d.]+)', page)
    assert known is not None
    assert desk.get(f"{address}?known={known[1]}").status_code == 204
    bulk.go_on(at=timezone.now())
    moved = desk.get(f"{address}?known={known[1]}").content.decode()
    assert "2 of 2 done" in moved
    assert "hx-get" not in moved


def test_what_is_left_can_be_cancelled(desk: Client) -> None:
    job = bulk.begin(
        steps=[{"do": "wait"}], tickets=Ticket.objects.filter(pk__in=[t.pk for t in made(2)]),
        by=me(), at=timezone.now(),
    )  # fmt: skip
    assert desk.get(f"{JOBS}{job.pk}/cancel/").status_code == 405
    desk.post(f"{JOBS}{job.pk}/cancel/")
    assert bulk.go_on(at=timezone.now()) == 0
    assert not Ticket.objects.filter(status=Status.PENDING).exists()
    assert "2 left as they were" in desk.get(f"{JOBS}{job.pk}/change/").content.decode()
    desk.post(f"{JOBS}{job.pk}/cancel/")
    assert "This is over already." in desk.get(JOBS).content.decode()


def test_nobody_sees_or_stops_the_bulk_actions_of_others_but_managers(
    desk: Client, policy: Policy
) -> None:
    job = bulk.begin(
        steps=[{"do": "wait"}], tickets=Ticket.objects.filter(pk__in=[made(1)[0].pk]),
        by=factories.agent(), at=timezone.now(),
    )  # fmt: skip
    for page in ("change/", "news/"):
        assert desk.get(f"{JOBS}{job.pk}/{page}").status_code == 404
    for act in ("cancel/", "again/"):
        assert desk.post(f"{JOBS}{job.pk}/{act}").status_code == 404
    assert job.title not in re.sub(r"<nav.*?</nav>", "", desk.get(JOBS).content.decode())
    desk.force_login(factories.agent(group="Manager"))
    assert desk.get(f"{JOBS}{job.pk}/change/").status_code == 200
    assert desk.post(f"{JOBS}{job.pk}/cancel/").status_code == 302
    job.refresh_from_db()
    assert job.cancelled_at is not None


def test_the_page_of_a_job_takes_as_many_queries_for_many_refused_as_for_one(desk: Client) -> None:
    costs = []
    for number in (1, 12):
        tickets = made(number)
        for ticket in tickets:
            lifecycle.wait_for_customer(ticket=ticket, by=me(), at=timezone.now())
        confirm(desk, "wait", *tickets)
        job = BulkJob.objects.latest("pk")
        with CaptureQueriesContext(connection) as queries:
            desk.get(f"{JOBS}{job.pk}/change/")
        costs.append(len(queries))
    assert costs[0] == costs[1]
    assert costs[0] <= 12
