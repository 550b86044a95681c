"""Saved reports by mail: when they are due, once, and to whom it may."""

from __future__ import annotations

import os
import subprocess
import sys
from datetime import datetime, time, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from django.db import connection

from sla.models import Policy, ReportSchedule, SavedReport, SentReport
from tests import factories
from tests.by_mail import FRIDAY, THURSDAY, again, only, scheduled
from tests.sla.november import ist
from tests.together import at_once
from tickets import scheduled_reports
from tickets.failpoints import KILLED
from tickets.models import Delivery, Enclosure, Team, User

pytestmark = pytest.mark.django_db

H, DAY = timedelta(hours=1), timedelta(days=1)
ROOT = Path(__file__).parents[2]


@pytest.fixture
def boss(policy: Policy) -> User:
    return factories.agent("boss@desk.example", group="Manager", name="Bo Boss")


def sent() -> list[tuple[str, str]]:
    found = Delivery.objects.filter(occasion="saved_report")
    return sorted((mail.recipient, mail.subject) for mail in found)


def test_it_is_sent_when_it_is_due_and_not_again(boss: User) -> None:
    other = factories.agent("other@desk.example", group="Manager")
    schedule = scheduled(boss, boss, other)
    assert schedule.next_at == THURSDAY
    assert scheduled_reports.send_due(at=THURSDAY - timedelta(seconds=1)) == 0
    assert scheduled_reports.send_due(at=THURSDAY) == 1
    subject = "Mornings: Wed 18 Nov 2026"
    assert sent() == [("boss@desk.example", subject), ("other@desk.example", subject)]
    assert scheduled_reports.send_due(at=THURSDAY + H) == 0
    schedule.refresh_from_db()
    assert schedule.next_at == FRIDAY
    assert scheduled_reports.send_due(at=FRIDAY) == 1
    assert len(sent()) == 4
    assert [row.due_at for row in schedule.sent.all()] == [FRIDAY, THURSDAY]


def test_one_occasion_is_sent_once_even_when_it_comes_again_by_a_fault(boss: User) -> None:
    scheduled(boss)
    scheduled_reports.send_due(at=THURSDAY)
    ReportSchedule.objects.update(next_at=THURSDAY)
    assert scheduled_reports.send_due(at=THURSDAY) == 0
    assert len(sent()) == 1
    # The keys of the mails would hold as well.
    SentReport.objects.all().delete()
    ReportSchedule.objects.update(next_at=THURSDAY)
    scheduled_reports.send_due(at=THURSDAY)
    assert len(sent()) == 1


@pytest.mark.django_db(transaction=True)
def test_two_workers_send_it_once(boss: User) -> None:
    scheduled(boss)
    scheduled(boss, name="Evenings")
    outcomes = at_once(*[lambda: scheduled_reports.send_due(at=THURSDAY)] * 2)
    assert sum(one for one in outcomes if isinstance(one, int)) == 2, outcomes
    assert len(sent()) == 2
    assert SentReport.objects.count() == 2


def test_missed_days_are_made_up_for_by_one_mail_of_the_newest(boss: User) -> None:
    scheduled(boss)
    late = FRIDAY + 3 * DAY + 5 * H
    assert scheduled_reports.send_due(at=late) == 1
    # Due on Monday the 23rd, whose yesterday is the Sunday.
    mail = only()
    assert mail.subject == "Mornings: Sun 22 Nov 2026"
    for words in (mail.text, mail.html):
        assert "This report was due on 23 Nov 2026, 08:00 IST and comes late." in words
        assert "4 earlier ones are left out." in words
    assert SentReport.objects.get().left_out == 4
    assert scheduled_reports.send_due(at=late) == 0
    assert ReportSchedule.objects.get().next_at == FRIDAY + 4 * DAY


def test_in_time_it_says_nothing_of_being_late(boss: User) -> None:
    scheduled(boss)
    scheduled_reports.send_due(at=THURSDAY + timedelta(seconds=20))
    assert "comes late" not in only().text
    assert SentReport.objects.get().left_out == 0


