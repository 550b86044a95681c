"""Policies and priorities in the admin."""

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from sla.models import Clock, Policy, Priority, Target
from tests import factories
from tests.admin.posted import add_row, fields_of, number_of, sentences_of


@pytest.fixture
def administrator(policy: Policy, client: Client) -> Client:
    client.force_login(factories.agent(group="Administrator"))
    return client


def address(row: Policy | Priority, page: str = "change") -> str:
    return reverse(f"admin:sla_{row._meta.model_name}_{page}", args=[row.pk])


def rows(policy: Policy) -> list[Any]:
    return [
        list(Target.objects.filter(policy=policy).order_by("pk").values()),
        list(policy.pause_rules.order_by("pk").values()),
        list(policy.steps.order_by("pk").values()),
        Policy.objects.get(pk=policy.pk).name,
    ]


def p1(posted: dict[str, Any]) -> str:
    """The row of P1's first response: 2 hours."""
    return number_of(posted, "targets", amount=2, unit="hours", metric="first_response")


def zero(posted: dict[str, Any]) -> None:
    posted[f"{p1(posted)}-amount"] = "0"


def negative(posted: dict[str, Any]) -> None:
    posted[f"{p1(posted)}-amount"] = "-5"


def endless(posted: dict[str, Any]) -> None:
    posted[f"{p1(posted)}-amount"] = "10000"


def overflowing(posted: dict[str, Any]) -> None:
    posted[f"{p1(posted)}-amount"] = "99999999999999999999"


def no_number(posted: dict[str, Any]) -> None:
    posted[f"{p1(posted)}-amount"] = "two"


def goal_after_limit(posted: dict[str, Any]) -> None:
    posted[f"{p1(posted)}-goal_amount"] = "3"


def goal_of_zero(posted: dict[str, Any]) -> None:
    posted[f"{p1(posted)}-goal_amount"] = "0"


def double_target(posted: dict[str, Any]) -> None:
    priority = posted[f"{p1(posted)}-priority"]
    add_row(posted, "targets", priority=priority, metric="first_response", amount="4", unit="hours")


def double_new_target(posted: dict[str, Any]) -> None:
    priority = posted[f"{p1(posted)}-priority"]
    for _ in range(2):
        add_row(
            posted, "targets", priority=priority, metric="next_response", amount="4", unit="hours"
        )


def double_pause(posted: dict[str, Any]) -> None:
    add_row(posted, "pause_rules", metric="resolution", condition="waiting_for_customer")


def double_new_pause(posted: dict[str, Any]) -> None:
    for _ in range(2):
        add_row(posted, "pause_rules", metric="resolution", condition="with_engineering")


def no_default(posted: dict[str, Any]) -> None:
    del posted["is_default"]


REFUSED = [
    (zero, "A target is at least 1: a promise needs some time."),
    (negative, "Ensure this value is greater than or equal to 0."),
    (endless, "A target is at most 9,999."),
    (overflowing, "A target is at most 9,999."),
    (no_number, "Enter a whole number."),
    (goal_after_limit, "The goal comes before the limit, which is 2."),
    (goal_of_zero, "A goal is at least 1; leave it empty for none."),
    (double_target, "This policy already has a target for that priority."),
    (double_new_target, "A priority has two targets for the same metric; it can have one."),
    (double_pause, "This policy has that rule already."),
    (double_new_pause, "A pause rule is listed twice."),
    (no_default, "One policy is the default: make another one it instead."),
]


def test_a_bad_policy_is_refused_with_a_sentence_and_nothing_is_saved(
    administrator: Client, policy: Policy
) -> None:
    before = rows(policy)
    page = fields_of(administrator.get(address(policy))) | {"name": "Renamed"}
    for spoil, sentence in REFUSED:
        posted = dict(page)
        spoil(posted)
        response = administrator.post(address(policy), posted)
        assert response.status_code == 200, spoil.__name__
        said = sentences_of(response)
        assert any(sentence in words for words in said), (spoil.__name__, said)
    assert rows(policy) == before


def test_the_sentence_about_a_goal_stands_at_its_field(
    administrator: Client, policy: Policy
) -> None:
    posted = fields_of(administrator.get(address(policy)))
    goal_after_limit(posted)
    response = administrator.post(address(policy), posted)
    (errors,) = [row for row in response.context["inline_admin_formsets"][0].formset.errors if row]
    assert list(errors) == ["goal_amount"]


def test_targets_rules_and_steps_are_edited_on_one_page(
    administrator: Client, policy: Policy
) -> None:
    ticket = factories.ticket("P1")
    posted = fields_of(administrator.get(address(policy)))
    row = p1(posted)
    posted |= {f"{row}-amount": "3", f"{row}-goal_amount": "1"}
    add_row(posted, "steps", percent="150", priority="", metric="resolution", roles=["team_lead"])
    add_row(posted, "pause_rules", metric="resolution", condition="with_engineering")
    posted |= {"_decision": "new", "_seen": "1"}
    assert administrator.post(address(policy), posted).status_code == 302

    target = policy.targets.get(priority__code="P1", metric="first_response")
    assert (target.amount, target.goal_amount) == (3, 1)
    assert policy.steps.get(percent=150).roles == ["team_lead"]
    assert policy.pause_rules.count() == 2
    promised = Clock.objects.get(ticket=ticket, metric="first_response")
    assert (promised.target_amount, promised.goal_amount) == (2, None)


def test_another_default_takes_the_place_of_the_old_one(
    administrator: Client, policy: Policy
) -> None:
    other = Policy.objects.create(name="Gold", calendar=policy.calendar)
    posted = fields_of(administrator.get(address(other))) | {"is_default": "on"}
    assert administrator.post(address(other), posted).status_code == 302
    assert Policy.objects.default() == other

    low = factories.priority("P4")
    posted = fields_of(administrator.get(address(low))) | {"is_default": "on"}
    assert administrator.post(address(low), posted).status_code == 302
    assert Priority.objects.get(is_default=True) == low


def test_a_rank_is_given_once(administrator: Client, policy: Policy) -> None:
    low = factories.priority("P4")
    posted = fields_of(administrator.get(address(low))) | {"rank": "1"}
    response = administrator.post(address(low), posted)
    assert any("already exists" in said for said in sentences_of(response))


def test_what_is_in_use_cannot_be_deleted(administrator: Client, policy: Policy) -> None:
    factories.ticket("P3")
    for row in (policy, factories.priority("P3")):
        for method in (administrator.get, administrator.post):
            response = method(address(row, "delete"), {"post": "yes"}, follow=True)
            assert "cannot be deleted: there are" in response.content.decode()
        row.refresh_from_db()


def test_what_nobody_uses_can_be_deleted(administrator: Client, policy: Policy) -> None:
    spare = Policy.objects.create(name="Spare", calendar=policy.calendar)
    spare.publish(at=factories.MONDAY)
    extra = Priority.objects.create(code="P9", rank=9, name="Some day")
    for row in (spare, extra):
        question = administrator.get(address(row, "delete"))
        assert not question.context["protected"]
        assert administrator.post(address(row, "delete"), {"post": "yes"}).status_code == 302
        assert not type(row).objects.filter(pk=row.pk).exists()


def test_an_agent_looks_at_priorities_and_not_at_policies(client: Client, policy: Policy) -> None:
    client.force_login(factories.agent())
    assert client.get(address(policy)).status_code == 403
    priority = factories.priority("P1")
    page = client.get(address(priority))
    assert page.status_code == 200
    assert "_save" not in page.content.decode()
    assert client.post(address(priority), {"name": "Mine"}).status_code == 403
