"""My tickets: pages, empty lists, and the parts that htmx asks for."""

import re
from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from tests.portal.my_tickets.listed import NOW, PAGE, opened, page, signed_in, subjects
from tickets.models import User


def fill(person: User, count: int) -> None:
    for number in range(count):
        opened(person, f"number {number}", at=NOW + timedelta(minutes=number))


def test_a_page_has_25_tickets_and_the_next_keeps_what_was_chosen(
    maria: User,
) -> None:
    fill(maria, 27)
    asked = {"whose": "mine", "state": "all", "q": "number", "sort": "oldest"}
    text = page(maria, **asked)
    assert len(re.findall('<th scope="row">', text)) == 25
    assert "Tickets 1 to 25, and there are more." in text
    assert "Previous page" not in text
    link = "/tickets/?whose=mine&amp;state=all&amp;q=number&amp;sort=oldest&amp;page=2"
    assert f'href="{link}"' in text
    assert subjects(maria, **asked, page="2") == ["number 25", "number 26"]
    second = page(maria, **asked, page="2")
    assert "Tickets 26 to 27." in second
    assert f'href="{link.removesuffix("&amp;page=2")}"' in second
    assert "Next page" not in second


@pytest.mark.parametrize("number", ["0", "-1", "x", "", "1.5", "²", "99999999999999999999"])
def test_a_page_that_is_no_number_is_the_first(maria: User, number: str) -> None:
    opened(maria, "here")
    assert subjects(maria, page=number) == ["here"]


@pytest.mark.parametrize("number", ["2", "400", "401", "999999999"])
def test_a_page_behind_the_last_one_leads_back(maria: User, number: str) -> None:
    opened(maria)
    text = page(maria, page=number)
    assert "There are no more tickets." in text
    assert "Previous page" in text


@pytest.mark.parametrize(
    ("asked", "sentence", "way"),
    [
        ({}, "You have no open tickets.", "/tickets/new/"),
        ({"state": "waiting"}, "No ticket waits for an answer of yours.", "whose=all"),
        ({"state": "all", "whose": "all"}, "You have no tickets yet.", "/tickets/new/"),
        ({"whose": "others"}, "Your colleagues have no open tickets.", "whose=all"),
        ({"q": "dog"}, "Nothing was found for “dog”.", "/tickets/new/"),
        ({"q": "dog", "state": "solved"}, "Nothing was found for “dog”.", "q=dog"),
    ],
)
def test_an_empty_list_says_so_and_leads_on(
    maria: User, asked: dict[str, str], sentence: str, way: str
) -> None:
    text = page(maria, **asked)
    after = text[text.index(sentence) :]
    assert way in after
    assert "<table" not in text
    assert 'role="status">No tickets found.</p>' in text


def test_htmx_gets_the_list_alone_and_history_gets_the_page(maria: User) -> None:
    opened(maria)
    client = signed_in(maria)
    part = client.get(PAGE, headers={"HX-Request": "true"}).content.decode()
    assert "<html" not in part
    assert "<table" in part
    assert 'hx-swap-oob="innerHTML:#found">1 ticket.</p>' in part
    restored = {"HX-Request": "true", "HX-History-Restore-Request": "true"}
    whole = client.get(PAGE, headers=restored).content.decode()
    assert "<html" in whole
    assert "hx-swap-oob" not in whole


def test_after_turning_the_page_the_keyboard_goes_on_at_the_new_rows(maria: User) -> None:
    opened(maria)
    client = signed_in(maria)
    for trigger, moves in (("next", True), ("previous", True), ("search", False)):
        headers = {"HX-Request": "true", "HX-Trigger": trigger}
        assert (b" autofocus" in client.get(PAGE, headers=headers).content) is moves


def test_the_choice_is_said_to_those_who_do_not_see_it(maria: User) -> None:
    text = page(maria, state="solved")
    chosen = re.findall(r'<a id="([^"]*)"[^>]*aria-current="true"', text)
    assert chosen == ["whose-mine", "state-solved"]


@pytest.mark.parametrize(
    "asked", [{}, {"whose": "all", "q": "number"}, {"state": "all", "sort": "promise"}]
)
def test_the_page_asks_the_database_equally_often_for_many_rows(
    maria: User, paul: User, asked: dict[str, str]
) -> None:
    client = signed_in(maria)
    counts = []
    for more in (1, 9):
        fill(maria, more)
        fill(paul, more)
        with CaptureQueriesContext(
            connection,
        ) as queries:
            assert client.get(PAGE, asked).status_code == 200
        counts.append(len(queries))
    assert counts[0] == counts[1]
    assert counts[0] <= 12
