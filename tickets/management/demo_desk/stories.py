"""The kinds of tickets that a desk sees, and how many of each the demo has."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, replace

from tickets.management.demo_desk.plots import Plot

MANY = 20
MOST_OF_A_KIND = 6


def answered(plot: Plot) -> None:
    plot.taken()
    plot.answered()
    plot.noted()
    plot.resolved()
    plot.closed()


def solved_at_once(plot: Plot) -> None:
    plot.taken()
    plot.resolved(at_once=True)
    plot.closed()


def asked(plot: Plot) -> None:
    plot.taken()
    plot.answered(plot.case.talk.question)
    plot.waits()
    plot.customer_answers()
    plot.noted()
    plot.resolved()
    plot.closed()


def engineered(plot: Plot) -> None:
    plot.taken()
    plot.answered()
    plot.goes_to_engineering()
    plot.comes_back()
    plot.resolved()
    plot.closed()


def engineered_too_long(plot: Plot) -> None:
    plot.taken()
    plot.answered()
    plot.goes_to_engineering()
    plot.comes_back(late=True)
    plot.resolved(late=True)
    plot.closed()


def reopened(plot: Plot) -> None:
    plot.taken()
    plot.answered()
    plot.resolved()
    plot.reopened()
    plot.closed()


def answered_late(plot: Plot) -> None:
    plot.taken()
    plot.answered(late=True)
    plot.resolved()
    plot.closed()


def resolved_late(plot: Plot) -> None:
    plot.taken()
    plot.answered()
    plot.noted()
    plot.resolved(late=True)
    plot.closed()


def lowered(plot: Plot) -> None:
    plot.taken()
    plot.answered()
    plot.lowered()
    plot.noted()
    plot.resolved()
    plot.closed()


def raised(plot: Plot) -> None:
    plot.taken()
    plot.answered()
    plot.raised()
    plot.resolved()
    plot.closed()


def escalated(plot: Plot) -> None:
    plot.taken()
    plot.answered()
    plot.escalated()
    plot.resolved()
    plot.closed()


def withdrawn(plot: Plot) -> None:
    plot.taken()
    plot.answered()
    plot.withdrawn()


def untouched(plot: Plot) -> None:
    """Nobody has taken it yet."""


def in_work(plot: Plot) -> None:
    plot.taken()
    plot.answered()


def waiting(plot: Plot) -> None:
    plot.taken()
    plot.answered(plot.case.talk.question)
    plot.waits()


def with_engineering(plot: Plot) -> None:
    plot.taken()
    plot.answered()
    plot.goes_to_engineering()


@dataclass(frozen=True)
class Kind:
    """A story, how often it happens, and what sort of ticket it needs.

    `critical`: None takes any ticket, True the most urgent priority alone, False none of it.
    `needs` is a part that the conversation must have. `situation` places the ticket so that it is
    in this state at the end of the demo.
    """

    story: Callable[[Plot], None]
    weight: int
    critical: bool | None = None
    situation: str = ""
    needs: str = ""


EARLY = "early"
JUST_IN = "just in"
DUE_SOON = "due soon"
LATE = "late"
FRESH = "fresh"

PAST = [
    Kind(answered, 27),
    Kind(solved_at_once, 22),
    Kind(asked, 18),
    Kind(engineered, 7, needs="engineering"),
    Kind(engineered_too_long, 2, needs="engineering"),
    Kind(reopened, 6),
    Kind(answered_late, 2),
    Kind(resolved_late, 4),
    Kind(lowered, 3, critical=True),
    Kind(raised, 3, critical=False),
    Kind(escalated, 2),
    Kind(withdrawn, 2),
]
PRESENT = [
    Kind(untouched, 3, critical=False, situation=JUST_IN),
    Kind(in_work, 3, critical=False, situation=DUE_SOON),
    Kind(untouched, 1, critical=False, situation=DUE_SOON),
    Kind(in_work, 2, critical=False, situation=LATE),
    Kind(untouched, 1, critical=False, situation=LATE),
    Kind(waiting, 2, critical=False, situation=FRESH),
    Kind(with_engineering, 2, critical=False, situation=FRESH, needs="engineering"),
    Kind(untouched, 1, critical=True, situation=DUE_SOON),
]


def kinds(tickets: int, rng: random.Random) -> list[Kind]:
    """The kinds of so many tickets, in any order: of many tickets, each kind is among them."""
    if tickets < MANY:
        return rng.choices(PAST, [kind.weight for kind in PAST], k=tickets)
    now = [
        kind
        for kind in PRESENT
        for _ in range(min(MOST_OF_A_KIND, max(1, kind.weight * tickets // 80)))
    ]
    once = [replace(kind, situation=EARLY) for kind in PAST]
    more = rng.choices(PAST, [kind.weight for kind in PAST], k=tickets)
    drawn = [*now, *once, *more][:tickets]
    rng.shuffle(drawn)
    return drawn
