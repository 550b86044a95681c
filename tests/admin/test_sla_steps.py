"""The escalation steps on the page of a policy."""

from __future__ import annotations

import html
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from sla.models import Clock, EscalationStep, Firing, Policy, Recalculation
from tests import factories
from tests.admin.posted import add_row, fields_of, number_of, sentences_of
from tests.times import nov
from tickets.models import Team


@pytest.fixture
def administrator(policy: Policy, client: Client) -> Client:
    client.force_login(factories.agent(group="Administrator"))
    return client


def address(policy: Policy) -> str:
    return f"/admin/sla/policy/{policy.pk}/change/"


def add_step(posted: dict[str, Any], **values: Any) -> None:
    add_row(posted, "steps", **{"percent": "90", "priority": "", "metric": "", **values})


def first_row(posted: dict[str, Any]) -> str:
    return number_of(posted, "steps", percent=75)


# What is typed, and the field at which the sentence stands.
REFUSED: list[tuple[dict[str, Any], str, str]] = [
    ({}, "roles", "Choose whom this step tells, or what it does."),
    ({"only_in_opening_hours": "on"}, "roles", "Choose whom this step tells, or what it does."),
    ({"roles": ["the_queen"]}, "roles", "Select a valid choice."),
    ({"roles": ["team"], "hand_to": "999999"}, "hand_to", "Select a valid choice."),
    (
        {"roles": ["team"], "percent": ""},
        "percent",
        "Give the percentage of the target at which this step comes.",
    ),
    (
        {"roles": ["team"], "percent": "0"},
        "percent",
        "A step comes after at least one percent of the target.",
    ),
    (
        {"roles": ["team"], "percent": "-5"},
        "percent",
        "A step comes after at least one percent of the target.",
    ),
    (
        {"roles": ["team"], "percent": "1001"},
        "percent",
        "A step comes at 1,000 percent of the target at the latest.",
    ),
    (
        {"roles": ["team"], "percent": "99999999999999999999"},
        "percent",
        "A step comes at 1,000 percent of the target at the latest.",
    ),
    ({"roles": ["team"], "percent": "half"}, "percent", "Enter a whole number."),
]


def test_a_bad_step_is_refused_with_a_sentence_at_its_field(
    administrator: Client, policy: Policy
) -> None:
    before = list(EscalationStep.objects.order_by("pk").values())
    posted = fields_of(administrator.get(address(policy)))
    for values, _, _ in REFUSED:
        add_step(posted, **values)
    response = administrator.post(address(policy), posted)
    assert response.status_code == 200
    page = html.unescape(response.content.decode())
    refused = response.context["inline_admin_formsets"][2].formset.errors[len(before) :]
    for said, (values, field, sentence) in zip(refused, REFUSED, strict=True):
        assert list(said) == [field], values
        assert any(sentence in words for words in said[field]), values
        assert sentence in page
    assert list(EscalationStep.objects.order_by("pk").values()) == before


def test_a_step_is_listed_once(administrator: Client, policy: Policy) -> None:
    posted = fields_of(administrator.get(address(policy)))
    for _ in range(2):
        add_step(posted, roles=["team"])
    response = administrator.post(address(policy), posted)
    assert "A step is listed twice for the same targets." in sentences_of(response)
    assert policy.steps.count() == 3


@pytest.mark.parametrize(
    "values",
    [
        {"roles": ["managers", "engineering"]},
        {"percent": "1000", "roles": ["team"]},
        # An act is enough.
        {"hand_to": "Engineering"},
        {"raises_to_engineering": "on"},
        {"marks_escalated": "on"},
        {
            "priority": "P1",
            "metric": "resolution",
            "roles": ["spoc"],
            "hand_to": "Support",
            "raises_to_engineering": "on",
            "marks_escalated": "on",
            "only_in_opening_hours": "on",
            "is_active": "on",
        },
    ],
)
def test_a_step_is_saved_as_it_was_typed(
    administrator: Client, policy: Policy, values: dict[str, Any]
) -> None:
    team = Team.objects.get(name=values["hand_to"]) if "hand_to" in values else None
    priority = factories.priority(values["priority"]) if "priority" in values else None
    posted = fields_of(administrator.get(address(policy)))
    typed = values | {
        "hand_to": team.pk if team else "",
        "priority": priority.pk if priority else "",
    }
    add_step(posted, **typed)
    assert administrator.post(address(policy), posted).status_code == 302
    step = policy.steps.latest("pk")
    assert (step.hand_to, step.priority) == (team, priority)
    assert step.roles == values.get("roles", [])
    assert step.percent == int(values.get("percent", 90))
    switches = ["raises_to_engineering", "marks_escalated", "only_in_opening_hours", "is_active"]
    assert [getattr(step, name) for name in switches] == [name in values for name in switches]


