"""Nothing is saved before somebody has seen what it does to open promises, and decided."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.http import HttpResponse
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from sla.models import Calendar, Clock, Metric, Policy, Priority, Recalculation
from tests import factories
from tests.admin.posted import add_row, fields_of, sentences_of
from tickets import lifecycle, recalculation
from tickets.models import Ticket

NOTHING = "Nothing has been saved yet."


@pytest.fixture
def administrator(policy: Policy, client: Client) -> Client:
    client.force_login(factories.agent(group="Administrator"))
    return client


@pytest.fixture
def ticket(policy: Policy) -> Ticket:
    return factories.ticket("P3", at=timezone.now())


def address(row: Policy | Calendar | Priority) -> str:
    return reverse(f"admin:sla_{row._meta.model_name}_change", args=[row.pk])


def resolution(ticket: Ticket) -> Clock:
    return Clock.objects.get(ticket=ticket, metric=Metric.RESOLUTION)


def longer(posted: dict[str, Any]) -> None:
    """Of P3's five business days nine."""
    row = next(
        name.removesuffix("-amount")
        for name, value in posted.items()
        if name.endswith("-amount") and str(value) == "5" and "goal" not in name
    )
    posted[f"{row}-amount"] = "9"


def holiday(posted: dict[str, Any]) -> None:
    """The next ten days are closed."""
    for day in range(1, 11):
        date = (timezone.now() + timedelta(days=day)).date()
        add_row(posted, "holidays", date=date.isoformat(), name="Snow", opens="", closes="")


# A row, and what somebody changes on its page.
CHANGES: list[tuple[Callable[[], Any], Callable[[dict[str, Any]], None]]] = [
    (Policy.objects.get, longer),
    (Calendar.objects.get, holiday),
]
both = pytest.mark.parametrize(("row", "change"), CHANGES, ids=["policy", "calendar"])


def post(client: Client, row: Any, change: Callable[[dict[str, Any]], None], **also: str) -> Any:
    posted = fields_of(client.get(address(row())))
    change(posted)
    return client.post(address(row()), {**posted, **also})


def again(client: Client, shown: Any, **button: str) -> HttpResponse:
    """Press a button of the preview: all that it holds is posted again."""
    posted: dict[str, list[str]] = {"_seen": [shown.context["seen"]]}
    for name, value in shown.context["posted"]:
        posted.setdefault(name, []).append(value)
    answer: Any = client.post(shown.context["back"], {**posted, **button})
    return answer


@both
def test_a_change_is_shown_before_it_is_saved(
    administrator: Client, ticket: Ticket, row: Any, change: Any
) -> None:
    before = resolution(ticket)
    shown = post(administrator, row, change)
    text = shown.content.decode()
    assert (shown.status_code, NOTHING in text) == (200, True)
    assert ticket.reference in text
    found = shown.context["found"]
    assert (found.total, found.earlier) == (2, 0)
    assert found.later >= 1
    assert row().current_version.number == 1
    assert resolution(ticket).due_at == before.due_at
    assert not Recalculation.objects.exists()


@both
def test_it_is_applied_to_open_tickets_in_the_background(
    administrator: Client, ticket: Ticket, row: Any, change: Any
) -> None:
    before = resolution(ticket)
    shown = post(administrator, row, change)
    (move,) = (m for m in shown.context["found"].most if m.clock == before)
    assert again(administrator, shown, _decision="open").status_code == 302
    assert row().current_version.number == 2
    (asked,) = Recalculation.objects.all()
    assert (asked.total, asked.finished_at) == (2, None)
    assert resolution(ticket).due_at == before.due_at
    while recalculation.go_on(at=timezone.now()):
        pass
    assert resolution(ticket).due_at == move.due_after > before.due_at


@both
def test_it_is_only_for_new_tickets(
    administrator: Client, ticket: Ticket, row: Any, change: Any
) -> None:
    before = resolution(ticket)
    shown = post(administrator, row, change)
    assert again(administrator, shown, _decision="new").status_code == 302
    assert row().current_version.number == 2
    assert not Recalculation.objects.exists()
    assert resolution(ticket).due_at == before.due_at
    assert resolution(factories.ticket("P3", at=timezone.now())).due_at > before.due_at


@both
def test_going_back_shows_the_form_as_it_was_filled_in(
    administrator: Client, ticket: Ticket, row: Any, change: Any
) -> None:
    shown = post(administrator, row, change)
    form: Any = again(administrator, shown, _back="1")
    assert sentences_of(form) == []
    text = form.content.decode()
    assert (text.count(NOTHING), "Please correct" in text) == (1, False)
    posted = fields_of(form)
    assert "9" in map(str, posted.values()) or "Snow" in posted.values()
    assert row().current_version.number == 1


@both
def test_what_somebody_else_saved_meanwhile_is_looked_at_again(
    administrator: Client, ticket: Ticket, row: Any, change: Any
) -> None:
    shown = post(administrator, row, change)
    other = row()
    if isinstance(other, Policy):
        other.targets.filter(priority__code="P1").update(note="We hurry")
    else:
        other.holidays.create(date=timezone.now() + timedelta(days=200), name="Founders' day")
    other.publish(at=timezone.now())
    second: Any = again(administrator, shown, _decision="open")
    assert "Somebody changed it meanwhile" in second.content.decode()
    assert second.context["seen"] == "2"
    assert not Recalculation.objects.exists()