# When it is due, of which days it tells, where the report's own zone is that of Kolkata.
DAYS: list[tuple[str, dict[str, Any], datetime, str]] = [
    ("span=last_week", {"every": "week", "weekday": 0}, ist(23, "08:00"),
     "Mon 16 Nov 2026 to Sun 22 Nov 2026"),
    ("span=last_month", {"every": "month", "day": 1}, ist(1, "08:00", 12),
     "Sun 1 Nov 2026 to Mon 30 Nov 2026"),
    # On the 31st of a month that has none.
    ("span=month", {"every": "month", "day": 31}, ist(30, "08:00"),
     "Sun 1 Nov 2026 to Mon 30 Nov 2026"),
    # The day is that of the schedule's zone: in Auckland it is tomorrow already.
    ("span=yesterday", {"time_zone": "Pacific/Auckland"}, ist(19, "00:30"), "Wed 18 Nov 2026"),
    # And in Los Angeles it is yesterday evening while it is morning in Kolkata.
    ("span=yesterday", {"time_zone": "America/Los_Angeles", "time": time(17)}, ist(19, "06:30"),
     "Tue 17 Nov 2026"),
    # Days that are said stay.
    ("first=2026-11-02&last=2026-11-03", {}, THURSDAY, "Mon 2 Nov 2026 to Tue 3 Nov 2026"),
]  # fmt: skip


@pytest.mark.parametrize(("query", "when", "due", "days"), DAYS)
def test_its_days_are_told_from_the_day_on_which_it_is_due(
    boss: User, query: str, when: dict[str, Any], due: datetime, days: str
) -> None:
    schedule = scheduled(boss, query=query, at=due - H, **when)
    schedule.full_clean()
    assert schedule.next_at == due
    # However late it is sent, within its turn.
    assert scheduled_reports.send_due(at=due + 20 * H) == 1
    assert only().subject == f"Mornings: {days}"


def here() -> str:
    """The address of the database of the tests, for another process."""
    of = connection.settings_dict
    if of["HOST"].startswith("/"):
        return f"postgres://{of['USER']}@/{quote(f'{of["HOST"]}/{of["NAME"]}', safe='')}"
    return f"postgres://{of['USER']}:{of['PASSWORD']}@{of['HOST']}:{of['PORT']}/{of['NAME']}"


@pytest.mark.django_db(transaction=True)
def test_a_worker_that_is_killed_in_between_has_sent_nothing(boss: User) -> None:
    scheduled(boss)
    work = (
        "import django; django.setup();"
        "from datetime import datetime; from tickets import scheduled_reports as s;"
        f"s.send_due(at=datetime.fromisoformat('{THURSDAY.isoformat()}'))"
    )
    # After the claim, and with the mails made.
    for place in ("report.claimed", "report.made"):
        environment = {**os.environ, "FAILPOINT": place, "DATABASE_URL": here()}
        done = subprocess.run([sys.executable, "-c", work], cwd=ROOT, env=environment, check=False)
        assert done.returncode == KILLED
        assert sent() == []
        assert not SentReport.objects.exists()
        assert not Enclosure.objects.exists()
    assert scheduled_reports.send_due(at=THURSDAY + H) == 1
    assert len(sent()) == 1


def test_who_may_read_no_reports_any_more_gets_none(boss: User) -> None:
    agent, gone, demoted = (factories.agent(group="Manager") for _ in range(3))
    single = factories.agent()
    scheduled(boss, boss, agent, gone, demoted, single)
    User.objects.filter(pk=gone.pk).update(is_active=False)
    demoted.groups.clear()
    scheduled_reports.send_due(at=THURSDAY)
    assert [address for address, _ in sent()] == sorted([boss.email, agent.email])


def test_the_owner_need_not_stay_for_the_others_to_get_it(boss: User) -> None:
    other = factories.agent("other@desk.example", group="Manager")
    scheduled(boss, boss, other)
    User.objects.filter(pk=boss.pk).update(is_active=False)
    assert scheduled_reports.send_due(at=THURSDAY) == 1
    assert [address for address, _ in sent()] == ["other@desk.example"]


def stopped() -> Delivery:
    (mail,) = Delivery.objects.filter(subject="The report “Mornings” is sent no more")
    return mail


