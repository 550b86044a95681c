"""The report of a customer in the desk, and the settings that send it."""

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from sla.models import Policy
from tests import acme, factories
from tests.acme import DUE, NOVEMBER, Acme
from tests.sla.november import ist
from tickets.models import CustomerReport, Organization

PAGE = reverse("admin:customer_report")


@pytest.fixture(autouse=True)
def _now(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("django.utils.timezone.now", lambda: DUE)


@pytest.fixture
def told(policy: Policy) -> Acme:
    return acme.tell(policy)


def page(client: Client, told: Acme, **asked: Any) -> Any:
    return client.get(PAGE, {"organization": told.organization.pk, "month": "2026-11", **asked})


def test_a_manager_reads_it_and_prints_it(client: Client, told: Acme) -> None:
    client.force_login(factories.agent(group="Manager"))
    text = page(client, told).content.decode()
    assert "Supportbericht für November 2026" in text
    assert "Reports of this customer are not sent." in text
    late = told.story.tickets["over the holiday"]
    assert reverse("admin:tickets_ticket_change", args=[late.pk]) in text
    CustomerReport.objects.create(organization=told.organization, month=NOVEMBER, made_at=DUE)
    assert "Made for the customer on" in page(client, told).content.decode()

    paper = page(client, told, print="1").content.decode()
    assert '<html lang="de">' in paper
    assert "customer-report.css" in paper
    assert "/admin/" not in paper
    # Without a month it is about the one that ended last; without a customer nothing is shown.
    asked = client.get(PAGE, {"organization": told.organization.pk}).context
    assert asked["report"].month == NOVEMBER
    assert "Choose an organization and a month." in client.get(PAGE).content.decode()


BAD = [
    ({"month": "2026-13"}, "Write the month as year-month, such as 2026-11."),
    ({"month": "yesterday"}, "Write the month as year-month, such as 2026-11."),
    ({"month": "0001-01"}, "Choose a month of the years 2000 to 2100."),
    ({"organization": "999999999"}, "Select a valid choice."),
    ({"organization": "x"}, "Select a valid choice."),
    ({"organization": "9" * 30}, "Select a valid choice."),
]


def test_a_bad_question_gets_a_sentence(client: Client, told: Acme) -> None:
    client.force_login(factories.agent(group="Manager"))
    for asked, sentence in BAD:
        response = page(client, told, **asked)
        assert response.status_code == 200
        assert sentence in response.content.decode(), asked
        assert not response.context["report"]


def test_who_may_read_it(client: Client, told: Acme) -> None:
    other = Organization.objects.get(name="Bolt")
    for user, own, others in [
        (factories.agent(group="Manager"), 200, 200),
        (factories.agent(group="Administrator"), 200, 200),
        (factories.agent(), 403, 403),
        # The single point of contact gets the link of his own customer.
        (told.spoc, 200, 403),
        (told.maria, 302, 302),
    ]:
        client.force_login(user)
        assert page(client, told).status_code == own, user
        assert page(client, told, print="1").status_code == own, user
        assert page(client, told, organization=other.pk).status_code == others, user
    client.force_login(told.spoc)
    assert client.get(PAGE).status_code == 403
    assert page(client, told, organization="9" * 30).status_code == 403


def test_switching_it_on_sets_when_it_goes_out(
    client: Client, told: Acme, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("django.utils.timezone.now", lambda: ist(20, "10:00"))
    client.force_login(factories.agent(group="Administrator"))
    change = reverse("admin:tickets_organization_change", args=[told.organization.pk])
    posted = {
        "name": "Acme", "spoc": told.spoc.pk, "sends_report": "on", "report_time": "08:00",
        "time_zone": "Europe/Berlin", "language": "de",
    }  # fmt: skip
    assert client.post(change, posted).status_code == 302
    told.organization.refresh_from_db()
    assert told.organization.next_report_at == DUE
    assert "It goes out on 1 Dec 2026, 08:00 CET" in page(client, told).content.decode()
    del posted["sends_report"]
    assert client.post(change, posted).status_code == 302
    told.organization.refresh_from_db()
    assert told.organization.next_report_at is None
