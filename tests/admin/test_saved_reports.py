"""Reports that are kept under a name, and the pages that a report is broken down on."""

import pytest
from django.test import Client
from django.urls import reverse

from sla import reports
from sla.models import Policy, SavedReport
from sla.reports import Dimension
from tests import factories
from tests.sla import november
from tests.sla.november import NOW
from tickets.models import User

NOVEMBER = {"first": "2026-11-01", "last": "2026-11-30"}
ADD = "admin:sla_savedreport_add"


@pytest.fixture(autouse=True)
def _now(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("django.utils.timezone.now", lambda: NOW)


@pytest.fixture
def maria(policy: Policy, client: Client) -> User:
    maria = factories.agent(group="Manager", name="Maria")
    client.force_login(maria)
    return maria


def test_a_question_is_saved_from_the_page_that_shows_it(maria: User, client: Client) -> None:
    page = client.get(reverse("admin:sla_report"), {"span": "last_month", "priority": "P3"})
    form = client.get(page.context["saving"]).context["adminform"].form
    assert form.initial == {"page": "overview", "query": "span=last_month&priority=P3"}
    answer = client.post(reverse(ADD), {**form.initial, "name": "Normal ones"})
    assert answer.status_code == 302
    saved = SavedReport.objects.get()
    assert (saved.owner, saved.is_shared) == (maria, False)
    page = client.get(reverse("admin:sla_report"))
    assert [(link.name, link.owner) for link in page.context["saved"]] == [("Normal ones", "")]
    again = client.get(page.context["saved"][0].address).context["asked"].question
    assert (str(again.first), again.filters.priority) == ("2026-10-01", "P3")
    question = reports.asked_by(saved.query, at=NOW)
    assert question.is_valid()
    assert question.question == again


def test_a_name_is_taken_once_and_nonsense_is_not_saved(maria: User, client: Client) -> None:
    SavedReport.objects.create(name="Mine", owner=maria)
    for values, sentence in [
        (
            {"name": "mine", "page": "overview", "query": "span=7d"},
            "You have a report of that",
        ),
        ({"name": "B", "page": "overview", "query": "span=never"}, "This is no question"),
        ({"name": "C", "page": "beauty", "query": "span=7d"}, "Select a valid choice"),
    ]:
        answer = client.post(reverse(ADD), values)
        assert answer.status_code == 200
        assert sentence in answer.content.decode(), values
    assert SavedReport.objects.count() == 1


def test_others_read_what_is_shared_and_change_nothing(maria: User, client: Client) -> None:
    other = factories.agent(group="Manager", name="Omar")
    shared = SavedReport.objects.create(name="Shared", owner=other, is_shared=True, query="span=7d")
    private = SavedReport.objects.create(name="Private", owner=other)
    links = client.get(reverse("admin:sla_report")).context["saved"]
    assert [(link.name, link.owner) for link in links] == [("Shared", "Omar")]

    def change(report: SavedReport) -> str:
        return reverse("admin:sla_savedreport_change", args=[report.pk])

    assert client.get(change(shared)).status_code == 200
    assert client.post(change(shared), {"name": "Taken"}).status_code == 403
    assert client.get(change(private)).status_code == 302
    deletion = reverse("admin:sla_savedreport_delete", args=[shared.pk])
    assert client.post(deletion, {"post": "yes"}).status_code == 403
    assert SavedReport.objects.filter(name="Shared").exists()


def test_agents_and_customers_keep_no_reports(policy: Policy, client: Client) -> None:
    names = [ADD, "admin:sla_savedreport_changelist", "admin:sla_report_breakdown"]
    client.force_login(factories.agent())
    assert [client.get(reverse(name)).status_code for name in names] == [403, 403, 403]
    client.force_login(factories.customer())
    assert [client.get(reverse(name)).status_code for name in names] == [302, 302, 302]


def test_each_row_of_a_breakdown_leads_to_its_report_and_its_promises(
    maria: User, client: Client
) -> None:
    november.tell()
    for dimension in Dimension:
        address = reverse("admin:sla_report_breakdown")
        page = client.get(address, {**NOVEMBER, "by": dimension.value})
        lines = page.context["lines"]
        assert sum(line.row.promises for line in lines) == 29
        for line in lines:
            assert line.name
            report = client.get(reverse("admin:sla_report") + line.narrowed)
            assert sum(row.promises for row in report.context["rows"]) == line.row.promises
            for figure, number in [("kept", line.row.kept), ("broken", line.row.broken)]:
                found = client.get(reverse("admin:sla_report_clocks") + line.behind[figure])
                assert found.context["page"].paginator.count == number
        assert f"by={dimension.value}" in page.content.decode()


def test_a_breakdown_by_nothing_known_gets_a_sentence(maria: User, client: Client) -> None:
    page = client.get(reverse("admin:sla_report_breakdown"), {"by": "beauty"})
    assert page.status_code == 200
    assert "lines" not in page.context
    assert "Select a valid choice" in page.content.decode()
