"""`manage.py demo`: a believable desk, made through the lifecycle's own verbs."""

from __future__ import annotations

import stat
from collections.abc import Iterator
from datetime import timedelta
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.contrib.auth.models import Group
from django.core.management import CommandError, call_command
from django.db import transaction
from django.db.models import Count, F
from pytest_django import DjangoDbBlocker

from sla.models import Clock, Firing, Metric, Pause
from tests.times import nov
from tickets import defaults, roles
from tickets.management.commands.demo import ACCOUNTS, Progress
from tickets.management.demo_desk import desk, people
from tickets.management.demo_desk.conversations import FILES, TEXTS, Words
from tickets.management.demo_desk.setting import Setting
from tickets.models import Delivery, Event, Message, Organization, RequestType, Team, Ticket, User
from tickets.states import Status

# A Wednesday afternoon: some tickets fall due in the hours before and after.
AT = nov(18, "15:00")
TICKETS, DAYS = 40, 16


@pytest.fixture(scope="module", autouse=True)
def _demo(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[None]:
    """One desk for the whole file: making it takes seconds, looking at it does not."""
    with django_db_blocker.unblock(), transaction.atomic():
        call_command("load_policy", country="", verbosity=0)
        fill(seed=1)
        yield
        transaction.set_rollback(True)


def fill(*, seed: int, tickets: int = TICKETS) -> list[int]:
    return desk.make(people.settle(), tickets=tickets, days=DAYS, seed=seed, at=AT)


def run(**options: Any) -> str:
    said = StringIO()
    call_command("demo", stdout=said, **options)
    return said.getvalue()


def story(made: list[int]) -> list[Any]:
    """All that a reader of these tickets could tell, without their numbers."""
    tickets = Ticket.objects.filter(pk__in=made).order_by("pk")
    return [
        list(tickets.values_list("subject", "requester__email", "submitted_at", "status")),
        *(
            list(model.objects.filter(ticket__in=made).order_by("pk").values_list(*columns))
            for model, columns in (
                (Event, ("kind", "at", "by__email", "detail")),
                (Message, ("author__email", "text", "sent_at", "is_public")),
                (Clock, ("priority__code", "metric", "started_at", "due_at", "stopped_at")),
            )
        ),
    ]


@pytest.mark.django_db
def test_the_people_of_a_desk_are_there() -> None:
    assert Ticket.objects.count() == TICKETS
    assert Organization.objects.exclude(spoc=None).count() == 4
    assert all(3 <= row.users.count() <= 5 for row in Organization.objects.all())
    assert all(team.lead in team.members.all() for team in Team.objects.all())
    assert {team.name for team in Team.objects.all()} == set(defaults.TEAMS)
    staff = User.objects.filter(is_staff=True)
    by_role = dict(staff.values_list("groups__name").annotate(Count("pk")))
    assert by_role == {roles.AGENT: 9, roles.MANAGER: 1, roles.ADMINISTRATOR: 1}
    assert not User.objects.exclude(email__endswith=".example").exists()


@pytest.mark.django_db
def test_every_kind_of_ticket_is_there() -> None:
    tickets = Ticket.objects.all()
    happened = set(Event.objects.values_list("kind", flat=True))
    kind = Event.Kind
    # The daily work; the rest needs mail that comes in, customers at their pages, or a rule.
    assert happened >= {
        kind.OPENED, kind.REPLIED, kind.CUSTOMER_REPLIED, kind.NOTED, kind.ASSIGNED,
        kind.PRIORITY_CHANGED, kind.WAITING, kind.TO_ENGINEERING, kind.FROM_ENGINEERING,
        kind.ESCALATED, kind.ESCALATED_BY_CUSTOMER, kind.ACKNOWLEDGED, kind.RESOLVED, kind.CLOSED,
        kind.RATED,
    }  # fmt: skip
    assert set(tickets.values_list("status", flat=True)) == set(Status.values)
    assert {code for (code,) in tickets.values_list("priority__code")} == {"P1", "P2", "P3", "P4"}
    assert tickets.open().filter(with_engineering=True).exists()
    assert tickets.open().filter(assignee=None).exists()
    assert Pause.objects.filter(reason=Pause.Reason.RESOLVED).exists()  # Was reopened.
    assert Pause.objects.filter(reason=Pause.Reason.WAITING_FOR_CUSTOMER, ended_at=None).exists()
    lowered = Clock.objects.filter(kept_by_lowering=True, stopped_at__lte=F("due_at"))
    assert lowered.exclude(ticket__priority=F("priority")).exists()
    assert Clock.objects.exclude(earlier_promise=None).exists()  # Was raised.


@pytest.mark.django_db
def test_most_promises_were_kept_and_some_were_broken() -> None:
    over = Clock.objects.exclude(stopped_at=None)
    broken = over.filter(stopped_at__gt=F("due_at"))
    for metric in (Metric.FIRST_RESPONSE, Metric.RESOLUTION):
        assert 0 < broken.filter(metric=metric).count() < over.filter(metric=metric).count() / 4


@pytest.mark.django_db
def test_some_open_tickets_are_late_and_some_fall_due_soon() -> None:
    tickets = Ticket.objects.open()
    assert 1 <= tickets.filter(next_due_at__lt=AT).count() <= TICKETS / 5
    soon = tickets.filter(next_due_at__range=(AT, AT + timedelta(hours=6)))
    assert 2 <= soon.count() <= TICKETS / 4


@pytest.mark.django_db
def test_early_on_a_monday_there_are_late_tickets_too() -> None:
    at = nov(16, "06:00")  # No deadline in business time for two days.
    made = desk.make(people.settle(), tickets=20, days=16, seed=1, at=at)
    assert Ticket.objects.open().filter(pk__in=made, next_due_at__lt=at).exists()
    assert Ticket.objects.open().filter(pk__in=made, next_due_at__gt=at).exists()


@pytest.mark.django_db
def test_everything_happened_in_its_order_and_in_the_past() -> None:
    for model, column in ((Event, "at"), (Message, "sent_at"), (Firing, "at")):
        times = list(model.objects.order_by("pk").values_list(column, flat=True))
        assert times == sorted(times)
        assert AT - timedelta(days=DAYS) <= times[0]
        assert times[-1] <= AT
    for ticket in Ticket.objects.prefetch_related("events", "messages"):
        events = sorted(ticket.events.all(), key=lambda event: event.pk)
        assert (events[0].kind, events[0].at) == (Event.Kind.OPENED, ticket.submitted_at)
        assert ticket.updated_at <= AT


@pytest.mark.django_db
def test_every_step_fired_when_it_was_due() -> None:
    assert not Clock.objects.step_due(AT).exists()
    broken = Firing.objects.filter(step__percent=100, clock__stopped_at=None, clock__pauses=None)
    assert broken.exists()
    for firing in broken.select_related("clock"):
        assert firing.at == firing.clock.due_at


@pytest.mark.django_db
def test_no_mail_of_the_demo_is_ever_sent() -> None:
    assert set(Delivery.objects.values_list("state", "last_error")) == {
        (Delivery.State.CANCELLED, desk.NEVER_SENT)
    }
    acknowledged = Delivery.objects.filter(occasion="acknowledgement").values("ticket").distinct()
    assert acknowledged.count() == TICKETS


@pytest.mark.django_db
def test_agents_answer_in_business_hours_but_the_most_urgent_at_any_time() -> None:
    setting = Setting.of_desk(people.settle(), seed=1)
    answers = Message.objects.filter(by_staff=True).select_related("ticket__priority")
    usual = [
        setting.hours.is_open(message.sent_at)
        for message in answers.exclude(ticket__clocks__priority__code="P1")
    ]
    assert sum(usual) > 0.9 * len(usual)


@pytest.mark.django_db
def test_the_same_seed_makes_the_same_desk_and_nobody_twice() -> None:
    before = User.objects.count(), Organization.objects.count(), Team.objects.count()
    first, same, other = (fill(seed=seed, tickets=8) for seed in (1, 1, 2))
    assert story(same) == story(first)
    assert story(other) != story(first)
    assert before == (User.objects.count(), Organization.objects.count(), Team.objects.count())


@pytest.mark.django_db
def test_people_and_teams_that_were_edited_stay() -> None:
    lead = User.objects.get(name="Priya Sharma")
    Team.objects.filter(name=defaults.SUPPORT).update(lead=lead)
    Organization.objects.filter(name="Halden Bank").update(spoc=lead, name="Halden Group")
    Team.objects.filter(name=defaults.ENGINEERING).update(name="Developers")
    people.settle()
    assert Team.objects.get(name=defaults.SUPPORT).lead == lead
    assert Organization.objects.get(name="Halden Group").spoc == lead
    assert (Team.objects.count(), Organization.objects.count()) == (2, 4)


@pytest.mark.django_db
@pytest.mark.parametrize(("tickets", "days"), [(1, 1), (20, 1)])
def test_a_small_desk_or_a_short_past_will_do(tickets: int, days: int) -> None:
    made = desk.make(people.settle(), tickets=tickets, days=days, seed=3, at=AT)
    assert len(made) == tickets


@pytest.mark.django_db
def test_a_desk_without_the_default_request_types_is_refused() -> None:
    RequestType.objects.update(is_active=False)
    with pytest.raises(CommandError, match="None of the default request types is active"):
        run(tickets=1)


@pytest.mark.django_db
def test_a_desk_without_its_groups_is_refused() -> None:
    User.objects.filter(name="Priya Sharma").update(email="somebody@else.example")
    Group.objects.get(name=roles.AGENT).delete()
    with pytest.raises(CommandError, match="There is no group “Agent”"):
        run(tickets=1)


@pytest.fixture
def accounts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(settings, "VAR_DIR", tmp_path)
    return tmp_path / ACCOUNTS


@pytest.mark.django_db
def test_the_command_writes_down_accounts_that_work(
    accounts: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    said = run(tickets=2, days=3)
    assert said.startswith("2 tickets over 3 days.")
    assert stat.S_IMODE(accounts.stat().st_mode) == 0o600
    rows = [line.split("\t") for line in accounts.read_text().splitlines()]
    assert [role for role, _, _ in rows] == ["agent", "manager", "administrator"]
    printed = said + "".join(capfd.readouterr())
    for role, email, password in rows:
        user = User.objects.get(email=email)
        assert user.check_password(password)
        assert user.groups.get().name == role.capitalize()
        assert len(password) >= 12
        assert password not in printed


@pytest.mark.django_db
def test_a_second_run_keeps_the_passwords(accounts: Path) -> None:
    run(tickets=1)
    noted = accounts.read_text()
    changed = User.objects.get(email=noted.split("\t")[1])
    changed.set_password("chosen by the person")
    changed.save()
    run(tickets=1)
    assert accounts.read_text() == noted
    changed.refresh_from_db()
    assert changed.check_password("chosen by the person")


@pytest.mark.django_db
def test_a_new_database_takes_over_the_passwords_that_were_noted(accounts: Path) -> None:
    run(tickets=1)
    noted = accounts.read_text()
    User.objects.update(password="!")
    run(tickets=1)
    _, email, password = noted.splitlines()[0].split("\t")
    assert accounts.read_text() == noted
    assert User.objects.get(email=email).check_password(password)


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"tickets": 0}, "--tickets is at least 1, and not 0."),
        ({"tickets": -5}, "--tickets is at least 1, and not -5."),
        ({"days": 0}, "--days is at least 1, and not 0."),
        ({"days": 100_000}, "--days is at most 3650, ten years."),  # Before any calendar.
    ],
)
def test_a_bad_argument_is_one_sentence(options: dict[str, int], sentence: str) -> None:
    with pytest.raises(CommandError) as error:
        run(**options)
    assert str(error.value) == sentence
    assert Ticket.objects.count() == TICKETS


