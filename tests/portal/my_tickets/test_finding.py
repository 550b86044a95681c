"""My tickets: how they are narrowed down, searched and sorted."""

import re

import pytest

from tests import factories
from tests.portal.my_tickets.listed import HOUR, NOW, opened, page, subjects
from tickets import correspondence, lifecycle
from tickets.acts import Mail
from tickets.models import User
from tickets.portal import mine


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        ({}, {"new", "waiting"}),
        ({"state": "open"}, {"new", "waiting"}),
        ({"state": "waiting"}, {"waiting"}),
        ({"state": "solved"}, {"solved", "closed"}),
        ({"state": "all"}, {"new", "waiting", "solved", "closed"}),
        ({"state": "lost"}, {"new", "waiting"}),
        # A search looks at all, unless a state was chosen.
        ({"q": "ed"}, {"solved", "closed"}),
        ({"q": "ed", "state": "open"}, set()),
    ],
)
def test_the_state_narrows_the_list_down(
    of_all_states: User, asked: dict[str, str], expected: set[str]
) -> None:
    assert set(subjects(of_all_states, **asked)) == expected


def test_the_status_is_in_plain_words(of_all_states: User) -> None:
    text = page(of_all_states, state="all")
    for words in ("Received", "Waiting for you", "Solved", "Closed"):
        assert f'<td data-label="Status">{words}</td>' in text


@pytest.mark.parametrize("form", ["HD-{}", "hd-{}", " HD-{} ", "{}"])
def test_a_reference_finds_its_ticket(maria: User, form: str) -> None:
    opened(maria, "another")
    wanted = opened(maria, "wanted")
    assert subjects(maria, q=form.format(wanted.pk)) == ["wanted"]


def test_a_reference_is_exact(maria: User) -> None:
    row = opened(maria)
    assert subjects(maria, q=f"HD-{row.pk}0") == []
    assert subjects(maria, q="HD-999999999999999999") == []
    assert subjects(maria, q="HD-" + "9" * 30) == []


@pytest.mark.parametrize(
    ("search", "is_found"),
    [
        ("printer", True),
        ("PRINTER jams", True),
        ("jams printer", True),
        ("rint", True),
        # Of a message, the customer's or ours.
        ("third floor", True),
        ("technician", True),
        # All words have to be there.
        ("printer scanner", False),
        # Wildcards of SQL are letters like others.
        ("100%", True),
        ("1%0", False),
        ("a_b", True),
        ("a_c", False),
        ("%", True),
        ("_", True),
        ("O'Neill", True),
        ("back\\slash", True),
        ("'; DROP TABLE tickets_ticket; --", False),
        # No database keeps NUL, so it separates words.
        ("third\0printer", False),
        ("printer\0jams", True),
        ("\0", True),
    ],
)
def test_words_are_looked_for_in_subjects_and_messages(
    maria: User, search: str, is_found: bool
) -> None:
    row = opened(maria, "The printer jams", text="Third floor. 100% a_b O'Neill back\\slash")
    answer = "We send a technician."
    lifecycle.reply(ticket=row, by=factories.agent(), text=answer, at=NOW + HOUR)
    found = subjects(maria, q=search, state="open")
    assert (found == ["The printer jams"]) is is_found


def test_what_customers_may_not_read_is_not_searched(maria: User) -> None:
    row = opened(maria)
    lifecycle.add_note(ticket=row, by=factories.agent(), text="secretnote", at=NOW + HOUR)
    for is_automatic in (True, False):
        correspondence.keep_aside(
            ticket=row,
            by=factories.customer(),
            text="secretmail",
            at=NOW + HOUR,
            mail=Mail(whole_text="secretmail"),
            is_automatic=is_automatic,
        )
    assert subjects(maria, q="secretnote") == []
    assert subjects(maria, q="secretmail") == []


def test_messages_of_the_tickets_that_changed_last_are_searched(
    maria: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mine, "SEARCHED_TICKETS", 1)
    opened(maria, "older apple", text="banana")
    opened(maria, "newer apple", text="banana", at=NOW + HOUR)
    assert subjects(maria, q="banana") == ["newer apple"]
    assert subjects(maria, q="apple") == ["newer apple", "older apple"], "subjects are all searched"


@pytest.mark.parametrize("search", ["x" * 50_000, "word " * 10_000, "%" * 5_000, "9" * 5_000])
def test_a_very_long_search_is_cut_and_finds_nothing(maria: User, search: str) -> None:
    opened(maria)
    text = page(maria, q=search)
    shown = re.search(r'name="q" value="([^"]*)"', text)
    assert shown is not None
    assert 0 < len(shown[1]) <= mine.LONGEST_SEARCH
    assert "Nothing was found for" in text


@pytest.mark.parametrize(
    ("sort", "expected"),
    [
        ("", ["first", "third", "second"]),
        ("newest", ["first", "third", "second"]),
        ("oldest", ["first", "second", "third"]),
        # P1 is due before P3, and P4 last.
        ("promise", ["second", "third", "first"]),
        ("; DROP TABLE", ["first", "third", "second"]),
    ],
)
def test_the_list_is_sorted(maria: User, sort: str, expected: list[str]) -> None:
    first = opened(maria, "first", code="P4")
    opened(maria, "second", code="P1", at=NOW + HOUR)
    opened(maria, "third", code="P3", at=NOW + 2 * HOUR)
    lifecycle.reply(ticket=first, by=maria, text="Well?", at=NOW + 3 * HOUR)
    assert subjects(maria, sort=sort) == expected
