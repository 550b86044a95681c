"""Canned replies say what is true of the ticket, and only what is on the list."""

from __future__ import annotations

import pytest
from django.core.exceptions import ValidationError
from django.test import Client

from sla.models import Policy
from tests import factories
from tickets import placeholders
from tickets.models import CannedReply, Ticket, User

BY_HTMX = {"HX-Request": "true"}


@pytest.fixture
def ada(client: Client, policy: Policy) -> User:
    """A manager, signed in: agents use canned replies, managers write them."""
    user = factories.agent(name="Ada Lovelace", group="Manager")
    client.force_login(user)
    return user


def listed(client: Client, ticket: Ticket, words: str = "") -> str:
    response = client.get(
        f"/admin/tickets/ticket/{ticket.pk}/canned/", {"q": words, "list": "1"}, headers=BY_HTMX
    )
    assert response.status_code == 200
    return response.content.decode()


# A text that is saved, or a part of the sentence that refuses it.
TEXTS = [
    ("Dear {{ requester.name }}, {{ticket.reference}} is due {{ due }}.", ""),
    ("Braces { of } other kinds, and 100 %.", ""),
    ("Dear {{ requester.password }}", "There is no placeholder “requester.password”"),
    ("{{ requester.name|upper }}", "There is no placeholder “requester.name|upper”"),
    ("{{ }}", "There is no placeholder “”"),
    ("Dear {{ requester.name", "one is missing"),
    ("Dear requester.name }}", "one is missing"),
    ("{% load static %}{{ due }}", ""),  # Words as others: no template is run.
]


@pytest.mark.parametrize(("text", "sentence"), TEXTS)
def test_only_known_placeholders_are_saved(
    client: Client, ada: User, text: str, sentence: str
) -> None:
    typed = {"title": "Hello", "text": text, "is_active": "on"}
    response = client.post("/admin/tickets/cannedreply/add/", typed)
    assert CannedReply.objects.count() == (0 if sentence else 1)
    if sentence:
        assert sentence in response.content.decode()


def test_what_is_put_in_is_not_looked_at_again(ada: User) -> None:
    ticket = factories.ticket(subject="{{ agent.name }}")
    text = "{{ ticket.subject }} {{ organization.name }}"
    said = placeholders.fill(text, ticket=ticket, by=ada, missing="[?]")
    assert said == "{{ agent.name }} [?]"
    with pytest.raises(ValidationError):
        placeholders.check("{{" * 50_000)


def test_a_canned_reply_reads_as_it_will_on_this_ticket(client: Client, ada: User) -> None:
    rosa = factories.customer(name="Rosa <b> Diaz", time_zone="Europe/Berlin")
    ticket = factories.ticket("P3", requester=rosa)
    text = "Dear {{ requester.first_name }}, {{ ticket.reference }} by {{ due }}. {{ agent.name }}"
    reply = CannedReply.objects.create(title="Promise", text=text)
    words = f"Dear Rosa, {ticket.reference} by Tue 3 Nov, 05:30 CET. Ada Lovelace"
    assert f'data-canned="{words}"' in listed(client, ticket)
    # Without JavaScript, the composer begins with it.
    page = client.get(f"/admin/tickets/ticket/{ticket.pk}/change/?canned={reply.pk}")
    assert f"{words}</textarea>" in page.content.decode()


def test_they_are_found_by_typing_and_those_of_other_teams_are_not(
    client: Client, ada: User
) -> None:
    mine, theirs, tickets_own = factories.team("A", ada), factories.team("B"), factories.team("C")
    ticket = factories.ticket()
    Ticket.objects.filter(pk=ticket.pk).update(team=tickets_own)
    for title, team in (("All", None), ("Mine", mine), ("Theirs", theirs), ("Its", tickets_own)):
        CannedReply.objects.create(title=title, text="Restart the report", team=team)
    CannedReply.objects.create(title="Old", text="Restart the report", is_active=False)
    hidden = CannedReply.objects.get(title="Theirs")

    def titles(words: str) -> list[str]:
        page = listed(client, ticket, words)
        return [title for title in ("All", "Its", "Mine", "Theirs", "Old") if f">{title}<" in page]

    assert titles("") == ["All", "Its", "Mine"]
    assert titles("REPORT mine") == ["Mine"]
    assert titles("nothing") == []
    for key in (hidden.pk, "x", "9" * 40):
        page = client.get(f"/admin/tickets/ticket/{ticket.pk}/change/?canned={key}")
        assert "Restart" not in page.content.decode()