@both
def test_without_open_promises_there_is_nothing_to_decide(
    administrator: Client, row: Any, change: Any
) -> None:
    assert post(administrator, row, change).status_code == 302
    assert row().current_version.number == 2


@both
def test_a_page_that_is_saved_unchanged_asks_nothing(
    administrator: Client, ticket: Ticket, row: Any, change: Any
) -> None:
    assert post(administrator, row, lambda posted: None).status_code == 302
    assert row().current_version.number == 1


def test_an_imported_holiday_is_shown_first(administrator: Client, ticket: Ticket) -> None:
    calendar = Calendar.objects.get()
    day = (timezone.now() + timedelta(days=1)).date()
    lines = "".join(
        f"BEGIN:VEVENT\r\nUID:{n}\r\nSUMMARY:Snow\r\n"
        f"DTSTART;VALUE=DATE:{day + timedelta(days=n):%Y%m%d}\r\nEND:VEVENT\r\n"
        for n in range(12)
    )
    file = SimpleUploadedFile(
        "snow.ics", f"BEGIN:VCALENDAR\r\nVERSION:2.0\r\n{lines}END:VCALENDAR\r\n".encode()
    )
    page = reverse("admin:sla_calendar_import", args=[calendar.pk])
    years = [str(day.year), str(day.year + 1)]
    offered: Any = administrator.post(page, {"file": file, "years": years})
    chosen = offered.context["offer"].choice
    posted = {bound.html_name: bound.value() or "" for bound in chosen}
    posted["dates"] = [row.date.isoformat() for row in chosen.rows]
    shown: Any = administrator.post(page, posted)
    assert NOTHING in shown.content.decode()
    assert not calendar.holidays.exists()
    returned: Any = again(administrator, shown, _back="1")
    assert returned.status_code == 200
    assert not calendar.holidays.exists()
    assert again(administrator, shown, _decision="open").status_code == 302
    assert calendar.holidays.count() == 12
    assert Recalculation.objects.get().total == 2


def test_the_words_of_a_priority_move_nothing_and_say_so(
    administrator: Client, ticket: Ticket
) -> None:
    p3 = Priority.objects.get(code="P3")
    posted = {**fields_of(administrator.get(address(p3))), "definition": "Everything else."}
    shown: Any = administrator.post(address(p3), posted)
    assert "move no deadline" in shown.content.decode()
    assert shown.context["found"].total == 2
    p3.refresh_from_db()
    assert p3.definition != "Everything else."
    assert again(administrator, shown, _decision="new").status_code == 302
    p3.refresh_from_db()
    assert p3.definition == "Everything else."


def test_new_steps_hold_for_open_tickets_at_once(administrator: Client, ticket: Ticket) -> None:
    policy = Policy.objects.get()

    def earlier(posted: dict[str, Any]) -> None:
        row = next(
            n for n, value in posted.items() if n.endswith("-percent") and str(value) == "75"
        )
        posted[row] = "10"

    assert post(administrator, lambda: policy, earlier).status_code == 302
    before = resolution(ticket).next_step_at
    assert before is not None
    while recalculation.go_on(at=timezone.now()):
        pass
    moved = resolution(ticket).next_step_at
    assert moved is not None
    assert moved < before


def test_the_progress_can_be_looked_at(
    administrator: Client, ticket: Ticket, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    shown = post(administrator, *CHANGES[0])
    again(administrator, shown, _decision="open")
    (asked,) = Recalculation.objects.all()
    page = reverse("admin:sla_recalculation_change", args=[asked.pk])
    assert "0 of 2" in administrator.get(page).content.decode()
    assert administrator.post(page, {"done": "9"}).status_code == 403
    recalculation.go_on(at=timezone.now())
    assert "2 of 2" in administrator.get(page).content.decode()
    administrator.get(reverse("admin:sla_recalculation_changelist"))
    for count in (1, 20):
        Recalculation.objects.bulk_create(
            Recalculation(
                policy_version=asked.policy_version,
                requested_at=timezone.now(),
                requested_by=factories.agent(),
                total=5,
            )
            for _ in range(count)
        )
        with django_assert_num_queries(6):
            administrator.get(reverse("admin:sla_recalculation_changelist"))


def test_who_may_only_look_cannot_decide(client: Client, policy: Policy, ticket: Ticket) -> None:
    client.force_login(factories.agent(group="Agent"))
    for row in (policy, policy.calendar):
        assert client.post(address(row), {"_decision": "open", "_seen": "1"}).status_code == 403
    assert client.get(reverse("admin:sla_recalculation_changelist")).status_code == 403
    lifecycle.add_note(ticket=ticket, by=factories.agent(), text="Same.", at=timezone.now())
    assert Policy.objects.get().current_version == policy.current_version
