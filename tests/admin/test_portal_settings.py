"""The one form with which managers switch the customers' pages."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from django.contrib.auth.models import Permission
from django.test import Client

from sla.models import Policy
from tests import factories
from tickets.models import PortalSettings

PAGE = "/admin/tickets/portalsettings/"
VALUES = {
    "incident": "Reports load slowly.",
    "incident_url": "https://status.example/",
    "incident_until_0": "2099-11-02",
    "incident_until_1": "10:00",
    "publishes_attainment": "on",
}


@pytest.fixture
def manager(client: Client, policy: Policy) -> Client:
    client.force_login(factories.agent(group="Manager", time_zone="Asia/Tokyo"))
    return client


def save(client: Client, **values: str) -> Any:
    return client.post(PAGE, VALUES | values, follow=True)


def text_of(client: Client) -> str:
    return " ".join(client.get(PAGE).content.decode().split())


def test_the_list_is_the_form_and_says_that_nothing_is_on(manager: Client) -> None:
    text = text_of(manager)
    assert 'name="incident"' in text
    assert "nothing is switched on" in text
    assert "/add/" not in text
    assert "/delete/" not in text
    assert not PortalSettings.objects.exists()  # Looking writes nothing.


def test_a_manager_saves_the_row_again_and_again(manager: Client) -> None:
    response = save(manager)
    assert response.status_code == 200
    assert "was changed successfully" in response.content.decode()
    saved = PortalSettings.objects.get()
    assert (saved.pk, saved.incident) == (1, VALUES["incident"])
    assert saved.publishes_attainment
    assert not saved.asks_for_work
    save(manager, incident="Over soon.")
    assert PortalSettings.objects.get().incident == "Over soon."


def test_times_are_in_the_zone_of_whoever_fills_in(manager: Client) -> None:
    assert "In Asia/Tokyo." in text_of(manager)
    save(manager)
    expected = datetime(2099, 11, 2, 1, tzinfo=UTC)
    assert PortalSettings.objects.get().incident_until == expected
    text = text_of(manager)
    assert "The known incident, until Mon 2 Nov, 10:00 JST." in text
    assert "The attainment of the last 90 days." in text


def test_an_incident_that_is_over_is_told_so(manager: Client) -> None:
    save(manager, incident_until_0="2020-01-06")
    assert "The known incident is over since Mon 6 Jan, 10:00 JST." in text_of(manager)


@pytest.mark.parametrize("url", ["javascript:alert(1)", "data:text/html,x"])
def test_a_banner_leads_to_the_web_alone(manager: Client, url: str) -> None:
    save(manager, incident_url=url)
    assert not PortalSettings.objects.exists()


@pytest.mark.parametrize("number", ["2", "0", "x"])
def test_there_is_no_other_row(manager: Client, number: str) -> None:
    response = manager.get(f"{PAGE}{number}/change/")
    assert response.status_code == 302  # As Django answers for a row that is gone.


def test_who_may_only_look_changes_nothing(client: Client, policy: Policy) -> None:
    onlooker = factories.agent()
    onlooker.user_permissions.add(Permission.objects.get(codename="view_portalsettings"))
    client.force_login(onlooker)
    assert client.get(PAGE).status_code == 200
    assert client.post(PAGE, VALUES).status_code == 403
    client.force_login(factories.agent())
    assert client.post(PAGE, VALUES).status_code == 403
    assert not PortalSettings.objects.exists()
