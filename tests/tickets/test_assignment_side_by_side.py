"""Two workers hand out at once: nobody gets too much, everybody his share, no ticket two agents."""

from __future__ import annotations

from datetime import timedelta

import pytest

from sla.models import Policy
from tests import factories
from tests.factories import MONDAY
from tests.together import at_once, one_behind_the_other
from tickets import assignment, lifecycle
from tickets.models import Availability, Event, Team, Ticket, User

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("policy")]


@pytest.fixture
def agents(policy: Policy) -> list[User]:
    made = [factories.agent() for _ in range(3)]
    Availability.objects.bulk_create(Availability(user=user, seen_at=MONDAY) for user in made)
    return made


def pool(rule: str, agents: list[User], number: int) -> Team:
    team = factories.team("", *agents)
    team.assignment = rule
    team.save()
    Ticket.objects.filter(pk__in=[factories.ticket().pk for _ in range(number)]).update(team=team)
    return team


def shares(agents: list[User]) -> list[int]:
    return [Ticket.objects.filter(assignee=user).count() for user in agents]


@pytest.mark.parametrize("rule", [Team.Assignment.ROUND_ROBIN, Team.Assignment.LEAST_LOADED])
def test_two_workers_share_out_fairly(agents: list[User], rule: str) -> None:
    pool(rule, agents, 10)
    assert at_once(*[lambda: assignment.go_on(at=MONDAY)] * 2)
    assert sorted(shares(agents)) == [3, 3, 4]
    assert Event.objects.filter(kind=Event.Kind.ASSIGNED).count() == 10


def test_an_agent_of_two_teams_is_filled_once(agents: list[User]) -> None:
    User.objects.filter(pk=agents[0].pk).update(capacity=3)
    for _ in range(2):
        pool(Team.Assignment.ROUND_ROBIN, agents[:1], 4)
    at_once(*[lambda: assignment.go_on(at=MONDAY)] * 3)
    assert shares(agents) == [3, 0, 0]


def test_who_leaves_while_tickets_are_handed_out_gets_none_behind_that(agents: list[User]) -> None:
    pool(Team.Assignment.ROUND_ROBIN, agents[:1], 2)
    user = agents[0]
    handed = one_behind_the_other(
        lambda: assignment.go_away(user=user, by=user, at=MONDAY),
        lambda: assignment.go_on(at=MONDAY + timedelta(seconds=1)),
    )
    assert handed == 0
    assert shares(agents) == [0, 0, 0]


def test_a_ticket_in_somebodys_hands_is_left_alone(agents: list[User]) -> None:
    team = pool(Team.Assignment.ROUND_ROBIN, agents[:1], 2)
    held = Ticket.objects.filter(team=team).order_by("pk").first()
    assert held is not None
    handed = one_behind_the_other(
        lambda: lifecycle.add_note(ticket=held, by=agents[1], text="Mine.", at=MONDAY),
        lambda: assignment.go_on(at=MONDAY),
    )
    assert handed == 1  # Without a moment's waiting.
