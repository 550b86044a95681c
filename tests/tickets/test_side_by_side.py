"""Two people, or a person and a sweep, act on one ticket at the same time: both get through."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from sla.models import Clock, EscalationStep, Firing, Metric, Policy
from tests import factories
from tests.factories import MONDAY
from tests.notified import mail_notifications
from tests.peers import SmtpPeer, mail_goes_to
from tests.together import at_once, one_behind_the_other
from tickets import delivery, escalation, lifecycle
from tickets.models import Attachment, Delivery, Event, Message, Ticket, User
from tickets.refusals import MoveNotAllowed, NothingToAssign, Refused
from tickets.states import Status

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("policy")]

MINUTE = timedelta(minutes=1)
NOON = MONDAY + timedelta(hours=2)


@pytest.fixture
def agent(policy: Policy) -> User:
    return factories.agent()


def raise_to(ticket: Ticket, code: str) -> Ticket:
    return lifecycle.change_priority(
        ticket=ticket, priority=factories.priority(code), by=None, at=NOON
    )


def assign(ticket: Ticket, assignee: User) -> Ticket:
    return lifecycle.assign(ticket=ticket, by=None, assignee=assignee, at=NOON)


def reply(ticket: Ticket, by: User, text: str = "We are on it.") -> Ticket:
    return lifecycle.reply(ticket=ticket, by=by, text=text, at=NOON)


def kinds(ticket: Ticket) -> list[str]:
    return list(ticket.events.order_by("pk").values_list("kind", flat=True))[1:]


def test_a_reply_waits_for_a_change_of_priority_and_sees_it(agent: User) -> None:
    ticket = factories.ticket("P3")
    after = one_behind_the_other(lambda: raise_to(ticket, "P1"), lambda: reply(ticket, agent))
    assert after.priority.code == "P1"
    assert kinds(ticket) == [Event.Kind.PRIORITY_CHANGED, Event.Kind.REPLIED]
    answered = Clock.objects.filter(ticket=ticket, stopped_at=NOON)
    assert [(c.priority.code, c.metric) for c in answered] == [("P1", Metric.FIRST_RESPONSE)]


def test_a_change_of_priority_waits_for_a_reply_and_sees_it(agent: User) -> None:
    ticket = factories.ticket("P3")
    after = one_behind_the_other(lambda: reply(ticket, agent), lambda: raise_to(ticket, "P1"))
    assert after.first_responded_at == NOON
    (running,) = Clock.objects.filter(ticket=ticket).running()
    assert (running.priority.code, running.metric) == ("P1", Metric.RESOLUTION)


def test_assigning_to_the_one_who_has_just_got_it_is_refused(agent: User) -> None:
    ticket = factories.ticket("P3")
    with pytest.raises(NothingToAssign):
        one_behind_the_other(lambda: assign(ticket, agent), lambda: assign(ticket, agent))
    mail_notifications()
    assert Delivery.objects.filter(occasion="assignment").count() == 1


def test_of_two_assignments_the_later_one_holds(agent: User) -> None:
    ticket, other = factories.ticket("P3"), factories.agent()
    after = one_behind_the_other(lambda: assign(ticket, agent), lambda: assign(ticket, other))
    assert after.assignee == other
    assert kinds(ticket) == [Event.Kind.ASSIGNED, Event.Kind.ASSIGNED]


def test_a_reply_behind_a_closing_is_refused(agent: User) -> None:
    ticket = factories.ticket("P3")
    with pytest.raises(MoveNotAllowed, match="Closed"):
        one_behind_the_other(
            lambda: lifecycle.close(ticket=ticket, by=ticket.requester, at=NOON),
            lambda: reply(ticket, agent),
        )
    assert Message.objects.filter(ticket=ticket).count() == 1


def test_a_customer_who_writes_while_the_ticket_is_resolved_reopens_it(agent: User) -> None:
    ticket = factories.ticket("P3")
    after = one_behind_the_other(
        lambda: lifecycle.resolve(ticket=ticket, by=agent, at=NOON),
        lambda: reply(ticket, ticket.requester, "It happens again."),
    )
    assert after.status == Status.OPEN
    assert Clock.objects.filter(ticket=ticket, metric=Metric.RESOLUTION).running().exists()


def test_a_person_a_little_behind_acts_at_the_time_of_the_first(agent: User) -> None:
    ticket = factories.ticket("P3")
    lifecycle.add_note(ticket=ticket, by=agent, text="Looking.", at=NOON)
    after = lifecycle.reply(ticket=ticket, by=agent, text="Here.", at=NOON - MINUTE / 2)
    assert after.updated_at == NOON
    assert after.first_responded_at == NOON


def test_everything_that_many_people_do_at_once_is_done(agent: User) -> None:
    ticket, others = factories.ticket("P3"), [factories.agent() for _ in range(3)]
    acts: list[Callable[[], Ticket]] = [
        *[lambda by=by: reply(ticket, by) for by in (agent, ticket.requester, *others)],
        lambda: raise_to(ticket, "P2"),
        lambda: lifecycle.add_note(ticket=ticket, by=agent, text="Looking.", at=NOON),
        lambda: assign(ticket, others[0]),
        lambda: lifecycle.escalate_to_engineering(ticket=ticket, by=agent, at=NOON),
    ]
    outcomes = at_once(*acts)
    assert [outcome for outcome in outcomes if isinstance(outcome, Exception)] == []
    ticket.refresh_from_db()
    assert len(kinds(ticket)) == len(acts)
    assert Message.objects.filter(ticket=ticket).count() == 7
    assert (ticket.priority.code, ticket.assignee) == ("P2", others[0])
    assert ticket.with_engineering


def test_a_form_that_is_sent_twice_at_once_makes_one_ticket() -> None:
    requester = factories.customer()

    def submit() -> Ticket:
        return factories.ticket("P3", requester=requester, nonce="n" * 64)

    made = at_once(*[submit] * 4)
    assert len({ticket.pk for ticket in made if isinstance(ticket, Ticket)}) == 1
    assert not [problem for problem in made if isinstance(problem, Exception)]
    assert Ticket.objects.count() == Message.objects.count() == Event.objects.count() == 1
    assert Clock.objects.count() == 2
    assert Delivery.objects.count() == 1
    assert Attachment.objects.count() == 0


def test_two_sweeps_fire_each_step_once(agent: User) -> None:
    for _ in range(6):
        factories.ticket("P1")
    month_later = MONDAY + timedelta(days=30)
    fired = at_once(*[lambda: escalation.fire_due_steps(at=month_later)] * 4)
    # A sweep leaves a ticket alone that another one has in hand; the next one comes for it.
    fired.append(escalation.fire_due_steps(at=month_later))
    # A P1 has three steps for its first response and two for its resolution.
    assert sum(count for count in fired if isinstance(count, int)) == 30
    assert Firing.objects.count() == Event.objects.filter(kind=Event.Kind.ESCALATED).count() == 30
    assert Delivery.objects.filter(occasion="escalation").count() == 30


def test_a_sweep_leaves_a_ticket_in_somebodys_hands_alone(agent: User) -> None:
    ticket, other = factories.ticket("P1"), factories.ticket("P1")
    late = NOON + timedelta(hours=12)
    fired = one_behind_the_other(
        lambda: reply(ticket, agent), lambda: escalation.fire_due_steps(at=late)
    )
    assert fired == 5  # Without a moment's waiting.
    assert not Firing.objects.exclude(clock__ticket=other).exists()
    assert escalation.fire_due_steps(at=late) == 2  # Answered meanwhile, and not resolved.


def test_many_senders_send_each_message_once(settings: Any) -> None:
    for _ in range(25):
        factories.ticket("P3")
    with SmtpPeer() as peer:
        mail_goes_to(peer.port, settings)
        sent = at_once(*[lambda: delivery.send_waiting(at=MONDAY)] * 4)
    assert sum(count for count in sent if isinstance(count, int)) == 25
    assert Delivery.objects.filter(state=Delivery.State.SENT, attempts=1).count() == 25
    rows = Delivery.objects.values_list("mail_message_id", "recipient")
    assert peer.copies() == dict.fromkeys(rows, 1)


def test_verbs_and_sweeps_on_one_ticket_never_wait_for_each_other_in_a_circle(
    policy: Policy, agent: User
) -> None:
    for percent in range(1, 75):
        EscalationStep.objects.create(policy=policy, percent=percent, roles=["escalation_address"])
    ticket = factories.ticket("P1")
    rounds = 25

    def sweep() -> None:
        for n in range(rounds * 2):
            escalation.fire_due_steps(at=MONDAY + n * 3 * MINUTE)

    def work() -> int:
        done = 0
        for n in range(rounds):
            at = MONDAY + n * 4 * MINUTE
            for verb in (lifecycle.wait_for_customer, lifecycle.resume):
                try:
                    verb(ticket=ticket, by=None, at=at)
                    done += 1
                except Refused:  # The other one was faster.
                    continue
            reply(ticket, ticket.requester, "And?") if n < 2 else None
        return done

    outcomes = at_once(sweep, sweep, work, work)
    assert [outcome for outcome in outcomes if isinstance(outcome, Exception)] == []
    firings = Firing.objects.values_list("clock", "step")
    assert len(firings) == len(set(firings)) > 0