def test_a_step_is_changed_where_it_stands(administrator: Client, policy: Policy) -> None:
    posted = fields_of(administrator.get(address(policy)))
    row = first_row(posted)
    posted |= {f"{row}-roles": ["team", "spoc"], f"{row}-percent": "80"}
    assert administrator.post(address(policy), posted).status_code == 302
    assert policy.steps.get(percent=80).roles == ["team", "spoc"]
    assert policy.steps.count() == 3


def test_a_changed_step_holds_for_open_clocks_too(administrator: Client, policy: Policy) -> None:
    clock = factories.ticket("P3").clocks.get(metric="first_response")
    assert clock.next_step_at == nov(2, "16:00")
    posted = fields_of(administrator.get(address(policy)))
    posted[f"{first_row(posted)}-percent"] = "50"
    assert administrator.post(address(policy), posted).status_code == 302
    asked = Recalculation.objects.get()
    assert (asked.steps_of, asked.total) == (policy, 2)


def test_the_page_offers_what_a_step_knows_and_no_way_to_edit_the_teams(
    administrator: Client, policy: Policy
) -> None:
    page = administrator.get(address(policy)).content.decode()
    steps = page[page.index('id="steps-group"') :]
    for words in (
        "Every priority",
        "Every metric",
        "No other team",
        "Managers",
        "Engineering",
        "Raises to engineering",
        "Marks as escalated",
        "Only in opening hours",
        "50 % of P1 first response",
        "75 % of every target",
    ):
        assert words in steps, words
    assert "/admin/tickets/team/" not in steps
    assert "/admin/sla/priority/" not in steps


def test_the_page_takes_as_many_queries_for_many_steps(
    administrator: Client, policy: Policy
) -> None:
    support = Team.objects.get(name="Support")
    administrator.get(address(policy))  # The first page notes that he is here.
    counted = []
    for first, last in ((101, 103), (103, 141)):
        EscalationStep.objects.bulk_create(
            EscalationStep(policy=policy, percent=percent, roles=["team"], hand_to=support)
            for percent in range(first, last)
        )
        with CaptureQueriesContext(connection) as queries:
            assert administrator.get(address(policy)).status_code == 200
        counted.append(len(queries))
    assert counted[0] == counted[1]


def fired(policy: Policy) -> EscalationStep:
    step = policy.steps.get(percent=75)
    clock: Clock = factories.ticket("P3").clocks.get(metric="resolution")
    Firing.objects.create(clock=clock, step=step, percent=step.percent, at=factories.MONDAY)
    return step


def test_a_step_that_has_fired_stays_in_the_record(administrator: Client, policy: Policy) -> None:
    step = fired(policy)
    posted = fields_of(administrator.get(address(policy)))
    row = first_row(posted)
    response = administrator.post(address(policy), posted | {f"{row}-DELETE": "on"})
    assert response.status_code == 200
    assert (
        "The step at 75 % of every target has fired, so it stays in the record. "
        "Make it inactive instead."
    ) in sentences_of(response)
    assert EscalationStep.objects.filter(pk=step.pk).exists()

    del posted[f"{row}-is_active"]
    assert administrator.post(address(policy), posted).status_code == 302
    step.refresh_from_db()
    assert not step.is_active


def test_a_step_that_has_fired_may_be_changed_and_the_record_keeps_what_it_was(
    administrator: Client, policy: Policy
) -> None:
    step = fired(policy)
    posted = fields_of(administrator.get(address(policy)))
    posted[f"{first_row(posted)}-percent"] = "60"
    assert administrator.post(address(policy), posted).status_code == 302
    assert Firing.objects.get(step=step).percent == 75


def test_a_step_that_never_fired_can_be_deleted(administrator: Client, policy: Policy) -> None:
    posted = fields_of(administrator.get(address(policy)))
    posted[f"{first_row(posted)}-DELETE"] = "on"
    assert administrator.post(address(policy), posted).status_code == 302
    assert not policy.steps.filter(percent=75).exists()
