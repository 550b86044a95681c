"""Lists with few rows or none say why, and offer what helps."""

from __future__ import annotations

import pytest
from django.test import Client

from tests import factories
from tickets.models import Macro, Tag

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


# Lists that are not counted beyond their filters, and one that is.
COUNTED = [("tag/", False), ("tag/?q=first", False), ("macro/", False), ("macro/?q=first", True)]


@pytest.mark.parametrize(("address", "counts"), COUNTED)
@pytest.mark.usefixtures("policy")
def test_a_list_says_out_of_how_many_only_where_it_has_counted_them(
    client: Client, address: str, counts: bool
) -> None:
    client.force_login(factories.agent(group="Manager"))
    for name in ("first", "second"):
        Tag.objects.create(name=name)
        Macro.objects.create(name=name, steps=[{"do": "assign_to_me"}])
    page = client.get(f"/admin/tickets/{address}").content.decode()
    assert "(Show all)" not in page
    assert ("2 total" in page) is counts
