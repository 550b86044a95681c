"""Rules: what follows from what happened, once, in order, and without loops."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from tests.factories import MONDAY, agent, customer, priority, team, ticket
from tickets import lifecycle, splitting, tagging
from tickets.models import Delivery, Event, Message, Notification, Rule, RuleCue, RuleRun, Ticket
from tickets.rules.following import follow
from tickets.rules.switching import MOST_FAILURES
from tickets.states import Status

pytestmark = pytest.mark.usefixtures("policy")

When = Rule.When
NOTE = {"do": "note", "text": "A rule was here."}


def rule(when: str, *steps: dict[str, Any], **fields: Any) -> Rule:
    fields.setdefault("name", f"Rule {Rule.objects.count() + 1}")
    return Rule.objects.create(when=when, steps=list(steps), **fields)


def later(hours: float = 1) -> datetime:
    return MONDAY + timedelta(hours=hours)


def did(row: Ticket) -> list[str]:
    """What rules left on the history of the ticket."""
    found = row.events.filter(kind=Event.Kind.RULE).order_by("pk")
    return list(found.values_list("detail", flat=True))


def test_a_rule_follows_from_what_happened_and_leaves_its_name_on_the_history() -> None:
    network = team("Network")
    made = rule(When.OPENED, {"do": "assign", "team": network.pk}, name="To the network")
    row = ticket()

    assert follow(at=later()) == 1

    row.refresh_from_db()
    assert row.team == network
    assert did(row) == ["“To the network”: Assign to Network."]
    run = RuleRun.objects.get()
    assert (run.rule, run.outcome, run.cause.kind) == (made, "done", "opened")
    assert not RuleCue.objects.exists()


def test_without_a_rule_that_follows_nothing_is_cued() -> None:
    rule(When.OPENED, NOTE, is_active=False)
    rule(When.REPLIED, NOTE)
    ticket()

    assert not RuleCue.objects.exists()


@pytest.mark.parametrize(
    ("when", "act"),
    [
        (When.CUSTOMER_WROTE, lambda row, me: lifecycle.reply(
            ticket=row, by=row.requester, text="And?", at=later())),
        (When.REPLIED, lambda row, me: lifecycle.reply(ticket=row, by=me, text="Ah", at=later())),
        # An answer makes a new ticket an open one.
        (When.STATUS_CHANGED, lambda row, me: lifecycle.reply(
            ticket=row, by=me, text="Ah", at=later())),
        (When.STATUS_CHANGED, lambda row, me: lifecycle.wait_for_customer(
            ticket=row, by=me, at=later())),
        (When.PRIORITY_CHANGED, lambda row, me: lifecycle.change_priority(
            ticket=row, by=me, priority=priority("P1"), at=later())),
        (When.ASSIGNED, lambda row, me: lifecycle.assign(
            ticket=row, by=me, assignee=me, at=later())),
        (When.TAGGED, lambda row, me: tagging.add_tag(ticket=row, by=me, tag="vip", at=later())),
    ],
)  # fmt: skip
def test_each_verb_cues_the_rules_that_wait_for_it(when: str, act: Any) -> None:
    rule(when, NOTE)
    row = ticket()
    act(row, agent())

    follow(at=later(2))

    assert len(did(row)) == 1


def test_a_ticket_that_is_split_off_is_opened_to_rules() -> None:
    network, row = team("Network"), ticket()
    lifecycle.reply(ticket=row, by=row.requester, text="And the router?", at=later())
    router = {"if": "words", "values": ["router"]}
    rule(When.OPENED, {"do": "assign", "team": network.pk}, conditions=[router])
    asked = row.messages.filter(text="And the router?")

    new = splitting.split(ticket=row, by=agent(), at=later(2), messages=asked)
    follow(at=later(3))

    new.refresh_from_db()
    assert (new.team, did(row)) == (network, [])


def test_a_note_is_nothing_that_a_rule_waits_for() -> None:
    for when in When.values:
        rule(when, NOTE, idle_hours=8)
    row = ticket()
    RuleCue.objects.all().delete()

    lifecycle.add_note(ticket=row, by=agent(), text="Hm", at=later())

    assert not RuleCue.objects.exists()


def test_rules_are_followed_in_their_order_each_on_what_the_last_one_left() -> None:
    urgent = {"if": "priority", "values": [priority("P1").pk]}
    rule(When.OPENED, NOTE, name="Third", position=3, conditions=[urgent])
    raises = {"do": "priority", "priority": priority("P1").pk}
    rule(When.OPENED, raises, name="Second", position=2)
    rule(When.OPENED, NOTE, name="First", position=1, conditions=[urgent])
    row = ticket("P3")

    follow(at=later())

    assert [words.split("”")[0] for words in did(row)] == ["“Second", "“Third"]


def test_rules_that_cause_each_other_end_after_one_round() -> None:
    down = {"do": "priority", "priority": priority("P4").pk}
    up = {"do": "priority", "priority": priority("P1").pk}
    rule(When.PRIORITY_CHANGED, up, name="Up")
    rule(When.PRIORITY_CHANGED, down, name="Down")
    row = ticket("P3")
    lifecycle.change_priority(ticket=row, by=agent(), priority=priority("P2"), at=later())

    follow(at=later(2))

    assert [words.split(":")[0] for words in did(row)] == ["“Up”", "“Down”"]
    assert RuleRun.objects.count() == 2
    assert not RuleCue.objects.exists()


def test_a_chain_of_rules_ends_at_a_small_depth() -> None:
    first, *others = [team(f"Team {number}") for number in range(8)]
    for before, after in zip([first, *others], others, strict=False):
        here = {"if": "team", "values": [before.pk]}
        rule(When.ASSIGNED, {"do": "assign", "team": after.pk}, conditions=[here], name=after.name)
    # In the opposite order, so that each follows from the event of the one before.
    for number, row in enumerate(reversed(Rule.objects.order_by("pk"))):
        Rule.objects.filter(pk=row.pk).update(position=number)
    row = ticket()
    lifecycle.assign(ticket=row, by=agent(), team=first, at=later())

    follow(at=later(2))

    row.refresh_from_db()
    assert (len(did(row)), str(row.team)) == (4, "Team 4")
    assert not RuleCue.objects.exists()


def test_a_refused_rule_says_why_and_the_others_go_on() -> None:
    rule(When.OPENED, NOTE, {"do": "close"}, name="Hasty")
    rule(When.OPENED, NOTE, name="Patient")
    row = ticket()

    follow(at=later())

    refused, fine = did(row)
    assert refused.startswith("“Hasty” could not be followed: Step 2, “Close”: You cannot close")
    assert fine.startswith("“Patient”")
    assert Message.objects.filter(is_public=False).count() == 1
    assert Rule.objects.get(name="Hasty").failures == 1


def test_a_rule_that_fails_again_and_again_is_switched_off_and_told_once() -> None:
    boss = agent(group="Administrator")
    bad = rule(When.OPENED, {"do": "close"})
    for _ in range(MOST_FAILURES + 2):
        ticket()

    follow(at=later())

    bad.refresh_from_db()
    assert (bad.is_active, bad.failures, bad.switched_off_at) == (False, MOST_FAILURES, later())
    told = Delivery.objects.filter(occasion="rule_off")
    assert list(told.values_list("recipient", flat=True)) == [boss.email]
    assert RuleRun.objects.count() == MOST_FAILURES


def test_a_success_forgets_the_failures_before() -> None:
    network = team("Network")
    fragile = rule(When.OPENED, {"do": "assign", "team": network.pk}, failures=MOST_FAILURES - 1)
    ticket()
    follow(at=later())

    fragile.refresh_from_db()
    assert (fragile.failures, fragile.is_active) == (0, True)


def test_what_a_rule_sends_is_no_answer_of_ours() -> None:
    rule(When.OPENED, {"do": "reply", "text": "Have you tried turning it off and on?"})
    row = ticket(requester=customer("mary@client.example"))
    due = row.next_due_at

    follow(at=later())

    row.refresh_from_db()
    said = row.messages.get(is_automatic=True)
    assert (said.is_public, said.by_staff) == (True, True)
    assert (row.status, row.first_responded_at, row.next_due_at) == (Status.NEW, None, due)
    assert row.unanswered_since() == row.submitted_at
    mail = Delivery.objects.get(occasion="automatic")
    # Without the name of an agent it goes out as a machine's (RFC 3834).
    assert (mail.recipient, mail.from_name) == ("mary@client.example", "")


def test_automatic_messages_are_few_a_day_and_the_other_steps_go_on() -> None:
    network = team("Network")
    hello = {"do": "reply", "text": "We read it."}
    rule(When.CUSTOMER_WROTE, hello, {"do": "assign", "team": network.pk})
    row = ticket()
    for hour in range(1, 6):
        lifecycle.reply(ticket=row, by=row.requester, text="And?", at=later(hour))
        follow(at=later(hour))

    assert Message.objects.filter(is_automatic=True).count() == 3
    assert "Not sent: So many automatic messages" in did(row)[-1]
    # A day later there is room again.
    lifecycle.reply(ticket=row, by=row.requester, text="And?", at=later(30))
    follow(at=later(30))
    assert Message.objects.filter(is_automatic=True).count() == 4


def test_nothing_is_sent_for_mail_that_nobody_acknowledged() -> None:
    rule(When.OPENED, {"do": "reply", "text": "We read it."})
    row = ticket(channel=Ticket.Channel.EMAIL, acknowledge=False)

    follow(at=later())

    assert "from a list, a program or in a flood of mail" in did(row)[0]
    assert not Message.objects.filter(is_automatic=True).exists()


def test_a_rule_resolves_only_what_a_person_has_answered() -> None:
    rule(When.ASSIGNED, {"do": "resolve"})
    me, row = agent(), ticket()
    lifecycle.assign(ticket=row, by=me, assignee=me, at=later())
    follow(at=later())
    assert "waits for an answer of a person" in did(row)[0]

    lifecycle.reply(ticket=row, by=me, text="Done.", at=later(2))
    lifecycle.assign(ticket=row, by=me, assignee=agent(), at=later(3))
    follow(at=later(3))
    row.refresh_from_db()
    assert row.status == Status.RESOLVED


def test_a_rule_tells_the_people_of_a_role_once() -> None:
    lead = agent()
    network = team("Network", lead=lead)
    step = {"do": "notify", "roles": ["team_lead"], "text": "Look at this."}
    rule(When.OPENED, {"do": "assign", "team": network.pk}, step)
    ticket()

    follow(at=later())

    mail = Delivery.objects.get(occasion="notice")
    assert mail.recipient == lead.email
    assert "Look at this." in mail.text
    bell = Notification.objects.get(user=lead, kind=Notification.Kind.NOTICE)
    # Its mail is the rule's: no second one waits.
    assert (bell.detail, bell.mail_due_at) == ("Look at this.", None)
