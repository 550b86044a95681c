"""Steps: verbs with their arguments as JSON. All of them happen, or none."""

from datetime import date, timedelta

import pytest

from tests.factories import MONDAY, agent, priority, team, ticket
from tests.together import at_once
from tickets.actions import StepRefused, describe, perform, run, validate
from tickets.models import Event, Message, Ticket, User
from tickets.states import Status

pytestmark = pytest.mark.usefixtures("policy")

LATER = MONDAY + timedelta(hours=1)
GONE = 987654321


@pytest.mark.parametrize(
    ("steps", "sentence"),
    [
        ([], "Add at least one step."),
        ("reply", "Add at least one step."),
        ([{"do": "wait"}] * 21, "There are 21 steps, and at most 20 fit."),
        ([7], "Step 1: choose what to do."),
        ([{"do": "dance"}], "Step 1: choose what to do."),
        ([{"do": "assign"}], "Step 1: “Assign” needs: team."),
        ([{"do": "assign", "team": GONE}], "Step 1: this team does not exist, or not any more."),
        # True is a number to Python, and no row's.
        ([{"do": "assign", "team": True}], "Step 1: this team does not exist, or not any more."),
        ([{"do": "wait"}, {"do": "priority"}], "Step 2: “Change priority” needs: priority."),
        ([{"do": "reply", "text": "  "}], "Step 1: write some text."),
        ([{"do": "wait", "reason": "x" * 501}], "Step 1: a text has at most 500 characters."),
        ([{"do": "wait", "text": "Hm"}], "Step 1: “Wait for customer” takes no text."),
        ([{"do": "add_tag", "tag": "a/b"}],
         ("Step 1: a tag is one word of letters, digits, hyphens and dots, with at most 50 "
          "characters.")),
        ([{"do": "expect", "reason": "Hm"}],
         "Step 1: “Say when engineering expects to be done” needs: expected on."),
        ([{"do": "expect", "days": 2, "expected_on": "2026-11-09"}],
         ("Step 1: “Say when engineering expects to be done” takes one of these: expected on and "
          "expected in business days.")),
        ([{"do": "expect", "expected_on": "soon"}], "Step 1: choose a date."),
        ([{"do": "expect", "days": True}], "Step 1: choose a number of days from 1 to 250."),
        ([{"do": "spam", "blocks": "no"}], "Step 1: choose yes, or leave it out."),
        ([{"do": "link", "other": GONE}], "Step 1: this ticket does not exist, or not any more."),
    ],
)  # fmt: skip
def test_steps_that_cannot_be_kept_are_told_in_a_sentence(steps: object, sentence: str) -> None:
    assert validate(steps) == [sentence]


def test_somebody_who_left_cannot_be_named() -> None:
    gone = agent(is_active=False)
    step = {"do": "assign", "agent": gone.pk}

    assert validate([step]) == ["Step 1: this agent does not exist, or not any more."]
    with pytest.raises(StepRefused, match=r"^This agent does not exist, or not any more\.$"):
        perform([step], ticket=ticket(), by=agent(), at=LATER)


def test_what_only_a_person_can_do_is_no_step_of_the_desk() -> None:
    steps = [{"do": "assign_to_me"}, {"do": "wait"}]
    sentence = "“Assign to me” needs somebody who does it."

    assert validate(steps) == []
    assert validate(steps, by_desk=True) == [f"Step 1: {sentence}"]
    with pytest.raises(StepRefused, match="not the desk by itself"):
        perform(steps, ticket=ticket(), by=None, at=LATER)


def test_steps_are_done_in_their_order_and_each_leaves_its_event() -> None:
    row, me, network = ticket("P3"), agent(), team("Network")
    steps = [
        {"do": "assign", "team": network.pk},
        {"do": "assign_to_me"},
        {"do": "priority", "priority": priority("P2").pk, "reason": "Known incident"},
        {"do": "reply", "text": "We know of it."},
        {"do": "note", "text": "See the incident."},
        {"do": "engineering", "reason": "Router"},
        {"do": "wait"},
    ]

    assert validate(steps) == []
    after = perform(steps, ticket=row, by=me, at=LATER)

    assert (after.team, after.assignee, after.priority.code) == (network, me, "P2")
    assert (after.status, after.with_engineering) == (Status.PENDING, True)
    kinds = after.events.values_list("kind", flat=True)
    assert list(kinds) == [
        "opened", "assigned", "assigned", "priority_changed", "replied", "noted",
        "to_engineering", "waiting",
    ]  # fmt: skip


def test_a_step_that_is_refused_takes_the_others_back_and_says_which() -> None:
    row, me = ticket(), agent()
    steps = [{"do": "note", "text": "Done."}, {"do": "resolve"}, {"do": "wait"}]

    with pytest.raises(StepRefused) as refused:
        perform(steps, ticket=row, by=me, at=LATER)

    assert str(refused.value).startswith("Step 3, “Wait for customer”: You cannot wait")
    assert Ticket.objects.get().status == Status.NEW
    assert Message.objects.count() == Event.objects.count() == 1


