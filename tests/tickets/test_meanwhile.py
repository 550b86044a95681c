"""Who acts on a ticket that others have changed is told before anything happens."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from tests import factories
from tests.factories import MONDAY
from tests.peers import wait_until
from tests.together import at_once, one_behind_the_other, somebody_waits_for_a_lock
from tickets import lifecycle, meanwhile, merging
from tickets.models import Delivery, Event, Message, Ticket, User
from tickets.refusals import ChangedMeanwhile
from tickets.states import Act, Status

pytestmark = pytest.mark.usefixtures("policy")

NOON = MONDAY + timedelta(hours=2)


def seen(ticket: Ticket) -> int:
    """The last event that a page would show now."""
    return int(ticket.events.latest("pk").pk)


def resolve(ticket: Ticket, by: User, known: int | None) -> Ticket:
    return meanwhile.unless_changed(
        lifecycle.resolve, act=Act.RESOLVE, seen=known, ticket=ticket, by=by, at=NOON, text="Done."
    )


def take(ticket: Ticket, by: User, known: int | None) -> Ticket:
    return meanwhile.unless_changed(
        lifecycle.assign, act=Act.ASSIGN, seen=known, ticket=ticket, by=by, at=NOON, assignee=by
    )


def reply(ticket: Ticket, by: User, known: int | None) -> Ticket:
    return meanwhile.unless_changed(
        lifecycle.reply, act=Act.REPLY, seen=known, ticket=ticket, by=by, at=NOON, text="We look."
    )


def note(ticket: Ticket, by: User, known: int | None) -> Ticket:
    return meanwhile.unless_changed(
        lifecycle.add_note, act=Act.NOTE, seen=known, ticket=ticket, by=by, at=NOON, text="Hm."
    )


def the_customer_writes(ticket: Ticket, ben: User) -> None:
    lifecycle.reply(ticket=ticket, by=ticket.requester, text="And?", at=NOON)


def ben_takes_it(ticket: Ticket, ben: User) -> None:
    lifecycle.assign(ticket=ticket, by=ben, assignee=ben, at=NOON)


def ben_notes(ticket: Ticket, ben: User) -> None:
    lifecycle.add_note(ticket=ticket, by=ben, text="I know this one.", at=NOON)


def the_desk_hands_it_out(ticket: Ticket, ben: User) -> None:
    lifecycle.assign(ticket=ticket, by=None, assignee=ben, at=NOON)


type Deed = Callable[[Ticket, User], None]
type Attempt = Callable[[Ticket, User, int | None], Ticket]

# What happened meanwhile, what is tried, and what is said; "": it is done.
CASES: list[tuple[Deed, Attempt, str]] = [
    (the_customer_writes, reply, "Cleo: Customer replied."),
    (the_customer_writes, resolve, "Cleo: Customer replied."),
    (the_customer_writes, take, ""),  # Who takes it reads it afterwards.
    (the_customer_writes, note, ""),
    (ben_takes_it, reply, "Ben: Assigned. To Ben."),
    (ben_takes_it, take, "Ben: Assigned. To Ben."),
    (ben_takes_it, note, ""),  # A note is never held back.
    (ben_notes, reply, "Ben: Internal note."),
    (ben_notes, take, ""),
    (the_desk_hands_it_out, take, "The desk: Assigned. To Ben."),
]


@pytest.mark.parametrize(("deed", "attempt", "said"), CASES)
def test_what_others_did_is_told_before_anything_happens(
    db: None, deed: Deed, attempt: Attempt, said: str
) -> None:
    ada, ben = factories.agent(name="Ada"), factories.agent(name="Ben")
    ticket = factories.ticket(requester=factories.customer(name="Cleo"))
    known = seen(ticket)
    deed(ticket, ben)
    events, mails = ticket.events.count(), Delivery.objects.count()
    if not said:
        attempt(ticket, ada, known)
        assert ticket.events.count() == events + 1
        return
    with pytest.raises(ChangedMeanwhile) as told:
        attempt(ticket, ada, known)
    assert said in str(told.value)
    assert (ticket.events.count(), Delivery.objects.count()) == (events, mails)
    attempt(ticket, ada, seen(ticket))  # Now it is known.
    assert ticket.events.count() == events + 1


def test_what_one_did_oneself_and_what_says_nothing_are_no_reason_to_ask(db: None) -> None:
    ada = factories.agent()
    ticket = factories.ticket()
    known = seen(ticket)
    ben_takes_it(ticket, ada)
    assert resolve(ticket, ada, known).status == Status.RESOLVED
    other = factories.ticket()
    the_customer_writes(other, ada)
    assert resolve(other, ada, None).status == Status.RESOLVED  # By mail, a rule, another program.


def test_the_number_of_the_last_event_comes_with_the_ticket(db: None) -> None:
    first, second = factories.ticket(), factories.ticket()
    ben_notes(first, factories.agent())
    rows = Ticket.objects.annotate(seen=meanwhile.last_event()).in_bulk()
    assert {pk: row.seen for pk, row in rows.items()} == {  # type: ignore[attr-defined]
        ticket.pk: seen(ticket) for ticket in (first, second)
    }


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    ("attempt", "kind", "said"),
    [(take, Event.Kind.ASSIGNED, "Assigned"), (resolve, Event.Kind.RESOLVED, "Resolved")],
)
def test_of_two_who_do_it_at_once_one_does_and_the_other_is_told(
    attempt: Attempt, kind: str, said: str
) -> None:
    ada, ben = factories.agent(name="Ada"), factories.agent(name="Ben")
    ticket = factories.ticket()
    known = seen(ticket)
    outcomes = at_once(lambda: attempt(ticket, ada, known), lambda: attempt(ticket, ben, known))
    event = ticket.events.get(kind=kind)
    (told,) = [str(one) for one in outcomes if isinstance(one, ChangedMeanwhile)]
    assert sum(isinstance(one, Ticket) for one in outcomes) == 1
    assert f"{event.by}: {said}." in told


@pytest.mark.django_db(transaction=True)
def test_a_reply_that_waits_for_another_one_is_not_sent() -> None:
    ada, ben = factories.agent(name="Ada"), factories.agent(name="Ben")
    ticket = factories.ticket()
    known = seen(ticket)
    with pytest.raises(ChangedMeanwhile, match=r"Ben: Replied\."):
        one_behind_the_other(lambda: reply(ticket, ben, known), lambda: reply(ticket, ada, known))
    assert Message.objects.filter(ticket=ticket, by_staff=True).count() == 1


@pytest.mark.django_db(transaction=True)
def test_two_who_merge_two_tickets_into_each_other_do_not_wait_in_a_circle() -> None:
    ada, ben = factories.agent(name="Ada"), factories.agent(name="Ben")
    requester = factories.customer()
    one, two = (factories.ticket(requester=requester) for _ in range(2))
    inside: list[Ticket] = []

    def slowly(**arguments: Any) -> Ticket:
        inside.append(arguments["ticket"])
        wait_until(lambda: len(inside) == 2 or somebody_waits_for_a_lock(), seconds=10)
        return merging.merge(**arguments)

    def merge(ticket: Ticket, into: Ticket, by: User, known: int) -> Ticket:
        return meanwhile.unless_changed(
            slowly, act=Act.MERGE, seen=known, ticket=ticket, by=by, at=NOON, into=into
        )

    known = seen(one), seen(two)
    outcomes = at_once(
        lambda: merge(one, two, ada, known[0]), lambda: merge(two, one, ben, known[1])
    )
    (told,) = [one for one in outcomes if isinstance(one, Exception)]
    assert isinstance(told, ChangedMeanwhile)
    assert Ticket.objects.exclude(merged_into=None).count() == 1
