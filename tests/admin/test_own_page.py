"""Everybody at the desk has a signature of his own, and nobody changes another's by its page."""

from __future__ import annotations

import pytest
from django.contrib.admin.models import LogEntry
from django.test import Client

from sla.models import Policy
from tests import factories
from tickets.models import User

ME = "/admin/tickets/user/me/"


@pytest.fixture
def ada(client: Client, policy: Policy) -> User:
    """An agent, signed in."""
    user = factories.agent(name="Ada Lovelace")
    client.force_login(user)
    return user


def test_an_agent_writes_the_signature_that_the_composer_shows(client: Client, ada: User) -> None:
    assert f'href="{ME}"' in client.get("/admin/").content.decode()
    given = {"signature": "Ada\r\nSecond line ", "time_zone": "Europe/Berlin"}
    page = client.post(ME, given, follow=True).content.decode()
    assert "Your signature and your time zone are saved." in page
    ada.refresh_from_db()
    assert (ada.signature, ada.time_zone) == ("Ada\nSecond line", "Europe/Berlin")
    assert LogEntry.objects.get().user_id == ada.pk
    ticket = client.get(f"/admin/tickets/ticket/{factories.ticket().pk}/change/").content.decode()
    assert "Ada<br>Second line" in ticket


def test_nothing_else_of_an_account_is_changed_there(client: Client, ada: User) -> None:
    client.post(ME, {"signature": "", "is_superuser": "on", "name": "Root", "email": "r@x.example"})
    same = User.objects.get(pk=ada.pk)
    assert (same.is_superuser, same.name, same.email) == (False, ada.name, ada.email)


def test_a_zone_that_is_none_and_a_long_signature_come_back(client: Client, ada: User) -> None:
    given = {"signature": "x" * 1_001, "time_zone": "Europe/Atlantis"}
    page = client.post(ME, given).content.decode()
    assert page.count('class="desk-error"') == 2
    assert User.objects.get(pk=ada.pk).signature == ""