def test_a_step_alone_is_refused_in_the_words_of_its_verb() -> None:
    with pytest.raises(StepRefused, match=r"^The ticket is not with engineering\.$"):
        perform([{"do": "back"}], ticket=ticket(), by=agent(), at=LATER)


def test_what_is_so_already_is_skipped_or_refused_as_the_caller_wants() -> None:
    row, me = ticket("P3"), agent()
    steps = [{"do": "priority", "priority": priority("P3").pk}, {"do": "back"}, {"do": "wait"}]

    with pytest.raises(StepRefused, match="has this priority already"):
        perform(steps, ticket=row, by=me, at=LATER)

    assert run(steps, ticket=row, by=me, at=LATER).did == ["Wait for customer"]
    assert run(steps, ticket=row, by=me, at=LATER).did == []


def test_steps_read_as_people_say_them() -> None:
    network, other = team("Network"), ticket()
    cases = [
        ({"do": "assign", "team": network.pk}, "Assign to Network"),
        ({"do": "assign", "team": GONE}, "Assign to [a team that is gone]"),
        ({"do": "assign_to_me"}, "Assign to me"),
        ({"do": "wait", "reason": "For logs"}, "Wait for customer (For logs)"),
        ({"do": "reply", "text": "Hello"}, "Reply: Hello"),
        ({"do": "resolve"}, "Resolve"),
        ({"do": "dance"}, "Something that the desk does not know any more"),
        ({"do": "add_tag", "tag": "outage"}, "Add the tag outage"),
        ({"do": "spam", "blocks": True}, "Mark as spam and block its sender"),
        # Its subject is for those who see that ticket.
        ({"do": "link", "other": other.pk}, f"Link to {other.reference}"),
        (
            {"do": "expect", "expected_on": "2026-11-09"},
            "Engineering expects to be done on 9 November 2026",
        ),
        ({"do": "expect", "days": 1}, "Engineering expects to be done in 1 business day"),
    ]
    for step, words in cases:
        assert describe(step) == words


def test_tickets_are_sorted_by_steps_and_what_is_so_is_left() -> None:
    row, other, me = ticket(), ticket(), agent()
    steps = [
        {"do": "add_tag", "tag": "Outage"},
        {"do": "link", "other": other.pk},
        {"do": "engineering"},
        # Monday and three more open days: Thursday.
        {"do": "expect", "days": 3},
        {"do": "remove_tag", "tag": "vip"},
    ]

    did = run(steps, ticket=row, by=me, at=LATER).did

    assert did == ["Add the tag Outage", f"Link to {other.reference}", "Escalate to engineering",
                   "Engineering expects to be done in 3 business days"]  # fmt: skip
    row.refresh_from_db()
    assert [tag.name for tag in row.tags.all()] == ["outage"]
    assert row.engineering_expected_on == date(2026, 11, 5)
    assert row.links.get().other == other
    assert run(steps, ticket=row, by=me, at=LATER).did == []
    # From the other side it is the same link.
    back = [{"do": "link", "other": row.pk}, {"do": "add_tag", "tag": "outage"}]
    assert run(back, ticket=other, by=me, at=LATER).did == ["Add the tag outage"]


def test_spam_is_marked_and_taken_back_by_a_step() -> None:
    row, me = ticket(), agent()

    after = perform([{"do": "spam", "blocks": True}], ticket=row, by=me, at=LATER)
    assert (after.closed_as, User.objects.get(pk=row.requester_id).blocked_at) == ("spam", LATER)
    assert run([{"do": "spam"}], ticket=row, by=me, at=LATER).did == []
    assert run([{"do": "not_spam"}], ticket=row, by=me, at=LATER).did == ["Not spam"]
    assert run([{"do": "not_spam"}], ticket=row, by=me, at=LATER).did == []
    assert validate([{"do": "spam"}], by_desk=True) == [
        "Step 1: “Mark as spam” needs somebody who does it."
    ]


def test_a_ticket_out_of_sight_cannot_be_linked_by_a_step() -> None:
    row, theirs = ticket(), ticket()
    outsider = agent()
    outsider.groups.clear()
    with pytest.raises(StepRefused, match="no such ticket"):
        perform([{"do": "link", "other": theirs.pk}], ticket=row, by=outsider, at=LATER)


@pytest.mark.django_db(transaction=True)
def test_two_people_link_two_tickets_to_each_other_at_once_and_nobody_waits_in_a_circle() -> None:
    one, two, me = ticket(), ticket(), agent()

    outcomes = at_once(
        lambda: perform([{"do": "link", "other": two.pk}], ticket=one, by=me, at=LATER),
        lambda: perform([{"do": "link", "other": one.pk}], ticket=two, by=me, at=LATER),
    )

    refused = [str(outcome) for outcome in outcomes if isinstance(outcome, Exception)]
    assert refused == ["These two tickets are linked already."]
