"""What every page of the reports has in common: on a phone, in its words, and where it is empty."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from sla.models import BreachReason, Policy
from tests import acme, factories
from tests.admin.test_report_exports import asked
from tests.admin.test_sla_report import NOVEMBER
from tests.sla import november

pytestmark = pytest.mark.usefixtures("_noon")

STACKED = re.compile(
    r'<table class="[^"]*(?:sla-stacked|report-table)[^"]*">.*?</table>', re.DOTALL
)
CELL = re.compile(r"<td[^>]*>")


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


def test_of_two_periods_that_are_the_same_today_the_asked_one_is_marked(
    manager: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("django.utils.timezone.now", lambda: november.ist(30, "12:00"))
    for span, title in (("30d", "Last 30 days"), ("month", "This month")):
        asked = manager.get(reverse("admin:sla_report"), {"span": span}).context["asked"]
        assert [preset["title"] for preset in asked.presets if preset["active"]] == [title]


# What narrows the question, what the pages say that it is about, and that nothing is there.
EMPTY = [
    ({}, "Everything", "No promise was made in this period: no ticket arrived."),
    ({"priority": "P4"}, "P4 Low", "No such promise was made in this period."),
]


@pytest.mark.parametrize(("more", "about", "sentence"), EMPTY)
def test_what_is_empty_says_of_what(
    manager: Client, more: dict[str, str], about: str, sentence: str
) -> None:
    for name in ("sla_report", "sla_report_breakdown"):
        text = page(manager, name, first="2026-09-01", last="2026-09-30", **more)
        assert sentence in text
        # On paper the filters are not there.
        assert f'<p class="sla-caption"> {about}' in text


def test_lateness_is_told_first_as_the_promise_counts_and_the_order_is_said(
    manager: Client,
) -> None:
    november.tell()
    text = page(manager, "sla_report_breaches", **NOVEMBER)
    assert "Sorted: latest first, by elapsed time." in text
    assert '26 h</span><span class="sla-subtle">in opening hours, 3 d 2 h elapsed' in text
    # P2 within 72 hours, day and night: due Fri 12:00, solved Sat 12:00.
    assert '1 d</span><span class="sla-subtle">day and night, 5 h in opening hours</span>' in text
    assert "Sorted: first due first." in page(
        manager, "sla_report_breaches", **NOVEMBER, order="due"
    )


def test_a_list_of_tickets_says_which_of_them_and_each_time_once(manager: Client) -> None:
    november.tell()
    listed = page(manager, "sla_report_tickets", **NOVEMBER, figure="came_in")
    assert '<th scope="col">Came in</th>' in listed
    assert '<th scope="col">When</th>' not in listed
    assert "Came in: 13 from Sun 1 Nov 2026 to Mon 30 Nov 2026 (Asia/Kolkata)." in listed
    assert '<th scope="col">When</th>' in page(
        manager, "sla_report_tickets", **NOVEMBER, figure="solved"
    )
    aged = page(manager, "sla_report_tickets", **NOVEMBER, figure="age", days="2")
    assert "Present backlog by age, 2 to 5 business days: 1 now." in aged
    rated = page(manager, "sla_report_tickets", **NOVEMBER, figure="rated", stars="1")
    assert "Rated, 1 star: 0 from" in rated


def test_a_choice_without_anything_to_choose_says_where_it_comes_from(manager: Client) -> None:
    november.tell()
    hint = "There is none to choose from yet: add breach reasons."
    BreachReason.objects.all().delete()
    assert hint in page(manager, "sla_report_breaches", **NOVEMBER)
    BreachReason.objects.create(name="Holiday")
    assert hint not in page(manager, "sla_report_breaches", **NOVEMBER)
    assert "None is saved yet: each report has" in page(manager, "sla_reportschedule_add")


def test_points_are_the_difference_of_the_shares_that_are_shown(manager: Client) -> None:
    november.tell()
    number = factories.priority("P3").pk
    for amount in range(1, 10):
        question = NOVEMBER | {f"t{number}_resolution_amount": str(amount)}
        for sum_ in manager.get(reverse("admin:sla_what_if"), question).context["sums"]:
            was, would = (float(words.split()[0]) for words in (sum_.was, sum_.would))
            if points := re.match(r"([\d.]+) points", sum_.change):
                assert float(points[1]) == pytest.approx(abs(would - was))
