"""`manage.py load_policy`: the published policy becomes rows, once, and edits are respected."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from datetime import date, datetime
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.apps import apps
from django.contrib.auth.models import Group, Permission
from django.core.management import CommandError, call_command
from django_celery_beat.models import IntervalSchedule, PeriodicTask

from sla.models import (
    Calendar,
    CalendarVersion,
    Clock,
    EscalationStep,
    Firing,
    Holiday,
    Metric,
    OpeningHours,
    PauseRule,
    Policy,
    Priority,
    Target,
)
from tests import factories
from tests.times import nov
from tests.together import at_once
from tickets import migrations, roles, watchdog
from tickets.models import RequestType, Team

KINDS: list[Any] = [
    *(Calendar, CalendarVersion, OpeningHours, Holiday, Priority, Policy, Target, PauseRule),
    *(EscalationStep, RequestType, Team, Group, Group.permissions.through),
]


def load(**options: Any) -> str:
    """Runs the command for 2026 alone, if not told otherwise; answers what it printed."""
    said = StringIO()
    call_command("load_policy", stdout=said, **{"country": "IN", "years": "2026", **options})
    return said.getvalue()


def everything() -> dict[str, list[tuple[Any, ...]]]:
    return {kind.__name__: list(kind.objects.order_by("pk").values_list()) for kind in KINDS}


def published() -> list[Any]:
    """The rows in the words of the policy, without their primary keys."""
    steps = EscalationStep.objects.filter(is_active=True)
    return [
        list(Calendar.objects.values_list("name", "time_zone")),
        list(OpeningHours.objects.values_list("weekday", "opens", "closes")),
        list(Holiday.objects.values_list("date", "name", "opens", "closes")),
        list(Priority.objects.values_list("code", "rank", "name", "definition", "is_default")),
        list(Policy.objects.values_list("name", "calendar__name", "is_default")),
        list(Target.objects.values_list("priority__code", "metric", "amount", "unit", "note")),
        list(PauseRule.objects.values_list("metric", "condition")),
        sorted(steps.values_list("percent", "priority__code", "metric", "roles"), key=repr),
        list(RequestType.objects.values_list("name", "priority__code", "share_threshold")),
        sorted(Group.objects.values_list("name", "permissions__codename")),
    ]


# Each is something that an administrator may do in the admin.
EDITS: dict[str, Callable[[], Any]] = {
    "another limit": lambda: Target.objects.filter(amount=8).update(amount=4),
    "no target": lambda: Target.objects.filter(priority__code="P4").delete(),
    "one more target": lambda: Target.objects.create(
        policy=Policy.objects.get(),
        priority=factories.priority("P1"),
        metric=Metric.NEXT_RESPONSE,
        amount=1,
        unit="hours",
    ),
    "nothing pauses": lambda: PauseRule.objects.all().delete(),
    "no step": lambda: EscalationStep.objects.filter(percent=75).delete(),
    "a step for others": lambda: EscalationStep.objects.filter(percent=75).update(roles=["team"]),
    "one holiday less": lambda: Holiday.objects.get(date=date(2026, 10, 2)).delete(),
    "one holiday more": lambda: Calendar.objects.get().holidays.create(
        date=date(2026, 12, 24), name="Christmas Eve", opens="09:00", closes="13:00"
    ),
    "open on Saturdays": lambda: Calendar.objects.get().opening_hours.create(weekday=5),
    "closed on Fridays": lambda: OpeningHours.objects.filter(weekday=4).delete(),
    "another zone": lambda: Calendar.objects.update(time_zone="Europe/Paris"),
    "another word": lambda: Priority.objects.filter(code="P2").update(name="Urgent"),
    "another default": lambda: [
        Priority.objects.filter(code="P3").update(is_default=False),
        Priority.objects.filter(code="P4").update(is_default=True),
    ],
    "another threshold": lambda: RequestType.objects.filter(position=1).update(share_threshold=5),
    "no such request": lambda: RequestType.objects.filter(position=7).delete(),
    "no groups": lambda: Group.objects.all().delete(),
}


@pytest.mark.django_db
def test_the_second_load_changes_nothing() -> None:
    load()
    before = everything()
    assert "left alone" in load()
    assert everything() == before


@pytest.mark.django_db
@pytest.mark.parametrize("name", EDITS)
def test_an_edit_stays_until_overwritten(name: str) -> None:
    load()
    as_published = published()
    EDITS[name]()
    Calendar.objects.get().publish(at=factories.MONDAY)  # As the admin does after an edit.
    edited = everything()
    assert published() != as_published
    load()
    assert everything() == edited
    load(overwrite=True)
    assert published() == as_published


@pytest.mark.django_db
def test_a_renamed_row_does_not_come_back_under_its_old_name() -> None:
    load()
    Policy.objects.update(name="Gold")
    Calendar.objects.update(name="Office")
    Priority.objects.filter(code="P4").update(code="LOW")
    RequestType.objects.filter(position=1).update(name="Outage")
    Team.objects.filter(name="Support").update(name="First line")
    edited = everything()
    load()
    assert everything() == edited


@pytest.mark.django_db
def test_overwriting_leaves_the_rows_of_others() -> None:
    load()
    calendar = Calendar.objects.create(name="Night shift")
    Policy.objects.create(name="Gold", calendar=calendar)
    Priority.objects.filter(code="P4").update(rank=5)
    Priority.objects.create(code="P3b", rank=4, name="In between")
    RequestType.objects.create(name="Invoice", priority=factories.priority("P3"))
    load(overwrite=True)
    assert Policy.objects.filter(name="Gold").exists()
    assert list(Priority.objects.values_list("code", "rank"))[-2:] == [("P4", 4), ("P3b", 5)]
    assert RequestType.objects.filter(name="Invoice").exists()


@pytest.mark.django_db
def test_overwriting_keeps_a_step_that_fired_as_history() -> None:
    load()
    step = EscalationStep.objects.create(
        policy=Policy.objects.get(), percent=90, roles=["team"], metric=Metric.RESOLUTION
    )
    Firing.objects.create(
        clock=factories.ticket().clocks.earliest("pk"), step=step, percent=90, at=factories.MONDAY
    )
    load(overwrite=True)
    step.refresh_from_db()
    assert not step.is_active
    assert EscalationStep.objects.filter(is_active=True).count() == 3


@pytest.mark.django_db
def test_zone_and_country_are_arguments() -> None:
    load(time_zone="Europe/Berlin", country="de", years="2026..2027")
    calendar = Calendar.objects.get()
    assert (calendar.time_zone, calendar.country) == ("Europe/Berlin", "DE")
    assert calendar.holidays.get(date=date(2026, 10, 3)).name == "German Unity Day"
    assert set(calendar.holidays.values_list("date__year", flat=True)) == {2026, 2027}
    assert calendar.current_version is not None
    assert calendar.current_version.time_zone == "Europe/Berlin"
    assert "2027-10-03" in calendar.current_version.exceptions


@pytest.mark.django_db
def test_without_a_country_there_are_no_holidays() -> None:
    load(country="")
    assert not Holiday.objects.exists()
    assert Calendar.objects.get().country == ""


@pytest.mark.django_db
def test_holidays_of_further_years_can_be_added_later() -> None:
    load()
    said = load(years="2026..2027")
    assert "holidays of 2026 were left alone" in said
    assert "(IN, 2027)" in said
    calendar = Calendar.objects.get()
    assert calendar.holidays.filter(date=date(2027, 1, 26), name="Republic Day").exists()
    assert calendar.current_version is not None
    assert calendar.current_version.number == 2  # What was added holds from now on.


@pytest.mark.django_db
def test_a_zone_that_comes_too_late_is_refused_aloud() -> None:
    load()
    assert "keeps its zone Asia/Kolkata" in load(time_zone="Europe/Paris")
    assert Calendar.objects.get().time_zone == "Asia/Kolkata"


@pytest.mark.django_db
def test_years_that_the_source_does_not_know_are_named() -> None:
    assert "available only" in load(years="2036")


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"time_zone": "Mars/Olympus"}, "“Mars/Olympus” is not a time zone"),
        ({"time_zone": ""}, "“” is not a time zone"),
        ({"country": "XX"}, "No public holidays are known for the country “XX”"),
        ({"years": "x..y"}, "“x..y” names no years"),
        ({"years": "2030..2020"}, "“2030..2020” names no years"),  # Backwards.
        ({"years": "0000"}, "“0000” names no years"),
        ({"years": "1970..9999"}, "“1970..9999” names no years"),  # Would run for minutes.
    ],
)
def test_a_bad_argument_is_one_sentence_and_loads_nothing(
    options: dict[str, str], sentence: str
) -> None:
    with pytest.raises(CommandError, match=sentence) as error:
        load(**options)
    assert "\n" not in str(error.value)
    assert not Policy.objects.exists()


# submitted, priority, first response due, goal and limit of the resolution: policy.md's table.
WORKED_EXAMPLES = [
    (nov(2, "10:00"), "P1", nov(2, "12:00"), None, nov(2, "22:00")),
    (nov(7, "23:30"), "P1", nov(8, "01:30"), None, nov(8, "11:30")),
    (nov(2, "10:00"), "P2", nov(3, "10:00"), None, nov(5, "10:00")),
    (nov(6, "16:00"), "P2", nov(9, "16:00"), None, nov(9, "16:00")),
    (nov(7, "12:00"), "P2", nov(9, "17:00"), None, nov(10, "12:00")),
    (nov(2, "10:00"), "P3", nov(3, "10:00"), None, nov(9, "10:00")),
    (nov(6, "18:30"), "P3", nov(9, "17:00"), None, nov(13, "17:00")),
    (nov(2, "10:00"), "P4", nov(4, "10:00"), nov(9, "10:00"), nov(16, "10:00")),
    (nov(2, "08:00"), "P4", nov(3, "17:00"), nov(6, "17:00"), nov(13, "17:00")),
]


@pytest.mark.usefixtures("policy")
@pytest.mark.parametrize(("submitted", "code", "response", "goal", "limit"), WORKED_EXAMPLES)
def test_the_loaded_rows_promise_what_the_policy_says(
    submitted: datetime, code: str, response: datetime, goal: datetime | None, limit: datetime
) -> None:
    ticket = factories.ticket(code, at=submitted)
    first = ticket.clocks.get(metric=Metric.FIRST_RESPONSE)
    resolution = ticket.clocks.get(metric=Metric.RESOLUTION)
    assert first.due_at == response
    assert first.goal_at is None
    assert resolution.due_at == limit
    assert resolution.goal_at == goal


@pytest.mark.usefixtures("policy")
def test_a_loaded_holiday_is_no_business_day() -> None:
    calendar = Calendar.objects.get()
    calendar.holidays.create(date=date(2026, 11, 9), name="A holiday")
    calendar.publish(at=factories.MONDAY)
    ticket = factories.ticket("P3", at=nov(6, "10:00"))
    due = dict(Clock.objects.filter(ticket=ticket).values_list("metric", "due_at"))
    assert due == {
        Metric.FIRST_RESPONSE: nov(10, "10:00"),
        Metric.RESOLUTION: nov(16, "10:00"),
    }


@pytest.mark.usefixtures("policy")
@pytest.mark.parametrize(
    ("name", "share", "code"),
    [
        ("System down", 21, "P1"),
        ("System down", 20, "P2"),  # More than 20 %, says the policy.
        ("Campaign update request", None, "P2"),
        ("Report shows incorrect data", None, "P2"),
        ("New campaign launch request", None, "P3"),
        ("Report not refreshed on time", None, "P3"),
        ("Minor dashboard issue", None, "P4"),
        ("Product enhancement or feature request", None, "P4"),
    ],
)
def test_a_request_type_gives_the_priority(name: str, share: int | None, code: str) -> None:
    assert RequestType.objects.get(name=name).priority_for(share).code == code


@pytest.mark.usefixtures("policy")
def test_the_default_priority_is_p3_and_system_down_comes_first() -> None:
    assert Priority.objects.get(is_default=True).code == "P3"
    first = RequestType.objects.all()[0]
    assert (first.name, str(first.team)) == ("System down", "Support")


@pytest.mark.usefixtures("policy")
@pytest.mark.parametrize("name", roles.PERMISSIONS)
def test_a_group_has_exactly_the_permissions_of_its_role(name: str) -> None:
    user = factories.agent(group=name)
    assert user.get_all_permissions() == roles.PERMISSIONS[name]


def test_roles_build_upon_each_other_and_nobody_edits_history() -> None:
    agent, manager, administrator = (roles.PERMISSIONS[name] for name in roles.PERMISSIONS)
    assert agent < manager < administrator
    assert "sla.view_reports" in manager - agent
    assert "sla.change_target" in manager - agent
    assert "tickets.change_user" in administrator - manager
    machine_rows = ("clock", "clockevent", "firing", "pause", "event", "message", "calendarversion")
    for permission in administrator:
        action, _, model = permission.split(".")[1].partition("_")
        assert action == "view" or model not in machine_rows
        assert permission != "tickets.delete_ticket"


@pytest.mark.django_db
def test_beat_is_scheduled_once_and_an_edited_schedule_stays() -> None:
    migration = importlib.import_module("tickets.migrations.0002_beat_schedule")
    later = [
        importlib.import_module(f"tickets.migrations.{path.stem}")
        for path in sorted(Path(migrations.__path__[0]).glob("*_schedule.py"))[1:]
    ]
    # A test that commits empties the tables when it ends, the schedule too.
    for one in (migration, *later):
        one.create(apps, None)
    task = PeriodicTask.objects.get(task="tickets.tasks.deliver")
    assert (task.interval.every, task.interval.period, task.expire_seconds) == (10, "seconds", 60)
    task.interval = IntervalSchedule.objects.create(every=30, period="seconds")
    task.save()
    migration.create(apps, None)
    task.refresh_from_db()
    assert task.interval.every == 30
    assert PeriodicTask.objects.filter(task__startswith="tickets.tasks.").count() == len(
        watchdog.DUTIES
    )
    for one in later:
        one.remove(apps, None)
    migration.remove(apps, None)
    assert not PeriodicTask.objects.filter(task__startswith="tickets.tasks.").exists()


@pytest.mark.django_db(transaction=True)
def test_two_servers_that_start_at_once_load_one_policy() -> None:
    said = at_once(load, load)
    assert Policy.objects.count() == 1
    assert sorted("left alone" in str(words) for words in said) == [False, True]


@pytest.mark.django_db
def test_an_upgrade_grants_what_is_new_to_groups_that_are_there() -> None:
    load()
    migration = importlib.import_module("tickets.migrations.0007_permissions_of_groups")
    for name, new in migration.NEW.items():
        group = Group.objects.get(name=name)
        expected = set(group.permissions.values_list("codename", flat=True))
        assert new <= expected
        group.permissions.remove(*Permission.objects.filter(codename__in=new))
        migration.grant(apps, None)
        assert set(group.permissions.values_list("codename", flat=True)) == expected
