"""Whom a ticket's news reaches, how, and when: in the bell, at once, or with others."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, time, timedelta

import pytest
from django.test import override_settings

from sla.models import Clock, EscalationStep, Policy, Role
from tests import factories
from tests.factories import MONDAY
from tests.notified import mail_notifications
from tests.times import nov
from tests.together import at_once
from tickets import correspondence, digests, escalation, lifecycle, notifications
from tickets.acts import Mail
from tickets.models import Delivery, Notification, NotificationChoices, Team, Ticket, User

NOW = MONDAY + timedelta(hours=1)
MINUTE = timedelta(minutes=1)
Kind = Notification.Kind


class Desk:
    """Ada has a ticket of a team; Bob is in it too, Eve is in another one."""

    def __init__(self) -> None:
        self.ada = factories.agent("ada@desk.example", name="Ada Lovelace")
        self.bob = factories.agent("bob@desk.example", name="Bob Roy")
        self.eve = factories.agent("eve@desk.example", name="Eve Hall")
        self.support = factories.team("First line", self.ada, self.bob)
        self.other = factories.team("Elsewhere", self.eve)
        self.ticket = self.open(self.ada)
        Notification.objects.all().delete()

    def open(self, assignee: User | None = None, *, team: Team | None = None) -> Ticket:
        ticket = factories.ticket("P2")
        return lifecycle.assign(
            ticket=ticket, by=assignee, assignee=assignee, team=team or self.support, at=MONDAY
        )


@pytest.fixture
def desk(policy: Policy) -> Desk:
    return Desk()


def told() -> set[tuple[str, str]]:
    """Who has a notification, and of which kind."""
    rows = Notification.objects.values_list("user__name", "kind")
    return {(name.split()[0], kind) for name, kind in rows}


def assign(desk: Desk, to: User, by: User | None) -> None:
    lifecycle.assign(ticket=desk.ticket, by=by, assignee=to, at=NOW)


def note(desk: Desk, text: str, by: User | None = None) -> None:
    lifecycle.add_note(ticket=desk.ticket, by=by or desk.ada, text=text, at=NOW)


def forged(desk: Desk) -> None:
    """A mail that says that Ada wrote it, and that nobody has looked at."""
    mail = Mail(message_id="<1@elsewhere.example>")
    correspondence.keep_aside(
        ticket=desk.ticket, by=desk.ada, text="@bob look", at=NOW, mail=mail, is_automatic=False
    )


def fire(desk: Desk, percent: int = 75) -> None:
    EscalationStep.objects.exclude(percent=percent).update(is_active=False)
    clock = Clock.objects.get(ticket=desk.ticket, metric="first_response")
    assert clock.next_step_at
    escalation.fire_due_steps(at=clock.due_at)


def ask_for_help(desk: Desk) -> None:
    organization = factories.organization("Acme", spoc=desk.bob)
    Ticket.objects.filter(pk=desk.ticket.pk).update(organization=organization)
    desk.ticket.refresh_from_db()
    escalation.escalate(
        ticket=desk.ticket, by=desk.ticket.requester, reason="We stand still.", at=NOW
    )


def tell_the_team(desk: Desk, by: User | None = None) -> None:
    escalation.notify(ticket=desk.ticket, by=by, wanted=[Role.TEAM], at=NOW, words="Look.")


def leave(desk: Desk) -> None:
    User.objects.filter(pk=desk.ada.pk).update(is_active=False)
    desk.ticket.refresh_from_db()
    answer(desk)


def answer(desk: Desk) -> None:
    lifecycle.reply(ticket=desk.ticket, by=desk.ticket.requester, text="Still so.", at=NOW)


def take_up(desk: Desk) -> None:
    lifecycle.resolve(ticket=desk.ticket, by=desk.ada, at=NOW)
    lifecycle.reopen(ticket=desk.ticket, by=desk.ticket.requester, at=NOW)


# What happens, and who is told of it: nobody else.
CAUSES: list[tuple[str, Callable[[Desk], object], set[tuple[str, str]]]] = [
    ("assigned by a colleague", lambda d: assign(d, d.bob, d.ada), {("Bob", "assigned")}),
    ("assigned by nobody in particular", lambda d: assign(d, d.bob, None), {("Bob", "assigned")}),
    ("taken by oneself", lambda d: assign(d, d.bob, d.bob), set()),
    ("a customer answers", answer, {("Ada", "customer_replied")}),
    ("a customer takes up what was solved", take_up, {("Ada", "customer_replied")}),
    ("the assignee has left", leave, set()),
    ("a note names a colleague", lambda d: note(d, "@bob look"), {("Bob", "mentioned")}),
    ("a note names oneself", lambda d: note(d, "@ada look"), set()),
    ("a note names who may not see the ticket", lambda d: note(d, "@eve look"), set()),
    (
        "a reply names a colleague",
        lambda d: lifecycle.reply(ticket=d.ticket, by=d.ada, text="Ask @BobRoy.", at=NOW),
        {("Bob", "mentioned")},
    ),
    (
        "a customer writes a handle",
        lambda d: lifecycle.reply(ticket=d.ticket, by=d.ticket.requester, text="@bob!", at=NOW),
        {("Ada", "customer_replied")},
    ),
    ("somebody unknown writes a handle by mail", forged, set()),
    ("a promise is at risk", fire, {("Ada", "at_risk")}),
    ("a customer escalates", ask_for_help, {("Bob", "at_risk")}),
    ("a rule tells a team", tell_the_team, {("Ada", "notice"), ("Bob", "notice")}),
    ("a colleague's macro does", lambda d: tell_the_team(d, d.ada), {("Bob", "notice")}),
]


@pytest.mark.parametrize(("cause", "happen", "whom"), CAUSES, ids=[name for name, *_ in CAUSES])
def test_who_is_told(
    desk: Desk, cause: str, happen: Callable[[Desk], object], whom: set[tuple[str, str]]
) -> None:
    happen(desk)
    assert told() == whom


def test_where_nobody_has_the_ticket_nobody_is_disturbed_by_an_answer(desk: Desk) -> None:
    desk.ticket = desk.open(None)
    Notification.objects.all().delete()
    answer(desk)
    assert told() == set()


def test_what_is_rolled_back_or_said_again_is_not_told_again(desk: Desk) -> None:
    for _ in range(2):
        notifications.assigned(desk.ticket, by=desk.bob, at=NOW)
    assert Notification.objects.count() == 1


# --- By mail --------------------------------------------------------------------------------------


def mails(user: User) -> list[Delivery]:
    found = Delivery.objects.filter(recipient=user.email, occasion__in=["assignment", "digest"])
    return list(found.order_by("created_at"))


def test_an_escalation_mails_at_once_and_is_not_mailed_again(desk: Desk) -> None:
    fire(desk)
    assert Delivery.objects.filter(occasion="escalation", recipient=desk.ada.email).count() == 1
    assert mail_notifications() == 0


def test_what_happens_within_a_minute_is_one_mail(desk: Desk) -> None:
    for step in range(30):
        ticket = desk.open(None)
        at = NOW + timedelta(seconds=step)
        lifecycle.assign(ticket=ticket, by=desk.ada, assignee=desk.bob, at=at)
    assert digests.send_due(at=NOW + timedelta(seconds=59)) == 0
    assert digests.send_due(at=NOW + MINUTE) == 1
    assert digests.send_due(at=NOW + timedelta(hours=1)) == 0
    (mail,) = mails(desk.bob)
    assert (mail.subject, mail.ticket) == ("30 news of your tickets", None)
    assert mail.text.count("Assigned to you (Ada Lovelace)") == 20
    assert "And 10 more: " in mail.text
    assert "/admin/tickets/notification/choices/" in mail.html


def test_a_mention_is_mailed_with_its_words_in_the_readers_zone(desk: Desk) -> None:
    User.objects.filter(pk=desk.bob.pk).update(time_zone="Europe/Berlin")
    note(desk, "@bob what do you\nthink <b>of</b> this?")
    mail_notifications()
    (mail,) = mails(desk.bob)
    assert mail.subject.startswith(f"[{desk.ticket.reference}] Ada Lovelace mentioned you")
    assert "Mon 2 Nov, 06:30 CET  Mentioned you (Ada Lovelace)" in mail.text
    assert "@bob what do you think <b>of</b> this?" in mail.text
    assert "<b>of" not in mail.html


@pytest.mark.parametrize(
    "happen",
    [
        lambda d: notifications.read_ticket(d.ticket, user=d.bob, at=NOW),
        lambda d: lifecycle.assign(ticket=d.ticket, by=d.ada, assignee=d.ada, at=NOW),
        lambda d: User.objects.filter(pk=d.bob.pk).update(is_active=False),
        lambda d: notifications.choose(
            NotificationChoices(user=d.bob, assigned="bell"), at=NOW
        ),
    ],
    ids=["read", "handed on", "left", "chosen otherwise"],
)  # fmt: skip
def test_what_is_no_news_any_more_is_not_mailed(
    desk: Desk, happen: Callable[[Desk], object]
) -> None:
    assign(desk, desk.bob, desk.ada)
    happen(desk)
    digests.send_due(at=NOW + MINUTE)
    assert mails(desk.bob) == []
    assert not Notification.objects.waiting().filter(user=desk.bob).exists()


def test_what_went_out_of_sight_is_in_no_mail_and_in_no_bell(desk: Desk) -> None:
    note(desk, "@bob the secret is 1234")
    assert Notification.objects.for_bell(desk.bob).count() == 1
    Ticket.objects.filter(pk=desk.ticket.pk).update(team=desk.other)
    assert mail_notifications() == 0
    assert Notification.objects.for_bell(User.objects.get(pk=desk.bob.pk)).count() == 0


def test_a_mail_of_several_tickets_is_for_its_reader_alone(desk: Desk) -> None:
    for _ in range(2):
        desk.ticket = desk.open(None)
        assign(desk, desk.bob, desk.ada)
    mail_notifications()
    (mail,) = mails(desk.bob)
    see = {u.name for u in (desk.ada, desk.bob, desk.eve) if _sees(u, mail)}
    assert see == {"Bob Roy"}


def _sees(user: User, mail: Delivery) -> bool:
    return Delivery.objects.visible_to(user).filter(pk=mail.pk).exists()


# Chosen, what happened at (in Kolkata, where the desk is open from 9 to 18): the mail is due at.
DUES = [
    ("hour", time(8), nov(2, "11:20"), nov(2, "12:00")),
    ("hour", time(8), nov(2, "23:20"), nov(3, "09:00")),  # In the night.
    ("hour", time(8), nov(6, "21:00"), nov(9, "09:00")),  # Over a weekend.
    ("day", time(8), nov(2, "11:20"), nov(3, "08:00")),
    ("day", time(17, 30), nov(2, "11:20"), nov(2, "17:30")),
]


@pytest.mark.parametrize(("every", "daily_at", "at", "due"), DUES)
def test_when_a_mail_with_several_is_due(
    desk: Desk, every: str, daily_at: time, at: datetime, due: datetime
) -> None:
    User.objects.filter(pk=desk.bob.pk).update(time_zone="Asia/Kolkata")
    NotificationChoices.objects.create(
        user=desk.bob, assigned="digest", digest=every, daily_at=daily_at
    )
    lifecycle.assign(ticket=desk.ticket, by=None, assignee=desk.bob, at=at)
    assert Notification.objects.get().mail_due_at == due


def test_who_wants_to_hear_nothing_has_no_row(desk: Desk) -> None:
    NotificationChoices.objects.create(user=desk.bob, assigned="off")
    assign(desk, desk.bob, desk.ada)
    assert told() == set()


def test_what_could_not_be_put_into_a_mail_comes_later_and_others_get_theirs(desk: Desk) -> None:
    assign(desk, desk.bob, desk.ada)
    ticket = desk.open(None, team=desk.other)
    lifecycle.assign(ticket=ticket, by=desk.ada, assignee=desk.eve, at=NOW)
    User.objects.filter(pk=desk.bob.pk).update(time_zone="Nowhere/Land")
    with override_settings(LOGGING_CONFIG=None):
        assert digests.send_due(at=NOW + MINUTE) == 1
    assert [len(mails(user)) for user in (desk.bob, desk.eve)] == [0, 1]
    User.objects.filter(pk=desk.bob.pk).update(time_zone="")
    assert digests.send_due(at=NOW + MINUTE + digests.LATER) == 1
    assert len(mails(desk.bob)) == 1


def test_what_is_older_than_anybody_looks_for_is_forgotten(desk: Desk) -> None:
    assign(desk, desk.bob, desk.ada)
    assert digests.forget(at=NOW + digests.KEPT) == 0
    assert digests.forget(at=NOW + digests.KEPT + MINUTE) == 1


@pytest.mark.django_db(transaction=True)
def test_of_two_workers_one_writes_each_mail(policy: Policy) -> None:
    desk = Desk()
    people = [factories.agent() for _ in range(5)]
    desk.support.members.add(*people)
    for person in people:
        for _ in range(3):
            ticket = desk.open(None)
            lifecycle.assign(ticket=ticket, by=desk.ada, assignee=person, at=NOW)
    made = at_once(*[lambda: digests.send_due(at=NOW + MINUTE)] * 3)
    assert all(isinstance(number, int) for number in made), made
    digests.send_due(at=NOW + MINUTE)  # Whom one passed by because the other held him.
    assert [len(mails(person)) for person in people] == [1] * 5
