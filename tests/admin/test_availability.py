"""Who is at work: the page of teams, the switch, and who may press it for whom."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from sla.models import Policy
from tests import factories
from tickets import lifecycle
from tickets.models import Availability, Team, User

PAGE = "/admin/tickets/availability/"


@pytest.fixture
def ada(client: Client, policy: Policy) -> User:
    user = factories.agent(name="Ada Lovelace", time_zone="Asia/Kolkata")
    client.force_login(user)
    return user


def switch(client: Client, user: User, state: str, until: str = "") -> int:
    posted = {"state": state, "until": until}
    return client.post(f"{PAGE}{user.pk}/change/", posted).status_code


def state(user: User) -> tuple[bool, bool]:
    row = Availability.objects.get(user=user)
    return row.is_away, row.hands_back


def test_an_agent_goes_away_and_comes_back(client: Client, ada: User) -> None:
    day = timezone.localdate() + timedelta(days=2)
    assert switch(client, ada, "hands_back", f"{day:%Y-%m-%d}T09:30") == 302
    assert state(ada) == (True, True)
    until = Availability.objects.get(user=ada).until
    assert until is not None
    assert f"{until:%H:%M}" == "04:00"  # Half past nine in Kolkata.
    assert "You are away until" in client.get("/admin/").content.decode()
    assert "hands tickets back" in client.get(PAGE).content.decode()
    assert switch(client, ada, "here") == 302
    assert state(ada) == (False, False)
    assert "You are away until" not in client.get("/admin/").content.decode()


@pytest.mark.parametrize(
    ("until", "sentence"),
    [
        ("2020-01-01T09:00", "Choose a time that is still to come."),
        ("tomorrow", "Choose a day and a time."),
    ],
)
def test_a_time_that_makes_no_sense_is_refused(
    client: Client, ada: User, until: str, sentence: str
) -> None:
    answer = client.post(f"{PAGE}{ada.pk}/change/", {"state": "keeps", "until": until})
    assert sentence in answer.content.decode()
    assert not Availability.objects.filter(is_away=True).exists()


def test_others_are_set_by_their_lead_and_by_managers_alone(client: Client, ada: User) -> None:
    colleague, stranger = factories.agent(), factories.agent()
    factories.team("Crew", colleague, lead=ada)
    for user, status in ((colleague, 302), (stranger, 403), (factories.customer(), 404)):
        assert switch(client, user, "keeps") == status
    assert client.get(f"{PAGE}{stranger.pk}/change/").status_code == 403
    assert client.get(f"{PAGE}x/change/").status_code == 404
    page = client.get(PAGE).content.decode()
    assert f"{PAGE}{colleague.pk}/change/" in page
    assert f"{PAGE}{stranger.pk}/change/" not in page
    assert "set by somebody else" in page
    client.force_login(factories.agent(group="Manager"))
    assert switch(client, stranger, "keeps") == 302


def test_the_page_says_who_is_there_and_how_much_each_has(client: Client, ada: User) -> None:
    User.objects.filter(pk=ada.pk).update(capacity=1)
    crew = factories.team("Crew", ada, factories.agent(name="Bob"))
    Team.objects.filter(pk=crew.pk).update(assignment=Team.Assignment.ROUND_ROBIN)
    lifecycle.assign(
        ticket=factories.ticket(at=timezone.now()), by=ada, assignee=ada, at=timezone.now()
    )
    client.get("/admin/")
    page = client.get(PAGE).content.decode()
    assert "Round robin" in page
    assert "1 of 1 at hand" in page
    assert ">Full<" in page
    assert ">Here<" in page
    assert ">Not seen lately<" in page


def test_the_desk_sees_who_goes_to_a_page_and_not_what_a_page_asks_for(
    client: Client, ada: User
) -> None:
    for headers in ({"HX-Request": "true"}, {"Sec-Fetch-Mode": "cors"}):
        client.get("/admin/", headers=headers)
        assert not Availability.objects.filter(user=ada).exists()
    client.get("/admin/", headers={"Sec-Fetch-Mode": "navigate"})
    assert Availability.objects.get(user=ada).was_seen(timezone.now())
    Availability.objects.update(seen_at=None)
    client.get("/admin/")  # Written down once a minute at most.
    assert Availability.objects.get(user=ada).seen_at is None


def test_the_page_takes_as_many_queries_for_many_members_as_for_one(
    client: Client, ada: User
) -> None:
    costs = []
    for number in (1, 9):
        factories.team("", *[factories.agent() for _ in range(number)], lead=ada)
        client.get(PAGE)
        with CaptureQueriesContext(connection) as queries:
            client.get(PAGE)
        costs.append(len(queries))
    assert costs[0] == costs[1]
    assert costs[0] <= 12
