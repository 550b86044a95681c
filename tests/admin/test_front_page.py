"""The front page of the desk is red while its own work stands still."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from sla.models import Policy, Sweep
from tests import factories
from tickets.watchdog import DUTIES

pytestmark = pytest.mark.usefixtures("policy")

HOUR = timedelta(hours=1)


def signed_in(group: str) -> Client:
    client = Client()
    client.force_login(factories.agent(group=group))
    return client


def front_page(client: Client) -> str:
    return " ".join(client.get("/admin/").content.decode().split())


def tags(page: str) -> dict[str, str]:
    """The colour of each part of the machine room."""
    return {name: tone for tone, name in re.findall(r'desk-tag-(\w+)">([\w ]+)</span>', page)}


@pytest.fixture
def all_run(policy: Policy) -> None:
    for name in DUTIES:
        Sweep.objects.create(name=name, period_seconds=10, last_run_at=timezone.now())


@pytest.mark.usefixtures("all_run")
def test_while_all_sweeps_run_nothing_is_red() -> None:
    page = front_page(signed_in("Manager"))
    sweeps = [name.capitalize() for name in DUTIES]
    assert tags(page) == dict.fromkeys(["Mail", *sweeps], "good")
    assert "desk-bar-late" not in page
    assert "late:" not in page


@pytest.mark.usefixtures("all_run")
def test_a_late_sweep_is_red_and_says_what_stands_still() -> None:
    Sweep.objects.filter(name="outbox").update(last_run_at=timezone.now() - HOUR)
    page = front_page(signed_in("Manager"))
    assert tags(page)["Outbox"] == "late"
    assert tags(page)["Escalation"] == "good"
    assert 'desk-bar-late" role="alert"' in page
    assert "Outbox is late: mail does not go out. A worker or beat is away, or fails." in page
    assert "Late: last ran" in page


@pytest.mark.usefixtures("all_run")
def test_an_agent_is_told_what_stands_still_and_no_more() -> None:
    Sweep.objects.filter(name="outbox").update(last_run_at=timezone.now() - HOUR)
    page = front_page(signed_in("Agent"))
    assert "Outbox is late: mail does not go out. An administrator has to look at it." in page
    assert tags(page).keys() == {"Mail"}


def test_sweeps_that_never_ran_are_late() -> None:
    page = front_page(signed_in("Manager"))
    assert [tags(page)[name.capitalize()] for name in DUTIES] == ["late"] * len(DUTIES)
    assert page.count("Late: it has never run.") == len(DUTIES)
    assert "Escalation is late: nobody is told that a promise is at risk." in page
