"""My tickets: what a row says."""

import re
from datetime import timedelta

import pytest
from django.utils import timezone

from tests import factories
from tests.portal.my_tickets.listed import HOUR, NOW, opened, page
from tickets import lifecycle
from tickets.models import User
from tickets.portal.unread import mark_read


def test_the_next_promise_is_in_words_and_in_the_zone_of_the_reader(maria: User) -> None:
    maria.time_zone = "America/New_York"
    maria.save()
    opened(maria, at=timezone.now())
    text = page(maria)
    assert re.search(r"We (aim to )?answer by \w{3} \d+ \w{3}, \d\d:\d\d E[SD]T", text)
    assert re.search(r"<time [^>]*>\d+ \w{3} \d{4}, \d\d:\d\d E[SD]T</time>", text)
    assert "IST" not in text


def test_a_late_promise_and_one_that_waits_say_so(maria: User) -> None:
    opened(maria, "late", at=timezone.now() - timedelta(days=60))
    assert re.search(r'<span class="tag late">Late</span>\s*First response:', page(maria))
    row, agent = opened(maria, "waiting", at=timezone.now() - HOUR), factories.agent()
    lifecycle.reply(ticket=row, by=agent, text="Which one?", at=timezone.now() - HOUR / 2)
    lifecycle.wait_for_customer(ticket=row, by=agent, at=timezone.now() - HOUR / 2)
    text = page(maria, q="waiting")
    assert '<span class="tag waiting">Waiting for you</span>' in text
    assert "runs on when you answer" in text


def test_a_solved_ticket_says_when(of_all_states: User) -> None:
    assert "Solved 2 Nov 2026, 12:00 IST" in page(of_all_states, q="solved")


def test_what_is_unread_is_said_in_words(maria: User) -> None:
    row = opened(maria)
    assert "New answer" not in page(maria)
    lifecycle.reply(ticket=row, by=factories.agent(), text="Well.", at=NOW + HOUR)
    assert "New answer" in page(maria)
    mark_read(row, maria, at=NOW + 2 * HOUR)
    assert "New answer" not in page(maria)


def test_the_row_leads_to_the_ticket(maria: User) -> None:
    row = opened(maria)
    assert f'href="/tickets/{row.reference}/"' in page(maria)


@pytest.mark.parametrize("where", ["subject", "name", "search", "whose", "sort"])
def test_nothing_that_people_wrote_runs(maria: User, paul: User, where: str) -> None:
    evil = "\"'><script>alert(1)</script><img src=x onerror=alert(1)>"
    if where == "name":
        paul.name = evil
        paul.save()
    opened(paul, evil if where == "subject" else "Harmless")
    asked = {"whose": "all", **({"q": evil} if where == "search" else {})}
    if where in ("whose", "sort"):
        asked[where] = evil
    text = page(maria, **asked)
    assert "<script>alert" not in text
    assert "<img" not in text
