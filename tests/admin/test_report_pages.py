"""What every page of the reports has in common."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from sla.models import Policy
from tests import acme, factories
from tests.admin.test_report_exports import asked
from tests.sla import november
from tests.sla.november import NOW

STACKED = re.compile(
    r'<table class="[^"]*(?:sla-stacked|report-table)[^"]*">.*?</table>', re.DOTALL
)
CELL = re.compile(r"<td[^>]*>")


@pytest.fixture(autouse=True)
def _now(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("django.utils.timezone.now", lambda: NOW)


@pytest.fixture
def manager(policy: Policy, client: Client) -> Client:
    client.force_login(factories.agent(group="Manager"))
    return client


def page(client: Client, name: str, **question: Any) -> str:
    answer = client.get(reverse(f"admin:{name}"), question)
    assert answer.status_code == 200
    return " ".join(answer.content.decode().split())


def cells(text: str) -> list[str]:
    return [cell for table in STACKED.findall(text) for cell in CELL.findall(table)]


# Page, the table of files whose question it is asked, how many cells it has at least.
PAGES = [
    ("sla_report", "attainment", 40),
    ("sla_report_breakdown", "breakdown", 5),
    ("sla_report_breaches", "breaches", 50),
    ("sla_report_clocks", "promises", 50),
    ("sla_report_tickets", "report_tickets", 40),
    ("sla_ahead", "load", 8),
    ("sla_ahead_clocks", "promises_ahead", 8),
    ("sla_what_if", "what_if", 30),
    ("sla_what_if_clocks", "what_if_promises", 8),
]


@pytest.mark.parametrize(("name", "table", "most"), PAGES)
def test_each_cell_that_stands_below_another_on_a_phone_names_its_column(
    manager: Client, name: str, table: str, most: int
) -> None:
    november.tell()
    found = cells(page(manager, name, **asked(table)))
    assert len(found) >= most
    assert [cell for cell in found if not re.search(r'data-label="[^"]+"', cell)] == []


def test_so_do_those_of_a_customers_report_in_his_language(manager: Client, policy: Policy) -> None:
    told = acme.tell(policy)
    text = page(manager, "customer_report", organization=told.organization.pk, month="2026-11")
    found = cells(text)
    bare = [cell for cell in found if "data-label" not in cell]
    # What was not needed is one cell in the place of four.
    assert all("colspan" in cell for cell in bare)
    assert len(found) - len(bare) > 20
    assert 'data-label="Zugesagt bis"' in text
