"""Which tickets a member of staff sees, by what he has to do with them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import Permission
from django.db import connection
from django.test.utils import CaptureQueriesContext

from sla.models import Clock, Policy
from tests import factories
from tickets import lifecycle, participation
from tickets.models import Delivery, Escalation, Team, Ticket, User
from tickets.models.sight import reach_of

pytestmark = pytest.mark.usefixtures("policy")


def of_another_team(**fields: object) -> Ticket:
    """A ticket of a team that nobody in these tests belongs to."""
    ticket = factories.ticket()
    Ticket.objects.filter(pk=ticket.pk).update(team=factories.team(), **fields)
    return Ticket.objects.get(pk=ticket.pk)


def sees(user: User, ticket: Ticket) -> bool:
    """As on the next request: with an instance of its own."""
    return Ticket.objects.visible_to(User.objects.get(pk=user.pk)).filter(pk=ticket.pk).exists()


def _into_team(ticket: Ticket, agent: User) -> None:
    Team.objects.get(pk=ticket.team_id).members.add(agent)


def _as_lead(ticket: Ticket, agent: User) -> None:
    Team.objects.filter(pk=ticket.team_id).update(lead=agent)


def _assigned(ticket: Ticket, agent: User) -> None:
    Ticket.objects.filter(pk=ticket.pk).update(assignee=agent)


def _following(ticket: Ticket, agent: User) -> None:
    ticket.followers.create(user=agent, added_at=factories.MONDAY)


def _requested(ticket: Ticket, agent: User) -> None:
    Ticket.objects.filter(pk=ticket.pk).update(requester=agent)


def _in_care(ticket: Ticket, agent: User) -> None:
    company = factories.organization(spoc=agent)
    Ticket.objects.filter(pk=ticket.pk).update(organization=company)


def _without_team(ticket: Ticket, agent: User) -> None:
    Ticket.objects.filter(pk=ticket.pk).update(team=None)


def _engineering(ticket: Ticket, agent: User) -> None:
    Team.objects.create(name="Engineers", is_engineering=True).members.add(agent)
    Ticket.objects.filter(pk=ticket.pk).update(with_engineering=True)


TIES = [
    _into_team, _as_lead, _assigned, _following, _requested, _in_care, _without_team, _engineering,
]  # fmt: skip


@pytest.mark.parametrize("tie", TIES)
def test_an_agent_sees_what_he_has_to_do_with(tie: Callable[[Ticket, User], None]) -> None:
    agent, ticket, other = factories.agent(), of_another_team(), of_another_team()
    assert not sees(agent, ticket)
    tie(ticket, agent)
    assert sees(agent, ticket)
    assert not sees(agent, other)


def test_engineers_see_of_other_teams_only_what_is_with_engineering() -> None:
    agent, ticket = factories.agent(), of_another_team(with_engineering=True)
    factories.team("", agent)
    assert not sees(agent, ticket)


def test_several_ties_show_a_ticket_once() -> None:
    agent, ticket = factories.agent(), of_another_team()
    for tie in TIES:
        if tie is not _without_team:
            tie(ticket, agent)
    seen = Ticket.objects.visible_to(agent)
    assert [found.pk for found in seen.filter(team__members=agent)] == [ticket.pk]
    assert seen.count() == 1


@pytest.mark.parametrize(
    ("group", "setting", "expected"),
    [
        ("Agent", False, False),
        ("Agent", True, True),
        ("Manager", False, True),
        ("Administrator", False, True),
    ],
)
def test_managers_see_all_and_agents_where_the_setting_says_so(
    group: str, setting: bool, expected: bool, settings: Any
) -> None:
    settings.AGENTS_SEE_ALL = setting
    assert sees(factories.agent(group=group), of_another_team()) is expected


def test_staff_who_are_no_agents_see_their_own_requests_alone(settings: Any) -> None:
    settings.AGENTS_SEE_ALL = True
    newcomer = User.objects.create_user("new@desk.example", is_staff=True)
    ticket, open_to_agents = of_another_team(), factories.ticket()
    _into_team(ticket, newcomer)
    assert not sees(newcomer, ticket)
    assert not sees(newcomer, open_to_agents)
    _requested(ticket, newcomer)
    assert sees(newcomer, ticket)


def test_a_permission_shows_all_to_whoever_has_it() -> None:
    auditor = User.objects.create_user("audit@desk.example", is_staff=True)
    auditor.user_permissions.add(Permission.objects.get(codename="view_every_ticket"))
    customer = factories.customer()
    customer.user_permissions.add(Permission.objects.get(codename="view_every_ticket"))
    ticket = of_another_team()
    assert sees(auditor, ticket)
    assert not sees(customer, ticket)


def test_who_left_sees_nothing() -> None:
    boss = factories.agent(group="Manager", is_superuser=True)
    ticket = of_another_team()
    assert sees(boss, ticket)
    User.objects.filter(pk=boss.pk).update(is_active=False)
    assert not sees(boss, ticket)


def test_what_belongs_to_a_ticket_is_seen_with_it() -> None:
    agent, ticket = factories.agent(), of_another_team()
    Escalation.objects.create(
        ticket=ticket, at=factories.MONDAY, day=factories.MONDAY, raised_by=ticket.requester
    )
    rows = [
        Escalation.objects.visible_to,
        Delivery.objects.visible_to,
        Clock.objects.visible_to,
    ]
    for found in rows:
        assert not found(User.objects.get(pk=agent.pk)).exists()
    _into_team(ticket, agent)
    for found in rows:
        assert found(User.objects.get(pk=agent.pk)).exists()


def test_what_a_person_has_to_do_with_tickets_is_asked_once() -> None:
    agent = factories.agent()
    for tie in TIES:
        tie(of_another_team(), agent)
    agent = User.objects.get(pk=agent.pk)
    with CaptureQueriesContext(
        connection,
    ) as queries:
        assert Ticket.objects.visible_to(agent).count() == len(TIES)
        first = len(queries)
        assert Ticket.objects.visible_to(agent).count() == len(TIES)
        assert len(queries) - first == 1
    # The permissions of the person and of his groups, his ties, and the count.
    assert first == 4
    reach = reach_of(agent)
    assert (len(reach.teams), len(reach.organizations), len(reach.followed)) == (3, 1, 1)


def test_handing_over_is_allowed_to_a_team_that_one_does_not_see(policy: Policy) -> None:
    agent, ticket = factories.agent(), factories.ticket()
    lifecycle.assign(ticket=ticket, by=agent, at=factories.MONDAY, team=factories.team())
    assert not sees(agent, ticket)
    participation.void_links(ticket=ticket, by=agent, at=factories.MONDAY)
