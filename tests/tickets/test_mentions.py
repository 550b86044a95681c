"""Who is meant by an "@name", and who is not."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from sla.models import Policy
from tests import factories
from tickets import mentions
from tickets.models import User

# What is written, and the handles in it.
TEXTS = [
    ("@ada, can you look?", ["ada"]),
    ("Ask @Ada.Lovelace.", ["ada.lovelace"]),
    ("(@ada) and @bob/@ada", ["ada"]),  # With a slash it is a path, or unclear.
    ("Write to ada@desk.example or <bob@desk.example>.", []),
    ("mailto:ada@desk.example", []),
    ("@ada@social.example is elsewhere", []),
    ("npm install @angular/core", []),
    ("`@ada` is code", []),
    ("```\n@Override\nvoid f() {}\n```\n@bob", ["bob"]),
    ("> @ada wrote this before\n@bob", ["bob"]),
    ("a@b@ada", []),
    ("@ada @ADA @ada", ["ada"]),
    ("@", []),
    ("@@ada", []),
    ("5 @ 3 EUR", []),
    ("@josé and @jürgen-k", ["josé", "jürgen-k"]),
    ("x" * 50_000 + " @ada " + "@" * 50_000, ["ada"]),
    (" ".join(f"@n{n}" for n in range(50)), [f"n{n}" for n in range(20)]),
]


@pytest.mark.parametrize(("text", "found"), TEXTS, ids=[text[:30] for text, _ in TEXTS])
def test_the_handles_of_a_text(text: str, found: list[str]) -> None:
    assert mentions.handles(text) == found


@pytest.fixture
def people(policy: Policy) -> dict[str, User]:
    return {
        "ada": factories.agent("ada@desk.example", name="Ada Lovelace"),
        "ada2": factories.agent("ada@branch.example", name="Ada Byron"),
        "bob": factories.agent("robert@desk.example", name="Bob"),
        "gone": factories.agent("carl@desk.example", name="Carl", is_active=False),
        "customer": factories.customer("dora@client.example", name="Dora"),
    }


# What is written, who is meant, and the names that mean several people, or nobody.
MEANT = [
    ("@adalovelace", ["ada"], [], []),
    ("@ada", [], ["ada"], []),
    ("@bob @robert", ["bob"], [], []),
    ("@carl @dora @nobody", [], [], ["carl", "dora", "nobody"]),
]


@pytest.mark.parametrize(("text", "meant", "several", "nobody"), MEANT)
def test_who_is_meant(
    people: dict[str, User], text: str, meant: list[str], several: list[str], nobody: list[str]
) -> None:
    with CaptureQueriesContext(connection) as queries:
        found = mentions.mentioned(text)
    assert len(queries) == 1
    assert list(found.people) == [people[name] for name in meant]
    assert (found.ambiguous, found.unknown) == (several, nobody)


def test_suggestions_are_handles_that_mean_one_person(people: dict[str, User]) -> None:
    def suggested(start: str) -> list[str]:
        return [handle for handle, _ in mentions.suggestions(start)]

    assert suggested("ad") == ["adabyron", "adalovelace"]
    assert suggested("love") == ["adalovelace"]
    assert suggested("rob") == suggested("BO") == ["robert"]
    assert suggested("c") == suggested("dora") == suggested("%") == []
    for handle, user in mentions.suggestions(""):
        assert mentions.mentioned(f"@{handle}").people == [user]
