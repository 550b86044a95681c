"""Who signs in at the desk, in more than one file of tests."""

import pytest
from django.test import Client

from sla.models import Policy
from tests import factories
from tests.sla.november import NOW


@pytest.fixture
def manager(policy: Policy, client: Client) -> Client:
    """A manager's browser."""
    client.force_login(factories.agent(group="Manager"))
    return client


@pytest.fixture
def _noon(monkeypatch: pytest.MonkeyPatch) -> None:
    """The doors read the clock; here it stands at noon of 20 November."""
    monkeypatch.setattr("django.utils.timezone.now", lambda: NOW)
