"""How a promise is counted, as the customer reads it: in plain words, and nobody else's."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from sla import recalculation
from sla.explanation import DayRule, Line, Standstill
from sla.models import Clock, Metric, Policy
from tests import factories, linked
from tests.sla.stories import FIRST, RESOLUTION, change, last, wait
from tests.times import nov
from tickets import lifecycle
from tickets.models import Ticket, User
from tickets.templatetags.explanations import (
    day_rule,
    exact_span,
    plain_reason,
    plain_standstill,
    stretch,
)

NOW = nov(12, "12:00")


@pytest.fixture(autouse=True)
def _now(monkeypatch: pytest.MonkeyPatch) -> None:
    """The doors read the clock; here it stands at noon of Thursday 12 November."""
    monkeypatch.setattr("django.utils.timezone.now", lambda: NOW)


@pytest.fixture
def agent(policy: Policy) -> User:
    return factories.agent(name="Asha Rao")


@pytest.fixture
def ticket(policy: Policy) -> Ticket:
    return factories.ticket("P3", requester=factories.customer("maria@client.example"))


def link(clock: Clock, ticket: Ticket | None = None) -> str:
    ticket = ticket or clock.ticket
    key = linked.key(ticket)
    return reverse("portal:promise", args=[ticket.reference, key, clock.pk])


def read(client: Client, clock: Clock) -> str:
    response = client.get(link(clock))
    assert response.status_code == 200
    return " ".join(response.content.decode().split())


def stretches(text: str) -> list[tuple[str, str, str]]:
    """The stretches of the table: when, why, what counts."""
    rows = re.findall(r"<tr class=\"(?:counts)?\">(.*?)</tr>", text)
    cells = [re.findall(r"<td[^>]*>(.*?)</td>", row) for row in rows]
    return [(when, why, counted) for when, why, counted, _ in cells]


def test_each_stretch_is_told_in_plain_words(client: Client, policy: Policy, agent: User) -> None:
    policy.calendar.holidays.create(date=nov(9, "12:00").date(), name="Diwali")
    policy.calendar.publish(at=nov(1, "00:00"))
    ticket = factories.ticket("P3", at=nov(4, "16:00"))
    wait(ticket, [(nov(5, "10:00"), nov(5, "12:00"))])
    lifecycle.resolve(ticket=ticket, by=agent, at=nov(6, "16:00"))
    lifecycle.reply(ticket=ticket, by=ticket.requester, text="No.", at=nov(6, "16:30"))
    lifecycle.resolve(ticket=ticket, by=agent, at=nov(10, "10:00"))
    text = read(client, last(ticket, RESOLUTION))
    assert stretches(text) == [
        ("Wed 4 Nov, 16:00 to 17:00", "Open", "1 h"),
        ("Wed 4 Nov, 17:00 to Thu 5 Nov, 09:00", "Closed for the night", "–"),
        ("Thu 5 Nov, 09:00 to 10:00", "Open", "1 h"),
        ("Thu 5 Nov, 10:00 to 12:00", "Waiting for your answer", "–"),
        ("Thu 5 Nov, 12:00 to 17:00", "Open", "5 h"),
        ("Thu 5 Nov, 17:00 to Fri 6 Nov, 09:00", "Closed for the night", "–"),
        ("Fri 6 Nov, 09:00 to 16:00", "Open", "7 h"),
        ("Fri 6 Nov, 16:00 to 16:30", "Solved", "–"),
        ("Fri 6 Nov, 16:30 to 17:00", "Open", "30 min"),
        ("Fri 6 Nov, 17:00 to Mon 9 Nov, 00:00", "Closed for the weekend", "–"),
        ("Mon 9 Nov, 00:00 to Tue 10 Nov, 00:00", "Holiday “Diwali”", "–"),
        ("Tue 10 Nov, 00:00 to 09:00", "Closed for the night", "–"),
        ("Tue 10 Nov, 09:00 to 10:00", "Open", "1 h"),
        ("Tue 10 Nov, 10:00 to 17:00", "Open", "7 h"),
        ("Tue 10 Nov, 17:00 to Wed 11 Nov, 09:00", "Closed for the night", "–"),
        ("Wed 11 Nov, 09:00 to 17:00", "Open", "8 h"),
        ("Wed 11 Nov, 17:00 to Thu 12 Nov, 09:00", "Closed for the night", "–"),
        ("Thu 12 Nov, 09:00 to 17:00", "Open", "8 h"),
        ("Thu 12 Nov, 17:00 to Fri 13 Nov, 09:00", "Closed for the night", "–"),
        ("Fri 13 Nov, 09:00 to 10:30", "Open", "1 h 30 min"),
    ]
    assert "Done Tue 10 Nov, 10:00 IST. The rest was not needed." in text
    assert "It ends 13 Nov 2026, 10:30 IST" in text
    assert "<strong>40 h</strong>" in text
    assert "Without that it would have ended Thu 12 Nov, 16:00 IST." in text


def test_times_are_in_the_zone_of_the_reader(client: Client, ticket: Ticket) -> None:
    ticket.requester.time_zone = "America/New_York"
    ticket.requester.save()
    text = read(client, last(ticket, FIRST))
    assert stretches(text)[0][0] == "Sun 1 Nov, 23:30 to Mon 2 Nov, 06:30"
    assert "In the time zone America/New_York." in text
    assert "(10:00) on the 1st open day after Mon 2 Nov (Asia/Kolkata)" in text


def test_waiting_for_the_reader_says_what_an_answer_would_do(
    client: Client, ticket: Ticket, agent: User
) -> None:
    lifecycle.wait_for_customer(ticket=ticket, by=agent, at=nov(5, "10:00"))
    text = read(client, last(ticket, RESOLUTION))
    assert "The time stands still since Thu 5 Nov, 10:00 IST, and runs on when you answer." in text
    assert "If it ran on now, it would end Mon 16 Nov, 12:00 IST." in text
    assert "This is left, as if it ran on at once:" in text
    assert "Without this pause it ends 9 Nov 2026, 10:00 IST" in text


def test_waiting_since_the_deadline_was_missed_moves_nothing(
    client: Client, ticket: Ticket, agent: User
) -> None:
    lifecycle.wait_for_customer(ticket=ticket, by=agent, at=nov(9, "12:00"))
    text = read(client, last(ticket, RESOLUTION))
    assert "Promised by Mon 9 Nov, 10:00 IST: 2 h late. We are sorry." in text
    assert "Since Mon 9 Nov, 12:00 IST the time stands still (waiting for your answer)." in text
    assert "So far that does not move the deadline of Mon 9 Nov, 10:00 IST." in text


def test_a_raise_that_keeps_the_earlier_promise_is_told(
    client: Client, ticket: Ticket, agent: User
) -> None:
    change(ticket, "P2", agent, nov(6, "16:00"))
    text = read(client, last(ticket, RESOLUTION))
    assert "we had promised it for an earlier time already, and that still holds: P3" in text
    assert "P2 alone would give you Mon 9 Nov, 16:00 IST." in text
    assert stretches(text)[0][0] == "Mon 2 Nov, 10:00 to 17:00"


# --- The ledger -----------------------------------------------------------------------------------


def entries(text: str) -> list[tuple[str, str]]:
    """Who, and what."""
    found = re.findall(r"</time>, (.*?)</p> <p>(.*?)</p>", text)
    return [(who, what) for who, what in found]


def test_the_ledger_says_you_and_support_and_no_names_or_notes(
    client: Client, policy: Policy, ticket: Ticket, agent: User
) -> None:
    lifecycle.wait_for_customer(
        ticket=ticket, by=agent, at=nov(3, "10:00"), reason="He is difficult"
    )
    lifecycle.reply(ticket=ticket, by=ticket.requester, text="Here.", at=nov(4, "10:00"))
    policy.calendar.holidays.create(date=nov(10, "12:00").date(), name="Diwali")
    version = policy.calendar.publish(at=nov(5, "10:00"))
    recalculation.request(at=nov(5, "10:00"), by=agent, calendar_version=version)
    recalculation.go_on(at=nov(5, "10:00"), seconds=10, on_moved=lambda ids: None)
    lifecycle.resolve(ticket=ticket, by=agent, at=nov(6, "10:00"))
    lifecycle.reopen(ticket=ticket, by=agent, at=nov(6, "11:00"), reason="Botched")
    text = read(client, last(ticket, RESOLUTION))
    moved = "The deadline moved from Tue 10 Nov, 10:00 IST to Wed 11 Nov, 10:00 IST."
    assert entries(text) == [
        ("the support policy", "We made this promise: by Mon 9 Nov, 10:00 IST."),
        ("Support", "The time stood still: we wait for your answer."),
        (
            "you",
            (
                "The time ran on. The deadline moved from Mon 9 Nov, 10:00 IST to "
                "Tue 10 Nov, 10:00 IST."
            ),
        ),
        ("Support", f"Our opening hours or our policy changed. {moved}"),
        ("Support", "Done."),
        (
            "Support",
            (
                "It was not done yet, and the time ran on. The deadline moved from "
                "Wed 11 Nov, 10:00 IST to Wed 11 Nov, 11:00 IST."
            ),
        ),
    ]
    for secret in ("Asha", "difficult", "Botched", "version"):
        assert secret not in text


def test_a_missed_promise_that_was_replaced_says_so(
    client: Client, ticket: Ticket, agent: User
) -> None:
    missed = last(ticket, FIRST)
    change(ticket, "P1", agent, nov(3, "11:00"), reason="He shouts")
    text = read(client, missed)
    assert entries(text)[-1] == (
        "Support",
        "Another promise took its place.",
    )
    assert "shouts" not in text


# --- Who may read it ------------------------------------------------------------------------------


def test_every_promise_of_the_ticket_page_leads_to_its_page(
    client: Client, ticket: Ticket, agent: User
) -> None:
    change(ticket, "P1", agent, nov(3, "11:00"))
    key = linked.key(ticket)
    address = reverse("portal:ticket", args=[ticket.reference, key])
    text = client.get(address).content.decode()
    found = re.findall(r'href="([^"]*/promises/\d+/)" aria-label="Why this time\? [A-Z]', text)
    shown = Clock.objects.filter(ticket=ticket).counted_in_reports()
    assert sorted(found) == sorted(link(clock) for clock in shown)
    assert len(found) == 3, "the missed one and the two that run"
    for page in found:
        text = client.get(page).content.decode()
        assert f'href="{address}">Back to {ticket.reference}</a>' in text


def test_the_page_is_kept_by_no_cache_and_told_to_nobody(client: Client, ticket: Ticket) -> None:
    response = client.get(link(last(ticket, FIRST)))
    assert {"private", "no-store"} <= set(response.headers["Cache-Control"].split(", "))
    assert response.headers["Referrer-Policy"] == "same-origin"
    assert '<meta name="robots" content="noindex' in response.content.decode()
    assert client.post(link(last(ticket, FIRST))).status_code == 405


@pytest.mark.parametrize(
    "damage",
    [
        lambda path: re.sub(r"\.(.)", lambda m: "." + chr(ord(m[1]) ^ 1), path, count=1),  # forged
        lambda path: path.replace("/tickets/HD-", "/tickets/HD-1"),  # another ticket's key
        lambda path: re.sub(r"/\d+\.", "/999999.", path),  # another person's
        lambda path: re.sub(r"promises/\d+/", "promises/999999999/", path),
        lambda path: re.sub(r"promises/\d+/", f"promises/{'9' * 40}/", path),
        lambda path: re.sub(r"promises/\d+/", "promises/x/", path),
    ],
)
def test_a_wrong_link_is_not_found(
    client: Client, ticket: Ticket, damage: Callable[[str], str]
) -> None:
    address = link(last(ticket, FIRST))
    assert client.get(address).status_code == 200
    assert client.get(damage(address)).status_code == 404


def test_a_promise_of_another_ticket_is_not_found(client: Client, ticket: Ticket) -> None:
    other = factories.ticket("P3", requester=ticket.requester)
    assert client.get(link(last(other, FIRST), ticket)).status_code == 404
    client.force_login(ticket.requester)
    assert client.get(own(last(other, FIRST), ticket)).status_code == 404


def test_a_promise_that_was_replaced_in_time_is_not_found(
    client: Client, ticket: Ticket, agent: User
) -> None:
    before = last(ticket, FIRST)
    change(ticket, "P1", agent, nov(2, "11:00"))
    assert client.get(link(before)).status_code == 404
    client.force_login(ticket.requester)
    assert client.get(own(before)).status_code == 404


def own(clock: Clock, ticket: Ticket | None = None) -> str:
    return reverse("portal:own_promise", args=[(ticket or clock.ticket).reference, clock.pk])


def test_a_customer_who_is_signed_in_needs_no_link(client: Client, ticket: Ticket) -> None:
    clock = last(ticket, FIRST)
    client.force_login(ticket.requester)
    text = client.get(own(clock)).content.decode()
    assert f'href="/tickets/{ticket.reference}/">Back to' in text
    assert "Mon 2 Nov, 10:00 to 17:00" in text
    assert own(clock) in client.get(f"/tickets/{ticket.reference}/").content.decode()


def test_others_find_nothing_and_staff_are_led_to_the_desk(
    client: Client, ticket: Ticket, agent: User
) -> None:
    clock = last(ticket, FIRST)
    assert client.get(own(clock)).status_code == 404
    client.force_login(factories.customer())
    assert client.get(own(clock)).status_code == 404
    client.force_login(agent)
    assert client.get(own(clock)).headers["Location"] == f"/admin/sla/clock/{clock.pk}/change/"
    other = last(factories.ticket(), FIRST)
    assert client.get(own(other, ticket)).status_code == 404


def test_the_page_asks_the_database_equally_often_for_a_long_story(
    client: Client, ticket: Ticket, agent: User
) -> None:
    counts = []
    for rounds in (1, 20):
        for number in range(rounds):
            at = nov(3, "10:00") + timedelta(minutes=30 * rounds + number)
            lifecycle.wait_for_customer(ticket=ticket, by=factories.agent(), at=at)
            lifecycle.resume(ticket=ticket, by=factories.agent(), at=at)
        clock = last(ticket, RESOLUTION)
        client.get(link(clock))
        with CaptureQueriesContext(connection) as asked:
            client.get(link(clock))
        counts.append(len(asked))
    # Person, ticket, policy; clock and its pauses; the ledger.
    assert counts == [7, 7]


# --- Words ----------------------------------------------------------------------------------------


def line(start: datetime, end: datetime, kind: str = "open", name: str = "") -> Line:
    return Line(start, end, True, kind, name, 0, 0, False)


@pytest.mark.parametrize(
    ("start", "end", "words"),
    [
        (nov(2, "10:00"), nov(2, "17:00"), "Mon 2 Nov, 10:00 to 17:00"),
        (nov(6, "17:00"), nov(9, "09:00"), "Fri 6 Nov, 17:00 to Mon 9 Nov, 09:00"),
        (
            nov(2, "10:00") + timedelta(seconds=5, microseconds=7),
            nov(2, "17:00"),
            "Mon 2 Nov, 10:00:05 to 17:00",
        ),
        (
            nov(30, "10:00"),
            nov(30, "10:00") + timedelta(days=60),
            "Mon 30 Nov 2026, 10:00 to Fri 29 Jan 2027, 10:00",
        ),
    ],
)
def test_a_stretch_says_from_when_to_when(start: datetime, end: datetime, words: str) -> None:
    assert stretch(line(start, end), "Asia/Kolkata") == words


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(0, "0 min"), (59, "59 s"), (3600, "1 h"), (5_400_061, "1,500 h 1 min 1 s")],
)
def test_counted_time_is_exact_and_never_in_days(seconds: int, words: str) -> None:
    assert exact_span(seconds) == words


@pytest.mark.parametrize(
    ("kind", "name", "words"),
    [
        ("waiting_for_customer", "", "Waiting for your answer"),
        ("with_engineering", "", "With our engineers"),
        ("resolved", "", "Solved"),
        ("half_day", "Festival", "Closed: half-day “Festival”"),
        ("days_off", "Friday", "Closed on Friday"),
    ],
)
def test_reasons_speak_to_the_customer(kind: str, name: str, words: str) -> None:
    assert plain_reason(line(nov(2, "10:00"), nov(2, "11:00"), kind, name)) == words


def test_a_standstill_for_two_reasons_names_both() -> None:
    reasons = ("waiting_for_customer", "with_engineering")
    still = Standstill(nov(2, "10:00"), reasons, nov(3, "10:00"))
    assert plain_standstill(still) == "waiting for your answer and with our engineers"
    assert still.words == "Waiting for the customer, With engineering"


@pytest.mark.parametrize(
    ("amount", "facts", "words"),
    [
        (5, {}, "The same time of day (10:00) on the 5th open day after Mon 2 Nov (Asia/Kolkata)."),
        (
            1,
            {"is_moved": True, "due_at": nov(3, "09:00")},
            (
                "The same time of day (10:00) on the 1st open day after Mon 2 Nov (Asia/Kolkata). "
                "Support is not open then on that day, so it ends at 09:00."
            ),
        ),
        (
            2,
            {"starts_later": True},
            (
                "It began while support was closed, and is measured from 10:00. The same time "
                "of day (10:00) on the 2nd open day after Mon 2 Nov (Asia/Kolkata)."
            ),
        ),
        (
            3,
            {"is_last_closing": True, "starts_later": True},
            (
                "It began while support was closed, so it ends when support closes on the 3rd open "
                "day, Mon 2 Nov being the first (Asia/Kolkata)."
            ),
        ),
        (
            1,
            {"is_last_closing": True, "starts_later": True},
            (
                "It began while support was closed, so it ends when support closes on the 1st open "
                "day, which is Mon 2 Nov (Asia/Kolkata)."
            ),
        ),
    ],
)
def test_the_rule_for_business_days_is_a_sentence(
    amount: int, facts: dict[str, bool | datetime], words: str
) -> None:
    plain = {"starts_later": False, "is_last_closing": False, "is_moved": False}
    found = {"due_at": nov(9, "10:00"), **plain, **facts}
    rule = DayRule(amount=amount, since=nov(2, "10:00"), zone="Asia/Kolkata", **found)  # type: ignore[arg-type]
    assert day_rule(rule) == words


def test_engineering_that_pauses_is_told_in_plain_words(
    client: Client, policy: Policy, ticket: Ticket, agent: User
) -> None:
    policy.pause_rules.create(metric=Metric.RESOLUTION, condition="with_engineering")
    policy.publish(at=nov(1, "00:00"))
    other = factories.ticket("P3")
    lifecycle.escalate_to_engineering(ticket=other, by=agent, at=nov(5, "10:00"))
    text = read(client, last(other, RESOLUTION))
    assert "Since Thu 5 Nov, 10:00 IST the time stands still (with our engineers)." in text
    assert ("Support", "The time stood still: our engineers have it.") in entries(text)
