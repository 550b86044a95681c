"""The report's pages: who may see them, what they show, and how many queries they need."""

import json
from typing import Any
from urllib.parse import parse_qsl, urlencode

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from sla import sweep
from sla.models import Calendar, Clock, Policy
from tests import factories
from tests.sla import november
from tests.sla.november import NOW
from tickets import escalation
from tickets.models import Ticket
from tickets.templatetags.desk import duration

pytestmark = pytest.mark.usefixtures("_noon")

NOVEMBER = {"first": "2026-11-01", "last": "2026-11-30"}


def report(client: Client, **question: str) -> Any:
    return client.get(reverse("admin:sla_report"), question)


def behind(client: Client, **question: str) -> Any:
    return client.get(reverse("admin:sla_report_clocks"), question)


def test_a_manager_sees_every_figure_with_a_link_to_what_is_behind_it(manager: Client) -> None:
    november.tell()
    response = report(manager, **NOVEMBER)
    assert response.status_code == 200
    figures = {
        (row.priority, row.metric): (row.promises, row.kept, row.broken, row.running)
        for row in response.context["rows"]
    }
    assert figures["P3", "first_response"] == (9, 5, 3, 1)
    text = " ".join(response.content.decode().split())
    assert "62.5 %" in text
    assert "within 12 hours, day and night, or lowered by then" in text
    assert "Everything: promises made from Sun 1 Nov 2026 to Mon 30 Nov 2026 (Asia/Kolkata)" in text

    for row in response.context["rows"]:
        for figure in ("kept", "broken", "running"):
            number = getattr(row, figure)
            question = {"priority": row.priority, "metric": row.metric, "figure": figure}
            query = "&amp;".join(f"{k}={v}" for k, v in {**NOVEMBER, **question}.items())
            link = f'<a href="{reverse("admin:sla_report_clocks")}?{query}">{number}</a>'
            assert (link in text) == (number > 0)
            assert len(behind(manager, **NOVEMBER, **question).context["rows"]) == number


def test_times_are_told_in_opening_hours_or_as_they_elapsed(manager: Client) -> None:
    november.tell()
    asked = urlencode(NOVEMBER).replace("&", "&amp;")
    text = report(manager, **NOVEMBER).content.decode()
    assert f'href="?{asked}&amp;times=elapsed"' in text
    assert 'data-label="Median, in opening hours"' in text
    response = report(manager, **NOVEMBER, times="elapsed")
    text = response.content.decode()
    assert 'data-label="Median, elapsed"' in text
    assert 'data-label="Median, in opening hours"' not in text
    for row in response.context["rows"]:
        assert row.elapsed is None or duration(row.elapsed.ninetieth) in text
    # Another period is asked for with the same times.
    assert '<input type="hidden" name="times" value="elapsed"' in text
    # The way back keeps the rest of the question.
    assert f'href="?{asked}"' in text


def test_a_row_behind_a_number_leads_to_its_ticket(manager: Client) -> None:
    story = november.tell()
    ticket = story.tickets["raised late"]
    page = behind(manager, **NOVEMBER, priority="P2", metric="resolution", figure="broken")
    text = page.content.decode()
    assert reverse("admin:tickets_ticket_change", args=[ticket.pk]) in text
    assert f"{ticket.reference} raised late" in text
    assert "7 Nov 2026, 12:00 IST" in text
    assert "1 d late" in text
    assert "5 h in opening hours" in text


def test_the_chart_holds_the_numbers_of_the_table(manager: Client) -> None:
    november.tell()
    context = report(manager, **NOVEMBER).context
    data = json.loads(context["chart"].data)
    kept, broken, running, _ = (dataset["data"] for dataset in data["datasets"])
    assert data["labels"][0] == "1 Nov"
    assert sum(kept) == sum(row.kept for row in context["rows"])
    assert sum(broken) == sum(row.broken for row in context["rows"])
    assert sum(running) == sum(row.running for row in context["rows"])
    assert json.loads(context["chart"].options)["scales"]["y"]["title"]["text"] == "Promises"


def test_sweeps_change_nothing_on_the_page(manager: Client) -> None:
    november.tell()
    before = report(manager, **NOVEMBER).context["rows"]
    sweep.fire_due_steps(at=NOW, on_firings=escalation.escalate_firings)
    assert report(manager, **NOVEMBER).context["rows"] == before


def test_an_agent_gets_403_and_a_customer_is_sent_to_log_in(client: Client, policy: Policy) -> None:
    names = ["sla_report", "sla_report_clocks", "sla_report_tickets"]
    pages = [reverse(f"admin:{name}") for name in names]
    client.force_login(factories.agent())
    assert [client.get(page).status_code for page in pages] == [403, 403, 403]
    client.force_login(factories.customer())
    for page in pages:
        response = client.get(page)
        assert response.status_code == 302
        assert response["Location"].startswith(reverse("admin:login"))


