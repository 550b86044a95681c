"""A sweep that does not run any more is noticed, and told to the administrators once."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

import pytest
from celery import current_app
from django.test import Client
from django.utils import timezone
from django_celery_beat.models import IntervalSchedule, PeriodicTask

from sla.models import Policy, Sweep
from sla.sweep import recorded
from tests import factories
from tests.factories import MONDAY
from tests.together import at_once
from tickets import tasks, watchdog
from tickets.models import Delivery, User

pytestmark = pytest.mark.usefixtures("policy")

SECOND = timedelta(seconds=1)
MINUTE = timedelta(minutes=1)
LATE = MONDAY + 31 * SECOND
ALL = list(watchdog.DUTIES)


def but(*names: str) -> list[str]:
    """All sweeps but these."""
    return [name for name in ALL if name not in names]


@pytest.fixture
def ada(policy: Policy) -> User:
    return factories.agent("ada@desk.example", group="Administrator")


def ran(at: datetime, names: Iterable[str] = ALL) -> None:
    """These sweeps ran at that moment, and took no time."""
    for name in names:
        with recorded(name, period=watchdog.period_of(name), at=at):
            pass
    Sweep.objects.update(took_ms=0)


def look(at: datetime, since: datetime | None = None) -> list[str]:
    return [sweep.name for sweep in watchdog.look(at=at, since=since)]


def mails() -> list[Delivery]:
    return list(Delivery.objects.filter(occasion="watchdog").order_by("created_at", "recipient"))


def every(seconds: int, name: str = "escalation") -> None:
    """Somebody edits beat's schedule in the admin."""
    schedule = IntervalSchedule.objects.create(every=seconds, period="seconds")
    PeriodicTask.objects.filter(task=watchdog.DUTIES[name].task).update(interval=schedule)


def test_as_long_as_all_run_in_time_nobody_hears_of_it(ada: User) -> None:
    ran(MONDAY)
    assert look(MONDAY + 30 * SECOND) == []
    assert mails() == []


def test_each_administrator_gets_one_mail_and_nobody_else_does(ada: User) -> None:
    boss = User.objects.create_superuser("boss@desk.example")
    User.objects.create_superuser("former-boss@desk.example", is_active=False)
    factories.agent(group="Administrator", is_active=False)
    factories.agent(group="Manager")
    demoted = factories.agent(group="Administrator")
    User.objects.filter(pk=demoted.pk).update(is_staff=False)
    both = User.objects.create_superuser("both@desk.example")
    both.groups.set(ada.groups.all())
    ran(MONDAY)
    for seconds in range(31, 3600, 30):
        assert look(MONDAY + seconds * SECOND) == ALL
    assert [(mail.recipient, mail.user) for mail in mails()] == [
        ("ada@desk.example", ada),
        ("boss@desk.example", boss),
        ("both@desk.example", both),
    ]
    assert {(mail.ticket, mail.state, mail.created_at) for mail in mails()} == {
        (None, "queued", LATE)
    }


def test_without_an_administrator_the_escalation_address_hears_of_it(settings: Any) -> None:
    ran(MONDAY)
    look(LATE)
    assert [(mail.recipient, mail.user) for mail in mails()] == [
        (settings.ESCALATION_ADDRESS, None)
    ]


def test_the_mail_says_what_is_late_since_when_and_where_to_look(ada: User) -> None:
    User.objects.filter(pk=ada.pk).update(time_zone="Asia/Kolkata")
    ran(MONDAY)
    at = MONDAY + 12 * MINUTE
    ran(at - 5 * SECOND, but("escalation", "recalculation"))
    look(at)
    (mail,) = mails()
    assert mail.subject == "Helpdesk: escalation and recalculation do not run any more"
    for words in (mail.text, mail.html):
        assert "nobody is told that a promise is at risk" in words
        assert "mail does not go out" not in words
        assert "Last ran Mon 2 Nov, 10:00 IST, 12 min ago" in words
        assert "meant to run every 10 seconds" in words
        assert "Outbox: last ran Mon 2 Nov, 10:11 IST" in words
        assert "celery -A helpdesk worker" in words
        for page in ("/health/", "/admin/sla/sweep/", "/admin/django_celery_beat/periodictask/"):
            assert f"http://127.0.0.1:8000{page}" in words
    assert "\n\n\n" not in mail.text


def test_times_are_in_the_zone_of_the_site_for_whoever_has_none(ada: User, settings: Any) -> None:
    ran(MONDAY)
    look(LATE)
    assert settings.TIME_ZONE == "UTC"
    assert "Last ran Mon 2 Nov, 04:30 UTC, less than 1 min ago" in mails()[0].text


def test_sweeps_that_stop_together_are_one_mail_though_they_become_late_one_by_one(
    ada: User,
) -> None:
    ran(MONDAY, ["outbox"])
    ran(MONDAY + 9 * SECOND, but("outbox", "escalation"))
    ran(MONDAY + 4 * SECOND, ["escalation"])
    assert look(LATE) == ["outbox"]
    assert look(MONDAY + 35 * SECOND) == ["outbox", "escalation"]
    assert look(MONDAY + 10 * MINUTE) == ALL
    (mail,) = mails()
    assert "Escalation: last ran" in mail.text
    assert not Sweep.objects.filter(alarmed_at=None).exists()


