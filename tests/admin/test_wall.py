"""The live wall: its figures, that nothing new is no answer, that it names nobody, who may not."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from sla import reports
from sla.models import Policy
from sla.reports.wall import wall
from tests import factories
from tests.sla import november
from tests.sla.november import NOW, ZONE, ist

PAGE = "admin:sla_wall"


@pytest.fixture(autouse=True)
def _now(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("django.utils.timezone.now", lambda: NOW)


@pytest.fixture
def screen(policy: Policy, client: Client) -> Client:
    client.force_login(factories.agent(group="Manager"))
    return client


def test_the_figures_are_those_of_the_desk_and_of_the_report(policy: Policy) -> None:
    november.tell()
    with CaptureQueriesContext(connection) as asked:
        found = wall(at=NOW, zone=ZONE)
    assert len(asked) == 4
    # Of October, running late, running in time, paused, paused late, P1 running late.
    assert {code: number for code, _, number in found.open} == {"P1": 1, "P3": 5}
    late = {(due.priority, due.metric, due.due_at) for due in found.latest}
    assert ("P1", "first_response", ist(20, "11:00")) in late
    assert ("P3", "first_response", ist(17, "10:00")) in late
    assert [due.due_at for due in found.next] == sorted(due.due_at for due in found.next)
    # P1 resolution 21:00, "running in time" Mon 23 and Fri 27, "running late" Mon 23.
    assert found.next[0].due_at == ist(20, "21:00")
    assert len(found.next) == 4
    day = reports.Period.of_days(NOW.date(), NOW.date(), ZONE)
    assert list(found.today) == reports.totals(reports.attainment(period=day, at=NOW))


def test_what_is_as_it_was_is_answered_by_nothing_and_a_change_by_the_figures(
    screen: Client,
) -> None:
    story = november.tell()
    page = screen.get(reverse(PAGE))
    seen = page.context["seen"]
    assert 'hx-trigger="every 15s"' in page.content.decode()
    assert screen.get(reverse(PAGE), {"seen": seen}).status_code == 204
    story.reply(story.tickets["P1 running late"], 20, "12:00")
    fresh = screen.get(reverse(PAGE), {"seen": seen})
    assert fresh.status_code == 200
    assert "<html" not in fresh.content.decode()
    assert fresh.context["seen"] != seen


def test_nobody_who_passes_by_reads_a_name_or_a_subject(screen: Client) -> None:
    acme = factories.organization("Acme Private Bank")
    customer = factories.customer(name="Grace Hopper", organization=acme)
    ticket = factories.ticket("P1", at=NOW, requester=customer, subject="Grace cannot log in")
    text = screen.get(reverse(PAGE)).content.decode()
    assert ticket.reference in text
    for name in ("Grace", "Acme", "log in", customer.email):
        assert name not in text


def test_an_empty_desk_says_so(screen: Client) -> None:
    text = screen.get(reverse(PAGE)).content.decode()
    for sentence in (
        "Nothing is open.",
        "Nothing is due.",
        "Nothing is late.",
        "None was made yet.",
    ):
        assert sentence in text


def test_an_agent_gets_403_and_a_customer_is_sent_to_log_in(client: Client, policy: Policy) -> None:
    for asked in ({}, {"seen": "x"}):
        client.force_login(factories.agent())
        assert client.get(reverse(PAGE), asked).status_code == 403
        client.force_login(factories.customer())
        assert client.get(reverse(PAGE), asked).status_code == 302
