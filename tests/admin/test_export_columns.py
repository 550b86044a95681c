"""What other programs read: the names of tables and columns, and their order, stay as they are.

A test here that fails says that somebody's script breaks. New columns come at the end of a table.
"""

from __future__ import annotations

import re

import pytest
from django.test import Client
from django.urls import reverse

from tests import factories
from tickets.admin.export_columns import LAYOUTS

pytestmark = pytest.mark.usefixtures("policy")

COUNTS = "promises kept broken running attainment_percent"
TARGET = "target_amount target_unit goal_amount kept_by_lowering"
PROMISE = "ticket subject organization clock_id priority metric"
COLUMNS = {
    "attainment": f"priority priority_name metric targets {COUNTS} attainment_before_percent "
    "median_business_seconds p90_business_seconds median_counted_seconds p90_counted_seconds "
    "median_elapsed_seconds p90_elapsed_seconds",
    "totals": f"metric {COUNTS} attainment_before_percent",
    "engineering": f"metric engineering {COUNTS}",
    "attainment_over_time": "starts_on step kept broken running attainment_percent",
    "heat_map": "weekday hour promises kept broken",
    "time_used": "metric over_percent up_to_percent fulfilled",
    "volume": "starts_on step came_in solved reopened backlog",
    "ticket_figures": "figure number number_before",
    "ageing": "from_business_days below_business_days submitted_after submitted_until tickets",
    "satisfaction": "stars ratings",
    "breakdown": f"by key name {COUNTS}",
    "breaches": f"{PROMISE} {TARGET} due_at ended_at is_open late_seconds late_business_seconds "
    "paused_by paused_seconds paused_business_seconds agent team reason note",
    "breaches_by_reason": "reason_id reason breaches share_percent",
    "promises": f"{PROMISE} {TARGET} started_at due_at ended_at is_replaced state late_seconds "
    "late_business_seconds used_business_seconds assignee team",
    "report_tickets": "ticket subject organization happened_at submitted_at priority status "
    "assignee team",
    "due_soon": "team priority due_within_4_business_hours due_within_8_business_hours "
    "due_within_24_business_hours",
    "load": "team day promises",
    "promises_ahead": f"{PROMISE} due_at left_business_seconds assignee team",
    "what_if": "priority priority_name metric attainment_percent attainment_on_paper_percent "
    "kept kept_on_paper broken broken_on_paper running running_on_paper at_goal "
    "at_goal_on_paper won lost others",
    "what_if_promises": f"{PROMISE} started_at ended_at due_at due_on_paper_at outcome "
    "outcome_on_paper assignee team",
    "customer_figures": "figure number",
    "customer_promises": "priority priority_name metric targets kept broken running "
    "attainment_percent",
    "customer_tickets": "ticket subject submitted_at priority metric due_at ended_at result "
    "late_seconds",
    "tickets": "reference external_reference subject status priority team assignee requester "
    "requester_name organization channel with_engineering submitted_at first_responded_at "
    "resolved_at closed_at next_due_at updated_at",
    "people": "email name organization staff active time_zone language joined_at last_login",
}


def test_names_and_their_order_stay() -> None:
    names = {layout.name: " ".join(column.name for column in layout.columns) for layout in LAYOUTS}
    assert names == COLUMNS
    assert list(names) == list(COLUMNS)
    assert len(LAYOUTS) == len(COLUMNS)


def test_every_name_is_one_that_programs_take_and_says_its_unit() -> None:
    for layout in LAYOUTS:
        assert layout.title
        assert layout.note.endswith(".")
        for column in layout.columns:
            assert re.fullmatch(r"[a-z][a-z0-9_]*", column.name), column
            assert column.title
            assert not column.note or column.note.endswith("."), column
            if "seconds, day and night" in column.note or "seconds of" in column.note:
                assert column.name.endswith("_seconds"), column


def test_the_page_tells_of_every_column(client: Client) -> None:
    client.force_login(factories.agent())
    text = client.get(reverse("admin:export_columns")).content.decode()
    for layout in LAYOUTS:
        assert f'id="{layout.name}"' in text
        for column in layout.columns:
            assert f"<code>{column.name}</code>" in text
