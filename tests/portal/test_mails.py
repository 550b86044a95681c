"""The words of each mail."""

import re
from datetime import timedelta

import pytest

from sla.models import Clock, EscalationStep, Policy
from tests import factories
from tests.notified import mail_notifications
from tickets import escalation, lifecycle
from tickets.models import Delivery, RequestType, Ticket, User

NOW = factories.MONDAY
HOUR = timedelta(hours=1)
ATTACK = "<script>alert(1)</script>"


@pytest.fixture
def maria(policy: Policy) -> User:
    return factories.customer("maria@client.example", name="Maria Silva")


def mail(occasion: str) -> Delivery:
    return Delivery.objects.filter(occasion=occasion).latest("created_at")


def opened(requester: User, kind: str, share: int | None = None) -> Ticket:
    return lifecycle.open_ticket(
        requester=requester,
        subject="A subject that was typed",
        text="A text that was typed",
        at=NOW,
        request_type=RequestType.objects.get(name=kind),
        share_of_users=share,
    )


def test_the_acknowledgement_promises_and_links(maria: User) -> None:
    ticket = opened(maria, "Report shows incorrect data")
    found = mail("acknowledgement")
    assert found.subject == f"[{ticket.reference}] We have your request"
    for words in (
        ticket.reference,
        "We answer by Tue 3 Nov, 10:00 IST: 8 business hours.",
        "We solve it by Thu 5 Nov, 10:00 IST: 72 hours, day and night.",
        f"/tickets/{ticket.reference}/{maria.pk}.",
        "“System down” (for more than 20 % of your users)",
        "/tickets/new/",
    ):
        assert words in found.text
        assert words in found.html


def test_the_acknowledgement_holds_nothing_that_was_typed(maria: User) -> None:
    """Whoever types somebody else's address must not send a message through us."""
    opened(maria, "Report shows incorrect data")
    found = mail("acknowledgement")
    for part in (found.subject, found.text, found.html):
        assert "typed" not in part
        assert "Maria" not in part
        assert maria.email not in part


def test_the_acknowledgement_of_the_most_urgent_names_no_faster_way(maria: User) -> None:
    opened(maria, "System down", share=80)
    found = mail("acknowledgement")
    assert "We answer by Mon 2 Nov, 12:00 IST: 2 hours, day and night." in found.text
    assert "more urgent" not in found.text


def test_the_acknowledgement_without_promises_still_stands(maria: User, policy: Policy) -> None:
    policy.targets.all().delete()
    factories.publish()
    opened(maria, "Report shows incorrect data")
    assert "Our promise to you" not in mail("acknowledgement").text


def test_times_are_in_the_zone_of_the_reader(maria: User) -> None:
    maria.time_zone = "Europe/Berlin"
    maria.save()
    opened(maria, "Report shows incorrect data")
    assert "Tue 3 Nov, 05:30 CET" in mail("acknowledgement").text


def test_a_reply_carries_the_text_the_name_and_the_link(maria: User) -> None:
    ticket = factories.ticket(requester=maria)
    agent = factories.agent(name="Asha Rao")
    lifecycle.reply(ticket=ticket, by=agent, text="One & two\n<three>", at=NOW + HOUR)
    found = mail("reply")
    assert found.subject == f"[{ticket.reference}] Answer to: The report is not refreshed"
    assert "Asha Rao has answered your request" in found.text
    assert "One & two\n<three>" in found.text, "plain text is not escaped"
    assert "One &amp; two\n&lt;three&gt;" in found.html
    assert f"/tickets/{ticket.reference}/" in found.text


def test_a_resolution_says_how_to_disagree(maria: User) -> None:
    ticket = factories.ticket(requester=maria)
    lifecycle.resolve(ticket=ticket, by=factories.agent(), text="It runs again.", at=NOW + HOUR)
    found = mail("resolution")
    assert found.subject == f"[{ticket.reference}] Solved: The report is not refreshed"
    assert "It runs again." in found.text
    assert "Is it not solved?" in found.text


