"""Which act is allowed in which status, and what each verb does with an act that is not."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

import pytest

from sla.models import Policy
from tests import factories
from tests.factories import MONDAY
from tickets import (
    correspondence,
    engineering,
    escalation,
    lifecycle,
    linking,
    merging,
    participation,
    spam,
    splitting,
    tagging,
)
from tickets.models import Delivery, Event, Message, Ticket, User
from tickets.refusals import MoveNotAllowed, NotWithEngineering
from tickets.states import MOVES, UNSOLVED, Act, Status, after, is_allowed

HOUR = timedelta(hours=1)
LATER = MONDAY + 10 * HOUR

# The status after each act, in the columns' statuses before it; "-" is refused.
TABLE = """
                 new       open      pending   resolved  closed
reply            open      open      pending   resolved  -
customer_reply   new       open      open      open      -
note             new       open      pending   resolved  closed
assign           open      open      pending   resolved  -
hand_back        new       open      pending   -         -
follow           new       open      pending   resolved  -
unfollow         new       open      pending   resolved  closed
void_links       new       open      pending   resolved  closed
change_priority  new       open      pending   -         -
wait             pending   pending   -         -         -
resume           -         -         open      -         -
to_engineering   open      open      pending   -         -
from_engineering new       open      pending   -         -
escalate         new       open      pending   -         -
resolve          resolved  resolved  resolved  -         -
reopen           -         -         -         open      open
close            -         -         -         closed    -
withdraw         closed    closed    closed    closed    -
rate             -         -         -         resolved  closed
tag              new       open      pending   resolved  closed
link             new       open      pending   resolved  closed
merge            closed    closed    closed    closed    -
take_in          new       open      pending   -         -
split            new       open      pending   resolved  closed
expect           new       open      pending   -         -
spam             closed    closed    closed    closed    -
not_spam         -         -         -         -         open
"""
COLUMNS, *ROWS = [line.split() for line in TABLE.strip().splitlines()]
PAIRS = [
    (Act(act), Status(before), None if then == "-" else Status(then))
    for act, *cells in ROWS
    for before, then in zip(COLUMNS, cells, strict=True)
]


@dataclass
class Cast:
    """Who does something to the ticket."""

    agent: User
    customer: User
    colleague: User
    follower: User
    other: Ticket


# How each act is done, and the one Event that it leaves.
VERBS: dict[Act, tuple[Callable[[Ticket, Cast], Ticket], Event.Kind]] = {
    Act.REPLY: (
        lambda t, c: lifecycle.reply(ticket=t, by=c.agent, text="We are on it.", at=LATER),
        Event.Kind.REPLIED,
    ),
    Act.CUSTOMER_REPLY: (
        lambda t, c: lifecycle.reply(ticket=t, by=c.customer, text="And now?", at=LATER),
        Event.Kind.CUSTOMER_REPLIED,
    ),
    Act.NOTE: (
        lambda t, c: lifecycle.add_note(ticket=t, by=c.agent, text="Seen before.", at=LATER),
        Event.Kind.NOTED,
    ),
    Act.ASSIGN: (
        lambda t, c: lifecycle.assign(ticket=t, by=c.agent, assignee=c.colleague, at=LATER),
        Event.Kind.ASSIGNED,
    ),
    Act.HAND_BACK: (
        lambda t, c: lifecycle.hand_back(ticket=t, by=c.agent, at=LATER),
        Event.Kind.HANDED_BACK,
    ),
    Act.FOLLOW: (
        lambda t, c: correspondence.follow(ticket=t, user=c.colleague, by=c.agent, at=LATER),
        Event.Kind.FOLLOWED,
    ),
    Act.UNFOLLOW: (
        lambda t, c: participation.unfollow(ticket=t, user=c.follower, by=c.agent, at=LATER),
        Event.Kind.UNFOLLOWED,
    ),
    Act.VOID_LINKS: (
        lambda t, c: participation.void_links(ticket=t, by=c.agent, at=LATER),
        Event.Kind.LINKS_VOIDED,
    ),
    Act.CHANGE_PRIORITY: (
        lambda t, c: lifecycle.change_priority(
            ticket=t, by=c.agent, priority=factories.priority("P1"), at=LATER
        ),
        Event.Kind.PRIORITY_CHANGED,
    ),
    Act.WAIT: (
        lambda t, c: lifecycle.wait_for_customer(ticket=t, by=c.agent, at=LATER),
        Event.Kind.WAITING,
    ),
    Act.RESUME: (
        lambda t, c: lifecycle.resume(ticket=t, by=c.agent, at=LATER),
        Event.Kind.RESUMED,
    ),
    Act.TO_ENGINEERING: (
        lambda t, c: lifecycle.escalate_to_engineering(ticket=t, by=c.agent, at=LATER),
        Event.Kind.TO_ENGINEERING,
    ),
    Act.FROM_ENGINEERING: (
        lambda t, c: lifecycle.return_from_engineering(ticket=t, by=c.agent, at=LATER),
        Event.Kind.FROM_ENGINEERING,
    ),
    Act.ESCALATE: (
        lambda t, c: escalation.escalate(ticket=t, by=c.customer, reason="Now!", at=LATER),
        Event.Kind.ESCALATED_BY_CUSTOMER,
    ),
    Act.RESOLVE: (
        lambda t, c: lifecycle.resolve(ticket=t, by=c.agent, at=LATER),
        Event.Kind.RESOLVED,
    ),
    Act.REOPEN: (
        lambda t, c: lifecycle.reopen(ticket=t, by=c.agent, at=LATER),
        Event.Kind.REOPENED,
    ),
    Act.CLOSE: (
        lambda t, c: lifecycle.close(ticket=t, by=c.agent, at=LATER),
        Event.Kind.CLOSED,
    ),
    Act.WITHDRAW: (
        lambda t, c: lifecycle.close(ticket=t, by=c.customer, at=LATER),
        Event.Kind.CLOSED,
    ),
    Act.RATE: (
        lambda t, c: participation.rate(
            ticket=t, by=c.customer, stars=4, comment="Quick.", at=LATER
        ),
        Event.Kind.RATED,
    ),
    Act.TAG: (
        lambda t, c: tagging.add_tag(ticket=t, by=c.agent, tag="Billing", at=LATER),
        Event.Kind.TAGGED,
    ),
    Act.LINK: (
        lambda t, c: linking.link(ticket=t, by=c.agent, other=c.other, at=LATER),
        Event.Kind.LINKED,
    ),
    Act.MERGE: (
        lambda t, c: merging.merge(ticket=t, by=c.agent, into=c.other, at=LATER, confirmed=True),
        Event.Kind.MERGED,
    ),
    Act.TAKE_IN: (
        lambda t, c: (
            merging.merge(ticket=c.other, by=c.agent, into=t, at=LATER, confirmed=True).merged_into
            or t
        ),
        Event.Kind.TOOK_IN,
    ),
    Act.SPLIT: (
        lambda t, c: (
            splitting.split(ticket=t, by=c.agent, messages=splitting.splittable(t), at=LATER)
            and Ticket.objects.get(pk=t.pk)
        ),
        Event.Kind.SPLIT,
    ),
    Act.EXPECT: (
        lambda t, c: engineering.expect(ticket=t, by=c.agent, expected_on=LATER.date(), at=LATER),
        Event.Kind.EXPECTED,
    ),
    Act.SPAM: (
        lambda t, c: spam.mark_spam(ticket=t, by=c.agent, at=LATER),
        Event.Kind.SPAM,
    ),
    Act.NOT_SPAM: (
        lambda t, c: spam.not_spam(ticket=t, by=c.agent, at=LATER),
        Event.Kind.NOT_SPAM,
    ),
}
WITH_ENGINEERING = {Act.FROM_ENGINEERING, Act.EXPECT}


def ticket_in(status: Status, cast: Cast, *, with_engineering: bool) -> Ticket:
    """A ticket that the verbs brought there, one an hour."""
    ticket = factories.ticket("P3", requester=cast.customer)
    lifecycle.reply(ticket=ticket, by=cast.customer, text="One more thing.", at=MONDAY)
    ticket.followers.create(user=cast.follower, added_at=MONDAY)
    if with_engineering:  # The work begins with that: such a ticket is new no longer.
        lifecycle.escalate_to_engineering(ticket=ticket, by=cast.agent, at=MONDAY + HOUR)
    match status:
        case Status.OPEN if not with_engineering:
            lifecycle.assign(ticket=ticket, by=cast.agent, assignee=cast.agent, at=MONDAY + HOUR)
        case Status.PENDING:
            lifecycle.wait_for_customer(ticket=ticket, by=cast.agent, at=MONDAY + HOUR)
        case Status.RESOLVED | Status.CLOSED:
            lifecycle.resolve(ticket=ticket, by=cast.agent, at=MONDAY + HOUR)
    if status == Status.CLOSED:
        lifecycle.close(ticket=ticket, by=cast.agent, at=MONDAY + 2 * HOUR)
    return Ticket.objects.get(pk=ticket.pk)


@pytest.fixture
def cast(policy: Policy) -> Cast:
    people = factories.agent(), factories.customer(), factories.agent(), factories.customer()
    return Cast(*people, other=factories.ticket())


def trace(ticket: Ticket) -> tuple[object, ...]:
    """All that a verb may leave behind."""
    row = Ticket.objects.filter(pk=ticket.pk).values().get()
    counts = [kind.objects.count() for kind in (Event, Message, Delivery)]
    return row, list(ticket.clocks.order_by("pk").values()), counts


@pytest.mark.parametrize(("act", "before", "then"), PAIRS)
def test_the_table_of_moves_is_the_one_that_was_meant(
    act: Act, before: Status, then: Status | None
) -> None:
    assert is_allowed(act, before) is (then is not None)
    if then is None:
        with pytest.raises(KeyError):
            after(act, before)
    else:
        assert after(act, before) == then


def test_the_table_leaves_nothing_out() -> None:
    assert {act for act, _, _ in PAIRS} == set(Act) == set(MOVES) == set(VERBS)
    assert set(COLUMNS) == set(Status)
    assert {Status.NEW, Status.OPEN, Status.PENDING} == UNSOLVED


@pytest.mark.parametrize(
    ("act", "before", "then"),
    [
        pair
        for pair in PAIRS
        # What nobody can reach: work has begun on what is with engineering.
        if not (pair[0] in WITH_ENGINEERING and pair[1] == Status.NEW)
    ],
)
def test_a_verb_makes_its_move_with_one_event_or_refuses_aloud(
    cast: Cast, act: Act, before: Status, then: Status | None
) -> None:
    ticket = ticket_in(before, cast, with_engineering=act in WITH_ENGINEERING)
    if act == Act.NOT_SPAM and then:
        Ticket.objects.filter(pk=ticket.pk).update(closed_as="spam")
    if act == Act.TAKE_IN:  # Both wait, or the target would not any more.
        Ticket.objects.filter(pk=cast.other.pk).update(status=before if then else "new")
    if act == Act.HAND_BACK:  # Handing back needs somebody who has it, in every status.
        Ticket.objects.filter(pk=ticket.pk).update(assignee=cast.agent)
    assert ticket.status == before
    verb, kind = VERBS[act]
    unchanged, events = trace(ticket), Event.objects.filter(ticket=ticket).count()
    if then is None:
        with pytest.raises(MoveNotAllowed) as refused:
            verb(ticket, cast)
        sentence = str(refused.value)
        assert sentence.startswith(f"You cannot {act.label} a ticket that is {before.label}.")
        assert ("Reopen it first." in sentence) is (before == Status.RESOLVED)
        assert trace(ticket) == unchanged
        return
    answer = verb(ticket, cast)
    stored = Ticket.objects.get(pk=ticket.pk)
    assert answer.status == stored.status == then
    assert stored.updated_at == LATER
    assert stored.may(act) is is_allowed(act, then)
    assert Event.objects.filter(ticket=ticket).count() == events + 1
    event = Event.objects.filter(ticket=ticket).latest("pk")
    assert (event.kind, event.at) == (kind, LATER)
    by_customer = act in (Act.CUSTOMER_REPLY, Act.ESCALATE, Act.WITHDRAW, Act.RATE)
    assert event.by == (cast.customer if by_customer else cast.agent)


def test_a_new_ticket_is_not_with_engineering(cast: Cast) -> None:
    ticket = ticket_in(Status.NEW, cast, with_engineering=False)
    with pytest.raises(NotWithEngineering):
        VERBS[Act.FROM_ENGINEERING][0](ticket, cast)


@pytest.mark.parametrize("act", Act)
def test_a_label_completes_the_sentence(act: Act) -> None:
    sentence = str(MoveNotAllowed(act, Status.CLOSED))
    assert sentence == f"You cannot {act.label} a ticket that is Closed."
