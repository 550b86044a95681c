"""Who may open what: each address of the customers' pages, for everybody, with a table of statuses.

The test walks the map of addresses: one that is not in the table fails it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver, reverse
from django.utils import timezone

from tests import factories, linked
from tickets.models import Ticket, User

pytestmark = pytest.mark.usefixtures("policy")

VISITORS = ["nobody", "customer", "colleague", "foreigner", "agent"]


@dataclass(frozen=True)
class Row:
    """The arguments of an address for a ticket, and what each of the VISITORS gets for it.

    `own` is the customer's ticket, which his organization shares, and `foreign` one of somebody
    in another organization. "302>x" leads to the address that begins with x.
    """

    arguments: Callable[[Ticket], list[Any]]
    own: str
    foreign: str = ""


def nothing(ticket: Ticket) -> list[Any]:
    return []


def of_ticket(ticket: Ticket) -> list[Any]:
    return [ticket.reference]


def by_key(ticket: Ticket) -> list[Any]:
    return [ticket.reference, linked.key(ticket)]


def by_anothers_key(ticket: Ticket) -> list[Any]:
    """With a key that opens another ticket."""
    other = Ticket.objects.exclude(pk=ticket.pk)[0]
    return [ticket.reference, linked.key(other)]


def file_of(ticket: Ticket) -> list[Any]:
    return [ticket.messages.order_by("pk")[0].attachments.get().pk]


def clock_of(ticket: Ticket) -> list[Any]:
    return [ticket.clocks.order_by("pk")[0].pk]


def both(*parts: Callable[[Ticket], list[Any]]) -> Callable[[Ticket], list[Any]]:
    return lambda ticket: [value for part in parts for value in part(ticket)]


OPEN = "200 200 200 200 200"
GONE = "404 404 404 404 404"
SIGN_IN = "302>/sign-in/"
DESK = "302>/admin/"
# Where one has to be signed in; staff see it in their own way.
OWN = "404 200 200 404 200"
FOREIGN = "404 404 404 200 200"

ADDRESSES: dict[str, list[Row]] = {
    "health": [Row(nothing, "503 503 503 503 503")],  # No worker runs here.
    "portal:start": [Row(nothing, OPEN)],
    "portal:policy": [Row(nothing, OPEN)],
    # No colour and no logo are set.
    "portal:brand_css": [Row(nothing, GONE)],
    "portal:brand_logo": [Row(nothing, GONE)],
    "portal:language": [Row(nothing, "405 405 405 405 405")],
    "portal:new": [Row(nothing, OPEN)],
    "portal:work": [Row(nothing, OPEN)],
    "portal:acknowledge": [Row(lambda ticket: ["forged"], GONE)],
    "portal:profile": [Row(nothing, f"{SIGN_IN} 200 200 200 200")],
    "portal:tickets": [Row(nothing, f"{SIGN_IN} 200 200 200 {DESK}")],
    "portal:own_ticket": [
        Row(of_ticket, f"404 200 200 404 {DESK}", f"404 404 404 200 {DESK}"),
    ],
    "portal:own_news": [Row(of_ticket, OWN, FOREIGN)],
    "portal:own_promise": [
        Row(both(of_ticket, clock_of), f"404 200 200 404 {DESK}", f"404 404 404 200 {DESK}"),
    ],
    "portal:file": [Row(file_of, OWN, FOREIGN)],
    # A key is all that is asked for, and opens its own ticket alone.
    "portal:ticket": [Row(by_key, OPEN, OPEN), Row(by_anothers_key, GONE, GONE)],
    "portal:news": [Row(by_key, OPEN, OPEN), Row(by_anothers_key, GONE, GONE)],
    "portal:promise": [
        Row(both(by_key, clock_of), OPEN, OPEN),
        Row(both(by_anothers_key, clock_of), GONE, GONE),
    ],
    "portal:file_by_link": [
        Row(both(by_key, file_of), OPEN, OPEN),
        Row(both(by_anothers_key, file_of), GONE, GONE),
    ],
    # Who may read a real one: tests/tickets/test_customer_reports.py.
    "portal:report": [Row(lambda ticket: ["forged"], GONE)],
    "portal:own_report": [Row(lambda ticket: [1], f"{SIGN_IN} 404 404 404 404")],
    "palette": [Row(nothing, " ".join([*[DESK] * 4, "200"]))],
    # Whoever is not half signed in is led to the desk, which asks him to sign in.
    "second_factor:ask": [Row(nothing, " ".join([DESK] * 5))],
    # Staff may set one up where none is asked of them.
    "second_factor:set_up": [Row(nothing, " ".join([*[DESK] * 4, "200"]))],
    "second_factor:change": [Row(nothing, " ".join([DESK] * 5))],
    "second_factor:leave": [Row(nothing, "405 405 405 405 405")],
    "account_login": [Row(nothing, "200 302>/ 302>/ 302>/ 302>/")],
    "account_request_login_code": [Row(nothing, "200 302>/ 302>/ 302>/ 302>/")],
    "account_confirm_login_code": [Row(nothing, f"{SIGN_IN} 302>/ 302>/ 302>/ 302>/")],
    "account_logout": [Row(nothing, "302>/ 200 200 200 200")],
}


def names(resolver: URLResolver, prefix: str = "") -> Iterator[str]:
    """Every address outside the admin."""
    for pattern in resolver.url_patterns:
        if isinstance(pattern, URLPattern):
            yield f"{prefix}{pattern.name}"
        elif pattern.app_name != "admin":
            space = f"{prefix}{pattern.namespace}:" if pattern.namespace else prefix
            yield from names(pattern, space)


def test_every_address_is_in_the_table() -> None:
    assert set(names(get_resolver())) == ADDRESSES.keys()


@pytest.fixture
def tickets() -> tuple[Ticket, Ticket]:
    """The customer's, and a foreigner's."""
    company = factories.organization(shares_tickets=True)
    factories.customer("colleague@acme.example", organization=company)
    factories.agent("agent@desk.example")
    other = factories.organization(shares_tickets=True)
    made = []
    for address, organization in (
        ("customer@acme.example", company),
        ("foreigner@b.example", other),
    ):
        requester = factories.customer(address, organization=organization)
        file = SimpleUploadedFile("notes.txt", b"x", "text/plain")
        now = timezone.now()
        made.append(factories.ticket(requester=requester, attachments=[file], at=now))
    return made[0], made[1]


def visitor(who: str) -> Client:
    client = Client()
    if who != "nobody":
        user = User.objects.get(email__startswith=f"{who}@")
        client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    return client


def got(who: str, address: str) -> str:
    answer = visitor(who).get(address)
    return f"{answer.status_code}" + (
        f">{answer['Location']}" if answer.has_header("Location") else ""
    )


@pytest.mark.parametrize("name", sorted(ADDRESSES))
def test_each_visitor_gets_exactly_what_the_table_says(
    name: str, tickets: tuple[Ticket, Ticket]
) -> None:
    for row in ADDRESSES[name]:
        for ticket, expected in zip(tickets, (row.own, row.foreign or row.own), strict=True):
            address = reverse(name, args=row.arguments(ticket))
            found = [got(who, address) for who in VISITORS]
            for who, is_so, wanted in zip(VISITORS, found, expected.split(), strict=True):
                place = is_so if ">" in wanted else is_so.partition(">")[0]
                fits = place.startswith(wanted) if ">" in wanted else place == wanted
                assert fits, f"{who} at {address}: {is_so}, not {wanted}"