def test_an_assignment_names_the_ticket_and_what_is_due(maria: User) -> None:
    ticket = factories.ticket("P2", requester=maria)
    asha, bo = factories.agent(name="Asha Rao"), factories.agent(name="Bo Li")
    lifecycle.assign(ticket=ticket, by=asha, assignee=bo, at=NOW + HOUR)
    mail_notifications()
    found = mail("assignment")
    assert found.recipient == bo.email
    assert found.subject == f"[{ticket.reference}] Assigned to you: The report is not refreshed"
    assert "Asha Rao has assigned a ticket to you." in found.text
    assert "Next due:  Tue 3 Nov, 10:00 IST" in found.text
    assert f"/admin/tickets/ticket/{ticket.pk}/change/" in found.text


@pytest.mark.parametrize(
    ("percent", "subject", "words"),
    [
        (75, "At risk: P2 First response, due Tue 3 Nov, 10:00 IST", "is at risk"),
        (100, "Broken: P2 First response, due Tue 3 Nov, 10:00 IST", "is broken"),
    ],
)
def test_an_escalation_tells_a_risk_from_a_broken_promise(
    maria: User, percent: int, subject: str, words: str
) -> None:
    bo = factories.agent(name="Bo Li")
    ticket = factories.ticket("P2", requester=maria)
    lifecycle.assign(ticket=ticket, by=None, assignee=bo, at=NOW)
    EscalationStep.objects.exclude(percent=percent).update(is_active=False)
    clock = Clock.objects.get(ticket=ticket, metric="first_response")
    fire_at = clock.next_step_at if percent == 75 else clock.due_at
    assert fire_at
    escalation.fire_due_steps(at=fire_at)
    found = Delivery.objects.filter(occasion="escalation", recipient=bo.email).latest("pk")
    assert found.subject == f"[{ticket.reference}] {subject}"
    assert f"A promise to a customer {words}." in found.text
    assert "Who has it: Bo Li" in found.text
    assert "P2 First response within 8 business hours" in found.text
    assert f"/admin/tickets/ticket/{ticket.pk}/change/" in found.text
    assert ("Time used:  75 %" in found.text) == (percent == 75)


def test_an_escalation_that_comes_late_says_how_late(maria: User) -> None:
    bo = factories.agent(name="Bo Li")
    ticket = factories.ticket("P2", requester=maria)
    lifecycle.assign(ticket=ticket, by=None, assignee=bo, at=NOW)
    clock = Clock.objects.get(ticket=ticket, metric="first_response")
    escalation.fire_due_steps(at=clock.due_at + timedelta(minutes=35))
    told = Delivery.objects.filter(occasion="escalation", recipient=bo.email)
    assert told
    for found in told:
        assert "(35 min late)" in found.text
        assert "is broken" in found.text


def test_no_mail_carries_code_from_people(policy: Policy) -> None:
    person = factories.customer(name=ATTACK)
    asha, bo = factories.agent(name=ATTACK), factories.agent(name=ATTACK)
    ticket = factories.ticket("P2", requester=person, subject=ATTACK, text=ATTACK)
    lifecycle.assign(ticket=ticket, by=asha, assignee=bo, at=NOW)
    mail_notifications()
    escalation.fire_due_steps(at=NOW + 30 * HOUR)
    lifecycle.reply(ticket=ticket, by=bo, text=ATTACK, at=NOW + 31 * HOUR)
    lifecycle.resolve(ticket=ticket, by=bo, text=ATTACK, at=NOW + 32 * HOUR)
    occasions = set(Delivery.objects.values_list("occasion", flat=True))
    assert occasions == {"acknowledgement", "assignment", "escalation", "reply", "resolution"}
    for found in Delivery.objects.all():
        assert "<script>alert" not in found.html
        assert "\n" not in found.subject


def test_a_text_has_no_gaps_and_no_traces_of_the_template(maria: User) -> None:
    ticket = factories.ticket("P2", requester=maria)
    agent = factories.agent()
    lifecycle.assign(ticket=ticket, by=None, assignee=agent, at=NOW)
    escalation.fire_due_steps(at=NOW + 30 * HOUR)
    lifecycle.resolve(ticket=ticket, by=agent, text="Done.", at=NOW + 31 * HOUR)
    for found in Delivery.objects.all():
        assert "\n\n\n" not in found.text
        assert not re.search(r"[{}%]\s*[{}]", found.text + found.html)
        assert ticket.reference in found.subject
