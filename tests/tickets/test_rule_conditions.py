"""Conditions of rules: when they hold, how they are written, and how they read."""

from __future__ import annotations

from typing import Any

import pytest

from tests.factories import customer, organization, priority, team, ticket
from tests.times import nov
from tickets.models import Tag, Ticket
from tickets.rules.conditions import (
    describe,
    first_failing,
    holds,
    read_words,
    validate,
    write_words,
)
from tickets.rules.facts import facts_now

SUBJECT, TEXT = "Re: Cannot log  in", "My REFUND of 20 € is missing (ticket #12)."


@pytest.mark.parametrize(
    ("words", "is_in"),
    [
        (["refund"], True),
        (["refunds"], False),
        # Whole words: no part of another one.
        (["fund"], False),
        (["REFUND"], True),
        (["cannot log in"], True),
        (["log cannot"], False),
        (["nothing", "missing"], True),
        (["#12"], True),
        (["20 €"], True),
        (["(ticket"], True),
        ([".*"], False),
    ],
)
@pytest.mark.usefixtures("policy")
def test_words_are_whole_in_any_case_and_phrases_hold_together(
    words: list[str], is_in: bool
) -> None:
    facts = facts_now(ticket(subject=SUBJECT, text=TEXT), event=None, at=nov(2, "10:00"))
    assert holds({"if": "words", "values": words}, facts) is is_in
    assert holds({"if": "words", "values": words, "not": True}, facts) is not is_in


@pytest.mark.usefixtures("policy")
def test_each_kind_of_condition_holds_for_what_it_says() -> None:
    acme, network = organization("Acme"), team("Network")
    mary = customer("mary@Acme.example", organization=acme)
    row = ticket("P2", requester=mary, channel=Ticket.Channel.PHONE, subject=SUBJECT, text=TEXT)
    row.team = network
    outage, billing = (Tag.objects.create(name=name) for name in ("outage", "billing"))
    row.tags.add(outage)
    facts = facts_now(row, event=None, at=nov(2, "18:00"))
    cases: list[tuple[dict[str, Any], bool]] = [
        ({"if": "channel", "values": ["phone", "web"]}, True),
        ({"if": "channel", "values": ["email"]}, False),
        ({"if": "organization", "values": [acme.pk]}, True),
        ({"if": "organization", "values": [0]}, False),
        ({"if": "request_type", "values": [0]}, True),
        ({"if": "priority", "values": [priority("P2").pk]}, True),
        ({"if": "priority", "values": [priority("P1").pk]}, False),
        ({"if": "status", "values": ["new"]}, True),
        ({"if": "team", "values": [network.pk]}, True),
        ({"if": "team", "values": [0]}, False),
        ({"if": "tag", "values": [outage.pk, billing.pk]}, True),
        ({"if": "tag", "values": [billing.pk]}, False),
        ({"if": "assigned"}, False),
        ({"if": "engineering"}, False),
        # Monday, an hour after closing time.
        ({"if": "after_hours"}, True),
        ({"if": "domain", "values": ["acme.example"]}, True),
        ({"if": "domain", "values": ["example"]}, False),
        ({"if": "subject", "values": ["refund"]}, False),
        ({"if": "message", "values": ["refund"]}, True),
        # A kind that another version of the desk knew.
        ({"if": "moon", "values": ["full"]}, False),
    ]
    for condition, expected in cases:
        assert holds(condition, facts) is expected, condition
    assert first_failing([cases[0][0], cases[1][0]], facts) == cases[1][0]
    assert first_failing([], facts) is None


@pytest.mark.parametrize(
    ("typed", "words"),
    [
        ("refund", ["refund"]),
        ('refund, "cannot log in"; down', ["refund", "cannot log in", "down"]),
        ("“cannot  log in” down down", ["cannot  log in", "down"]),
        ("  ", []),
        ('"open', ["open"]),
    ],
)
def test_words_are_read_as_people_write_them(typed: str, words: list[str]) -> None:
    assert read_words(typed) == words
    assert read_words(write_words(words)) == words


@pytest.mark.usefixtures("policy")
def test_conditions_that_cannot_be_kept_are_told_in_a_sentence() -> None:
    cases = [
        ([{"if": "moon"}], "Condition 1: choose what to look at."),
        ([{"if": "priority", "values": [987654]}],
         "Condition 1: one of “Priority” does not exist, or not any more."),
        # Each ticket has a priority.
        ([{"if": "priority", "values": [0]}],
         "Condition 1: one of “Priority” does not exist, or not any more."),
        ([{"if": "channel", "values": ["pigeon"]}], "Condition 1: there is no such channel."),
        ([{"if": "words", "values": []}],
         "Condition 1: “Words in subject or message” needs at least one value."),
    ]  # fmt: skip
    for conditions, sentence in cases:
        assert validate(conditions) == [sentence]
    assert validate([]) == []


@pytest.mark.usefixtures("policy")
def test_conditions_read_as_people_say_them() -> None:
    cases = [
        ({"if": "channel", "values": ["web", "phone"]}, "Channel is Web form or Telephone"),
        ({"if": "team", "values": [0], "not": True}, "Team is not no team"),
        ({"if": "subject", "values": ["a b"]}, "Words in the subject are “a b”"),
        ({"if": "after_hours", "not": True}, "In opening hours"),
        ({"if": "moon"}, "Something that the desk does not know any more"),
    ]
    for condition, words in cases:
        assert describe(condition) == words