def test_a_report_that_makes_no_sense_any_more_is_said_to_its_owner_once(boss: User) -> None:
    team = factories.team("Gone")
    other = factories.agent(group="Manager")
    schedule = scheduled(boss, other, query=f"span=yesterday&team={team.pk}")
    Team.objects.filter(pk=team.pk).delete()
    assert scheduled_reports.send_due(at=THURSDAY) == 0
    mail = stopped()
    assert [address for address, _ in sent()] == [boss.email]
    for words in (mail.text, mail.html):
        assert "Team: what was chosen there exists no more." in words
        assert f"/admin/sla/reportschedule/{schedule.pk}/change/" in words
    schedule.refresh_from_db()
    assert (schedule.is_active, schedule.next_at) == (False, None)
    assert schedule.problem == SentReport.objects.get().problem
    assert scheduled_reports.send_due(at=FRIDAY) == 0
    assert len(sent()) == 1


def test_what_is_shared_no_more_is_sent_no_more_by_others(boss: User) -> None:
    other = factories.agent(group="Manager")
    schedule = scheduled(boss, shared=True)
    again(schedule.report, other, at=THURSDAY - H)
    SavedReport.objects.update(is_shared=False)
    assert scheduled_reports.send_due(at=THURSDAY) == 1
    assert stopped().recipient == other.email
    assert "It is shared no more." in stopped().text


def test_without_a_reader_the_owner_hears_of_it(boss: User) -> None:
    other = factories.agent(group="Manager")
    scheduled(boss, other)
    other.groups.clear()
    assert scheduled_reports.send_due(at=THURSDAY) == 0
    assert stopped().recipient == boss.email
    assert "Nobody to whom it is sent may read reports any more." in stopped().text


def test_without_an_owner_the_administrators_hear_of_it(boss: User) -> None:
    administrator = factories.agent(group="Administrator")
    scheduled(boss, query="span=never")
    boss.groups.clear()
    scheduled_reports.send_due(at=THURSDAY)
    assert stopped().recipient == administrator.email


def test_a_breakdown_by_nothing_known_is_said_to_its_owner(boss: User) -> None:
    scheduled(boss, query="span=yesterday&by=beauty", page="breakdown")
    scheduled_reports.send_due(at=THURSDAY)
    assert "By: reports are not broken down by “beauty”." in stopped().text


def test_one_fault_keeps_no_other_waiting_and_is_tried_again(boss: User) -> None:
    broken = scheduled(boss, name="Broken")
    scheduled(boss, name="Well")
    # A zone that this machine does not know any more.
    ReportSchedule.objects.filter(pk=broken.pk).update(time_zone="Europe/Nowhere")
    assert scheduled_reports.send_due(at=THURSDAY) == 1
    assert [subject for _, subject in sent()] == ["Well: Wed 18 Nov 2026"]
    broken.refresh_from_db()
    assert broken.next_at == THURSDAY + H
    assert "could not be made" in broken.problem
    assert scheduled_reports.send_due(at=THURSDAY + H / 2) == 0
    ReportSchedule.objects.update(time_zone="Asia/Kolkata")
    assert scheduled_reports.send_due(at=THURSDAY + H) == 1
    broken.refresh_from_db()
    assert (broken.problem, broken.next_at) == ("", FRIDAY)
    # What was due at eight, an hour late.
    assert SentReport.objects.get(schedule=broken).due_at == THURSDAY


def test_a_test_goes_to_who_asked_alone_and_changes_nothing(boss: User) -> None:
    other = factories.agent(group="Manager")
    schedule = scheduled(boss, boss, other)
    scheduled_reports.want_test(schedule, reader=boss)
    assert scheduled_reports.send_due(at=THURSDAY - H) == 0
    assert sent() == [(boss.email, "Test: Mornings: Wed 18 Nov 2026")]
    schedule.refresh_from_db()
    assert (schedule.test_to, schedule.next_at) == (None, THURSDAY)
    assert scheduled_reports.send_due(at=THURSDAY - H) == 0
    assert scheduled_reports.send_due(at=THURSDAY) == 1
    assert len(sent()) == 3


def test_a_test_of_what_makes_no_sense_says_so_and_switches_nothing_off(boss: User) -> None:
    schedule = scheduled(boss, query="span=never")
    scheduled_reports.want_test(schedule, reader=boss)
    scheduled_reports.send_due(at=THURSDAY - H)
    assert sent() == [(boss.email, "The report “Mornings” cannot be made")]
    schedule.refresh_from_db()
    assert schedule.is_active
    assert "what was chosen there exists no more" in schedule.problem
