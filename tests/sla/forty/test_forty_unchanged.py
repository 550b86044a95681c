"""What comes late changes no figure of the past: a sweep, an edit of the policy, an end."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from sla.admin.previews import DECISION, NEW, SEEN
from sla.models import BreachReason, Calendar, Clock, EscalationStep, Firing, Policy
from tests import factories
from tests.admin.posted import add_row, fields_of, number_of
from tests.sla.forty.everything import everything
from tests.sla.forty.facts import NOW
from tests.sla.forty.local import KOLKATA, instant
from tests.sla.forty.world import BEGINNING, World
from tickets import customer_reports, escalation
from tickets.models import RequestType, User

# The policy is edited on Monday 2 November.
LATER = instant("Mon 2 10:00", KOLKATA)
HOUR = timedelta(hours=1)

type Reports = dict[tuple[str, ...], Any]


@pytest.fixture
def administrator(world: World, client: Client, monkeypatch: pytest.MonkeyPatch) -> Client:
    monkeypatch.setattr("django.utils.timezone.now", lambda: LATER)
    client.force_login(factories.agent(group="Administrator"))
    return client


def assert_unchanged(world: World, unswept: Reports) -> None:
    for name, report in everything(world).items():
        assert report == unswept[name], name


def test_a_sweep_that_ran_late_and_one_that_ran_twice_change_nothing(
    world: World, unswept: Reports
) -> None:
    # Only what still runs has steps to fire.
    assert escalation.fire_due_steps(at=NOW) == Firing.objects.count() > 10
    assert escalation.fire_due_steps(at=NOW) == 0
    assert_unchanged(world, unswept)
    assert escalation.fire_due_steps(at=NOW + 240 * HOUR) > 0
    assert_unchanged(world, unswept)


def page_of(row: Policy | Calendar, page: str = "change") -> str:
    return reverse(f"admin:sla_{row._meta.model_name}_{page}", args=[row.pk])


def save(administrator: Client, row: Policy | Calendar, posted: dict[str, Any]) -> None:
    """As somebody saves who has seen the preview, for new tickets alone."""
    row.refresh_from_db()
    assert row.current_version is not None
    number = row.current_version.number
    decision = {DECISION: NEW, SEEN: f"{number}"}
    response = administrator.post(page_of(row), posted | decision)
    assert response.status_code == 302, response.context["adminform"].form.errors
    row.refresh_from_db()
    assert row.current_version.number == number + 1


def edit_policy(administrator: Client, policy: Policy) -> None:
    """Other amounts and units, no goal, nothing kept by lowering, a target and a pause less."""
    posted = fields_of(administrator.get(page_of(policy)))

    def target(code: str, metric: str) -> str:
        number = factories.priority(code).pk
        return number_of(posted, "targets", priority=number, metric=metric)

    first, solve = "first_response", "resolution"
    posted |= {
        f"{target('P3', first)}-amount": "3", f"{target('P3', first)}-unit": "business_hours",
        f"{target('P3', solve)}-amount": "1", f"{target('P1', solve)}-amount": "1",
        f"{target('P2', solve)}-amount": "500", f"{target('P2', solve)}-unit": "hours",
        f"{target('P4', solve)}-goal_amount": "", f"{target('P2', first)}-DELETE": "on",
    }  # fmt: skip
    del posted[f"{target('P1', solve)}-kept_by_lowering"]
    pause = number_of(posted, "pause_rules", condition="waiting_for_customer")
    posted[f"{pause}-DELETE"] = "on"
    add_row(posted, "steps", percent="10", priority="", metric="", roles=["spoc"])
    save(administrator, policy, posted)


def edit_calendar(administrator: Client, calendar: Calendar) -> None:
    """Other hours, without the holiday that there was, and with one in the middle of it all."""
    posted = fields_of(administrator.get(page_of(calendar)))
    posted |= {"monday": "10:00-12:00", "thursday": "", "saturday": "00:00-24:00"}
    posted[f"{number_of(posted, 'holidays')}-DELETE"] = "on"
    add_row(posted, "holidays", date="2026-10-22", name="Late", opens="", closes="")
    save(administrator, calendar, posted)
    assert "2026-10-22" in calendar.exceptions()
    assert len(calendar.exceptions()) == 1


def test_editing_targets_units_hours_and_holidays_changes_nothing(
    world: World, administrator: Client, unswept: Reports
) -> None:
    for policy in (world.default, world.berlin):
        edit_policy(administrator, policy)
        edit_calendar(administrator, policy.calendar)
    assert set(Clock.objects.values_list("calendar_version__number", flat=True)) == {1, 2}
    assert_unchanged(world, unswept)
    # What the new version says is meant for what comes.
    ticket = factories.ticket("P3", at=LATER)
    clock = Clock.objects.get(ticket=ticket, metric="first_response")
    assert (clock.target_amount, clock.target_unit) == (3, "business_hours")


def test_another_zone_of_the_calendar_changes_no_month_that_is_over(
    world: World, administrator: Client, unswept: Reports
) -> None:
    posted = fields_of(administrator.get(page_of(world.default.calendar)))
    save(administrator, world.default.calendar, posted | {"time_zone": "Pacific/Honolulu"})
    assert_unchanged(world, unswept)


def test_switching_the_policy_of_customers_and_the_default_changes_no_past_month(
    world: World, administrator: Client, unswept: Reports
) -> None:
    short = Policy.objects.create(name="Short", calendar=world.berlin.calendar)
    short.targets.create(
        priority=factories.priority("P4"), metric="next_response", amount=1, unit="hours"
    )
    short.publish(at=BEGINNING)
    for organization, policy in (("Acme", short), ("Bolt", None), ("Cargo", world.berlin)):
        row = world.organizations[organization]
        page = reverse("admin:tickets_organization_change", args=[row.pk])
        posted = fields_of(administrator.get(page))
        posted |= {"policy": policy.pk if policy else "", "time_zone": "Pacific/Honolulu"}
        assert administrator.post(page, posted).status_code == 302
        row.refresh_from_db()
        assert row.policy == policy
        text = administrator.get(page).content.decode()
        assert "2 Nov 2026, 10:00 IST" in text
        assert ("Berlin" if organization == "Bolt" else "The default one") in text
    assert_unchanged(world, unswept)
    posted = fields_of(administrator.get(page_of(short)))
    assert administrator.post(page_of(short), posted | {"is_default": "on"}).status_code == 302
    assert Policy.objects.default() == short
    assert_unchanged(world, unswept)
    # The month that runs is told by what holds now.
    for name in ("Acme", "Bolt", "Dorn"):
        report = customer_reports.report_on(
            organization=world.organizations[name], month=date(2026, 11, 1), at=LATER
        )
        assert report.policy == (short if name != "Dorn" else world.berlin), name


def test_what_is_used_stays_and_what_is_put_out_of_use_keeps_its_figures(
    world: World, administrator: Client, unswept: Reports
) -> None:
    for row in (world.default, world.berlin, factories.priority("P3")):
        delete = reverse(f"admin:sla_{row._meta.model_name}_delete", args=[row.pk])
        answer = administrator.post(delete, {"post": "yes"}, follow=True)
        assert "cannot be deleted: there are" in answer.content.decode()
    for row in BreachReason.objects.filter(notes__isnull=False).distinct():
        delete = reverse("admin:sla_breachreason_delete", args=[row.pk])
        administrator.post(delete, {"post": "yes"})
    assert BreachReason.objects.filter(notes__isnull=False).distinct().count() == 2
    BreachReason.objects.update(is_active=False)
    RequestType.objects.update(is_active=False)
    EscalationStep.objects.update(is_active=False)
    User.objects.filter(pk__in=[agent.pk for agent in world.agents.values()]).update(
        is_active=False
    )
    assert_unchanged(world, unswept)
