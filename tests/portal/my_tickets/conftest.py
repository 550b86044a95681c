"""Maria and Paul of Acme, who share their tickets."""

import pytest

from sla.models import Policy
from tests import factories
from tests.portal.my_tickets.listed import HOUR, NOW, opened
from tickets import lifecycle
from tickets.models import Organization, User


@pytest.fixture
def acme(policy: Policy) -> Organization:
    return factories.organization("Acme", shares_tickets=True)


@pytest.fixture
def maria(acme: Organization) -> User:
    return factories.customer("maria@acme.example", name="Maria", organization=acme)


@pytest.fixture
def paul(acme: Organization) -> User:
    return factories.customer("paul@acme.example", name="Paul", organization=acme)


@pytest.fixture
def of_all_states(maria: User) -> User:
    """Maria, whose tickets are called after how they stand."""
    agent = factories.agent()
    opened(maria, "new")
    lifecycle.wait_for_customer(ticket=opened(maria, "waiting"), by=agent, at=NOW + HOUR)
    lifecycle.resolve(ticket=opened(maria, "solved"), by=agent, text="Done.", at=NOW + 2 * HOUR)
    lifecycle.close(ticket=opened(maria, "closed"), by=maria, at=NOW + 3 * HOUR)
    return maria