BAD_PERIODS = [
    ({"first": "2026-11-31", "last": "2026-12-01"}, "That is not a day."),
    ({"first": "yesterday", "last": "2026-12-01"}, "That is not a day."),
    ({"first": "2026-11-02", "last": "2026-11-01"}, "The period ends before it begins."),
    ({"first": "2026-11-02"}, "Say on which day the period ends."),
    ({"first": "", "last": "2026-11-02"}, "Say on which day the period begins."),
    ({"first": "0001-01-01", "last": "2026-11-02"}, "Choose a day from the year 2000 to 2100."),
    ({"first": "2026-11-02", "last": "9999-12-31"}, "Choose a day from the year 2000 to 2100."),
    ({"first": "2026-11-02\x00", "last": "2026-11-03"}, "That is not a day."),
]


def test_a_bad_period_gets_a_sentence_and_no_figures(manager: Client) -> None:
    for question, sentence in BAD_PERIODS:
        for page in (report(manager, **question), behind(manager, **question, figure="all")):
            assert page.status_code == 200
            assert sentence in page.content.decode(), question
            assert "rows" not in page.context


BAD_FIGURES = [
    {"figure": "lost"},
    {"figure": "kept", "priority": "P99"},
    {"figure": "kept", "priority": "\x00"},
    {"figure": "kept", "metric": "beauty"},
]


def test_an_unknown_figure_gets_a_sentence(manager: Client) -> None:
    for question in BAD_FIGURES:
        page = behind(manager, **NOVEMBER, **question)
        assert page.status_code == 200
        assert "sla-error" in page.content.decode(), question
        assert "rows" not in page.context


def test_an_unknown_page_is_the_nearest_one(manager: Client) -> None:
    november.tell()
    for number in ("0", "-1", "99", "x"):
        page = behind(manager, **NOVEMBER, figure="all", page=number)
        assert page.context["page"].number == 1


def test_without_a_question_it_is_about_the_last_thirty_days(manager: Client) -> None:
    asked = report(manager).context["asked"]
    assert str(asked.question.first) == "2026-10-22"
    assert str(asked.question.last) == "2026-11-20"
    assert [preset["title"] for preset in asked.presets if preset["active"]] == ["Last 30 days"]
    links = {preset["title"]: preset["link"] for preset in asked.presets}
    assert links["Last month"] == "?span=last_month"
    for title, first, last in [
        ("Last month", "2026-10-01", "2026-10-31"),
        ("This month", "2026-11-01", "2026-11-20"),
        ("Last 7 days", "2026-11-14", "2026-11-20"),
        # Thursday 20 November is in the week of Monday 16.
        ("Last week", "2026-11-09", "2026-11-15"),
    ]:
        asked = report(manager, **dict(parse_qsl(links[title][1:]))).context["asked"]
        assert (str(asked.question.first), str(asked.question.last)) == (first, last), title


def test_days_are_those_of_the_default_calendar(manager: Client, policy: Policy) -> None:
    # Thursday 20 November 12:00 in Kolkata is 20:30 of the 19th in Honolulu.
    Calendar.objects.filter(pk=policy.calendar_id).update(time_zone="Pacific/Honolulu")
    assert str(report(manager).context["asked"].question.last) == "2026-11-19"


def test_an_empty_period_says_so(manager: Client) -> None:
    text = report(manager, first="2020-01-01", last="2020-12-31").content.decode()
    assert "No promise was made in this period" in text
    assert "data-type" not in text
    assert "Nobody rated" in text
    empty = behind(manager, first="2020-01-01", last="2020-12-31", figure="broken")
    assert "There is no such promise in this period." in empty.content.decode()


def test_before_a_policy_is_loaded_the_report_is_empty(admin_client: Client) -> None:
    response = report(admin_client)
    assert response.status_code == 200
    assert "No promise was made in this period" in response.content.decode()


def many(times: int) -> None:
    """Each of the tickets so many times more, with its clocks."""
    values = [field.attname for field in Ticket._meta.concrete_fields if not field.primary_key]
    columns = [field.attname for field in Clock._meta.concrete_fields if not field.primary_key]
    clocks: list[Clock] = []
    for ticket in list(Ticket.objects.prefetch_related("clocks")):
        same = {name: getattr(ticket, name) for name in values}
        for copy in Ticket.objects.bulk_create(Ticket(**same) for _ in range(times)):
            clocks += [
                Clock(**{name: getattr(clock, name) for name in columns} | {"ticket_id": copy.pk})
                for clock in ticket.clocks.all()
            ]
    Clock.objects.bulk_create(clocks)


PAGES = [
    ("sla_report", NOVEMBER),
    ("sla_report_clocks", {**NOVEMBER, "figure": "all"}),
    ("sla_report_clocks", {**NOVEMBER, "figure": "broken", "priority": "P3", "page": "2"}),
    ("sla_clock_changelist", {}),
    ("sla_clock_changelist", {"state": "late", "q": "late"}),
]


def test_pages_need_the_same_queries_at_10_and_at_1000_tickets(manager: Client) -> None:
    def queries() -> list[int]:
        counts = []
        for name, question in PAGES:
            with CaptureQueriesContext(
                connection,
            ) as captured:
                assert manager.get(reverse(f"admin:{name}"), question).status_code == 200
            counts.append(len(captured))
        return counts

    november.tell()
    Ticket.objects.filter(subject__in=["paused", "paused late", "reopened", "of October"]).delete()
    assert Ticket.objects.count() == 10
    queries()  # Business time is kept by the process from the first question on.
    few = queries()
    many(99)
    assert Ticket.objects.count() == 1000
    assert queries() == few
