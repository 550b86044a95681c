"""Macros and rules in the admin: made without JSON, tried without a trace."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest
from django.apps import apps
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from tests.factories import MONDAY, agent, customer, organization, priority, team, ticket
from tickets import lifecycle
from tickets.models import Macro, Rule, RuleRun, Tag, Ticket, User
from tickets.rules.following import follow
from tickets.rules.rehearsal import rehearse

pytestmark = pytest.mark.usefixtures("policy")

ADD_RULE, ADD_MACRO = "/admin/tickets/rule/add/", "/admin/tickets/macro/add/"
NOTE = {"do": "note", "text": "Hm"}


def signed_in(group: str) -> Client:
    client = Client()
    client.force_login(agent(group=group))
    return client


def rows(prefix: str, *rows: dict[str, Any]) -> dict[str, Any]:
    """What a browser posts for rows."""
    data = {f"{prefix}-TOTAL_FORMS": len(rows), f"{prefix}-INITIAL_FORMS": 0}
    for number, row in enumerate(rows):
        data |= {f"{prefix}-{number}-{name}": value for name, value in row.items()}
        data.setdefault(f"{prefix}-{number}-ORDER", number + 1)
    return data


def posted(**fields: Any) -> dict[str, Any]:
    return {"name": "A rule", "position": 0, "is_active": "on", "when": "opened", **fields}


def test_a_manager_makes_a_rule_by_choosing() -> None:
    acme, network = organization("Acme, Inc."), team("Network")
    Tag.objects.create(name="outage")
    data = posted(
        **rows(
            "conditions",
            {"if": "organization", "organization": "Acme, Inc.\nno organization"},
            {"if": "words", "words": 'refund, "cannot log in"', "not": "1"},
            {"if": "status", "status": ["new", "open"]},
            {"if": "after_hours"},
            {"if": "tag", "tag": "#outage"},
            {"if": ""},
        ),
        **rows(
            "steps",
            # In the order of the numbers; what the action does not take is left out.
            {"do": "wait", "reason": "Logs", "ORDER": 2, "text": "left over"},
            {"do": "assign", "team": network.pk, "agent": "", "ORDER": 1},
            {"do": "reply", "text": "Hello", "DELETE": "on"},
            {"do": "notify", "roles": ["team_lead", "managers"], "ORDER": 3},
        ),
    )

    answer = signed_in("Manager").post(ADD_RULE, data)

    assert answer.status_code == 302, re.findall(r"errorlist.*", answer.content.decode())
    made = Rule.objects.get()
    assert made.conditions == [
        {"if": "organization", "values": [acme.pk, 0]},
        {"if": "words", "not": True, "values": ["refund", "cannot log in"]},
        {"if": "status", "values": ["new", "open"]},
        {"if": "after_hours"},
        {"if": "tag", "values": [Tag.objects.get().pk]},
    ]
    assert made.steps == [
        {"do": "assign", "team": network.pk},
        {"do": "wait", "reason": "Logs"},
        {"do": "notify", "roles": ["team_lead", "managers"]},
    ]


def test_a_stored_rule_comes_back_into_its_form_and_is_kept_as_it_is() -> None:
    acme = organization("Acme")
    made = Rule.objects.create(
        name="A rule",
        when="opened",
        conditions=[
            {"if": "organization", "values": [acme.pk]},
            {"if": "subject", "not": True, "values": ["down", "not there"]},
            {"if": "priority", "values": [priority("P1").pk, priority("P2").pk]},
        ],
        steps=[
            NOTE,
            {"do": "priority", "priority": priority("P3").pk},
            {"do": "add_tag", "tag": "störung"},
            {"do": "expect", "expected_on": "2026-12-24"},
            {"do": "expect", "days": 5},
        ],
    )
    client = signed_in("Manager")
    page = client.get(f"/admin/tickets/rule/{made.pk}/change/")
    form = page.context["adminform"].form
    data = posted()
    for name in ("conditions", "steps"):
        formset = form.fields[name].widget.formset(
            name,
            initial=[
                form.fields[name].widget.make_form().to_initial(row) for row in getattr(made, name)
            ],
        )
        shown = [
            {field.name: field.value() for field in row if field.value() not in (None, False)}
            for row in formset
        ]
        data |= rows(name, *shown) | {f"{name}-INITIAL_FORMS": len(shown)}

    assert client.post(f"/admin/tickets/rule/{made.pk}/change/", data).status_code == 302
    again = Rule.objects.get()
    assert (again.conditions, again.steps) == (made.conditions, made.steps)


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"steps": []}, "Add at least one step."),
        ({"steps": [{"do": "assign"}]}, "Step 1: “Assign” needs: team."),
        ({"steps": [{"do": "reply", "text": " "}]}, "Step 1: “Send a reply” needs: text."),
        # Nobody is there to whom it could be assigned.
        ({"steps": [{"do": "assign_to_me"}]}, "Select a valid choice."),
        ({"conditions": [{"if": "priority"}]}, "Condition 1: “Priority” needs at least one value."),
        (
            {"conditions": [{"if": "organization", "organization": "Nobody"}]},
            "There is no organization called “Nobody”.",
        ),
        ({"when": "idle"}, "Say after how many business hours."),
    ],
)
def test_a_rule_that_makes_no_sense_comes_back_with_a_sentence(
    fields: dict[str, Any], sentence: str
) -> None:
    steps, conditions = fields.pop("steps", [NOTE]), fields.pop("conditions", [])
    data = posted(**rows("steps", *steps), **rows("conditions", *conditions), **fields)

    answer = signed_in("Manager").post(ADD_RULE, data)

    assert sentence in answer.content.decode()
    assert not Rule.objects.exists()


def test_a_manager_makes_a_macro_with_a_press_for_oneself() -> None:
    problem = ticket()
    data = {"name": "Take", "position": 1, "is_active": "on"} | rows(
        "steps",
        {"do": "assign_to_me"},
        {"do": "reply", "text": "I look at it."},
        {"do": "add_tag", "tag": "#Known Problem"},
        {"do": "link", "other": problem.reference},
        {"do": "spam", "blocks": "on", "tag": "left over"},
    )
    assert signed_in("Manager").post(ADD_MACRO, data).status_code == 302
    assert Macro.objects.get().steps == [
        {"do": "assign_to_me"},
        {"do": "reply", "text": "I look at it."},
        {"do": "add_tag", "tag": "known-problem"},
        {"do": "link", "other": problem.pk},
        {"do": "spam", "blocks": True},
    ]


def test_agents_look_at_rules_and_macros_and_change_none() -> None:
    made = Rule.objects.create(name="Hush", when="opened", steps=[NOTE])
    client = signed_in("Agent")
    address = f"/admin/tickets/rule/{made.pk}/change/"

    page = client.get(address).content.decode()
    assert "Internal note: Hm" in page
    assert "Every ticket" in page
    assert "_try" not in page
    data = posted(name="Mine", **rows("steps", NOTE), **rows("conditions"))
    for path in (address, ADD_RULE, ADD_MACRO):
        assert client.post(path, data).status_code == 403
        assert client.post(path, data | {"_try": "1"}).status_code == 403
    assert client.get(ADD_RULE).status_code == 403
    assert list(Rule.objects.values_list("name", flat=True)) == ["Hush"]


def test_runs_are_seen_by_those_who_see_the_ticket_and_edited_by_nobody() -> None:
    Rule.objects.create(name="Hush", when="opened", steps=[NOTE])
    ticket()
    follow(at=MONDAY)
    client, run = signed_in("Administrator"), RuleRun.objects.get()

    assert "Internal note: Hm" in client.get("/admin/tickets/rulerun/").content.decode()
    assert client.post(f"/admin/tickets/rulerun/{run.pk}/change/", {}).status_code == 403


def test_switching_a_rule_on_again_forgets_its_failures() -> None:
    made = Rule.objects.create(
        name="A rule", when="opened", steps=[NOTE], is_active=False, failures=5,
        switched_off_at=MONDAY, switched_off_because="It was refused.",
    )  # fmt: skip
    client = signed_in("Manager")
    address = f"/admin/tickets/rule/{made.pk}/change/"
    assert "It was refused." in client.get(address).content.decode()

    client.post(address, posted(**rows("steps", NOTE), **rows("conditions")))

    made.refresh_from_db()
    assert (made.is_active, made.failures, made.switched_off_at) == (True, 0, None)


def everything() -> dict[str, list[Any]]:
    """Every row of every table, but for who is signed in."""
    found = {}
    for model in apps.get_models(include_auto_created=True):
        if model._meta.managed and model._meta.label not in ("sessions.Session",):
            found[model._meta.label] = list(model._default_manager.order_by("pk").values_list())
    return found


def test_trying_a_rule_says_which_tickets_it_would_touch_and_writes_nothing() -> None:
    me, network = agent(), team("Network")
    low = ticket("P4", subject="Low one")
    hit = ticket("P3", subject="A refund, please")
    # It was P3 when it was opened, whatever it is now.
    lifecycle.change_priority(ticket=hit, by=me, priority=priority("P1"), at=MONDAY)
    data = posted(
        **rows(
            "conditions",
            {"if": "priority", "priority": [priority("P3").pk]},
            {"if": "words", "words": "refund"},
        ),
        **rows("steps", {"do": "assign", "team": network.pk}, {"do": "reply", "text": "Soon"}),
    )
    client = signed_in("Manager")
    client.get(ADD_RULE)
    before = everything()

    page = client.post(ADD_RULE, data | {"_try": "1"})

    assert everything() == before
    rehearsal = page.context["rehearsal"]
    assert (rehearsal.touched, rehearsal.runs) == (1, 1)
    assert [(v.ticket, v.times, v.why_not) for v in rehearsal.verdicts] == [
        (hit, [MONDAY], ""),
        (low, [], "Not so: Priority is P3 Normal."),
    ]
    words = page.content.decode()
    assert "It would have touched 1 of the last 2 tickets" in words
    assert "Assign to Network; Reply: Soon" in words
    touched, left_alone = words.split('id="rehearsal-left-alone"')
    assert "A refund, please" in touched
    assert "Low one" in left_alone
    assert "Low one" not in touched
    assert "The other 1 it would have left alone" in touched
    assert "1: Not so: Priority is P3 Normal." in touched
    # The form is still there, as it was filled in.
    assert 'value="refund"' in words


def test_trying_a_saved_rule_saves_nothing_of_it() -> None:
    made = Rule.objects.create(name="Old", when="opened", steps=[NOTE])
    data = posted(name="New", **rows("steps", {"do": "resolve"}), **rows("conditions"))
    page = signed_in("Manager").post(f"/admin/tickets/rule/{made.pk}/change/", data | {"_try": "1"})
    assert page.context["rehearsal"].steps == ["Resolve"]
    made.refresh_from_db()
    assert (made.name, made.steps) == ("Old", [NOTE])


def test_trying_takes_as_many_queries_for_many_tickets_as_for_few() -> None:
    boss = agent(group="Manager")
    rule = Rule(
        name="R", when="replied", steps=[{"do": "assign", "team": team("N").pk}],
        conditions=[{"if": "words", "values": ["x"]}, {"if": "after_hours"}],
    )  # fmt: skip
    rehearse(rule, user=boss, at=MONDAY)  # A process asks once for the hours of a calendar.
    counted = []
    for number in (2, 8):
        for _ in range(number):
            row = ticket(requester=customer(organization=organization()))
            lifecycle.reply(ticket=row, by=boss, text="x", at=MONDAY)
        with CaptureQueriesContext(connection) as queries:
            rehearse(rule, user=boss, at=MONDAY)
        counted.append(len(queries))
    assert counted[0] == counted[1] <= 12


def test_idleness_is_replayed_from_the_history() -> None:
    boss = User.objects.get(pk=agent(group="Manager").pk)
    idle, waiting = ticket(), ticket()
    lifecycle.wait_for_customer(ticket=waiting, by=boss, at=MONDAY + timedelta(hours=1))
    rule = Rule(name="R", when="idle", idle_hours=8, steps=[NOTE])

    def touched(**fields: Any) -> dict[Ticket, int]:
        for name, value in fields.items():
            setattr(rule, name, value)
        found = rehearse(rule, user=boss, at=MONDAY + timedelta(days=2))
        return {verdict.ticket: len(verdict.times) for verdict in found.verdicts}

    assert touched() == {idle: 1, waiting: 0}
    assert touched(idle_while_waiting=True) == {idle: 1, waiting: 1}
    # Two days have two times eight business hours, less the hour before Monday, 10:00.
    assert touched(idle_hours=17) == {idle: 0, waiting: 0}


def test_history_that_does_not_keep_how_a_ticket_was_is_taken_as_of_today() -> None:
    boss, row = agent(group="Manager"), ticket("P3")
    row.events.update(state=None)
    rule = Rule(
        name="R", when="opened", steps=[NOTE],
        conditions=[{"if": "priority", "values": [priority("P3").pk]}],
    )  # fmt: skip
    found = rehearse(rule, user=boss, at=timezone.now())
    assert (found.touched, found.unrecorded) == (1, 1)
