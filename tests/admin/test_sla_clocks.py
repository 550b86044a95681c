"""Clocks and sweeps in the admin: to be looked at, and nothing else."""

import re
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from sla import sweep
from sla.admin.clocks import STATES, state_of
from sla.models import Clock, Policy, Sweep
from tests import factories
from tests.sla import november
from tests.sla.november import NOW, Story
from tickets import escalation

CLOCKS = reverse("admin:sla_clock_changelist")


@pytest.fixture(autouse=True)
def _now(monkeypatch: pytest.MonkeyPatch) -> None:
    """The doors read the clock; here it stands at noon of 20 November."""
    monkeypatch.setattr("django.utils.timezone.now", lambda: NOW)


@pytest.fixture
def story(policy: Policy, client: Client) -> Story:
    client.force_login(factories.agent())
    return november.tell()


def clock_of(story: Story, name: str, metric: str, code: str = "P3") -> Clock:
    return Clock.objects.get(ticket=story.tickets[name], metric=metric, priority__code=code)


# ticket, metric, priority: how the list calls it
STANDING = [
    ("in time", "first_response", "P3", "kept"),
    ("stopped late", "resolution", "P3", "broken"),
    ("running late", "first_response", "P3", "late"),
    ("running in time", "resolution", "P3", "running"),
    ("paused", "resolution", "P3", "paused"),
    ("paused late", "resolution", "P3", "late"),
    ("raised in time", "first_response", "P3", "replaced"),
    ("raised late", "first_response", "P3", "broken"),
    ("lowered in time", "resolution", "P1", "kept"),
    ("lowered late", "resolution", "P1", "broken"),
]


def test_each_clock_is_in_one_state_and_its_filter_finds_it(story: Story, client: Client) -> None:
    everything = Clock.objects.with_end(NOW)
    found = {
        clock.pk: state
        for state, condition in STATES.items()
        for clock in everything.filter(condition)
    }
    assert found == {clock.pk: state_of(clock) for clock in everything}
    for name, metric, code, state in STANDING:
        assert found[clock_of(story, name, metric, code).pk] == state, name

    for state in STATES:
        shown = client.get(CLOCKS, {"state": state}).context["cl"].result_list
        assert {state_of(clock) for clock in shown} == {state}


def test_the_list_is_narrowed_down_and_searched(story: Story, client: Client) -> None:
    def shown(**question: Any) -> set[str]:
        return {str(clock.ticket) for clock in client.get(CLOCKS, question).context["cl"].queryset}

    late = story.tickets["stopped late"]
    assert shown(q="stopped late") == {str(late)}
    assert shown(q=str(late.pk)) >= {str(late)}
    first_priority = factories.priority("P1")
    assert shown(priority__id__exact=first_priority.pk) == {
        str(story.tickets[name])
        for name in ("raised in time", "lowered in time", "lowered late", "P1 running late")
    }
    assert client.get(CLOCKS, {"state": "dead"}).status_code == 200


def test_the_page_of_a_clock_tells_its_whole_history(story: Story, client: Client) -> None:
    sweep.fire_due_steps(at=NOW, on_firing=escalation.tell_roles)
    late = clock_of(story, "running late", "first_response")
    text = page(client, late)
    for piece in (
        "running late",
        "1 business day",
        "17 Nov 2026, 10:00 IST",
        "Submitted",
        "75 % of every target",
        "Business hours version 1",
    ):
        assert piece in text
    paused = page(client, clock_of(story, "paused", "resolution"))
    assert "Waiting for the customer" in paused
    assert "still paused" in paused
    lowered = page(client, clock_of(story, "lowered in time", "resolution", "P1"))
    assert "10 h, of them 7 h in opening hours" in lowered
    assert "From P1 to P2" in lowered


def page(client: Client, clock: Clock) -> str:
    response = client.get(reverse("admin:sla_clock_change", args=[clock.pk]))
    assert response.status_code == 200
    return " ".join(response.content.decode().split())


def test_not_even_a_superuser_changes_a_clock(story: Story, admin_client: Client) -> None:
    clock = clock_of(story, "in time", "resolution")
    change = reverse("admin:sla_clock_change", args=[clock.pk])
    delete = reverse("admin:sla_clock_delete", args=[clock.pk])
    assert "_save" not in admin_client.get(change).content.decode()
    for address in (change, delete, reverse("admin:sla_clock_add")):
        assert admin_client.post(address, {"post": "yes"}).status_code == 403
    assert Clock.objects.filter(pk=clock.pk).exists()


def test_a_sweep_that_is_late_is_red(policy: Policy, client: Client) -> None:
    client.force_login(factories.agent(group="Manager"))
    for name, ago in (("escalation", 20), ("outbox", 40)):
        Sweep.objects.create(
            name=name,
            period_seconds=10,
            last_run_at=NOW - timedelta(seconds=ago),
            took_ms=12,
            did=3,
        )
    response = client.get(reverse("admin:sla_sweep_changelist"))
    text = " ".join(response.content.decode().split())
    labels = re.findall(r"bg-(red|green)-100[^>]*> ?(late|on time) ?<", text)
    assert labels == [("green", "on time"), ("red", "late")]
    assert "12 ms" in text
    assert "10 s" in text
    change = reverse("admin:sla_sweep_change", args=["outbox"])
    assert client.get(change).status_code == 200
    assert client.post(change, {"did": 0}).status_code == 403