def test_another_sweep_that_stops_later_is_news(ada: User) -> None:
    ran(MONDAY)
    ran(MONDAY + 30 * SECOND, but("recalculation"))
    look(MONDAY + 40 * SECOND)
    ran(MONDAY + 50 * SECOND, but("recalculation"))
    look(MONDAY + 60 * SECOND)
    look(MONDAY + 90 * SECOND)
    assert [mail.subject for mail in mails()] == [
        "Helpdesk: recalculation does not run any more",
        f"Helpdesk: {', '.join(ALL[:-1])} and {ALL[-1]} do not run any more",
    ]


def test_a_sweep_that_runs_again_and_stops_again_is_told_again(ada: User) -> None:
    ran(MONDAY)
    look(LATE)
    for seconds in (60, 70):
        ran(MONDAY + seconds * SECOND)
        assert look(MONDAY + seconds * SECOND) == []
    look(MONDAY + 101 * SECOND)
    assert [mail.created_at for mail in mails()] == [LATE, MONDAY + 101 * SECOND]


def test_sweeps_that_are_late_each_time_are_told_once(ada: User) -> None:
    for minutes in range(20):
        ran(MONDAY + minutes * MINUTE)
        look(MONDAY + minutes * MINUTE + 40 * SECOND)
    assert len(mails()) == 1


def test_a_sweep_that_never_ran_is_late_and_nobody_is_told(ada: User) -> None:
    assert look(MONDAY) == ALL
    ran(MONDAY, but("recalculation"))
    assert look(MONDAY + SECOND) == ["recalculation"]
    assert mails() == []


def test_the_mail_about_others_also_names_one_that_never_ran(ada: User) -> None:
    ran(MONDAY, but("recalculation"))
    look(LATE)
    for words in (mails()[0].text, mails()[0].html):
        assert "It has never run to its end." in words
        assert "None" not in words


def test_what_no_duty_asks_for_is_not_waited_for(ada: User) -> None:
    ran(MONDAY)
    Sweep.objects.create(name="retired", period_seconds=10, last_run_at=MONDAY - 9 * MINUTE)
    assert look(MONDAY) == []


def test_a_desk_that_was_switched_off_raises_no_alarm_while_it_starts(ada: User) -> None:
    ran(MONDAY)
    morning = MONDAY + timedelta(hours=20)
    patience = watchdog.START_UP + 30 * SECOND
    assert look(morning, since=morning) == ALL
    assert look(morning + patience, since=morning) == ALL
    assert mails() == []
    look(morning + patience + SECOND, since=morning)
    assert len(mails()) == 1


def test_an_edited_schedule_holds_before_the_next_run(ada: User) -> None:
    ran(MONDAY)
    every(60)
    assert look(MONDAY + 3 * MINUTE) == but("escalation")
    assert look(MONDAY + 3 * MINUTE + SECOND) == ALL


def test_a_faster_schedule_than_beat_can_keep_is_not_watched_more_closely(ada: User) -> None:
    every(1)
    assert watchdog.period_of("escalation") == 10 * SECOND


def test_a_sweep_that_was_switched_off_is_late(ada: User) -> None:
    every(3600)
    PeriodicTask.objects.update(enabled=False)
    ran(MONDAY)
    assert look(LATE) == ALL


@pytest.mark.django_db(transaction=True)
def test_of_many_who_look_at_once_one_tells(ada: User) -> None:
    ran(MONDAY)
    seen = at_once(*[lambda: look(LATE)] * 6)
    assert seen == [ALL] * 6
    assert [mail.recipient for mail in mails()] == ["ada@desk.example"]


@pytest.mark.parametrize(("name", "duty"), watchdog.DUTIES.items())
def test_the_task_of_each_duty_is_scheduled_and_leaves_its_record(
    name: str, duty: watchdog.Duty
) -> None:
    current_app.loader.import_default_modules()
    assert PeriodicTask.objects.filter(task=duty.task, enabled=True).exists()
    current_app.tasks[duty.task]()
    assert Sweep.objects.get().name == name


def test_a_sweep_notices_that_another_one_is_late(
    ada: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = timezone.now()
    monkeypatch.setattr(tasks, "AWAKE_SINCE", now - 10 * MINUTE)
    ran(now - 5 * MINUTE)
    ran(now, but("escalation"))
    tasks.deliver()
    (mail,) = mails()
    assert mail.subject == "Helpdesk: escalation does not run any more"


def test_a_worker_that_has_just_begun_tells_nothing(
    ada: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = timezone.now()
    monkeypatch.setattr(tasks, "AWAKE_SINCE", now)
    ran(now - 5 * MINUTE)
    tasks.deliver()
    assert mails() == []


def test_the_mail_can_be_looked_at_in_the_admin(ada: User, client: Client) -> None:
    ran(MONDAY)
    look(LATE)
    client.force_login(ada)
    (mail,) = mails()
    listed = client.get("/admin/tickets/delivery/", {"occasion": "watchdog"})
    assert "ada@desk.example" in listed.content.decode()
    page = client.get(f"/admin/tickets/delivery/{mail.pk}/change/")
    assert page.status_code == 200
    assert "mail does not go out" in page.content.decode()
