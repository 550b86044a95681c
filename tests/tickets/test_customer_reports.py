"""An organization's month by hand, and its report in the mail: once, in time, to whom it may."""

from dataclasses import replace
from datetime import date, datetime, timedelta

import pytest
from django.db.models import ProtectedError

from sla.models import Policy, Priority, Target
from tests import acme
from tests.acme import DUE, NOVEMBER, Acme
from tests.sla.november import ist
from tests.together import at_once
from tickets import customer_reports, monthly_reports, terms
from tickets.customer_reports import Report
from tickets.models import CustomerReport, Delivery, Organization, PastTerms, User

pytestmark = pytest.mark.django_db

H = timedelta(hours=1)
EARLY = ist(5, "10:00")


@pytest.fixture
def told(policy: Policy) -> Acme:
    return acme.tell(policy)


def november(told: Acme, at: datetime = DUE) -> Report:
    return customer_reports.report_on(organization=told.organization, month=NOVEMBER, at=at)


def figures(report: Report) -> dict[tuple[str, str], tuple[int, int, int]]:
    return {
        (line.priority, line.metric): (line.row.kept, line.row.broken, line.row.running)
        for line in report.promises
        if line.row
    }


def test_the_month_is_that_of_the_organization_and_counts_as_by_hand(told: Acme) -> None:
    report = november(told)
    assert figures(report) == {
        ("P1", "first_response"): (1, 0, 0),
        ("P1", "resolution"): (1, 0, 0),
        ("P3", "first_response"): (1, 1, 0),
        ("P3", "resolution"): (0, 1, 1),
    }
    # Those that nothing was promised under are there as well, as the policy has them.
    assert [line.priority for line in report.promises] == [
        code for code in ("P1", "P2", "P3", "P4") for _ in range(2)
    ]
    volume, satisfaction = report.volume, report.satisfaction
    assert (volume.opened, volume.solved, volume.unsolved) == (3, 2, 2)
    assert (satisfaction.ratings, satisfaction.average) == (2, 4.5)
    lines = {line.subject: line for line in report.tickets}
    assert list(lines) == ["over the holiday", "down", "at the end"]
    first, solution = lines["over the holiday"].outcomes
    assert (first.due_at, first.ended_at) == (ist(10, "10:00"), ist(10, "09:30"))
    assert first.is_kept
    assert (solution.due_at, solution.ended_at) == (ist(16, "10:00"), ist(16, "11:00"))
    assert solution.late_by == H
    first, solution = lines["at the end"].outcomes
    assert (first.is_broken, first.ended_at, first.late_by) == (True, None, 2.5 * H)
    assert (solution.is_broken, solution.is_kept) == (False, False)


def test_a_past_month_stays_as_it_was(told: Acme, policy: Policy) -> None:
    before = november(told)
    # Solved later, the policy changed later.
    told.story.resolve(told.story.tickets["at the end"], 30, "10:05")
    Target.objects.filter(policy=policy).update(amount=99)
    policy.publish(at=ist(2, "10:00", 12))
    after = november(told, at=ist(20, "10:00", 12))
    assert after.volume.opened == before.volume.opened
    assert [line.targets for line in after.promises] == [line.targets for line in before.promises]


def test_a_long_list_is_cut_and_says_how_much_is_missing(told: Acme) -> None:
    report = customer_reports.report_on(
        organization=told.organization, month=NOVEMBER, at=DUE, most=2
    )
    assert [line.subject for line in report.tickets] == ["over the holiday", "down"]
    assert report.more == 1
    assert report.volume.opened == 3


def switch_on(told: Acme, at: datetime = EARLY) -> None:
    told.organization.sends_report = True
    monthly_reports.schedule(told.organization, at=at)
    told.organization.save()


def sent() -> list[tuple[str, str]]:
    found = Delivery.objects.filter(occasion="customer_report")
    return sorted((mail.recipient, mail.subject) for mail in found)


def test_it_is_sent_once_after_the_month_to_those_who_are_to_get_it(told: Acme) -> None:
    switch_on(told)
    assert told.organization.next_report_at == DUE
    assert monthly_reports.send_due(at=DUE - timedelta(seconds=1)) == 0
    assert sent() == []
    assert monthly_reports.send_due(at=DUE) == 1
    # Not to Eve, who is not marked, and not to Bert of Bolt.
    title = "Supportbericht für November 2026: Acme"
    assert sent() == [(told.spoc.email, title), ("maria@acme.example", title)]
    assert monthly_reports.send_due(at=DUE) == 0
    assert monthly_reports.send_due(at=DUE + timedelta(days=20)) == 0
    assert len(sent()) == 2
    # Sent again by hand or by a fault, it would still reach each address once.
    CustomerReport.objects.all().delete()
    Organization.objects.update(next_report_at=DUE, next_report_month=NOVEMBER)
    monthly_reports.send_due(at=DUE)
    assert len(sent()) == 2


def test_the_mail_has_the_report_in_it_and_a_link_for_each_reader(told: Acme) -> None:
    switch_on(told)
    monthly_reports.send_due(at=DUE)
    customers, staff = (
        Delivery.objects.get(occasion="customer_report", recipient=address)
        for address in ("maria@acme.example", told.spoc.email)
    )
    for words in (customers.html, customers.text):
        for piece in (
            "over the holiday",
            "Di., 10. Nov., 05:30 Uhr MEZ",
            "1 h zu spät",
            "Sam Spoc",
        ):
            assert piece in words, piece
        # Of nobody else of our staff, and nothing of what is said among us.
        for piece in ("Asha", "They pay late", "junk", "of Bolt", "of October", "Support report"):
            assert piece not in words, piece
        assert "/reports/" in words
        assert "/admin/" not in words
    assert "/admin/sla/report/customer/?organization=" in staff.text
    assert "/reports/" not in staff.text


