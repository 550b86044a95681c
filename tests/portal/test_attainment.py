"""What the promise page says about the last 90 days."""

from __future__ import annotations

import pytest
from django.core.cache import cache
from django.db import connection
from django.template.loader import render_to_string
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import translation

from sla.models import Clock, Policy
from sla.templatetags.figures import percent
from tests import factories
from tests.admin.test_sla_report import many
from tests.sla import november
from tests.sla.november import NOW
from tickets.models import PortalSettings
from tickets.portal import attainment
from tickets.portal.attainment import Attainment, Share


@pytest.fixture(autouse=True)
def _now(monkeypatch: pytest.MonkeyPatch) -> None:
    """The doors read the clock; here it stands at noon of 20 November."""
    monkeypatch.setattr("django.utils.timezone.now", lambda: NOW)


def publish() -> None:
    PortalSettings.objects.create(pk=1, publishes_attainment=True)


def shown(client: Client) -> Attainment | None:
    response = client.get("/policy/")
    assert response.status_code == 200
    found: Attainment | None = response.context["attainment"]
    return found


def shares(found: Attainment | None) -> dict[tuple[str, str], Share]:
    assert found is not None
    return {(row.code, metric): share for row in found.rows for metric, share in row.cells if share}


def test_nothing_is_shown_until_managers_publish_it(client: Client, policy: Policy) -> None:
    november.tell()
    assert shown(client) is None
    assert cache.get(attainment.CACHE_KEY) is None
    publish()
    assert shown(client) is not None


def test_the_figures_are_those_of_the_managers_report(client: Client, policy: Policy) -> None:
    november.tell()
    many(3)
    publish()
    found = shares(shown(client))
    client.force_login(factories.agent(group="Manager"))
    last_90_days = {"first": "2026-08-23", "last": "2026-11-20"}
    rows = client.get(reverse("admin:sla_report"), last_90_days).context["rows"]
    presets = client.get(reverse("admin:sla_report"), last_90_days).context["asked"].presets
    assert [preset["title"] for preset in presets if preset["active"]] == ["Last 90 days"]
    titles = {"first_response": "First response", "resolution": "Resolution"}
    expected = {
        (row.priority, titles[row.metric]): (row.kept, row.kept + row.broken)
        for row in rows
        if row.kept + row.broken
    }
    assert {key: (share.kept, share.counted) for key, share in found.items()} == expected
    assert found["P3", "First response"].words == "55.5 %"


# Kept, counted, what a reader sees; as the managers' report writes it.
WORDS = [
    (10, 10, "100 %"),
    (0, 10, "0 %"),
    (9, 9, ""),  # Too few
    (9, 10, "90 %"),
    (2, 12, "16.6 %"),
    (9999, 10000, "99.9 %"),  # Cut, not rounded
    (33, 34, "97.0 %"),  # Not whole
]


@pytest.mark.parametrize(("kept", "counted", "words"), WORDS)
def test_a_share_is_written_as_managers_read_it(kept: int, counted: int, words: str) -> None:
    assert Share(kept, counted).words == words
    assert not words or percent(100 * kept / counted) == words


def test_a_share_is_written_as_the_language_writes_numbers() -> None:
    with translation.override("de"):
        assert Share(5, 32).words == "15,6 %"


def test_the_page_shows_the_share_and_how_many_were_counted(client: Client, policy: Policy) -> None:
    counts = [("P1", "Urgent", "resolution", 11, 1), ("P2", "High", "resolution", 4, 1)]
    text = render_to_string("portal/attainment.html", {"attainment": attainment._table(counts)})
    words = " ".join(text.split())
    assert "<strong>91.6 %</strong>" in words
    assert "of 12 promises" in words
    assert "Too few to say" in words
    assert "What we kept in the last 90 days" in words


def test_without_any_promise_the_page_says_so(client: Client, policy: Policy) -> None:
    publish()
    text = render_to_string("portal/attainment.html", {"attainment": shown(client)})
    assert "No promise of these days has been kept or broken yet." in text


def test_the_figures_are_counted_once_in_ten_minutes(client: Client, policy: Policy) -> None:
    november.tell()
    publish()
    before = shares(shown(client))
    Clock.objects.filter(metric="resolution").update(started_at=november.ist(1, "12:00", month=8))
    with CaptureQueriesContext(connection) as captured:
        assert shares(shown(client)) == before
    assert not [query for query in captured if "sla_clock" in query["sql"]]
    cache.delete(attainment.CACHE_KEY)
    with CaptureQueriesContext(connection) as captured:
        assert shares(shown(client)) != before
    assert len([query for query in captured if 'FROM "sla_clock"' in query["sql"]]) == 1


def test_older_promises_are_left_out(client: Client, policy: Policy) -> None:
    november.tell()
    publish()
    Clock.objects.update(started_at=november.ist(22, "23:59", month=8))
    found = shown(client)
    assert found is not None
    assert found.rows == []
