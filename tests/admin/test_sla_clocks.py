"""Clocks and sweeps in the admin: to be looked at, and nothing else."""

import re
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from sla.admin.clocks import STATES, state_of
from sla.models import Clock, Policy, Sweep
from tests import factories
from tests.sla import november
from tests.sla.november import NOW, Story, ist
from tickets import escalation, lifecycle

CLOCKS = reverse("admin:sla_clock_changelist")


@pytest.fixture(autouse=True)
def _now(monkeypatch: pytest.MonkeyPatch) -> None:
    """The doors read the clock; here it stands at noon of 20 November."""
    monkeypatch.setattr("django.utils.timezone.now", lambda: NOW)


@pytest.fixture
def story(policy: Policy, client: Client) -> Story:
    client.force_login(factories.agent())
    return november.tell()


def clock_of(story: Story, name: str, metric: str, code: str = "P3") -> Clock:
    return Clock.objects.get(ticket=story.tickets[name], metric=metric, priority__code=code)


# ticket, metric, priority: how the list calls it
STANDING = [
    ("in time", "first_response", "P3", "kept"),
    ("stopped late", "resolution", "P3", "broken"),
    ("running late", "first_response", "P3", "late"),
    ("running in time", "resolution", "P3", "running"),
    ("paused", "resolution", "P3", "paused"),
    ("paused late", "resolution", "P3", "late"),
    ("raised in time", "first_response", "P3", "replaced"),
    ("raised late", "first_response", "P3", "broken"),
    ("lowered in time", "resolution", "P1", "kept"),
    ("lowered late", "resolution", "P1", "broken"),
]


def test_each_clock_is_in_one_state_and_its_filter_finds_it(story: Story, client: Client) -> None:
    everything = Clock.objects.with_end(NOW)
    found = {
        clock.pk: state
        for state, condition in STATES.items()
        for clock in everything.filter(condition)
    }
    assert found == {clock.pk: state_of(clock) for clock in everything}
    for name, metric, code, state in STANDING:
        assert found[clock_of(story, name, metric, code).pk] == state, name

    for state in STATES:
        shown = client.get(CLOCKS, {"state": state}).context["cl"].result_list
        # Nothing in the story is void.
        assert {state_of(clock) for clock in shown} == ({state} - {"void"})


def test_the_list_is_narrowed_down_and_searched(story: Story, client: Client) -> None:
    def shown(**question: Any) -> set[str]:
        return {str(clock.ticket) for clock in client.get(CLOCKS, question).context["cl"].queryset}

    late = story.tickets["stopped late"]
    assert shown(q="stopped late") == {str(late)}
    assert shown(q=str(late.pk)) >= {str(late)}
    first_priority = factories.priority("P1")
    assert shown(priority__id__exact=first_priority.pk) == {
        str(story.tickets[name])
        for name in ("raised in time", "lowered in time", "lowered late", "P1 running late")
    }
    assert client.get(CLOCKS, {"state": "dead"}).status_code == 200


def test_the_page_of_a_clock_tells_its_whole_history(story: Story, client: Client) -> None:
    escalation.fire_due_steps(at=NOW)
    late = clock_of(story, "running late", "first_response")
    text = page(client, late)
    for piece in (
        "running late",
        "1 business day",
        "17 Nov 2026, 10:00 IST",
        "Submitted",
        "75 % of the target",
        "Support policy version 1",
        "Business hours version 1",
    ):
        assert piece in text
    paused = page(client, clock_of(story, "paused", "resolution"))
    assert "Waiting for the customer" in paused
    assert "still paused" in paused
    lowered = page(client, clock_of(story, "lowered in time", "resolution", "P1"))
    assert "10 h, of them 7 h in opening hours" in lowered
    assert "From P1 to P2" in lowered


def page(client: Client, clock: Clock) -> str:
    response = client.get(reverse("admin:sla_clock_change", args=[clock.pk]))
    assert response.status_code == 200
    return " ".join(response.content.decode().split())


def rows_of(text: str) -> list[list[str]]:
    """The rows of the explanation, cell by cell."""
    table = re.search(r'<table class="[^"]*sla-stretches">(.*?)</table>', text)
    assert table is not None
    rows = re.findall(r"<tr[^>]*>(.*?)</tr>", table[1])[1:]
    cells = [re.findall(r"<t[hd][^>]*>(.*?)</t[hd]>", row) for row in rows]
    return [[re.sub(r"<[^>]+>", "", cell).strip() for cell in row] for row in cells]


def test_the_page_explains_the_deadline_line_by_line(story: Story, client: Client) -> None:
    text = page(client, clock_of(story, "reopened", "resolution"))
    assert "The same time of day (10:00) on the 5th open day after Mon 2 Nov" in text
    assert "Without standing still it was due 9 Nov 2026, 10:00 IST" in text
    rows = rows_of(text)
    assert rows[:5] == [
        ["Mon 2 Nov, 10:00 to 17:00", "Open", "7 h", "7 h"],
        ["Mon 2 Nov, 17:00 to Tue 3 Nov, 09:00", "Closed for the night", "–", "7 h"],
        ["Tue 3 Nov, 09:00 to 10:00", "Open", "1 h", "8 h"],
        ["Tue 3 Nov, 10:00 to Wed 4 Nov, 10:00", "Resolved", "–", "8 h"],
        ["Wed 4 Nov, 10:00 to 17:00", "Open", "7 h", "15 h"],
    ]
    stopped = "Stopped Thu 5 Nov, 10:00 IST: the rest was not needed (16 h used, 24 h left)"
    assert [stopped] in rows
    assert rows[-1] == ["Due 10 Nov 2026, 10:00 IST", "40 h"]
    # The ledger stands below.
    assert text.index("sla-stretches") < text.index("Deadline history") < text.index("Runs on")
    assert "Asha" in text