class Terminal(StringIO):
    def isatty(self) -> bool:
        return True


def test_progress_is_a_bar_on_a_terminal_and_ten_lines_in_a_log() -> None:
    terminal, log = Terminal(), StringIO()
    for out in (terminal, log):
        progress = Progress(out)
        for done in range(1, 301):
            progress(done, 300)
    assert log.getvalue().splitlines() == [f"{percent} %" for percent in range(0, 101, 10)]
    assert terminal.getvalue().endswith(f"[{'#' * 40}] 100 %\n")
    assert terminal.getvalue().count("\n") == 1


@pytest.mark.django_db
def test_every_request_type_has_a_dozen_conversations_without_gaps() -> None:
    assert set(FILES) == {row["name"] for row in defaults.REQUEST_TYPES}
    assert {path.stem for path in TEXTS.glob("*.toml")} == {
        "common",
        *(name for name, _ in FILES.values()),
    }
    words = Words(Setting.of_desk(people.settle(), seed=1).rng)
    for name in FILES:
        talks = [words.conversation(name, share=30) for _ in range(12)]
        assert len({talk.problem for talk in talks}) == 12
        for talk in talks:
            texts = vars(talk)
            assert all(texts[part] for part in ("subject", "problem", "question", "answer"))
            assert talk.note
            assert talk.resolution
            assert not any("{" in text or "}" in text for text in texts.values())
            assert len(talk.subject) < 100
