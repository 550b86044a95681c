"""The page of a customer's monthly report: by signed link, or signed in, and who may not."""

from datetime import datetime, timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from sla.models import Policy
from tests import acme
from tests.acme import DUE, NOVEMBER, Acme
from tests.admin.test_sla_report import many
from tickets import links
from tickets.models import CustomerReport, Organization, User


@pytest.fixture(autouse=True)
def _now(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("django.utils.timezone.now", lambda: DUE)


@pytest.fixture
def told(policy: Policy) -> Acme:
    return acme.tell(policy)


@pytest.fixture
def report(told: Acme) -> CustomerReport:
    return CustomerReport.objects.create(
        organization=told.organization, month=NOVEMBER, made_at=DUE
    )


def link_of(report: CustomerReport, user: User, *, at: datetime = DUE) -> str:
    return "/reports/" + links.report_url_for(report, user, at=at).rsplit("/reports/", 1)[1]


def test_the_link_shows_the_report_in_the_customers_words(
    client: Client, told: Acme, report: CustomerReport
) -> None:
    response = client.get(link_of(report, told.maria))
    page = " ".join(response.content.decode().split())
    assert response.status_code == 200
    assert response["Content-Language"] == "de"
    assert {"private", "no-store"} <= set(response["Cache-Control"].split(", "))
    assert '<html lang="de">' in page
    for piece in (
        "Supportbericht für November 2026", "Acme", "Ihr Ansprechpartner: Sam Spoc",
        "over the holiday", "1 h zu spät", "4,5 von 5 Sternen", "50 %",
        "innerhalb", "Europe/Berlin",
    ):  # fmt: skip
        assert piece.casefold() in page.casefold(), piece
    # Nobody else of our staff, nothing that is said among us, nothing of others, no navigation.
    for piece in ("Asha", "They pay late", "junk", "of Bolt", "of October", "<nav", "Ticket by"):
        assert piece not in page, piece


def test_who_may_not_read_it(client: Client, told: Acme, report: CustomerReport) -> None:
    mine = reverse("portal:own_report", args=[report.pk])
    by_link = link_of(report, told.maria)
    bert, eve = (User.objects.get(email=f"{name}.example") for name in ("bert@bolt", "eve@acme"))
    # A customer of another organization, one who is not marked, nobody, and a forged link.
    for stranger in (bert, eve):
        client.force_login(stranger)
        assert client.get(mine).status_code == 404
        assert client.get(link_of(report, stranger)).status_code == 404
    client.logout()
    assert client.get(mine)["Location"].startswith(reverse("account_request_login_code"))
    assert client.get(by_link[:-3] + "x/").status_code == 404
    assert client.get(reverse("portal:own_report", args=[report.pk + 1])).status_code == 302
    assert client.post(by_link).status_code == 405

    client.force_login(told.maria)
    assert client.get(mine).status_code == 200
    client.force_login(told.spoc)
    answer = client.get(mine)
    assert answer["Location"].startswith(reverse("admin:customer_report"))

    # The link ends with what it was made for.
    client.logout()
    for change in (
        {"gets_report": False},
        {"is_active": False},
        {"organization": Organization.objects.get(name="Bolt")},
    ):
        before = {name: getattr(told.maria, name) for name in change}
        User.objects.filter(pk=told.maria.pk).update(**change)
        assert client.get(by_link).status_code == 404, change
        User.objects.filter(pk=told.maria.pk).update(**before)
    assert client.get(by_link).status_code == 200


def test_an_old_link_says_so_and_nothing_else(
    client: Client, told: Acme, report: CustomerReport
) -> None:
    response = client.get(link_of(report, told.maria, at=DUE - timedelta(days=91)))
    assert response.status_code == 410
    page = response.content.decode()
    assert "This link is over" in page
    for secret in ("Acme", "Sam Spoc", "maria@"):
        assert secret not in page
    assert f"next={reverse('portal:own_report', args=[report.pk])}" in page
    User.objects.filter(pk=told.maria.pk).update(links_void_before=DUE)
    assert client.get(link_of(report, told.maria)).status_code == 410


def test_the_page_needs_as_many_queries_for_many_tickets(
    client: Client, told: Acme, report: CustomerReport
) -> None:
    def queries() -> int:
        with CaptureQueriesContext(connection) as captured:
            assert client.get(link_of(report, told.maria)).status_code == 200
        return len(captured)

    queries()
    few = queries()
    many(9)
    assert queries() == few
    assert few <= 16
