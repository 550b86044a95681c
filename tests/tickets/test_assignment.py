"""Teams hand out by themselves: in turn or by load, to who is there and has room."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sla.models import Policy
from tests import factories
from tests.factories import MONDAY
from tickets import assignment, lifecycle, pool
from tickets.assignment import Taker, choose
from tickets.models import Availability, Event, Team, Ticket, User
from tickets.refusals import BackAlready, HandsBackNow, NobodyHasIt, NotYourAvailability
from tickets.states import Status

HOUR = timedelta(hours=1)
ROUND_ROBIN, LEAST_LOADED = Team.Assignment.ROUND_ROBIN, Team.Assignment.LEAST_LOADED
MANUAL = Team.Assignment.MANUAL


def at_work(name: str, **fields: object) -> User:
    """An agent whom the desk saw at MONDAY."""
    user = factories.agent(f"{name.lower()}@desk.example", name=name, **fields)
    Availability.objects.create(user=user, seen_at=MONDAY)
    return user


def support(rule: str, *members: User, lead: User | None = None) -> Team:
    team = Team.objects.get(name="Support")
    team.members.set(members)
    team.lead, team.assignment = lead, rule
    team.save()
    return team


def waiting(team: Team, number: int = 1) -> list[Ticket]:
    """New tickets in the team's pool."""
    return [
        lifecycle.assign(ticket=factories.ticket(), by=None, team=team, at=MONDAY)
        for _ in range(number)
    ]


def who_has() -> dict[str, int]:
    names = Ticket.objects.exclude(assignee=None).values_list("assignee__name", flat=True)
    return dict(Counter(names))


def hand_out() -> int:
    return assignment.go_on(at=MONDAY)


@pytest.fixture
def ada(policy: Policy) -> User:
    return at_work("Ada")


@pytest.fixture
def bob(policy: Policy) -> User:
    return at_work("Bob")


@pytest.fixture
def eve(policy: Policy) -> User:
    return at_work("Eve")


def test_nothing_is_handed_out_where_people_do_it_by_hand(ada: User) -> None:
    waiting(support(MANUAL, ada))
    assert hand_out() == 0
    assert who_has() == {}


def test_tickets_go_round_in_turn_and_the_history_says_why(ada: User, bob: User, eve: User) -> None:
    tickets = waiting(support(ROUND_ROBIN, ada, bob, eve), 7)
    assert hand_out() == 7
    assert who_has() == {"Ada": 3, "Bob": 2, "Eve": 2}
    first = tickets[0].events.filter(kind=Event.Kind.ASSIGNED).last()
    assert first is not None
    assert first.by is None
    assert first.detail == ("To Ada. Round robin in Support: next in turn, one of 3 who are there.")
    first_ticket = Ticket.objects.get(pk=tickets[0].pk)
    assert first_ticket.status == Status.OPEN


def test_the_turn_goes_on_where_it_stopped(ada: User, bob: User) -> None:
    team = support(ROUND_ROBIN, ada, bob)
    for _ in range(4):
        waiting(team)
        hand_out()
    assert who_has() == {"Ada": 2, "Bob": 2}


def test_the_least_loaded_gets_the_next_one(ada: User, bob: User) -> None:
    for _ in range(2):
        lifecycle.assign(ticket=factories.ticket(), by=None, assignee=ada, at=MONDAY)
    tickets = waiting(support(LEAST_LOADED, ada, bob), 3)
    assert hand_out() == 3
    assert who_has() == {"Ada": 2, "Bob": 3} or who_has() == {"Ada": 3, "Bob": 2}
    event = tickets[0].events.filter(kind=Event.Kind.ASSIGNED).last()
    assert event is not None
    assert event.detail == "To Bob. Least loaded in Support: 0 at hand, one of 2 who are there."


def test_what_waits_for_its_customer_is_no_load(ada: User, bob: User) -> None:
    ticket = lifecycle.assign(ticket=factories.ticket(), by=None, assignee=ada, at=MONDAY)
    lifecycle.wait_for_customer(ticket=ticket, by=ada, at=MONDAY)
    User.objects.filter(pk=ada.pk).update(capacity=1)
    waiting(support(LEAST_LOADED, ada))
    assert hand_out() == 1


