"""The pages of breaches: who may see them and write there, and what they show."""

from typing import Any

import pytest
from django.contrib.auth.models import Permission
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from sla.models import BreachNote, BreachReason, Policy
from tests import factories
from tests.admin.test_sla_report import NOVEMBER, many
from tests.sla import november
from tickets.models import User

pytestmark = pytest.mark.usefixtures("_noon")


LIST = reverse("admin:sla_report_breaches")


def page(client: Client, **asked: Any) -> Any:
    return client.get(LIST, {**NOVEMBER, **asked})


def test_the_list_shows_each_breach_and_sorts_as_asked(manager: Client) -> None:
    november.tell()
    response = page(manager)
    text = " ".join(response.content.decode().split())
    rows = response.context["rows"]
    assert len(rows) == 10
    assert rows[0].subject == "running late"
    assert '26 h</span><span class="sla-subtle">in opening hours, 3 d 2 h elapsed, and it' in text
    assert "No reason yet" in text
    for row in rows:
        assert reverse("admin:sla_report_breach", args=[row.clock_id]) in text
    due = [row.due_at for row in page(manager, order="due").context["rows"]]
    assert due == sorted(due)
    assert (
        "No such promise of this period is broken." in page(manager, priority="P4").content.decode()
    )
    empty = page(manager, first="2026-09-01", last="2026-09-30").content.decode()
    assert "No promise of this period is broken." in empty
    for wrong in ({"order": "beauty"}, {"reason": "99"}, {"organization": "x"}):
        assert "rows" not in page(manager, **wrong).context, wrong


def test_a_reason_is_given_to_several_at_once_and_stays_in_the_question(manager: Client) -> None:
    november.tell()
    reason = BreachReason.objects.create(name="Staff was ill")
    chosen = [row.clock_id for row in page(manager).context["rows"][:3]]
    address = f"{LIST}?first=2026-11-01&last=2026-11-30"
    said = {"clock": chosen, "reason": reason.pk, "note": "All three."}
    response = manager.post(address, said, follow=True)
    assert response.redirect_chain == [(address, 302)]
    text = response.content.decode()
    assert "Saved for 3 breaches." in text
    assert "30 %" in text
    assert f"reason={reason.pk}" in text
    assert BreachNote.objects.filter(reason=reason, note="All three.").count() == 3

    # On the page of one of them, with the history.
    single = reverse("admin:sla_report_breach", args=[chosen[0]])
    text = manager.post(single, {"reason": "", "note": "He <b>was</b>."}, follow=True)
    text = text.content.decode()
    assert "How the deadline comes about" in text
    assert "All three." in text
    assert "He &lt;b&gt;was&lt;/b&gt;." in text


def test_bad_input_gets_a_sentence_and_keeps_what_was_typed(manager: Client) -> None:
    november.tell()
    chosen = page(manager).context["rows"][0].clock_id
    for said, sentence in [
        ({"note": "typed"}, "Tick the breaches that this is about."),
        ({"clock": ["x", "-1", "9" * 30], "note": "typed"}, "Tick the breaches"),
        ({"clock": [chosen]}, "Choose a reason or write a note"),
        ({"clock": [chosen, 999_999_999], "note": "typed"}, "is not broken (any more)"),
        ({"clock": [chosen], "reason": "999", "note": "typed"}, "Select a valid choice"),
        ({"clock": [chosen], "note": "x" * 4001}, "at most 4000 characters"),
    ]:
        response = manager.post(f"{LIST}?first=2026-11-01&last=2026-11-30", said)
        text = response.content.decode()
        assert response.status_code == 200
        assert sentence in text, said
        assert ("typed" in text) == (said.get("note") == "typed")
        assert not BreachNote.objects.exists()


def test_who_may_not(client: Client, policy: Policy) -> None:
    november.tell()
    boss = factories.agent(group="Manager")
    client.force_login(boss)
    rows = page(client).context["rows"]
    single = reverse("admin:sla_report_breach", args=[rows[0].clock_id])
    reasons = reverse("admin:sla_breachreason_changelist")
    assert [client.get(address).status_code for address in (single, reasons)] == [200, 200]
    kept = reverse("admin:sla_report_breach", args=[999_999_999])
    assert client.get(kept).status_code == 404

    client.force_login(factories.agent())
    for address in (LIST, single, reasons):
        assert client.get(address).status_code == 403
    assert client.post(single, {"note": "x"}).status_code == 403
    client.force_login(factories.customer())
    for address in (LIST, single, reasons):
        assert client.get(address)["Location"].startswith(reverse("admin:login"))
    # Who may only read the reports gets no form, and cannot write by hand.
    reader = User.objects.create_user("r@desk.example", is_staff=True)
    reader.user_permissions.add(Permission.objects.get(codename="view_reports"))
    client.force_login(reader)
    assert client.get(LIST, NOVEMBER).context["why"] is None
    assert client.post(single, {"note": "x"}).status_code == 403
    assert not BreachNote.objects.exists()


def test_a_reason_that_is_used_is_switched_off_and_not_deleted(manager: Client) -> None:
    november.tell()
    reason = BreachReason.objects.create(name="Staff")
    chosen = page(manager).context["rows"][0].clock_id
    manager.post(LIST, {"clock": [chosen], "reason": reason.pk})
    gone = manager.post(reverse("admin:sla_breachreason_delete", args=[reason.pk]), follow=True)
    assert "cannot be deleted" in gone.content.decode()
    BreachReason.objects.update(is_active=False)
    context = page(manager).context
    assert "Staff" not in dict(context["why"].fields["reason"].choices).values()
    assert {row.name for row in context["reasons"]} == {"", "Staff"}


def test_the_list_needs_the_same_queries_at_14_and_at_1400_tickets(manager: Client) -> None:
    def queries() -> int:
        with CaptureQueriesContext(connection) as captured:
            assert page(manager).status_code == 200
        return len(captured)

    november.tell()
    queries()
    few = queries()
    many(99)
    assert queries() == few