def test_missed_months_are_made_up_for_one_by_one(told: Acme) -> None:
    switch_on(told)
    late = datetime.fromisoformat("2027-01-20T12:00:00+00:00")
    assert monthly_reports.send_due(at=late) == 2
    months = CustomerReport.objects.order_by("month").values_list("month", flat=True)
    assert list(months) == [NOVEMBER, date(2026, 12, 1)]
    assert len(sent()) == 4
    told.organization.refresh_from_db()
    assert told.organization.next_report_month == date(2027, 1, 1)


def test_nothing_is_sent_where_it_is_switched_off(told: Acme) -> None:
    assert monthly_reports.send_due(at=DUE) == 0
    switch_on(told)
    told.organization.sends_report = False
    monthly_reports.schedule(told.organization, at=ist(6, "10:00"))
    told.organization.save()
    assert monthly_reports.send_due(at=DUE) == 0
    assert sent() == []
    # Switched on again, it begins with the month that runs then.
    switch_on(told, at=ist(3, "10:00", 12))
    assert monthly_reports.send_due(at=DUE + timedelta(days=3)) == 0
    assert told.organization.next_report_month == date(2026, 12, 1)


def test_switched_on_behind_our_back_it_is_scheduled_first(told: Acme) -> None:
    Organization.objects.filter(name="Acme").update(sends_report=True)
    assert monthly_reports.send_due(at=ist(20, "10:00")) == 0
    told.organization.refresh_from_db()
    assert told.organization.next_report_at == DUE


def test_an_edited_hour_keeps_the_month_that_is_awaited(told: Acme) -> None:
    switch_on(told)
    told.organization.time_zone = "Asia/Kolkata"
    monthly_reports.schedule(told.organization, at=DUE + timedelta(hours=1))
    assert told.organization.next_report_month == NOVEMBER
    assert told.organization.next_report_at == ist(1, "08:00", 12)


def test_one_fault_keeps_no_other_customer_waiting(told: Acme) -> None:
    switch_on(told)
    bolt = Organization.objects.get(name="Bolt")
    bolt.sends_report, bolt.time_zone = True, "Europe/Berlin"
    monthly_reports.schedule(bolt, at=ist(5, "10:00"))
    bolt.save()
    acmes = Organization.objects.filter(name="Acme")
    acmes.update(time_zone="Europe/Nowhere")
    assert monthly_reports.send_due(at=DUE) == 1
    assert [address for address, _ in sent()] == ["bert@bolt.example"]
    acmes.update(time_zone="Europe/Berlin")
    assert monthly_reports.send_due(at=DUE + H) == 1
    assert len(sent()) == 3


@pytest.mark.django_db(transaction=True)
def test_two_workers_send_it_once(policy: Policy) -> None:
    told = acme.tell(policy)
    switch_on(told)
    outcomes = at_once(*[lambda: monthly_reports.send_due(at=DUE)] * 2)
    assert sorted(map(str, outcomes)) == ["0", "1"]
    assert len(sent()) == 2
    assert CustomerReport.objects.count() == 1


def test_who_has_left_gets_nothing(told: Acme) -> None:
    switch_on(told)
    User.objects.filter(pk=told.maria.pk).update(is_active=False)
    told.spoc.is_active = False
    told.spoc.save()
    assert monthly_reports.send_due(at=DUE) == 1
    assert sent() == []


# When Acme gets another policy, and Berlin's zone instead of Honolulu's; whether November is told
# by the old ones. It ends on 30 Nov 10:00 UTC where it ends first, and in Berlin at 23:00.
CHANGES = [
    (ist(15, "10:00"), False),  # In the month: it is told by what held last in it.
    (ist(30, "15:29"), False),  # A minute before it ends anywhere.
    (ist(30, "15:30"), False),  # What ends at an instant does not hold at it.
    (ist(30, "15:31"), True),
    (DUE, True),
]


@pytest.mark.parametrize(("at", "is_old"), CHANGES)
def test_a_month_is_told_by_what_held_when_it_ended(
    told: Acme, policy: Policy, at: datetime, is_old: bool
) -> None:
    short = Policy.objects.create(name="Short", calendar=policy.calendar)
    short.targets.create(
        priority=Priority.objects.get(code="P4"), metric="resolution", amount=1, unit="hours"
    )
    short.publish(at=ist(1, "10:00", 10))
    before = november(told)
    told.organization.policy, told.organization.time_zone = short, "Pacific/Honolulu"
    terms.change(told.organization, at=at)
    # A second change on record, and one that changes nothing of it.
    told.organization.policy = None
    terms.change(told.organization, at=ist(10, "10:00", 12))
    told.organization.name = "Acme Ltd"
    terms.change(told.organization, at=ist(11, "10:00", 12))
    assert PastTerms.objects.count() == 2
    after = november(told)
    if is_old:
        assert replace(after, organization=before.organization) == before
    else:
        assert (after.policy, after.zone) == (short, "Pacific/Honolulu")
        last = after.promises[-1]
        assert (last.priority, [target.amount for target in last.targets]) == ("P4", [1])
    december = customer_reports.report_on(
        organization=told.organization, month=date(2026, 12, 1), at=DUE
    )
    assert (december.policy, december.zone) == (policy, "Pacific/Honolulu")


def test_a_policy_that_was_somebodys_is_kept(told: Acme, policy: Policy) -> None:
    own = Policy.objects.create(name="Own", calendar=policy.calendar)
    own.publish(at=EARLY)
    for chosen in (own, None):
        told.organization.policy = chosen
        terms.change(told.organization, at=DUE)
    with pytest.raises(ProtectedError):
        own.delete()
    assert PastTerms.objects.count() == 2
