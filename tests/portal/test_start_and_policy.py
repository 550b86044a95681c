"""The start page and the published policy, from the rows."""

from datetime import timedelta
from zoneinfo import available_timezones

import pytest
from django.test import Client
from django.utils import timezone

from sla.models import Policy, Target
from tests import factories
from tickets.portal.pages import RENAMED


def page(client: Client, address: str) -> str:
    response = client.get(address)
    assert response.status_code == 200
    return response.content.decode()


def test_the_start_page_says_whether_support_is_open_and_leads_on(
    client: Client, policy: Policy
) -> None:
    text = page(client, "/")
    assert "Support is open now, until" in text or "Support is closed now and opens" in text
    assert "IST" in text
    for address in ("/tickets/new/", "/policy/", "/admin/"):
        assert f'href="{address}"' in text


def test_the_start_page_speaks_in_the_zone_of_the_reader(client: Client, policy: Policy) -> None:
    client.force_login(factories.customer(time_zone="Asia/Tokyo"))
    text = page(client, "/")
    assert "JST" in text
    assert "IST" not in text


def test_a_zone_that_a_browser_calls_by_its_old_name_is_the_calendars_own(
    client: Client, policy: Policy
) -> None:
    client.cookies["zone"] = "Asia/Calcutta"
    text = page(client, "/policy/")
    assert "Times are in Asia/Kolkata." in text
    assert "Calcutta" not in text


def test_every_new_name_of_a_zone_is_one() -> None:
    assert set(RENAMED.values()) <= available_timezones()


def test_the_policy_page_shows_every_promise(client: Client, policy: Policy) -> None:
    text = page(client, "/policy/")
    for words in (
        "2 hours, day and night",
        "12 hours, day and night",
        "8 business hours",
        "72 hours, day and night",
        "1 business day",
        "5 to 10 business days",
        "5 is the goal, 10 the limit",
        "by e-mail",
        "Monday to Friday",
        "09:00 to 17:00",
        "Asia/Kolkata",
        "System down",
        "more than 20 %",
        "stands still while we wait for your answer",
        "escalations@example.com",
    ):
        assert words in text


def test_the_policy_page_follows_the_rows(client: Client, policy: Policy) -> None:
    Target.objects.filter(priority__code="P3").update(amount=3, note="<b>by pigeon</b>")
    policy.calendar.opening_hours.filter(weekday=4).delete()
    tomorrow = timezone.now().date() + timedelta(days=1)
    policy.calendar.holidays.create(date=tomorrow, name="Founders’ day")
    policy.calendar.holidays.create(date=tomorrow - timedelta(days=30), name="Long over")
    text = page(client, "/policy/")
    assert "3 business days" in text
    assert "&lt;b&gt;by pigeon&lt;/b&gt;" in text
    assert "Monday to Thursday" in text
    assert "Founders’ day" in text
    assert "Long over" not in text


def test_the_policy_page_without_holidays_says_so(client: Client, policy: Policy) -> None:
    assert "None are planned." in page(client, "/policy/")


def test_a_customer_reads_the_policy_of_the_own_organization(
    client: Client, policy: Policy
) -> None:
    own = Policy.objects.create(name="Gold", calendar=policy.calendar)
    p1 = factories.priority("P1")
    own.targets.create(priority=p1, metric="first_response", amount=17, unit="hours")
    own.publish(at=factories.MONDAY)
    company = factories.organization(policy=own)
    client.force_login(factories.customer(organization=company))
    text = page(client, "/policy/")
    assert "17 hours, day and night" in text
    assert "8 business hours" not in text


@pytest.mark.parametrize("address", ["/", "/policy/"])
def test_pages_are_only_read(client: Client, policy: Policy, address: str) -> None:
    assert client.post(address).status_code == 405


@pytest.mark.parametrize("address", ["/", "/policy/", "/tickets/new/"])
def test_pages_keep_to_a_policy_without_inline_code(
    client: Client, policy: Policy, address: str
) -> None:
    response = client.get(address)
    text = response.content.decode()
    assert "unsafe" not in response.headers["Content-Security-Policy"]
    for inline in ("<style", "style=", "onclick=", "onsubmit=", "javascript:", "<script>"):
        assert inline not in text
