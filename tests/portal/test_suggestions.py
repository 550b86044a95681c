"""Similar open tickets: who sees which, and how much work they may make."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from sla.models import Policy
from tests import factories
from tests.portal.filling import NEW, filled_in
from tickets import lifecycle
from tickets.models import RequestType, Ticket, User
from tickets.portal.suggestions import MOST_WORDS, similar, words_of

LATER = factories.MONDAY.replace(hour=5)


@pytest.fixture
def maria(policy: Policy) -> User:
    return factories.customer("maria@client.example")


def subjects(viewer: User | None, subject: str) -> list[str]:
    return [found.subject for found in similar(viewer, subject)]


@pytest.mark.parametrize(
    ("subject", "words"),
    [
        ("Login fails", ["login", "fails"]),
        ("An e-mail is in it", ["mail"]),  # Shorter ones say nothing.
        ("Login, LOGIN & login!", ["login"]),
        ("Österreich: Übersicht kaputt", ["österreich", "übersicht", "kaputt"]),
        ("रिपोर्ट 2026", ["2026"]),  # Signs of vowels are no letters to a pattern.
        ("a:* | !(b) <-> 'c", []),
        ("before\0after", ["before", "after"]),
        ("", []),
        (
            " ".join(f"word{number}" for number in range(50)),
            [f"word{n}" for n in range(MOST_WORDS)],
        ),
    ],
)
def test_a_subject_is_looked_at_word_by_word(subject: str, words: list[str]) -> None:
    assert words_of(subject) == words


def test_the_most_similar_comes_first_and_there_are_three_at_most(maria: User) -> None:
    for subject in (
        "Printer on fire",
        "Login fails",
        "Login page fails since Monday",
        "Monday is slow",
        "Login",
    ):
        factories.ticket(requester=maria, subject=subject)
    found = subjects(maria, "login page fails on monday")
    assert found[0] == "Login page fails since Monday"
    assert len(found) == 3
    assert "Printer on fire" not in found


def others(policy: Policy) -> User:
    return factories.customer(organization=factories.organization())


def colleague_who_shares(policy: Policy) -> User:
    return factories.customer(organization=factories.organization(shares_tickets=True))


def colleague_of(requester: User) -> User:
    return factories.customer(organization=requester.organization)


@pytest.mark.parametrize(
    ("viewer_of", "shares", "sees"),
    [
        (lambda requester: requester, False, True),
        (colleague_of, True, True),
        # The organization does not share.
        (colleague_of, False, False),
        # Somebody of another company, which shares its own.
        (colleague_who_shares, True, False),
        (lambda requester: None, True, False),
        # Staff search at the desk.
        (lambda requester: factories.agent(), True, False),
    ],
)
def test_only_what_the_customer_may_see_is_suggested(
    policy: Policy, viewer_of: Callable[[User], User | None], shares: bool, sees: bool
) -> None:
    organization = factories.organization(shares_tickets=shares)
    requester = factories.customer(organization=organization)
    factories.ticket(requester=requester, subject="Login fails")
    assert subjects(viewer_of(requester), "login") == (["Login fails"] if sees else [])


def test_what_is_solved_is_not_suggested(maria: User) -> None:
    ticket = factories.ticket(requester=maria, subject="Login fails")
    lifecycle.resolve(ticket=ticket, by=factories.agent(), text="Done.", at=LATER)
    assert subjects(maria, "login fails") == []


@pytest.mark.parametrize("subject", ["", "a b", "!!", "an it"])
def test_without_words_nothing_is_asked(
    maria: User, subject: str, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    with django_assert_num_queries(0):
        assert similar(maria, subject) == []


def test_the_work_is_the_same_with_many_tickets(
    maria: User, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    row = {"requester": maria, "priority": factories.priority("P3"), "subject": "Login fails"}
    times = {"submitted_at": factories.MONDAY, "updated_at": factories.MONDAY}
    for count in (2, 998):
        Ticket.objects.bulk_create(Ticket(**row, **times) for _ in range(count))
        reader = User.objects.get(pk=maria.pk)  # As each request has it.
        # What he follows, and the tickets.
        with django_assert_num_queries(2):
            similar(reader, "login fails")


def test_htmx_gets_the_suggestions_alone(client: Client, maria: User) -> None:
    ticket = factories.ticket(requester=maria, subject="Login <b>fails</b>")
    client.force_login(maria)
    headers = {"HX-Request": "true", "HX-Target": "suggestions"}
    response = client.get(NEW, {"subject": "The login"}, headers=headers)
    text = response.content.decode()
    assert f'href="/tickets/{ticket.reference}/"' in text
    assert "Login &lt;b&gt;fails" in text
    assert "Received" in text
    assert "<form" not in text
    assert {"HX-Request", "HX-Target"} <= set(response.headers["Vary"].split(", "))
    assert "href" not in client.get(NEW, {"subject": "else"}, headers=headers).content.decode()


def test_who_is_not_signed_in_gets_none(client: Client, kind: RequestType) -> None:
    maria = factories.customer("maria@client.example")
    factories.ticket(requester=maria, subject="Login fails")
    headers = {"HX-Request": "true", "HX-Target": "suggestions"}
    assert "Login" not in client.get(NEW, {"subject": "Login"}, headers=headers).content.decode()
    page = client.post(NEW, filled_in(kind, subject="Login", preview="1")).content.decode()
    assert "Login fails" not in page
    assert not re.search(r'hx-target="#suggestions"', page)


def test_without_javascript_the_preview_shows_them(client: Client, maria: User) -> None:
    kind = RequestType.objects.get(name="Report shows incorrect data")
    factories.ticket(requester=maria, subject="Login fails")
    client.force_login(maria)
    data = filled_in(kind, subject="No login", preview="1")
    text = client.post(NEW, data).content.decode()
    assert "Login fails" in text
    assert "Since Monday each order is there twice." in text
