"""What the demo's tickets share, and what is known of one before anything happens to it."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sla.core import deadlines
from sla.core.hours import Hours
from sla.models import Policy, Priority, Target, hours_of
from tickets.management.demo_desk.conversations import Conversation, Words
from tickets.management.demo_desk.people import People
from tickets.models import RequestType, Ticket, User

type Act = Callable[..., Ticket]

# How long things take where the policy promises nothing.
UNPROMISED = timedelta(days=3)


@dataclass(frozen=True, order=True)
class Step:
    """One act upon one ticket of the plan; `turn` keeps simultaneous acts in order."""

    at: datetime
    ticket: int
    turn: int
    act: Act = field(compare=False)
    may_hasten: bool = field(default=False, compare=False)
    """Whether it can bring an escalation nearer; most acts only put it off."""


@dataclass(frozen=True)
class Setting:
    """Chance, people, words, business time and the promises of the default policy."""

    rng: random.Random
    people: People
    words: Words
    hours: Hours
    priorities: Sequence[Priority]
    targets: Mapping[tuple[int, str], deadlines.Target]

    @classmethod
    def of_desk(cls, people: People, *, seed: int) -> Setting:
        """As the desk's rows have it now. Raises Policy.DoesNotExist before load_policy."""
        rng = random.Random(seed)  # noqa: S311 - the same desk for the same seed
        policy = Policy.objects.default()
        version = policy.calendar.current_version
        if version is None:
            raise Policy.DoesNotExist("The calendar has not been published: save it in the admin.")
        targets = Target.objects.filter(policy=policy)
        return cls(
            rng=rng,
            people=people,
            words=Words(rng),
            hours=hours_of(version.pk),
            priorities=list(Priority.objects.all()),
            targets={(row.priority_id, row.metric): row.as_value() for row in targets},
        )

    def neighbour(self, priority: Priority, *, above: bool) -> Priority | None:
        """The next more (or less) urgent priority, if there is one."""
        others = [
            other
            for other in self.priorities
            if other != priority and other.is_above(priority) == above
        ]
        return (others[-1] if above else others[0]) if others else None

    def due(
        self,
        priority: Priority,
        metric: str,
        *,
        start: datetime,
        pauses: Sequence[tuple[datetime, datetime]] = (),
    ) -> datetime:
        """When this would be due; only a measure for the plan, the clocks know for themselves."""
        target = self.targets.get((priority.pk, metric))
        if target is None:
            return start + UNPROMISED
        return deadlines.deadline(target=target, hours=self.hours, start=start, pauses=pauses)

    def is_most_urgent(self, priority: Priority) -> bool:
        """Whether agents work on it day and night."""
        return priority == self.priorities[0]


@dataclass(frozen=True)
class Case:
    """One request: who writes what and when, and who will answer."""

    number: int
    submitted: datetime
    requester: User
    agent: User
    engineer: User
    request_type: RequestType
    share: int | None
    priority: Priority
    channel: str
    talk: Conversation
