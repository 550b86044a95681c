"""The page that replays past promises on paper: what it shows, to whom, and that it saves none."""

from __future__ import annotations

import json
import re
from html import unescape
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from sla.models import Calendar, Policy
from tests import factories
from tests.admin.test_sla_report import many
from tests.sla import november
from tests.sla.november import NOW

pytestmark = pytest.mark.usefixtures("_noon")

NOVEMBER = {"first": "2026-11-01", "last": "2026-11-30"}


def supposed(code: str, metric: str, **parts: object) -> dict[str, Any]:
    number = factories.priority(code).pk
    return NOVEMBER | {f"t{number}_{metric}_{part}": value for part, value in parts.items()}


def page(client: Client, question: dict[str, Any]) -> Any:
    return client.get(reverse("admin:sla_what_if"), question)


def whole_database() -> dict[str, tuple[int, str]]:
    """How many rows each table has, and a sum of all that they say."""
    found = {}
    with connection.cursor() as cursor:
        for table in connection.introspection.table_names():
            said = "md5(string_agg(line::text, '|' ORDER BY line::text))"
            cursor.execute(f'SELECT count(*), {said} FROM "{table}" AS line')
            found[table] = cursor.fetchone()
    return found


def test_it_shows_attainment_before_and_after_and_leads_to_what_changes(manager: Client) -> None:
    november.tell()
    question = supposed("P3", "resolution", amount=6)
    page(manager, NOVEMBER)  # From her first page on she is known to be at work.
    before = whole_database()
    response = page(manager, question)
    assert whole_database() == before
    line = next(line for line in response.context["lines"] if line.title == "P3 resolution")
    assert line.attainment == ("60 %", "80 %")
    assert (line.won.words, line.lost.words, line.others.words) == ("1", "0", "0")
    text = " ".join(unescape(response.content.decode()).split())
    assert "Attainment in %" in text

    # Each number opens the promises behind it, and the list leads back to the same paper.
    for one in response.context["lines"]:
        for pair in one.pairs:
            for number, rows in ((pair.was, "rows"), (pair.would, "rows")):
                if number.link:
                    found = manager.get(number.link).context[rows]
                    assert str(len(found)) == number.words, (one.title, pair.title)
    behind = manager.get(line.won.link)
    assert whole_database() == before
    (row, was, would) = behind.context["rows"][0]
    assert (row.subject, was, would) == ("stopped late", "broken", "kept")
    assert "9 Nov 2026, 10:00 IST" in behind.content.decode()
    assert "10 Nov 2026, 10:00 IST" in behind.content.decode()
    back = manager.get(behind.context["back"])
    assert [one.attainment for one in back.context["lines"]] == [("60 %", "80 %")]


def test_what_is_behind_each_change_is_as_much_as_its_number_says(manager: Client) -> None:
    november.tell()
    others = 0
    for amount in range(1, 8):
        question = supposed("P3", "resolution", amount=amount)
        for line in page(manager, question).context["lines"]:
            for number in (line.won, line.lost, line.others):
                if number.link:
                    behind = manager.get(number.link).context
                    assert str(len(behind["rows"])) == number.words, (amount, line.title)
                    address = behind["files"]["what_if_promises"].links[-1][1]
                    assert len(json.loads(manager.get(address).getvalue())["rows"]) == len(
                        behind["rows"]
                    )
            if line.others.link:
                others += 1
                behind = manager.get(line.others.link)
                assert "but for those between kept and broken" in behind.context["title"]
                moves = {tuple(row[1:]) for row in behind.context["rows"]}
                assert not moves & {("kept", "broken"), ("broken", "kept")}
                assert "others=" not in behind.context["back"]
    assert others


def test_a_holiday_and_another_week_are_supposed_in_plain_words(manager: Client) -> None:
    november.tell()
    closed = page(manager, NOVEMBER | {"days": "2026-11-03\n2026-11-04 09:00-12:00"})
    assert "lines" in closed.context
    assert any(line.won.words != "0" for line in closed.context["lines"])
    nights = page(manager, NOVEMBER | {"monday": "09:00-12:00, 13:00-17:00"})
    assert "lines" in nights.context
    other = Calendar.objects.create(name="Other", time_zone="Europe/Berlin")
    other.opening_hours.create(weekday=0)
    other.publish(at=NOW)
    assert "lines" in page(manager, NOVEMBER | {"calendar": other.pk}).context


def test_a_blank_paper_asks_for_something_to_suppose(manager: Client) -> None:
    november.tell()
    response = page(manager, NOVEMBER)
    assert "lines" not in response.context
    assert "Nothing is changed on paper yet" in response.content.decode()


REFUSED = [
    ({"days": "tomorrow"}, "does not begin with a day"),
    ({"days": "2026-11-09 17:00-09:00"}, "2026-11-09: "),
    ({"monday": "late"}, "is no opening span"),
    ({"zone_on_paper": "Mars/Olympus"}, "is not a time zone"),
    ({"calendar": "0"}, "not one of the available choices"),
    ({"first": "2026-11-31"}, "That is not a day."),
    ({"calendar": "x\x00"}, "Null characters are not allowed."),
]


def test_nonsense_gets_a_sentence_and_no_figures(manager: Client) -> None:
    cases = [(NOVEMBER | changes, sentence) for changes, sentence in REFUSED]
    cases += [
        (supposed("P3", "resolution", unit="business_hours"), "Say how many of that unit."),
        (supposed("P3", "resolution", amount=2, goal=3), "The goal comes before the limit."),
        (supposed("P3", "resolution", amount=0), "greater than or equal to 1"),
        (supposed("P3", "resolution", amount="many"), "Enter a whole number."),
    ]
    for question, sentence in cases:
        response = page(manager, question)
        assert sentence in unescape(response.content.decode()), question
        assert "lines" not in response.context
        listed = manager.get(reverse("admin:sla_what_if_clocks"), question)
        assert sentence in unescape(listed.content.decode()), question
        assert "rows" not in listed.context


def test_an_agent_gets_403_and_a_customer_is_sent_to_log_in(client: Client, policy: Policy) -> None:
    pages = [reverse("admin:sla_what_if"), reverse("admin:sla_what_if_clocks")]
    client.force_login(factories.agent())
    assert [client.get(each).status_code for each in pages] == [403, 403]
    client.force_login(factories.customer())
    for each in pages:
        response = client.get(each)
        assert response.status_code == 302
        assert response["Location"].startswith(reverse("admin:login"))


def test_the_page_needs_the_same_queries_for_few_and_many(manager: Client) -> None:
    november.tell()
    question = supposed("P3", "resolution", amount=6)

    def queries() -> int:
        with CaptureQueriesContext(connection) as asked:
            assert page(manager, question).status_code == 200
        return len([q for q in asked if not re.match(r"(SAVE|RELEASE)", q["sql"])])

    queries()
    few = queries()
    many(10)
    assert queries() == few


def test_too_many_promises_get_a_sentence(manager: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    november.tell()
    monkeypatch.setattr("sla.reports.what_if.MOST", 1)
    text = page(manager, supposed("P3", "resolution", amount=6)).content.decode()
    assert "Choose a shorter period, or a filter." in text


def test_a_choice_that_is_empty_says_that_it_is_all_of_them(manager: Client) -> None:
    content = manager.get(reverse("admin:sla_what_if")).text
    assert 'data-placeholder="Every organization"' in content
