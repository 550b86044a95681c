"""Steps: verbs with their arguments as JSON. All of them happen, or none."""

from datetime import timedelta

import pytest

from tests.factories import MONDAY, agent, priority, team, ticket
from tickets.actions import StepRefused, describe, perform, run, validate
from tickets.models import Event, Message, Ticket
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
    ],
)
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
    network = team("Network")
    cases = [
        ({"do": "assign", "team": network.pk}, "Assign to Network"),
        ({"do": "assign", "team": GONE}, "Assign to [a team that is gone]"),
        ({"do": "assign_to_me"}, "Assign to me"),
        ({"do": "wait", "reason": "For logs"}, "Wait for customer (For logs)"),
        ({"do": "reply", "text": "Hello"}, "Reply: Hello"),
        ({"do": "resolve"}, "Resolve"),
        ({"do": "dance"}, "Something that the desk does not know any more"),
    ]
    for step, words in cases:
        assert describe(step) == words
