"""A customer escalates his own ticket, with a reason and once a day; somebody acknowledges it."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

import pytest

from sla.models import Calendar, Policy
from tests import factories
from tests.times import nov
from tests.together import at_once, one_behind_the_other
from tickets import escalation, lifecycle, links
from tickets.models import Delivery, Escalation, Event, Organization, Ticket, User
from tickets.refusals import (
    AlreadyAcknowledged,
    EscalatedToday,
    EscalationOver,
    MoveNotAllowed,
    NoReasonGiven,
    NotTheRequester,
    OnlyForStaff,
    Refused,
)

ADDRESS = "escalations@desk.example"
REASON = "Our board meets at three."
NOON = nov(2, "12:00")


@pytest.fixture(autouse=True)
def address(settings: Any) -> None:
    settings.ESCALATION_ADDRESS = ADDRESS


@pytest.fixture
def spoc(policy: Policy) -> User:
    return factories.agent("grace@desk.example", name="Grace Hopper")


@pytest.fixture
def ticket(spoc: User) -> Ticket:
    asha = factories.customer(
        "asha@client.example",
        name="Asha Rao",
        organization=factories.organization("Acme", spoc=spoc),
    )
    return factories.ticket("P2", requester=asha)


def escalate(
    ticket: Ticket, at: datetime = NOON, *, by: User | None = None, reason: str = REASON
) -> Ticket:
    return escalation.escalate(ticket=ticket, by=by or ticket.requester, reason=reason, at=at)


def mails() -> list[Delivery]:
    return list(Delivery.objects.filter(occasion="customer_escalation").order_by("recipient"))


# --- Escalating ---


def test_the_spoc_and_the_escalation_address_are_told_and_the_ticket_is_marked(
    ticket: Ticket, spoc: User
) -> None:
    before = Ticket.objects.filter(pk=ticket.pk).values().get()
    answer = escalate(ticket, reason=f"  {REASON}\n")
    after = Ticket.objects.filter(pk=ticket.pk).values().get()
    at_noon = dict.fromkeys(["escalated_at", "updated_at", "acted_at"], NOON)
    assert after == before | at_noon
    assert answer.escalated_at == NOON
    assert [(mail.recipient, mail.user) for mail in mails()] == [
        (ADDRESS, None),
        ("grace@desk.example", spoc),
    ]
    found = Escalation.objects.get()
    assert (found.ticket, found.at, found.raised_by) == (ticket, NOON, ticket.requester)
    assert (found.reason, found.told) == (REASON, f"Grace Hopper, {ADDRESS}")
    assert (found.day, found.firing) == (date(2026, 11, 2), None)
    assert list(Escalation.objects.open()) == [found]
    event = Event.objects.get(kind=Event.Kind.ESCALATED_BY_CUSTOMER)
    assert (event.by, event.at) == (ticket.requester, NOON)
    assert event.detail == f"Told: Grace Hopper, {ADDRESS}. Reason: {REASON}"


def test_no_clock_minds_it(ticket: Ticket) -> None:
    before = list(ticket.clocks.order_by("pk").values())
    escalate(ticket)
    assert list(ticket.clocks.order_by("pk").values()) == before


def test_the_mail_gives_the_reason_and_both_links(ticket: Ticket) -> None:
    escalate(ticket, reason="It is <b>urgent</b>.\nVery.")
    for mail in mails():
        assert mail.subject == (
            f"[{ticket.reference}] Escalated by the customer: The report is not refreshed"
        )
        for words in (mail.text, mail.html):
            assert "Asha Rao asks for somebody to look at this ticket now" in words
            assert "Due next" in words
            assert "Tue 3 Nov, 10:00 IST" in words
            assert links.desk_url_for(ticket) in words
            assert "/escalations/" in words
        assert "It is <b>urgent</b>.\nVery." in mail.text
        assert "It is &lt;b&gt;urgent&lt;/b&gt;.<br>Very." in mail.html
    assert len({mail.text for mail in mails()}) == 2, "each has a link of its own"


@pytest.mark.parametrize("case", ["no organization", "no spoc", "the spoc has left"])
def test_without_a_spoc_the_escalation_address_alone_is_told(
    ticket: Ticket, spoc: User, case: str
) -> None:
    match case:
        case "no organization":
            Ticket.objects.update(organization=None)
        case "no spoc":
            Organization.objects.update(spoc=None)
        case "the spoc has left":
            User.objects.filter(pk=spoc.pk).update(is_active=False)
    escalate(Ticket.objects.get())
    assert [mail.recipient for mail in mails()] == [ADDRESS]
    assert Escalation.objects.get().told == ADDRESS


@pytest.mark.parametrize("reason", ["", "  ", "\n\t "])
def test_a_reason_is_needed(ticket: Ticket, reason: str) -> None:
    with pytest.raises(NoReasonGiven):
        escalate(ticket, reason=reason)
    assert not Escalation.objects.exists()


def test_nobody_else_escalates_it(ticket: Ticket, spoc: User) -> None:
    colleague = factories.customer(organization=ticket.organization)
    for by in (factories.customer(), colleague, spoc):
        with pytest.raises(NotTheRequester):
            escalate(ticket, by=by)
    assert not Escalation.objects.exists()
    assert not mails()


def test_staff_escalate_what_they_opened_for_themselves(spoc: User) -> None:
    own = factories.ticket(requester=factories.agent())
    assert escalate(own).escalated_at == NOON


def test_what_is_solved_cannot_be_escalated(ticket: Ticket, spoc: User) -> None:
    lifecycle.resolve(ticket=ticket, by=spoc, at=nov(2, "11:00"))
    with pytest.raises(MoveNotAllowed, match="You cannot escalate a ticket that is Resolved"):
        escalate(ticket)
    lifecycle.reopen(ticket=ticket, by=spoc, at=NOON)
    assert escalate(ticket).escalated_at == NOON


# --- Once a day ---


@pytest.mark.parametrize(
    ("zone", "first", "second", "allowed"),
    [
        ("Asia/Kolkata", nov(2, "12:00"), nov(2, "12:00"), False),  # The same instant.
        ("Asia/Kolkata", nov(2, "12:00"), nov(2, "23:59"), False),
        ("Asia/Kolkata", nov(2, "23:59"), nov(3, "00:00"), True),  # A minute later, another day.
        ("Asia/Kolkata", nov(3, "00:00"), nov(3, "23:59"), False),  # Two dates in UTC.
        ("Asia/Kolkata", nov(2, "12:00"), nov(9, "12:00"), True),
        # Midnight in New York is at half past ten in Kolkata (EST).
        ("America/New_York", nov(3, "00:00"), nov(3, "10:29"), False),
        ("America/New_York", nov(3, "00:00"), nov(3, "10:30"), True),
    ],
)
def test_a_day_is_one_of_the_calendars_zone(
    ticket: Ticket, zone: str, first: datetime, second: datetime, allowed: bool
) -> None:
    Calendar.objects.update(time_zone=zone)
    escalate(Ticket.objects.get(), first)
    if allowed:
        escalate(Ticket.objects.get(), second)
    else:
        with pytest.raises(EscalatedToday):
            escalate(Ticket.objects.get(), second)
    count = 2 if allowed else 1
    assert Escalation.objects.count() == count
    assert len(mails()) == 2 * count


def test_the_day_is_that_of_the_organizations_own_policy(policy: Policy, ticket: Ticket) -> None:
    far = Calendar.objects.create(name="Far", time_zone="Pacific/Kiritimati")
    Organization.objects.update(policy=Policy.objects.create(name="Own", calendar=far))
    escalate(Ticket.objects.get(), nov(2, "16:00"))
    assert Escalation.objects.get().day == date(2026, 11, 3)


def test_each_ticket_has_a_day_of_its_own(ticket: Ticket) -> None:
    other = factories.ticket(requester=ticket.requester)
    escalate(ticket)
    escalate(other)
    assert Escalation.objects.count() == 2


@pytest.mark.django_db(transaction=True)
def test_of_two_who_escalate_at_once_one_is_refused(ticket: Ticket) -> None:
    with pytest.raises(EscalatedToday):
        one_behind_the_other(lambda: escalate(ticket), lambda: escalate(ticket))
    outcomes = at_once(*[lambda: escalate(ticket, nov(3, "12:00"))] * 4)
    assert sum(isinstance(outcome, Ticket) for outcome in outcomes) == 1
    assert sum(isinstance(outcome, EscalatedToday) for outcome in outcomes) == 3
    assert Escalation.objects.count() == 2
    assert len(mails()) == 4


# --- Acknowledging ---


@pytest.mark.parametrize("who", ["staff", "address"])
def test_who_acknowledges_is_on_record_and_when(ticket: Ticket, spoc: User, who: str) -> None:
    escalate(ticket)
    by = spoc if who == "staff" else ADDRESS
    found = escalation.acknowledge(escalation=Escalation.objects.get(), by=by, at=nov(2, "12:30"))
    stored = Escalation.objects.get()
    assert stored == found
    assert stored.acknowledged_at == nov(2, "12:30")
    expected = (spoc, "") if who == "staff" else (None, ADDRESS)
    assert (stored.acknowledged_by, stored.acknowledged_as) == expected
    assert stored.acknowledger == str(by)
    assert list(Escalation.objects.acknowledged()) == [stored]
    assert not Escalation.objects.open().exists()
    event = Event.objects.get(kind=Event.Kind.ACKNOWLEDGED)
    assert (event.by, event.at) == (expected[0], nov(2, "12:30"))
    assert event.detail == ("" if who == "staff" else f"By {ADDRESS}.")


def test_the_second_one_is_refused_and_the_first_stays_on_record(
    ticket: Ticket, spoc: User
) -> None:
    escalate(ticket)
    row = Escalation.objects.get()
    escalation.acknowledge(escalation=row, by=spoc, at=nov(2, "12:30"))
    for by in (spoc, factories.agent(), ADDRESS):
        with pytest.raises(AlreadyAcknowledged):
            escalation.acknowledge(escalation=row, by=by, at=nov(2, "13:00"))
    row.refresh_from_db()
    assert (row.acknowledged_by, row.acknowledged_at) == (spoc, nov(2, "12:30"))
    assert Event.objects.filter(kind=Event.Kind.ACKNOWLEDGED).count() == 1


def test_customers_and_those_who_have_left_do_not_acknowledge(ticket: Ticket) -> None:
    escalate(ticket)
    for by in (ticket.requester, factories.agent(is_active=False)):
        with pytest.raises(OnlyForStaff):
            escalation.acknowledge(escalation=Escalation.objects.get(), by=by, at=NOON)
    assert not Escalation.objects.acknowledged().exists()


def test_what_is_over_calls_for_nobody_any_more(ticket: Ticket, spoc: User) -> None:
    escalate(ticket)
    lifecycle.resolve(ticket=ticket, by=spoc, at=nov(2, "13:00"))
    assert Escalation.objects.missed().count() == 1
    row = Escalation.objects.get()
    with pytest.raises(EscalationOver):
        escalation.acknowledge(escalation=row, by=spoc, at=nov(2, "14:00"))
    assert Escalation.objects.missed().count() == 1


@pytest.mark.django_db(transaction=True)
def test_of_many_who_acknowledge_at_once_one_does(ticket: Ticket) -> None:
    escalate(ticket)
    row, crew = Escalation.objects.get(), [factories.agent() for _ in range(3)]
    outcomes = at_once(
        *[
            lambda by=by: escalation.acknowledge(escalation=row, by=by, at=NOON)
            for by in (*crew, ADDRESS)
        ]
    )
    assert sum(isinstance(outcome, Escalation) for outcome in outcomes) == 1
    assert sum(isinstance(outcome, Refused) for outcome in outcomes) == 3
    assert Event.objects.filter(kind=Event.Kind.ACKNOWLEDGED).count() == 1
