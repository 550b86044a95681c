"""The start page and the frame of every page: ways in, an incident, how to reach us."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from sla.models import Policy
from tests import factories
from tickets.models import Mailbox, PortalSettings


def text_of(client: Client, address: str = "/") -> str:
    response = client.get(address)
    assert response.status_code == 200
    return " ".join(response.content.decode().split())


def announce(**fields: Any) -> None:
    PortalSettings.objects.create(pk=1, incident="The <b>reports</b> load slowly.", **fields)


def test_three_ways_lead_in(client: Client, policy: Policy) -> None:
    ways = text_of(client).split('<ul class="ways">')[1].split("</ul>")[0]
    assert ways.count("<li>") == 3
    for address in ("/tickets/new/", "/tickets/", "/policy/"):
        assert f'href="{address}"' in ways


def test_the_entry_of_the_staff_is_a_link_in_the_footer(client: Client, policy: Policy) -> None:
    body, footer = text_of(client).split("<footer")
    assert 'href="/admin/"' not in body
    assert 'href="/admin/"' in footer


# Minutes from now until it ends, None: open end; whether it is shown.
INCIDENTS = [(None, True), (10, True), (-1, False)]


@pytest.mark.parametrize(("minutes", "is_shown"), INCIDENTS)
@pytest.mark.parametrize("address", ["/", "/tickets/new/"])
def test_an_incident_is_shown_until_it_ends(
    client: Client, policy: Policy, address: str, minutes: int | None, is_shown: bool
) -> None:
    until = None if minutes is None else timezone.now() + timedelta(minutes=minutes)
    announce(incident_until=until)
    page = text_of(client, address)
    assert ("The &lt;b&gt;reports&lt;/b&gt; load slowly." in page) == is_shown
    assert ('aria-label="Known incident"' in page) == is_shown


def test_an_incident_leads_to_where_one_reads_more(client: Client, policy: Policy) -> None:
    announce(incident_url='https://status.example/?a="b')
    assert 'href="https://status.example/?a=&quot;b" rel="noopener"' in text_of(client)


def test_other_pages_do_not_ask_for_an_incident(client: Client, policy: Policy) -> None:
    announce()
    for address in ("/policy/", "/nowhere/", "/admin/login/"):
        assert "load slowly" not in client.get(address).content.decode()


def test_nothing_is_shown_that_is_not_configured(client: Client, policy: Policy) -> None:
    for address in ("/", "/policy/"):
        page = text_of(client, address)
        assert "tel:" not in page
        assert "<dt>E-mail</dt>" not in page


def test_every_configured_way_is_shown_once(client: Client, policy: Policy, settings: Any) -> None:
    settings.SUPPORT_EMAIL = "Help <help@desk.example>"
    settings.SUPPORT_PHONE = "+91 (20) 1234-5678"
    Mailbox.objects.create(address="help@desk.example")
    Mailbox.objects.create(address="urgent@desk.example")
    Mailbox.objects.create(address="former@desk.example", is_active=False)
    page = text_of(client)
    assert page.count('href="mailto:help@desk.example"') == 1
    assert page.count('href="mailto:urgent@desk.example"') == 1
    assert "former@desk.example" not in page
    assert '<a href="tel:+912012345678">+91 (20) 1234-5678</a>' in page


def test_a_telephone_without_digits_leads_nowhere(
    client: Client, policy: Policy, settings: Any
) -> None:
    settings.SUPPORT_PHONE = "<ask your contact>"
    page = text_of(client)
    assert "<dd>&lt;ask your contact&gt;</dd>" in page
    assert "tel:" not in page


MENU = [("/tickets/new/", "Report a problem"), ("/policy/", "Our promise")]


@pytest.mark.parametrize(("address", "name"), MENU)
def test_the_menu_marks_the_page_that_is_open(
    client: Client, policy: Policy, address: str, name: str
) -> None:
    page = text_of(client, address)
    assert f'<a href="{address}" aria-current="page">{name}</a>' in page
    assert page.count('aria-current="page"') == 1


def test_the_menu_names_who_is_signed_in(client: Client, policy: Policy) -> None:
    menu = text_of(client).split("</nav>")[0]
    assert ">Sign in</a>" in menu
    assert "Sign out" not in menu
    client.force_login(factories.customer(name="Ada <Lovelace>"))
    menu = text_of(client).split("</nav>")[0]
    assert ">Ada &lt;Lovelace&gt;</a>" in menu
    assert ">Sign out</button>" in menu
    assert ">Sign in</a>" not in menu


def test_pages_with_times_name_the_zone(client: Client, policy: Policy) -> None:
    ticket = factories.ticket()
    client.force_login(ticket.requester)
    for address in ("/", "/policy/", "/tickets/new/", f"/tickets/{ticket.reference}/"):
        assert "Times are in Asia/Kolkata." in text_of(client, address)


def test_the_promise_names_the_zone_of_the_opening_hours_too(
    client: Client, policy: Policy
) -> None:
    client.cookies["zone"] = "Europe/Berlin"
    words = "Times are in Europe/Berlin, opening hours in Asia/Kolkata."
    assert words in text_of(client, "/policy/")
    assert "Times are in Europe/Berlin." in text_of(client)


# What the browser says, and the zone that the page is in.
ZONES = [
    ("America/New_York", "America/New_York"),
    ("Mars/Olympus_Mons", "Asia/Kolkata"),
    ("../../etc/passwd", "Asia/Kolkata"),
    ("", "Asia/Kolkata"),
]


@pytest.mark.parametrize(("said", "zone"), ZONES)
def test_the_zone_is_the_browsers_when_it_is_one(
    client: Client, policy: Policy, said: str, zone: str
) -> None:
    client.cookies["zone"] = said
    assert f"Times are in {zone}." in text_of(client)


def test_the_own_zone_of_a_person_beats_the_browsers(client: Client, policy: Policy) -> None:
    client.cookies["zone"] = "America/New_York"
    client.force_login(factories.customer(time_zone="Asia/Tokyo"))
    assert "Times are in Asia/Tokyo." in text_of(client)


def test_the_start_page_asks_as_often_with_many_rows(client: Client, policy: Policy) -> None:
    def queries() -> int:
        with CaptureQueriesContext(connection) as captured:
            text_of(client)
        return len(captured)

    announce()
    Mailbox.objects.create(address="help@desk.example")
    queries()  # Business time is kept by the process from the first question on.
    few = queries()
    for number in range(20):
        Mailbox.objects.create(address=f"help{number}@desk.example")
        factories.customer()
    assert queries() == few <= 6