def test_the_most_pressing_ticket_is_handed_out_first(ada: User) -> None:
    User.objects.filter(pk=ada.pk).update(capacity=1)
    team = support(ROUND_ROBIN, ada)
    low, high = factories.ticket("P4"), factories.ticket("P1")
    for ticket in (low, high):
        lifecycle.assign(ticket=ticket, by=None, team=team, at=MONDAY)
    assert hand_out() == 1
    assert Ticket.objects.get(assignee=ada) == high


def test_who_is_full_gets_nothing_until_something_is_solved(ada: User) -> None:
    User.objects.filter(pk=ada.pk).update(capacity=1)
    waiting(support(ROUND_ROBIN, ada), 2)
    assert hand_out() == 1
    assert hand_out() == 0
    lifecycle.resolve(ticket=Ticket.objects.get(assignee=ada), by=ada, at=MONDAY)
    assert hand_out() == 1


# Who is not there: what was done to the agent, in words, and a change of the row.
ABSENT = [
    {"is_away": True},
    {"is_away": True, "until": MONDAY + HOUR},
    {"seen_at": None},
    {"seen_at": MONDAY - 61 * timedelta(minutes=1)},
]


@pytest.mark.parametrize("values", ABSENT)
def test_who_is_not_there_gets_nothing(ada: User, bob: User, values: dict[str, object]) -> None:
    Availability.objects.filter(user=ada).update(**values)
    waiting(support(ROUND_ROBIN, ada, bob), 2)
    hand_out()
    assert who_has() == {"Bob": 2}


def test_who_was_away_until_now_is_there_again(ada: User) -> None:
    Availability.objects.filter(user=ada).update(is_away=True, until=MONDAY)
    waiting(support(ROUND_ROBIN, ada))
    assert hand_out() == 1


def test_the_desk_need_not_have_seen_anybody_where_the_setting_says_so(
    ada: User, settings: object
) -> None:
    settings.PRESENT_MINUTES = 0  # type: ignore[attr-defined]
    Availability.objects.all().delete()
    waiting(support(ROUND_ROBIN, ada))
    assert hand_out() == 1


def test_who_left_the_house_or_is_in_no_team_gets_nothing(ada: User, bob: User) -> None:
    User.objects.filter(pk=ada.pk).update(is_active=False)
    waiting(support(ROUND_ROBIN, ada))
    assert hand_out() == 0
    assert who_has() == {}


def test_what_is_at_hand_goes_back_when_somebody_leaves_and_finds_another(
    ada: User, bob: User
) -> None:
    team = support(ROUND_ROBIN, ada, bob)
    mine = [
        lifecycle.assign(ticket=ticket, by=None, assignee=ada, at=MONDAY)
        for ticket in waiting(team, 3)
    ]
    lifecycle.wait_for_customer(ticket=mine[0], by=ada, at=MONDAY)
    lifecycle.resolve(ticket=mine[1], by=ada, at=MONDAY)
    assignment.go_away(user=ada, by=ada, at=MONDAY, until=MONDAY + HOUR, hands_back=True)
    assert hand_out() == 2  # One back, and one handed out.
    assert who_has() == {"Ada": 2, "Bob": 1}
    kinds = [Event.Kind.HANDED_BACK, Event.Kind.ASSIGNED]
    told = mine[2].events.filter(kind__in=kinds).order_by("pk").values_list("detail", flat=True)
    assert list(told)[-2:] == [
        "By Ada: away until 02 Nov 2026, 05:30 UTC.",
        "To Bob. Round robin in Support: next in turn, the only one there.",
    ]


def test_what_a_customer_answers_goes_back_while_its_agent_is_away(ada: User) -> None:
    (ticket,) = waiting(support(MANUAL, ada))
    lifecycle.assign(ticket=ticket, by=None, assignee=ada, at=MONDAY)
    lifecycle.wait_for_customer(ticket=ticket, by=ada, at=MONDAY)
    assignment.go_away(user=ada, by=ada, at=MONDAY, hands_back=True)
    assert hand_out() == 0
    lifecycle.reply(ticket=ticket, by=ticket.requester, text="Here it is.", at=MONDAY)
    assert hand_out() == 1
    assert who_has() == {}


def test_who_keeps_his_tickets_keeps_them(ada: User) -> None:
    lifecycle.assign(ticket=factories.ticket(), by=None, assignee=ada, at=MONDAY)
    assignment.go_away(user=ada, by=ada, at=MONDAY)
    assert hand_out() == 0
    assert who_has() == {"Ada": 1}