def test_the_page_says_what_stands_still_and_what_is_late(story: Story, client: Client) -> None:
    paused = page(client, clock_of(story, "paused", "resolution"))
    assert "<strong>Waiting for the customer since 10 Nov 2026, 10:00 IST.</strong>" in paused
    assert "If the clock ran on now, it would be due 26 Nov 2026, 12:00 IST." in paused
    late = page(client, clock_of(story, "stopped late", "first_response"))
    assert "1 h late since 3 Nov 2026, 10:00 IST." in late
    assert "Waiting for the customer since" not in late


def test_the_page_names_the_promise_that_a_raise_kept(story: Story, client: Client) -> None:
    ticket = story.open("raised", "P3", 12, "10:00")
    story.make(ticket, "P2", 18, "16:00")
    text = page(client, Clock.objects.get(ticket=ticket, priority__code="P2", metric="resolution"))
    earlier = Clock.objects.get(ticket=ticket, priority__code="P3", metric="resolution")
    assert "The promise before the priority was raised decides" in text
    assert f'<a href="/admin/sla/clock/{earlier.pk}/change/">P3 Resolution</a>' in text
    assert "The target of P2 alone would be over 21 Nov 2026, 16:00 IST." in text
    assert rows_of(text)[0][0] == "Thu 12 Nov, 10:00 to 17:00"


def test_a_long_explanation_is_shown_in_part_or_whole(
    policy: Policy, story: Story, client: Client
) -> None:
    policy.targets.filter(priority__code="P3", metric="resolution").update(amount=100)
    policy.publish(at=NOW)
    story.open("long", "P3", 20, "10:00")
    clock = clock_of(story, "long", "resolution")
    part = page(client, clock)
    assert len(rows_of(part)) < 40
    assert re.search(r"and \d+ more stretches", part)
    address = reverse("admin:sla_clock_change", args=[clock.pk])
    whole = " ".join(client.get(f"{address}?stretches=all").content.decode().split())
    assert len(rows_of(whole)) > 200
    assert "more stretches" not in whole
    assert "Show less" in whole
    assert rows_of(whole)[-1] == rows_of(part)[-1] == ["Due 9 Apr 2027, 10:00 IST", "800 h"]


def test_a_long_story_takes_as_many_queries_as_a_short_one(story: Story, client: Client) -> None:
    short, long = story.open("short", "P3", 12, "10:00"), story.open("long", "P4", 12, "10:00")
    for hour in range(8):
        story.wait(long, 13, f"{10 + hour}:00")
        lifecycle.resume(ticket=long, by=factories.agent(), at=ist(13, f"{10 + hour}:30"))
    for ticket, codes in ((short, ["P2"]), (long, ["P3", "P2", "P1"])):
        for hour, code in enumerate(codes):
            story.make(ticket, code, 18, f"{10 + hour}:00")
    counts = []
    for ticket in (short, long):
        clock = Clock.objects.filter(ticket=ticket, metric="resolution").latest("pk")
        page(client, clock)
        with CaptureQueriesContext(connection) as asked:
            page(client, clock)
        counts.append(len(asked))
    assert counts[0] == counts[1]


def test_the_page_of_a_ticket_leads_to_the_explanations(story: Story, client: Client) -> None:
    ticket = story.tickets["lowered in time"]
    address = f"/admin/tickets/ticket/{ticket.pk}"
    parts = (client.get(f"{address}/{part}/").content.decode() for part in ("change", "story"))
    text = "".join(parts)
    for clock in Clock.objects.filter(ticket=ticket):
        address = reverse("admin:sla_clock_change", args=[clock.pk])
        # From its card and from the ledger.
        assert text.count(f'href="{address}"') >= 1 + clock.events.count()


def test_not_even_a_superuser_changes_a_clock(story: Story, admin_client: Client) -> None:
    clock = clock_of(story, "in time", "resolution")
    change = reverse("admin:sla_clock_change", args=[clock.pk])
    delete = reverse("admin:sla_clock_delete", args=[clock.pk])
    assert "_save" not in admin_client.get(change).content.decode()
    for address in (change, delete, reverse("admin:sla_clock_add")):
        assert admin_client.post(address, {"post": "yes"}).status_code == 403
    assert Clock.objects.filter(pk=clock.pk).exists()


def test_a_sweep_that_is_late_is_red(policy: Policy, client: Client) -> None:
    client.force_login(factories.agent(group="Manager"))
    for name, ago in (("escalation", 20), ("outbox", 40)):
        Sweep.objects.create(
            name=name,
            period_seconds=10,
            last_run_at=NOW - timedelta(seconds=ago),
            took_ms=12,
            did=3,
        )
    response = client.get(reverse("admin:sla_sweep_changelist"))
    text = " ".join(response.content.decode().split())
    labels = re.findall(r"bg-(red|green)-100[^>]*> ?(late|on time) ?<", text)
    assert labels == [("green", "on time"), ("red", "late")]
    assert "12 ms" in text
    assert "10 s" in text
    change = reverse("admin:sla_sweep_change", args=["outbox"])
    assert client.get(change).status_code == 200
    assert client.post(change, {"did": 0}).status_code == 403
