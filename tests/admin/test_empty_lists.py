"""Lists without rows say why there are none, and offer what helps."""

from __future__ import annotations

import pytest
from django.test import Client

from tests import factories

# A list, whether something is looked for there, and what it says.
LISTS = [
    ("rule/", False, "There are no rules here"),
    ("rule/?q=refund", True, "No rules are like that"),
    ("rule/?when__exact=opened", True, "No rules are like that"),
    ("macro/", False, "There are no macros here"),
    ("escalation/", False, "There are no escalations here"),  # Of those that still call.
    ("escalation/?state=missed", True, "No escalations are like that"),
]


@pytest.mark.parametrize(("address", "is_narrowed", "words"), LISTS)
@pytest.mark.usefixtures("policy")
def test_filters_are_only_to_be_reset_where_some_are_set(
    client: Client, address: str, is_narrowed: bool, words: str
) -> None:
    client.force_login(factories.agent(group="Manager"))
    page = client.get(f"/admin/tickets/{address}").content.decode()
    assert words in page
    assert ("Reset filters" in page) is is_narrowed