def test_nobody_can_be_given_a_ticket_that_he_would_hand_back(ada: User, bob: User) -> None:
    ticket = factories.ticket()
    assignment.go_away(user=ada, by=ada, at=MONDAY, hands_back=True)
    with pytest.raises(HandsBackNow):
        lifecycle.assign(ticket=ticket, by=bob, assignee=ada, at=MONDAY)
    assignment.come_back(user=ada, by=ada, at=MONDAY)
    lifecycle.assign(ticket=ticket, by=bob, assignee=ada, at=MONDAY)


def test_nobody_hands_back_what_nobody_has(ada: User) -> None:
    with pytest.raises(NobodyHasIt):
        lifecycle.hand_back(ticket=factories.ticket(), by=ada, at=MONDAY)


def test_one_is_not_away_until_the_past(ada: User) -> None:
    with pytest.raises(BackAlready):
        assignment.go_away(user=ada, by=ada, at=MONDAY, until=MONDAY)


def test_one_sets_ones_own_the_lead_that_of_members_and_managers_everybodys(
    ada: User, bob: User, eve: User
) -> None:
    support(MANUAL, ada, lead=bob)
    manager, customer = factories.agent(group="Manager"), factories.customer()
    for by in (ada, bob, manager):
        assignment.go_away(user=ada, by=by, at=MONDAY)
        assert Availability.objects.get(user=ada).set_by == by
    for by, user in ((eve, ada), (ada, bob), (customer, ada), (manager, customer)):
        with pytest.raises(NotYourAvailability):
            assignment.go_away(user=user, by=by, at=MONDAY)


def test_a_ticket_that_cannot_be_handed_on_stops_no_other(
    ada: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    tickets = waiting(support(ROUND_ROBIN, ada), 3)
    assign = lifecycle.assign

    def sometimes(**arguments: object) -> Ticket:
        if arguments["ticket"] == tickets[0]:
            raise ZeroDivisionError
        return assign(**arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(lifecycle, "assign", sometimes)
    assert hand_out() == 2
    monkeypatch.undo()
    assert hand_out() == 1


def test_a_worker_wakes_up_for_a_team_that_hands_out_and_for_no_other(
    ada: User, django_capture_on_commit_callbacks: object
) -> None:
    team = support(ROUND_ROBIN, ada)
    for rule, times in ((ROUND_ROBIN, 1), (MANUAL, 0)):
        Team.objects.filter(pk=team.pk).update(assignment=rule)
        ticket = factories.ticket()
        with django_capture_on_commit_callbacks() as callbacks:  # type: ignore[operator]
            lifecycle.assign(ticket=ticket, by=None, team=Team.objects.get(pk=team.pk), at=MONDAY)
            Ticket.objects.filter(pk=ticket.pk).update(team=None)
        assert callbacks.count(pool._send_wake_up) == times


def _turns(loads: list[int], capacities: list[int], number: int, by_load: bool) -> list[int]:
    """The loads after so many tickets were handed out, as `_hand_out` does it."""
    last: int | None = None
    for _ in range(number):
        takers = [
            Taker(n, load)
            for n, (load, most) in enumerate(zip(loads, capacities, strict=True), 1)
            if load < most
        ]
        if not takers:
            break
        taker = choose(takers, by_load=by_load, last_id=last)
        last = taker.user_id
        loads[taker.user_id - 1] += 1
    return loads


@given(st.integers(1, 8), st.integers(0, 60), st.booleans())
def test_shares_differ_by_one_at_most(agents: int, tickets: int, by_load: bool) -> None:
    shares = _turns([0] * agents, [tickets + 1] * agents, tickets, by_load)
    assert sum(shares) == tickets
    assert max(shares) - min(shares) <= 1


@given(st.lists(st.integers(0, 6), min_size=1, max_size=6), st.integers(0, 60), st.booleans())
def test_nobody_gets_more_than_fits_and_nothing_is_left_while_there_is_room(
    capacities: list[int], tickets: int, by_load: bool
) -> None:
    shares = _turns([0] * len(capacities), capacities, tickets, by_load)
    assert all(share <= most for share, most in zip(shares, capacities, strict=True))
    assert sum(shares) == min(tickets, sum(capacities))
