"""Request types that the tests of the portal choose."""

import pytest

from sla.models import Policy
from tickets.models import RequestType


@pytest.fixture
def kind(policy: Policy) -> RequestType:
    """A plain one, P2."""
    return RequestType.objects.get(name="Report shows incorrect data")


@pytest.fixture
def system_down(policy: Policy) -> RequestType:
    """One whose priority depends on the share of users affected."""
    return RequestType.objects.get(name="System down")
