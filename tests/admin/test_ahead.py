"""The page of what comes next: plain words, numbers that lead to their tickets, and who may not."""

from __future__ import annotations

from html import unescape

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from sla.models import Policy
from tests import factories
from tests.admin.test_sla_report import many
from tests.sla.test_ahead import FRIDAY, desk

PAGE = "admin:sla_ahead"
LIST = "admin:sla_ahead_clocks"


@pytest.fixture(autouse=True)
def _now(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("django.utils.timezone.now", lambda: FRIDAY)


def test_it_says_in_words_what_is_due_and_each_number_leads_to_its_tickets(manager: Client) -> None:
    desk()
    response = manager.get(reverse(PAGE))
    text = " ".join(unescape(response.content.decode()).split())
    assert "due within 8 business hours, at the present rate 0 get solved" in text
    teams = {team.name: team for team in response.context["teams"]}
    assert [forecast.due.value for forecast in teams["Second line"].forecasts] == [1, 1, 2]
    assert [forecast.due.value for forecast in teams["No team"].forecasts] == [0, 1, 1]
    assert teams["Second line"].forecasts[0].is_short
    assert not teams["No team"].forecasts[0].is_short
    numbers = [forecast.due for team in teams.values() for forecast in team.forecasts]
    numbers += [number for _, row in response.context["loads"] for number in row]
    numbers += response.context["sums"]
    for number in numbers:
        if number.link:
            listed = manager.get(number.link)
            assert listed.context["page"].paginator.count == number.value, number


def test_an_empty_desk_says_so(manager: Client) -> None:
    text = manager.get(reverse(PAGE)).content.decode()
    assert "No ticket breaks a promise within the next 24 business hours." in text
    assert "Nothing is due in the next seven days." in text


def test_nonsense_gets_a_sentence(manager: Client) -> None:
    for asked in ({"within": "5"}, {"team": "x"}, {"day": "soon"}, {"priority": "P9"}):
        response = manager.get(reverse(LIST), asked)
        assert response.status_code == 200
        assert "sla-error" in response.content.decode(), asked
        assert "rows" not in response.context


def test_an_agent_gets_403_and_a_customer_is_sent_to_log_in(client: Client, policy: Policy) -> None:
    client.force_login(factories.agent())
    assert [client.get(reverse(name)).status_code for name in (PAGE, LIST)] == [403, 403]
    client.force_login(factories.customer())
    assert [client.get(reverse(name)).status_code for name in (PAGE, LIST)] == [302, 302]


def test_the_pages_need_the_same_few_queries_for_few_and_many(manager: Client) -> None:
    def queries() -> list[int]:
        counts = []
        for name in (PAGE, LIST):
            with CaptureQueriesContext(connection) as asked:
                assert manager.get(reverse(name), {"team": "0"}).status_code == 200
            counts.append(len(asked))
        return counts

    desk()
    queries()
    few = queries()
    many(20)
    assert queries() == few
    assert max(few) <= 20
