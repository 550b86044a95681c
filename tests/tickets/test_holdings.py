"""Who had a ticket when, as the verbs record it."""

from datetime import datetime, timedelta

import pytest
from django.db import IntegrityError

from sla.models import Policy
from tests.factories import MONDAY, agent, priority, team, ticket
from tickets import lifecycle
from tickets.models import Holding, Ticket

pytestmark = pytest.mark.django_db
HOUR = timedelta(hours=1)


def told(held: Ticket) -> list[tuple[str, str, datetime, datetime | None]]:
    return [
        (str(row.team or ""), str(row.assignee or ""), row.since, row.until)
        for row in held.holdings.select_related("team", "assignee")
    ]


def test_nobody_has_a_new_ticket_from_its_submission_on(policy: Policy) -> None:
    assert told(ticket()) == [("", "", MONDAY, None)]


def test_each_change_of_hands_ends_one_stretch_and_begins_the_next(policy: Policy) -> None:
    ada, ben = agent(name="Ada"), agent(name="Ben")
    held = ticket()
    lifecycle.assign(ticket=held, by=ada, assignee=ada, at=MONDAY + HOUR)
    lifecycle.assign(
        ticket=held, by=ada, assignee=ben, team=team("Reports", ben), at=MONDAY + 2 * HOUR
    )
    assert told(held) == [
        ("", "", MONDAY, MONDAY + HOUR),
        ("", "Ada", MONDAY + HOUR, MONDAY + 2 * HOUR),
        ("Reports", "Ben", MONDAY + 2 * HOUR, None),
    ]


def test_a_verb_that_changes_no_hands_leaves_the_stretches_alone(policy: Policy) -> None:
    ada = agent(name="Ada")
    held = ticket()
    lifecycle.assign(ticket=held, by=ada, assignee=ada, at=MONDAY + HOUR)
    before = told(held)
    lifecycle.reply(ticket=held, by=ada, text="We look into it.", at=MONDAY + 2 * HOUR)
    lifecycle.change_priority(ticket=held, by=ada, priority=priority("P2"), at=MONDAY + 3 * HOUR)
    lifecycle.resolve(ticket=held, by=ada, at=MONDAY + 4 * HOUR)
    assert told(held) == before


def test_whoever_had_it_for_no_time_at_all_is_not_on_record(policy: Policy) -> None:
    ada, ben = agent(name="Ada"), agent(name="Ben")
    held = ticket()
    lifecycle.assign(ticket=held, by=ada, assignee=ada, at=MONDAY + HOUR)
    lifecycle.assign(ticket=held, by=ada, assignee=ben, at=MONDAY + HOUR)
    assert told(held) == [("", "", MONDAY, MONDAY + HOUR), ("", "Ben", MONDAY + HOUR, None)]


def test_two_at_a_time_are_refused_by_the_database(policy: Policy) -> None:
    held = ticket()
    with pytest.raises(IntegrityError, match="one_present_holding_per_ticket"):
        Holding.objects.create(ticket=held, since=MONDAY + HOUR)
