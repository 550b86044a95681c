"""The rows of the queue: in the order of business time left, and new by themselves."""

from __future__ import annotations

import re
from datetime import datetime, timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from sla.core.hours import Hours
from sla.models import Clock, Policy
from tests import factories
from tickets import lifecycle
from tickets.admin import queue
from tickets.admin.queues import QUEUES
from tickets.admin.standing import business_words, queue_standing, standing
from tickets.models import Tag, Ticket, User

QUEUE = "/admin/tickets/ticket/"
HALVES = [("09:00", "13:00"), ("14:00", "17:00")]
WEEK = Hours("Asia/Kolkata", dict.fromkeys(range(5), HALVES), {})


@pytest.fixture
def ada(policy: Policy) -> User:
    return factories.agent("ada@desk.example", name="Ada Lovelace")


@pytest.fixture
def desk(client: Client, ada: User, monkeypatch: pytest.MonkeyPatch) -> Client:
    """The queue in a minute that does not end while the test runs."""
    monkeypatch.setattr(queue, "this_minute", lambda: 0)
    client.force_login(ada)
    return client


def local(text: str) -> datetime:
    return datetime.fromisoformat(f"2026-11-{text}+05:30")


# Now, deadline (both in Kolkata, where the desk is open from 9 to 17 on weekdays): the words.
LEFT = [
    ("06 16:00", "09 10:00", "due in 2 business h", "good"),  # Over a weekend.
    ("06 16:50", "09 09:30", "due in 40 business min", "soon"),
    ("02 10:00", "09 10:00", "due in 40 business h", "good"),
    ("09 08:00", "06 17:00", "less than 1 business min late", "late"),  # Late since closing time.
    ("09 11:15", "06 16:00", "3 business h 15 min late", "late"),
]


@pytest.mark.parametrize(("now", "due", "words", "tone"), LEFT)
def test_the_time_left_is_counted_as_the_target_counts_it(
    policy: Policy, now: str, due: str, words: str, tone: str
) -> None:
    clock = Clock.objects.get(ticket=factories.ticket("P3"), metric="resolution")
    clock.due_at, clock.goal_at = local(due), None
    stand = queue_standing(clock, local(now))
    assert standing(clock, local(now)).tone == stand.tone  # On the ticket's page, too.
    assert (stand.words, stand.tone) == (words, tone)


def test_the_order_of_deadlines_is_the_order_of_business_time_left_late_first() -> None:
    now = local("05 11:30")
    dues = [now + timedelta(minutes=minutes) for minutes in range(-9000, 9000, 37)]
    left = [WEEK.between(now, due) if due > now else -WEEK.between(due, now) for due in dues]
    assert left == sorted(left)
    assert left[0] < timedelta(0) < left[-1]


def test_open_time_is_told_in_hours_for_a_day_of_it_is_no_day() -> None:
    spans = [timedelta(seconds=59), timedelta(minutes=61), timedelta(hours=10, minutes=5)]
    assert [business_words(span) for span in spans] == [
        "less than 1 business min", "1 business h 1 min", "10 business h",
    ]  # fmt: skip


def seen(page: str) -> str:
    found = re.search(r'id="queue-seen" name="seen" value="(\w+)"', page)
    assert found is not None
    return found[1]


@pytest.mark.parametrize(
    "query", [*(q.query for q in QUEUES), "sort=updated", "p=1", "tag=billing", "columns=tags,type"]
)
def test_rows_that_are_as_they_were_are_answered_by_nothing(
    desk: Client, ada: User, query: str
) -> None:
    tickets = [factories.ticket() for _ in range(3)]
    Tag.objects.create(name="billing").tickets.add(tickets[0])
    page = desk.get(f"{QUEUE}?{query}", follow=True).content.decode()
    asked = f"{QUEUE}?{query}&seen={seen(page)}"
    with CaptureQueriesContext(connection) as queries:
        assert desk.get(asked).status_code == 204
    assert len(queries) <= 7


def test_a_change_brings_the_rows_alone_with_what_is_new(desk: Client, ada: User) -> None:
    ticket = factories.ticket()
    first = seen(desk.get(QUEUE).content.decode())
    lifecycle.assign(ticket=ticket, by=None, at=factories.MONDAY, assignee=ada)
    other = factories.ticket()
    answer = desk.get(f"{QUEUE}?seen={first}")
    page = answer.content.decode()
    assert answer.status_code == 200
    assert re.findall(r'data-ticket="(\d+)"', page) == [str(other.pk), str(ticket.pk)]
    assert "Ada Lovelace" in page
    assert "<html" not in page
    assert "seen=" not in page
    assert desk.get(f"{QUEUE}?seen={seen(page)}").status_code == 204


def test_each_minute_the_words_of_the_rows_are_new(
    desk: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    factories.ticket()
    first = seen(desk.get(QUEUE).content.decode())
    monkeypatch.setattr(queue, "this_minute", lambda: 1)
    assert desk.get(f"{QUEUE}?seen={first}").status_code == 200


def test_who_may_not_see_tickets_learns_nothing_by_asking_for_rows(policy: Policy) -> None:
    nobody = User.objects.create_user("new@desk.example", is_staff=True)
    for user, status in ((nobody, 403), (factories.customer(), 302), (None, 302)):
        client = Client()
        if user:
            client.force_login(user)
        assert client.get(f"{QUEUE}?seen=x").status_code == status


def test_nonsense_in_what_is_asked_is_no_error(desk: Client) -> None:
    for query in ("p=x", "status=nonsense", "priority__id__exact=x", "colour=red", "sort=%00"):
        assert desk.get(f"{QUEUE}?seen=x&{query}", follow=True).status_code == 200


@pytest.mark.parametrize("queue_of_desk", QUEUES, ids=lambda each: each.key)
def test_an_empty_queue_says_so_in_a_sentence(desk: Client, queue_of_desk: object) -> None:
    page = desk.get(f"{QUEUE}?{queue_of_desk.query}").content.decode()  # type: ignore[attr-defined]
    assert queue_of_desk.empty in page  # type: ignore[attr-defined]


def test_what_a_search_found_stays_as_it_is(desk: Client) -> None:
    factories.ticket()
    assert "every 10s" in desk.get(QUEUE).content.decode()
    assert "every 10s" not in desk.get(f"{QUEUE}?q=report").content.decode()


def test_tickets_are_narrowed_down_by_a_tag_and_show_theirs(desk: Client) -> None:
    ticket = factories.ticket()
    factories.ticket()
    Tag.objects.create(name="billing").tickets.add(ticket)
    page = desk.get(f"{QUEUE}?tag=%23Billing&columns=tags").content.decode()
    assert re.findall(r'data-ticket="(\d+)"', page) == [str(ticket.pk)]
    assert ">billing</span>" in page
    assert "data-ticket" not in desk.get(f"{QUEUE}?tag=two%20%2F%20words").content.decode()


def test_the_queue_with_every_column_takes_few_queries_for_any_number(desk: Client) -> None:
    tag = Tag.objects.create(name="billing")
    every = "due,priority,status,from,team,assignee,type,tags,channel,submitted,changed,solved"

    def queries() -> int:
        Ticket.objects.last()
        with CaptureQueriesContext(connection) as asked:
            assert desk.get(f"{QUEUE}?columns={every}&status=all").status_code == 200
        return len(asked)

    tag.tickets.add(factories.ticket())
    queries()
    one = queries()
    for _ in range(4):
        tag.tickets.add(factories.ticket())
    assert queries() == one <= 12
