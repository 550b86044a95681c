"""The verbs as stories: who may do what, what follows from it, and what is refused."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError

from sla.models import Clock, Metric, Policy
from tests import factories
from tests.factories import MONDAY
from tests.notified import mail_notifications
from tests.times import nov
from tickets import lifecycle
from tickets.models import Delivery, Event, Message, RequestType, Ticket, User
from tickets.refusals import (
    AlreadyWithEngineering,
    BeforeLastChange,
    MoveNotAllowed,
    NotAnAgent,
    NothingSaid,
    NothingToAssign,
    NotWithEngineering,
    OnlyForStaff,
    SamePriority,
)
from tickets.states import Status

pytestmark = pytest.mark.usefixtures("policy")

MINUTE = timedelta(minutes=1)


@pytest.fixture
def agent(policy: Policy) -> User:
    return factories.agent()


def first_response(ticket: Ticket) -> Clock:
    return Clock.objects.filter(ticket=ticket, metric=Metric.FIRST_RESPONSE).latest("pk")


def history(ticket: Ticket) -> list[str]:
    return list(ticket.events.order_by("pk").values_list("kind", flat=True))


def sent_to(address: str) -> list[str]:
    return list(Delivery.objects.filter(recipient=address).values_list("occasion", flat=True))


# --- Opening ------------------------------------------------------------------------------------


def test_a_new_ticket_has_its_message_event_clocks_and_acknowledgement() -> None:
    asha = factories.customer("asha@client.example", organization=factories.organization())
    ticket = lifecycle.open_ticket(
        requester=asha,
        subject="The report is empty",
        text="Since Monday.",
        at=MONDAY,
        priority=factories.priority("P2"),
        channel=Ticket.Channel.PHONE,
    )
    assert (ticket.status, ticket.priority.code) == (Status.NEW, "P2")
    assert ticket.organization == asha.organization
    assert (ticket.submitted_at, ticket.updated_at) == (MONDAY, MONDAY)
    assert ticket.next_due_at == nov(3, "10:00")
    message = Message.objects.get(ticket=ticket)
    assert (message.author, message.by_staff, message.is_public) == (asha, False, True)
    assert (message.text, message.sent_at) == ("Since Monday.", MONDAY)
    assert message.channel == Ticket.Channel.PHONE
    event = Event.objects.get(ticket=ticket)
    assert (event.kind, event.by, event.detail) == ("opened", asha, "P2, Telephone.")
    assert sent_to("asha@client.example") == ["acknowledgement"]


@pytest.mark.parametrize(
    ("kind", "share", "given", "expected"),
    [
        ("System down", 21, None, "P1"),
        ("System down", 20, None, "P2"),
        ("Minor dashboard issue", None, None, "P4"),
        ("Minor dashboard issue", None, "P1", "P1"),  # What was said outright comes first.
        (None, None, None, "P3"),  # Nothing says the priority.
    ],
)
def test_the_priority_is_the_given_one_or_the_types_or_the_default(
    kind: str | None, share: int | None, given: str | None, expected: str
) -> None:
    ticket = lifecycle.open_ticket(
        requester=factories.customer(),
        subject="Help",
        text="Please.",
        at=MONDAY,
        request_type=RequestType.objects.get(name=kind) if kind else None,
        share_of_users=share,
        priority=factories.priority(given) if given else None,
    )
    assert ticket.priority.code == expected
    assert str(ticket.team) == ("Support" if kind else "None")


def test_system_down_needs_the_share_of_users() -> None:
    with pytest.raises(ValidationError, match="share of your users"):
        lifecycle.open_ticket(
            requester=factories.customer(),
            subject="Down",
            text="Nothing works.",
            at=MONDAY,
            request_type=RequestType.objects.get(name="System down"),
        )
    assert not Ticket.objects.exists()


def test_the_same_nonce_makes_one_ticket(agent: User) -> None:
    asha = factories.customer()
    first = factories.ticket(requester=asha, nonce="once")
    lifecycle.reply(ticket=first, by=agent, text="Hello.", at=MONDAY + MINUTE)
    second = factories.ticket(requester=asha, nonce="once", at=MONDAY + 5 * MINUTE)
    assert second == first
    assert Ticket.objects.count() == 1
    assert history(first) == ["opened", "replied"]
    assert factories.ticket(requester=asha, nonce="twice") != first


def test_an_impossible_share_is_no_second_submission() -> None:
    with pytest.raises(IntegrityError, match="share_of_users_is_a_percentage"):
        factories.ticket(share_of_users=101, nonce="once")


# --- The conversation ---------------------------------------------------------------------------


def test_the_first_answer_of_staff_is_the_first_response(agent: User) -> None:
    ticket = factories.ticket()
    ticket = lifecycle.reply(ticket=ticket, by=agent, text="We look into it.", at=nov(2, "11:00"))
    lifecycle.reply(ticket=ticket, by=agent, text="Found it.", at=nov(2, "12:00"))
    assert ticket.first_responded_at == nov(2, "11:00")
    assert first_response(ticket).stopped_at == nov(2, "11:00")
    message = Message.objects.filter(ticket=ticket).latest("pk")
    assert (message.by_staff, message.is_public) == (True, True)
    assert sent_to(ticket.requester.email).count("reply") == 2


def test_neither_the_customer_nor_a_note_nor_the_machine_answers_first(agent: User) -> None:
    ticket = factories.ticket()
    lifecycle.reply(ticket=ticket, by=ticket.requester, text="Anybody?", at=nov(2, "11:00"))
    lifecycle.add_note(ticket=ticket, by=agent, text="Not my area.", at=nov(2, "12:00"))
    ticket = lifecycle.assign(ticket=ticket, by=agent, assignee=agent, at=nov(2, "13:00"))
    assert ticket.first_responded_at is None
    assert first_response(ticket).stopped_at is None


def test_a_resolution_is_the_response_when_there_was_none(agent: User) -> None:
    ticket = factories.ticket()
    ticket = lifecycle.resolve(ticket=ticket, by=agent, at=nov(2, "11:00"))
    assert ticket.first_responded_at == ticket.resolved_at == nov(2, "11:00")
    assert first_response(ticket).stopped_at == nov(2, "11:00")
    message = Message.objects.filter(ticket=ticket).latest("pk")
    assert message.text == "We have resolved your request."
    assert sent_to(ticket.requester.email) == ["resolution", "acknowledgement"]


def test_a_resolution_after_an_answer_leaves_the_first_response_alone(agent: User) -> None:
    ticket = factories.ticket()
    lifecycle.reply(ticket=ticket, by=agent, text="Hello.", at=nov(2, "11:00"))
    lifecycle.resolve(ticket=ticket, by=agent, text="Done.", at=nov(2, "12:00"))
    assert first_response(ticket).stopped_at == nov(2, "11:00")


def test_the_customers_answer_is_what_a_waiting_ticket_waited_for(agent: User) -> None:
    ticket = factories.ticket()
    lifecycle.wait_for_customer(ticket=ticket, by=agent, at=nov(2, "11:00"))
    lifecycle.reply(ticket=ticket, by=agent, text="Which report?", at=nov(2, "11:30"))
    asha = ticket.requester
    ticket = lifecycle.reply(ticket=ticket, by=asha, text="The first.", at=nov(2, "12:00"))
    assert ticket.status == Status.OPEN
    clock = Clock.objects.get(ticket=ticket, metric=Metric.RESOLUTION)
    assert (clock.paused_at, clock.due_at) == (None, nov(9, "11:00"))
    event = Event.objects.filter(ticket=ticket).latest("pk")
    assert event.detail == "The ticket is open again."


def test_the_customers_answer_undoes_a_resolution(agent: User) -> None:
    ticket = factories.ticket()
    lifecycle.resolve(ticket=ticket, by=agent, at=nov(2, "11:00"))
    ticket = lifecycle.reply(
        ticket=ticket, by=ticket.requester, text="It is back.", at=nov(2, "12:00")
    )
    assert (ticket.status, ticket.resolved_at) == (Status.OPEN, None)
    assert ticket.next_due_at == nov(9, "11:00")


def test_a_note_is_for_staff_alone(agent: User) -> None:
    ticket = factories.ticket()
    before = Delivery.objects.count()
    lifecycle.add_note(ticket=ticket, by=agent, text="They always say that.", at=nov(2, "11:00"))
    message = Message.objects.filter(ticket=ticket).latest("pk")
    assert (message.is_public, message.by_staff) == (False, True)
    assert Delivery.objects.count() == before
    with pytest.raises(OnlyForStaff):
        lifecycle.add_note(ticket=ticket, by=ticket.requester, text="Me too.", at=nov(2, "12:00"))


def test_staff_who_ask_for_themselves_act_as_customers(agent: User) -> None:
    colleague = factories.agent()
    ticket = factories.ticket(requester=agent)
    ticket = lifecycle.reply(ticket=ticket, by=agent, text="More to it.", at=nov(2, "11:00"))
    assert ticket.first_responded_at is None
    assert history(ticket)[-1] == "customer_replied"
    assert not Message.objects.filter(ticket=ticket, by_staff=True).exists()
    ticket = lifecycle.reply(ticket=ticket, by=colleague, text="Got it.", at=nov(2, "12:00"))
    assert ticket.first_responded_at == nov(2, "12:00")
    ticket = lifecycle.close(ticket=ticket, by=agent, at=nov(2, "13:00"))
    assert ticket.status == Status.CLOSED


@pytest.mark.parametrize("text", ["", "   ", "\n\t \u00a0"])
def test_an_empty_message_is_refused(agent: User, text: str) -> None:
    ticket = factories.ticket()
    before = Message.objects.count()
    for by in (agent, ticket.requester):
        with pytest.raises(NothingSaid, match="Write some text first"):
            lifecycle.reply(ticket=ticket, by=by, text=text, at=nov(2, "11:00"))
    with pytest.raises(NothingSaid):
        lifecycle.add_note(ticket=ticket, by=agent, text=text, at=nov(2, "11:00"))
    with pytest.raises(NothingSaid):
        factories.ticket(text=text)
    assert Message.objects.count() == before


# --- Handing on, raising, escalating, closing ---------------------------------------------------


def test_the_new_assignee_is_told_and_the_one_who_takes_it_is_not(agent: User) -> None:
    colleague, ticket = factories.agent(), factories.ticket()
    lifecycle.assign(ticket=ticket, by=agent, assignee=agent, at=nov(2, "11:00"))
    ticket = lifecycle.assign(ticket=ticket, by=agent, assignee=colleague, at=nov(2, "12:00"))
    mail_notifications()
    assert (sent_to(agent.email), sent_to(colleague.email)) == ([], ["assignment"])
    assert Event.objects.filter(ticket=ticket).latest("pk").detail == f"To {colleague}."
    # Back and forth: each time is news.
    lifecycle.assign(ticket=ticket, by=colleague, assignee=agent, at=nov(2, "13:00"))
    lifecycle.assign(ticket=ticket, by=agent, assignee=colleague, at=nov(2, "14:00"))
    mail_notifications()
    assert sent_to(colleague.email) == ["assignment", "assignment"]


def test_a_team_gets_a_ticket_without_beginning_the_work_on_it(agent: User) -> None:
    team, ticket = factories.team("Second line", agent), factories.ticket()
    ticket = lifecycle.assign(ticket=ticket, by=agent, team=team, at=nov(2, "11:00"))
    assert (ticket.team, ticket.assignee, ticket.status) == (team, None, Status.NEW)
    ticket = lifecycle.assign(
        ticket=ticket, by=agent, team=team, assignee=agent, at=nov(2, "12:00")
    )
    assert (ticket.team, ticket.assignee, ticket.status) == (team, agent, Status.OPEN)
    assert Event.objects.filter(ticket=ticket).latest("pk").detail == f"To {agent}."


def test_only_active_staff_get_tickets(agent: User) -> None:
    ticket = factories.ticket()
    gone = factories.agent(is_active=False)
    for nobody in (factories.customer(), gone):
        with pytest.raises(NotAnAgent, match="active members of staff"):
            lifecycle.assign(ticket=ticket, by=agent, assignee=nobody, at=nov(2, "11:00"))


def test_assigning_what_is_assigned_is_refused(agent: User) -> None:
    ticket = factories.ticket()
    ticket = lifecycle.assign(ticket=ticket, by=agent, assignee=agent, at=nov(2, "11:00"))
    with pytest.raises(NothingToAssign):
        lifecycle.assign(ticket=ticket, by=agent, assignee=agent, at=nov(2, "12:00"))
    with pytest.raises(NothingToAssign):
        lifecycle.assign(ticket=ticket, by=agent, at=nov(2, "12:00"))


def test_the_same_priority_again_is_refused(agent: User) -> None:
    ticket = factories.ticket("P3")
    with pytest.raises(SamePriority, match="has this priority already"):
        lifecycle.change_priority(
            ticket=ticket, priority=factories.priority("P3"), by=agent, at=nov(2, "11:00")
        )


def test_a_change_of_priority_says_from_where_to_where_and_why(agent: User) -> None:
    ticket, p1 = factories.ticket("P3"), factories.priority("P1")
    lifecycle.change_priority(
        ticket=ticket, priority=p1, by=agent, at=nov(2, "11:00"), reason="Nobody can work"
    )
    assert Event.objects.filter(ticket=ticket).latest("pk").detail == (
        "From P3 to P1: Nobody can work"
    )


def test_a_ticket_goes_to_engineering_and_back_once(agent: User) -> None:
    ticket = factories.ticket()
    with pytest.raises(NotWithEngineering):
        lifecycle.return_from_engineering(ticket=ticket, by=agent, at=nov(2, "11:00"))
    ticket = lifecycle.escalate_to_engineering(ticket=ticket, by=agent, at=nov(2, "11:00"))
    assert ticket.with_engineering
    with pytest.raises(AlreadyWithEngineering):
        lifecycle.escalate_to_engineering(ticket=ticket, by=agent, at=nov(2, "12:00"))
    ticket = lifecycle.return_from_engineering(ticket=ticket, by=agent, at=nov(2, "13:00"))
    assert not ticket.with_engineering
    assert history(ticket) == ["opened", "to_engineering", "from_engineering"]


def test_only_staff_resolve() -> None:
    ticket = factories.ticket()
    with pytest.raises(OnlyForStaff):
        lifecycle.resolve(ticket=ticket, by=ticket.requester, at=nov(2, "11:00"))


def test_the_customer_may_close_at_any_time_and_staff_after_resolving(agent: User) -> None:
    ticket = factories.ticket()
    with pytest.raises(MoveNotAllowed):
        lifecycle.close(ticket=ticket, by=agent, at=nov(2, "11:00"))
    with pytest.raises(MoveNotAllowed):
        lifecycle.close(ticket=ticket, by=None, at=nov(2, "11:00"))
    ticket = lifecycle.close(ticket=ticket, by=ticket.requester, at=nov(2, "11:00"))
    assert (ticket.status, ticket.closed_at) == (Status.CLOSED, nov(2, "11:00"))
    assert ticket.next_due_at is None
    assert not Clock.objects.filter(ticket=ticket).running().exists()
    assert Event.objects.filter(ticket=ticket).latest("pk").detail == "Closed by the customer."


def test_a_closed_ticket_stays_closed(agent: User) -> None:
    ticket = factories.ticket()
    lifecycle.resolve(ticket=ticket, by=agent, at=nov(2, "11:00"))
    lifecycle.close(ticket=ticket, by=None, at=nov(4, "11:00"))
    with pytest.raises(MoveNotAllowed, match="You cannot write to a ticket that is Closed"):
        lifecycle.reply(ticket=ticket, by=ticket.requester, text="Wait!", at=nov(5, "11:00"))
    lifecycle.add_note(ticket=ticket, by=agent, text="They called.", at=nov(5, "11:00"))
    assert Ticket.objects.get(pk=ticket.pk).status == Status.CLOSED


def test_an_act_before_the_last_change_is_refused(agent: User) -> None:
    ticket = factories.ticket()
    lifecycle.reply(ticket=ticket, by=agent, text="Hello.", at=nov(2, "12:00"))
    with pytest.raises(BeforeLastChange, match="reload it and try again"):
        lifecycle.resolve(ticket=ticket, by=agent, at=nov(2, "11:58"))
    ticket = lifecycle.resolve(ticket=ticket, by=agent, at=nov(2, "11:59"))
    assert ticket.resolved_at == nov(2, "12:00")  # A minute off is another clock, not another day.
