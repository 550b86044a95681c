"""Many tickets at once: each is done once, or refused with its reason."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from sla.models import Policy
from tests import factories
from tests.factories import MONDAY
from tests.together import at_once
from tickets import actions, bulk, lifecycle
from tickets.arguments import Rows
from tickets.models import BulkJob, BulkRow, Event, Ticket, User
from tickets.models.tickets import TicketQuerySet
from tickets.refusals import (
    NothingChosen,
    NothingWasRefused,
    NotYourBulkJob,
    OverAlready,
    TooManyChosen,
)
from tickets.states import Status
from tickets.steps import Action

State = BulkRow.State


@pytest.fixture
def ada(policy: Policy) -> User:
    return factories.agent(name="Ada")


def tickets(number: int = 3) -> TicketQuerySet:
    made = [factories.ticket().pk for _ in range(number)]
    return Ticket.objects.filter(pk__in=made)


def begin(by: User, chosen: TicketQuerySet, **step: Any) -> BulkJob:
    return bulk.begin(steps=[step], tickets=chosen, by=by, at=MONDAY)


def work() -> int:
    return bulk.go_on(at=MONDAY)


def states(job: BulkJob) -> list[str]:
    return list(job.rows.values_list("state", flat=True))


def numbers(job: BulkJob) -> tuple[int, int, int]:
    job.refresh_from_db()
    return job.total, job.done, job.refused


def test_every_ticket_is_done_by_its_verb_in_the_name_of_who_asked(ada: User) -> None:
    chosen = tickets(3)
    job = begin(ada, chosen.for_desk(), do="assign_to_me")
    assert not Event.objects.filter(kind=Event.Kind.ASSIGNED).exists()
    assert work() == 3
    assert numbers(job) == (3, 3, 0)
    assert job.finished_at == MONDAY
    assert set(chosen.values_list("assignee", "status")) == {(ada.pk, Status.OPEN)}
    assert Event.objects.filter(kind=Event.Kind.ASSIGNED, by=ada).count() == 3
    assert work() == 0


def test_what_is_refused_says_why_and_the_others_are_done(ada: User) -> None:
    chosen = tickets(3)
    closed = chosen[0]
    lifecycle.close(ticket=closed, by=closed.requester, at=MONDAY)
    job = begin(ada, chosen, do="wait")
    work()
    assert numbers(job) == (3, 2, 1)
    row = job.rows.get(state=State.REFUSED)
    assert row.ticket == closed
    assert row.reason == "You cannot wait for the customer on a ticket that is Closed."


def test_what_fails_is_refused_and_stops_no_other(
    ada: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = begin(ada, tickets(3), do="wait")
    wait, calls = lifecycle.wait_for_customer, iter(range(3))

    def sometimes(**arguments: Any) -> Ticket:
        ticket = wait(**arguments)
        if next(calls) == 1:
            raise ZeroDivisionError
        return ticket

    wrong = Action("Wait", lambda doing: sometimes(**doing.common))
    monkeypatch.setitem(actions.ACTIONS, "wait", wrong)
    work()
    assert states(job) == [State.DONE, State.REFUSED, State.DONE]
    assert Ticket.objects.filter(status=Status.PENDING).count() == 2
    assert "An administrator finds it in the log." in job.rows.get(state=State.REFUSED).reason


def test_a_worker_that_dies_in_the_middle_loses_nothing_and_does_nothing_twice(
    ada: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    chosen = tickets(3)
    job = begin(ada, chosen, do="note", text="Looked at.")
    note, calls = lifecycle.add_note, iter(range(3))

    def dying(**arguments: Any) -> Ticket:
        ticket = note(**arguments)
        if next(calls) == 1:
            raise SystemExit
        return ticket

    dead = Action("Note", lambda d: dying(**d.common, text="Looked at."), ["text"])
    with monkeypatch.context() as patched:
        patched.setitem(actions.ACTIONS, "note", dead)
        with pytest.raises(SystemExit):
            work()
    assert states(job) == [State.DONE, State.WAITING, State.WAITING]
    assert Event.objects.filter(kind=Event.Kind.NOTED).count() == 1
    assert work() == 2
    assert Event.objects.filter(kind=Event.Kind.NOTED).count() == 3
    assert numbers(job) == (3, 3, 0)


# What happened to who asked, before it was the turn of the tickets.
@pytest.mark.parametrize("change", [{"is_active": False}, {"is_staff": False}, {"groups": None}])
def test_who_may_not_any_more_does_nothing(ada: User, change: dict[str, Any]) -> None:
    job = begin(ada, tickets(2), do="wait")
    if "groups" in change:
        ada.groups.clear()
    else:
        User.objects.filter(pk=ada.pk).update(**change)
    work()
    assert numbers(job) == (2, 0, 2)
    assert {row.reason for row in job.rows.all()} == {"You may not work on tickets any more."}


def test_only_what_one_sees_is_chosen(ada: User, policy: Policy) -> None:
    chosen = tickets(2)
    with pytest.raises(NothingChosen):
        begin(factories.customer(), chosen, do="wait")
    with pytest.raises(NothingChosen):
        begin(ada, Ticket.objects.none(), do="wait")
    assert not BulkJob.objects.exists()


def test_no_more_is_chosen_than_fits(ada: User, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bulk, "MOST", 2)
    assert begin(ada, tickets(2), do="wait").total == 2
    with pytest.raises(TooManyChosen):
        begin(ada, tickets(3), do="wait")


def test_steps_that_make_no_sense_are_not_kept(ada: User) -> None:
    with pytest.raises(ValueError, match="needs: priority"):
        begin(ada, tickets(1), do="priority")


def test_choosing_costs_the_same_for_any_number(ada: User) -> None:
    begin(ada, tickets(1), do="wait")  # What she may is asked once.
    costs = []
    for number in (2, 30):
        chosen = tickets(number)
        with CaptureQueriesContext(connection) as queries:
            begin(ada, chosen, do="wait")
        costs.append(len(queries))
    assert costs[0] == costs[1]


def test_what_was_not_come_to_can_be_called_off_once(ada: User) -> None:
    job, other = begin(ada, tickets(3), do="wait"), factories.agent()
    with pytest.raises(NotYourBulkJob):
        bulk.cancel(job=job, by=other, at=MONDAY)
    row = job.rows.first()
    assert row is not None
    bulk._settle_next(job, Rows(job.steps), MONDAY)
    job = bulk.cancel(job=job, by=ada, at=MONDAY)
    assert states(job) == [State.DONE, State.CANCELLED, State.CANCELLED]
    assert (job.done, job.left_out, job.finished_at) == (1, 2, MONDAY)
    assert work() == 0
    with pytest.raises(OverAlready):
        bulk.cancel(job=job, by=ada, at=MONDAY)


def test_managers_stop_what_others_began(ada: User) -> None:
    job = begin(ada, tickets(1), do="wait")
    bulk.cancel(job=job, by=factories.agent(group="Manager"), at=MONDAY)
    assert work() == 0


def test_the_refused_have_another_turn(ada: User) -> None:
    chosen = tickets(2)
    lifecycle.wait_for_customer(ticket=chosen[0], by=ada, at=MONDAY)
    job = begin(ada, chosen, do="wait")
    work()
    assert numbers(job) == (2, 1, 1)
    lifecycle.resume(ticket=chosen[0], by=ada, at=MONDAY)
    bulk.try_again(job=job, by=ada, at=MONDAY)
    assert work() == 1
    assert numbers(job) == (2, 2, 0)
    with pytest.raises(NothingWasRefused):
        bulk.try_again(job=job, by=ada, at=MONDAY)


def test_a_few_are_done_while_somebody_waits(ada: User) -> None:
    job = bulk.finish(begin(ada, tickets(2), do="wait"), at=MONDAY)
    assert (job.done, job.finished_at) == (2, MONDAY)


def test_a_small_job_need_not_wait_for_the_end_of_a_large_one(
    ada: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bulk, "PORTION", 2)
    large, small = begin(ada, tickets(5), do="wait"), begin(ada, tickets(1), do="wait")
    order: list[int] = []
    settle = bulk._settle_next

    def noted(job: BulkJob, *rest: Any) -> bool:
        order.append(job.pk)
        return settle(job, *rest)

    monkeypatch.setattr(bulk, "_settle_next", noted)
    work()
    assert order.index(small.pk) == 2
    assert numbers(large) == (5, 5, 0)


@pytest.mark.django_db(transaction=True)
def test_workers_side_by_side_do_each_ticket_once(ada: User) -> None:
    job = begin(ada, tickets(12), do="note", text="Looked at.")
    assert sum(n for n in at_once(*[work] * 3) if isinstance(n, int)) == 12
    assert Event.objects.filter(kind=Event.Kind.NOTED).count() == 12
    assert numbers(job) == (12, 12, 0)
    assert job.finished_at == MONDAY
