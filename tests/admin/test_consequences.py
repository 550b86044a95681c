"""Before an agent changes a priority, the page says which deadlines move, and where to."""

from __future__ import annotations

import pytest
from django.utils import timezone

from sla.models import Clock, Policy
from tests import factories
from tests.sla.stories import change
from tests.times import nov
from tickets import lifecycle
from tickets.admin.consequences import consequences
from tickets.models import Ticket, User
from tickets.templatetags.desk import local_time

KOLKATA = "Asia/Kolkata"


@pytest.fixture
def agent(policy: Policy) -> User:
    return factories.agent()


def said(ticket: Ticket, clock: str, day: int = 2) -> dict[str, list[str]]:
    ticket = Ticket.objects.get(pk=ticket.pk)
    running = list(ticket.clocks.running().select_related("priority", "earlier_promise"))
    with timezone.override(KOLKATA):
        found = consequences(ticket, running, at=nov(day, clock))
    return {row.priority.code: sorted(row.sentences) for row in found}


def test_every_other_priority_says_what_it_would_do(agent: User) -> None:
    ticket = factories.ticket("P3")
    assert said(ticket, "12:00") == {
        "P1": [
            "First response moves from Tue 3 Nov, 10:00 IST to Mon 2 Nov, 14:00 IST",
            "Resolution moves from Mon 9 Nov, 10:00 IST to Tue 3 Nov, 00:00 IST",
        ],
        "P2": [
            # Eight business hours from now end later than what is promised.
            "First response stays at Tue 3 Nov, 10:00 IST",
            "Resolution moves from Mon 9 Nov, 10:00 IST to Thu 5 Nov, 12:00 IST",
        ],
        "P4": [
            "First response moves from Tue 3 Nov, 10:00 IST to Wed 4 Nov, 10:00 IST",
            "Resolution moves from Mon 9 Nov, 10:00 IST to Mon 16 Nov, 10:00 IST",
        ],
    }


def test_a_workaround_keeps_the_promise_of_p1(agent: User) -> None:
    ticket = factories.ticket("P1")
    lifecycle.reply(ticket=ticket, by=agent, text="On it.", at=nov(2, "10:30"))
    assert said(ticket, "14:00")["P2"] == [
        "Resolution of P1 ends now, as done; that of the new one is due Thu 5 Nov, 10:00 IST"
    ]


def test_what_was_missed_stays_missed(agent: User) -> None:
    ticket = factories.ticket("P3")
    assert said(ticket, "12:00", day=3)["P2"] == [
        "First response of P3 stays missed; that of the new one is due Wed 4 Nov, 12:00 IST",
        "Resolution moves from Mon 9 Nov, 10:00 IST to Fri 6 Nov, 12:00 IST",
    ]


def test_what_is_not_promised_any_more_is_said(policy: Policy, agent: User) -> None:
    policy.targets.filter(priority__code="P4", metric="first_response").delete()
    factories.publish()
    sentences = said(factories.ticket("P3"), "12:00")["P4"]
    assert "First response is not promised any more" in sentences


@pytest.mark.parametrize("code", ["P1", "P2", "P4"])
def test_what_is_said_is_what_then_happens(agent: User, code: str) -> None:
    ticket = factories.ticket("P3")
    lifecycle.wait_for_customer(ticket=ticket, by=agent, at=nov(2, "11:00"))
    lifecycle.resume(ticket=ticket, by=agent, at=nov(2, "13:00"))
    sentences = said(ticket, "15:00")[code]
    change(ticket, code, agent, nov(2, "15:00"))
    with timezone.override(KOLKATA):
        for clock in Clock.objects.filter(ticket=ticket).running():
            (sentence,) = (s for s in sentences if s.startswith(clock.get_metric_display()))
            assert sentence.endswith(local_time(clock.due_at))
