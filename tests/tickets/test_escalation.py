"""Whom an escalation step tells, what they read, and that each hears it once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest
from django.core.management import call_command

from sla.models import EscalationStep, Metric, Policy, Role
from tests import factories
from tests.times import nov
from tickets import escalation, lifecycle, links
from tickets.models import Delivery, Escalation, Event, Organization, Team, Ticket, User

ADDRESS = "escalations@desk.example"
STEP = (
    "percent", "priority__code", "metric", "roles", "hand_to", "raises_to_engineering",
    "marks_escalated", "only_in_opening_hours", "is_active",
)  # fmt: skip


@dataclass
class Desk:
    """A ticket with everybody around it."""

    ticket: Ticket
    team: Team
    organization: Organization
    assignee: User
    colleague: User
    lead: User
    spoc: User


@pytest.fixture
def desk(policy: Policy, settings: Any) -> Desk:
    settings.ESCALATION_ADDRESS = ADDRESS
    assignee = factories.agent("assignee@desk.example", name="Meera")
    colleague = factories.agent("colleague@desk.example")
    gone = factories.agent("gone@desk.example", is_active=False)
    lead, spoc = factories.agent("lead@desk.example"), factories.agent("spoc@desk.example")
    team = factories.team("First line", assignee, colleague, gone, lead=lead)
    for is_active in (True, False):
        name = f"manager{'' if is_active else '-gone'}@desk.example"
        factories.agent(name, group="Manager", is_active=is_active)
    engineers = factories.team(
        "Engineers", factories.agent("engineer@desk.example"), gone, colleague
    )
    Team.objects.filter(pk=engineers.pk).update(is_engineering=True)
    organization = factories.organization("Acme", spoc=spoc)
    asha = factories.customer("asha@client.example", organization=organization)
    ticket = factories.ticket("P3", requester=asha)
    lifecycle.assign(ticket=ticket, by=assignee, assignee=assignee, team=team, at=nov(2, "10:00"))
    Delivery.objects.all().delete()
    ticket = Ticket.objects.get(pk=ticket.pk)
    return Desk(ticket, team, organization, assignee, colleague, lead, spoc)


def tell(policy: Policy, *roles: Role) -> list[str]:
    """The local parts of those that one step with these roles reaches."""
    policy.steps.all().delete()
    EscalationStep.objects.create(
        policy=policy, percent=75, metric=Metric.FIRST_RESPONSE, roles=list(roles)
    )
    # The clock knew other steps when it started: it is due for them, and finds this one.
    assert escalation.fire_due_steps(at=nov(2, "16:00")) == 1
    return sorted(
        address.partition("@")[0]
        for address in Delivery.objects.values_list("recipient", flat=True)
    )


@pytest.mark.parametrize(
    ("roles", "told"),
    [
        ([Role.ASSIGNEE], ["assignee"]),
        ([Role.TEAM], ["assignee", "colleague"]),  # Not who has left.
        ([Role.TEAM_LEAD], ["lead"]),
        ([Role.SPOC], ["spoc"]),
        ([Role.ESCALATION_ADDRESS], ["escalations"]),
        ([Role.MANAGERS], ["manager"]),  # Everybody in that group, whatever his team.
        ([Role.ENGINEERING], ["colleague", "engineer"]),
        # Who has two roles hears it once.
        ([Role.ASSIGNEE, Role.TEAM], ["assignee", "colleague"]),
        (
            list(Role),
            ["assignee", "colleague", "engineer", "escalations", "lead", "manager", "spoc"],
        ),
    ],
)
def test_a_step_tells_those_who_have_its_roles(
    policy: Policy, desk: Desk, roles: list[Role], told: list[str]
) -> None:
    assert tell(policy, *roles) == told


def test_nobody_assigned_means_the_team(policy: Policy, desk: Desk) -> None:
    Ticket.objects.update(assignee=None)
    assert tell(policy, Role.ASSIGNEE) == ["assignee", "colleague"]


def test_an_assignee_who_has_left_means_the_team(policy: Policy, desk: Desk) -> None:
    User.objects.filter(pk=desk.assignee.pk).update(is_active=False)
    assert tell(policy, Role.ASSIGNEE) == ["colleague"]


def test_a_lead_and_a_spoc_who_have_left_hear_nothing(policy: Policy, desk: Desk) -> None:
    User.objects.filter(pk__in=[desk.lead.pk, desk.spoc.pk]).update(is_active=False)
    assert tell(policy, Role.TEAM_LEAD, Role.SPOC, Role.ASSIGNEE) == ["assignee"]


def test_a_role_that_nobody_fills_adds_nobody(policy: Policy, desk: Desk) -> None:
    Ticket.objects.update(team=None, organization=None)
    assert tell(policy, Role.TEAM, Role.TEAM_LEAD, Role.SPOC, Role.ASSIGNEE) == ["assignee"]


def test_a_step_whose_roles_nobody_fills_reaches_the_escalation_address(
    policy: Policy, desk: Desk
) -> None:
    Ticket.objects.update(team=None, assignee=None)
    Team.objects.update(is_engineering=False)
    assert tell(policy, Role.ASSIGNEE, Role.TEAM_LEAD, Role.ENGINEERING) == ["escalations"]


def test_somebody_at_the_escalation_address_hears_it_once(
    policy: Policy, desk: Desk, settings: Any
) -> None:
    settings.ESCALATION_ADDRESS = desk.lead.email.title()
    assert tell(policy, Role.ESCALATION_ADDRESS, Role.TEAM_LEAD) == ["lead"]
    assert Delivery.objects.get().user == desk.lead
    assert Escalation.objects.get().told == str(desk.lead)


def test_the_mail_says_what_is_at_risk_and_leads_to_the_desk(desk: Desk) -> None:
    escalation.fire_due_steps(at=nov(2, "16:00"))
    mail = Delivery.objects.get()
    assert mail.recipient == "assignee@desk.example"
    assert mail.occasion == "escalation"
    assert mail.subject == (
        f"[{desk.ticket.reference}] At risk: P3 First response, due Tue 3 Nov, 10:00 IST"
    )
    for words in (mail.text, mail.html):
        assert links.desk_url_for(desk.ticket) in words
        assert "at risk" in words
        assert "75 %" in words
        assert "Acme" in words


def test_the_mail_says_what_is_broken(desk: Desk) -> None:
    escalation.fire_due_steps(at=nov(3, "10:00"))
    broken = Delivery.objects.filter(subject__contains="Broken: P3 First response")
    assert sorted(broken.values_list("recipient", flat=True)) == [
        "assignee@desk.example",
        ADDRESS,
        "lead@desk.example",
        "spoc@desk.example",
    ]
    assert all("is broken" in mail.text for mail in broken)


def test_a_step_that_comes_late_says_that_the_promise_is_broken_by_now(desk: Desk) -> None:
    escalation.fire_due_steps(at=nov(3, "12:00"))  # The sweep was away: 75 % and 100 % at once.
    subjects = set(Delivery.objects.values_list("subject", flat=True))
    assert all("Broken" in subject for subject in subjects)


def test_each_firing_is_an_event_that_names_who_was_told(desk: Desk) -> None:
    escalation.fire_due_steps(at=nov(2, "16:00"))
    event = Event.objects.get(kind=Event.Kind.ESCALATED)
    assert (event.ticket, event.at, event.by) == (desk.ticket, nov(2, "16:00"), None)
    assert event.detail == "P3 First response: 75 % of the target is used. Told: Meera."


def test_each_firing_is_an_escalation_that_waits_for_somebody(desk: Desk) -> None:
    escalation.fire_due_steps(at=nov(2, "16:00"))
    found = Escalation.objects.get()
    assert (found.ticket, found.at, found.told) == (desk.ticket, nov(2, "16:00"), "Meera")
    assert (found.raised_by, found.day, found.reason) == (None, None, "")
    assert found.firing is not None
    assert found.firing.percent == 75
    assert list(Escalation.objects.open()) == [found]


def test_the_whole_way_of_an_unanswered_ticket(desk: Desk) -> None:
    for day in range(2, 20):
        for hour in range(0, 24, 2):
            escalation.fire_due_steps(at=nov(day, f"{hour:02}:00"))
            escalation.fire_due_steps(at=nov(day, f"{hour:02}:00"))
    events = Event.objects.filter(kind=Event.Kind.ESCALATED).order_by("at")
    assert [event.at for event in events] == [
        nov(2, "16:00"),  # 75 % and 100 % of the first response ...
        nov(3, "10:00"),
        nov(5, "16:00"),  # ... and of the resolution.
        nov(9, "10:00"),
    ]
    assert Delivery.objects.count() == 1 + 4 + 1 + 4
    assert len(set(Delivery.objects.values_list("key", flat=True))) == 10


def test_an_escalation_changes_nothing_about_the_ticket_but_its_mark(desk: Desk) -> None:
    before = Ticket.objects.filter(pk=desk.ticket.pk).values().get()
    escalation.fire_due_steps(at=nov(2, "16:00"))
    assert Ticket.objects.filter(pk=desk.ticket.pk).values().get() == before
    escalation.fire_due_steps(at=nov(20, "10:00"))
    marked = before | {"escalated_at": nov(20, "10:00")}
    assert Ticket.objects.filter(pk=desk.ticket.pk).values().get() == marked
    # So that a person who worked meanwhile is not told that the ticket has changed.
    lifecycle.reply(ticket=desk.ticket, by=desk.assignee, text="Hello.", at=nov(3, "12:00"))


def test_overwriting_brings_the_published_steps_back(policy: Policy) -> None:
    published = list(policy.steps.order_by("percent").values(*STEP))
    assert [row["percent"] for row in published if row["marks_escalated"]] == [100]
    Team.objects.create(name="Third line")
    policy.steps.update(
        roles=[],
        hand_to=Team.objects.get(name="Third line"),
        raises_to_engineering=True,
        marks_escalated=True,
        only_in_opening_hours=True,
        is_active=False,
    )
    call_command("load_policy", "--overwrite", country="", verbosity=0)
    assert list(policy.steps.order_by("percent").values(*STEP)) == published
