"""What people type stays text: no payload adds an element, an attribute or an address to a page."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from html.parser import HTMLParser

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from tests import factories, linked
from tests.payloads import PAYLOADS
from tickets import lifecycle
from tickets.models import Delivery, Organization, Ticket, User

pytestmark = pytest.mark.usefixtures("policy")

HARMLESS = "Some plain words"


class Skeleton(HTMLParser):
    """The elements of a page with the names of their attributes, and what these obey."""

    def __init__(self) -> None:
        super().__init__()
        self.elements: Counter[tuple[str, ...]] = Counter()
        self.active: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        names = sorted({name for name, _ in attrs})
        # What looks like an address may become a link to it; where it leads is looked at below.
        if (tag, names) != ("a", ["href", "rel"]):
            self.elements[(tag, *names)] += 1
        for name, value in attrs:
            address = (value or "").strip().lower()
            if name.startswith("on") or address.startswith(("javascript:", "data:text")):
                self.active.append(f"{tag} {name}={value}")


def skeleton(text: str) -> Skeleton:
    found = Skeleton()
    found.feed(text)
    return found


@pytest.fixture
def company() -> Organization:
    return factories.organization(shares_tickets=True)


def said(words: str, company: Organization) -> Ticket:
    """A ticket in which everything that a person can choose is these words."""
    asha = factories.customer(name=words, organization=company)
    name = words.replace("/", "∕")  # A name with slashes is a path.
    ticket = factories.ticket(
        requester=asha,
        subject=words,
        text=words,
        at=timezone.now(),
        attachments=[SimpleUploadedFile(name, b"x", "text/plain")],
    )
    agent = User.objects.staff().latest("pk")
    agent.name = agent.signature = words
    agent.save()
    return lifecycle.reply(ticket=ticket, by=agent, text=words, at=ticket.updated_at)


def pages_of(ticket: Ticket, client: Client, staff: Client) -> Iterator[str]:
    """Everything that shows the ticket alone, and the mails about it."""
    key = linked.key(ticket)
    clock = ticket.clocks.order_by("pk")[0]
    for address in (
        reverse("portal:ticket", args=[ticket.reference, key]),
        reverse("portal:promise", args=[ticket.reference, key, clock.pk]),
    ):
        yield client.get(address).content.decode()
    yield staff.get(reverse("admin:tickets_ticket_change", args=[ticket.pk])).content.decode()
    for row in Delivery.objects.filter(ticket=ticket).order_by("occasion"):
        yield row.html


def signed_in(user: User) -> Client:
    client = Client()
    client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    return client


def together(skeletons: Iterable[Skeleton]) -> list[Counter[tuple[str, ...]]]:
    return [found.elements for found in skeletons]


def test_no_payload_changes_a_page_or_a_mail(company: Organization, client: Client) -> None:
    staff = signed_in(factories.agent())
    plain = together(map(skeleton, pages_of(said(HARMLESS, company), client, staff)))
    for payload in PAYLOADS:
        found = [skeleton(page) for page in pages_of(said(payload, company), client, staff)]
        assert [page.active for page in found] == [[]] * len(found), payload
        assert together(found) == plain, payload


@pytest.mark.parametrize("address", ["portal:tickets", "admin:tickets_ticket_changelist"])
def test_no_payload_changes_a_list(address: str, company: Organization) -> None:
    reader = factories.customer(organization=company)
    client = signed_in(factories.agent() if address.startswith("admin") else reader)
    for payload in PAYLOADS[:20]:
        factories.ticket(requester=factories.customer(name=HARMLESS, organization=company))
        factories.ticket(requester=factories.customer(name=payload, organization=company))
    before = skeleton(client.get(reverse(address)).content.decode())
    for number, ticket in enumerate(Ticket.objects.order_by("pk")):
        Ticket.objects.filter(pk=ticket.pk).update(subject=PAYLOADS[number % len(PAYLOADS)])
    after = skeleton(client.get(reverse(address)).content.decode())
    assert after.active == []
    assert after.elements == before.elements
