"""What a rule would have done to the last tickets, by their history; writes nothing."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sla.core.hours import Hours, NeverOpen
from sla.models import Policy, hours_of
from tickets import actions, cues
from tickets.arguments import Rows
from tickets.models import Event, Message, Rule, Ticket, User
from tickets.rules import conditions
from tickets.rules.conditions import Condition, Names, first_failing
from tickets.rules.facts import Facts, is_after_hours
from tickets.states import UNSOLVED, Status

MOST_TICKETS = 200

type Texts = Mapping[int, Sequence[Message]]


@dataclass(frozen=True)
class Occasion:
    """Something that the rule waits for happened; `failing` is the condition that did not hold."""

    at: datetime
    failing: Condition | None


@dataclass(frozen=True)
class Verdict:
    """What would have become of one ticket."""

    ticket: Ticket
    occasions: Sequence[Occasion]
    why_not: str
    """Of the last occasion, or that there was none; "" where the rule would have acted."""
    is_recorded: bool
    """Whether the history keeps how the ticket was then; else it is taken as it is today."""

    @property
    def times(self) -> list[datetime]:
        """When the rule would have acted."""
        return [occasion.at for occasion in self.occasions if occasion.failing is None]


@dataclass(frozen=True)
class Rehearsal:
    """The answer for a rule, the newest ticket first; `steps` is what it would do to each."""

    rule: Rule
    steps: Sequence[str]
    conditions: Sequence[str]
    verdicts: Sequence[Verdict]

    @property
    def touched(self) -> int:
        return sum(bool(verdict.times) for verdict in self.verdicts)

    @property
    def touching(self) -> Sequence[Verdict]:
        """Those tickets that it would have touched."""
        return [verdict for verdict in self.verdicts if verdict.times]

    @property
    def left_alone(self) -> Sequence[Verdict]:
        """The others."""
        return [verdict for verdict in self.verdicts if not verdict.times]

    @property
    def reasons(self) -> Sequence[tuple[str, int]]:
        """Why it would have left tickets alone, and how many; the most frequent reason first."""
        return Counter(verdict.why_not for verdict in self.left_alone).most_common()

    @property
    def runs(self) -> int:
        return sum(len(verdict.times) for verdict in self.verdicts)

    @property
    def unrecorded(self) -> int:
        return sum(not verdict.is_recorded for verdict in self.verdicts)


@dataclass(frozen=True)
class Moment:
    """An event with the ticket as it was after it, and before."""

    event: Event
    state: dict[str, Any]
    before: str | None


@dataclass
class _Story:
    """What is known of one ticket."""

    ticket: Ticket
    messages: Sequence[Message]
    moments: list[Moment] = field(default_factory=list)
    is_recorded: bool = True

    def read(self, events: Sequence[Event]) -> None:
        """Go through its events; what they do not keep is taken from before, or from today."""
        state: dict[str, Any] | None = None
        for event in events:
            before = state["status"] if state else None
            if event.state is not None:
                state = event.state
            elif state is None:
                self.is_recorded = False
            self.moments.append(Moment(event, state or self.ticket.state, before))

    def facts(self, moment: Moment, at: datetime) -> Facts:
        return Facts(
            self.ticket,
            moment.state,
            text=lambda: self._text(moment.event, at),
            is_after_hours=lambda: is_after_hours(self.ticket, at),
        )

    def _text(self, event: Event, at: datetime) -> str:
        for message in self.messages:
            if (message.sent_at, message.author_id) == (event.at, event.by_id):
                return message.text
        said = [m for m in self.messages if m.is_public and not m.by_staff and m.sent_at <= at]
        return said[-1].text if said else ""


def rehearse(rule: Rule, *, user: User, at: datetime) -> Rehearsal:
    """Try the rule, saved or not, on the last tickets that this person may see.

    A fixed number of queries. What the rule itself would have changed is not played on.
    """
    names, rows = Names(rule.conditions), Rows(rule.steps)
    needs_words = any(
        conditions.KINDS[condition["if"]].text is not None
        for condition in rule.conditions
        if condition["if"] in conditions.KINDS
    )
    verdicts = [
        _verdict(rule, story, names, at) for story in _stories(user, with_messages=needs_words)
    ]
    return Rehearsal(
        rule,
        [actions.describe(step, rows) for step in rule.steps],
        [conditions.describe(condition, names) for condition in rule.conditions],
        verdicts,
    )


def _stories(user: User, *, with_messages: bool) -> Iterator[_Story]:
    visible = Ticket.objects.visible_to(user).select_related(
        "requester", "organization", "priority", "team", "assignee"
    )
    tickets = list(visible.prefetch_related("tags").order_by("-pk")[:MOST_TICKETS])
    numbers = [ticket.pk for ticket in tickets]
    _know_policies(tickets)
    messages: defaultdict[int, list[Message]] = defaultdict(list)
    if with_messages:
        for message in (
            Message.objects.filter(ticket__in=numbers)
            .order_by("sent_at", "pk")
            .only("ticket_id", "sent_at", "author_id", "is_public", "by_staff", "text")
        ):
            messages[message.ticket_id].append(message)
    events: defaultdict[int, list[Event]] = defaultdict(list)
    found = Event.objects.filter(ticket__in=numbers).select_related("by").order_by("at", "pk")
    for event in found.defer("detail"):
        events[event.ticket_id].append(event)
    for ticket in tickets:
        story = _Story(ticket, messages[ticket.pk])
        story.read(events[ticket.pk])
        yield story


def _know_policies(tickets: Sequence[Ticket]) -> None:
    """Give each ticket its policy, asked for together."""
    default = Policy.objects.default()
    found = {ticket.organization.policy_id for ticket in tickets if ticket.organization}
    own = [number for number in found if number is not None]
    policies = {policy.pk: policy for policy in Policy.objects.in_force().filter(pk__in=own)}
    for ticket in tickets:
        number = ticket.organization.policy_id if ticket.organization else None
        ticket.policy = policies[number] if number else default


def _verdict(rule: Rule, story: _Story, names: Names, at: datetime) -> Verdict:
    if rule.when == Rule.When.IDLE:
        happened = list(_idle_times(rule, story, at))
    else:
        happened = [
            (moment, moment.event.at)
            for moment in story.moments
            if rule.when in cues.whens_of(moment.event.kind, moment.before, moment.state["status"])
        ]
    occasions = [
        Occasion(when, first_failing(rule.conditions, story.facts(moment, when)))
        for moment, when in happened
    ]
    return Verdict(story.ticket, occasions, _why_not(occasions, names), story.is_recorded)


def _why_not(occasions: Sequence[Occasion], names: Names) -> str:
    if not occasions:
        return "It did not happen to this ticket."
    if any(occasion.failing is None for occasion in occasions):
        return ""
    failing = occasions[-1].failing
    return f"Not so: {conditions.describe(failing, names)}." if failing else ""


def _idle_times(rule: Rule, story: _Story, at: datetime) -> Iterator[tuple[Moment, datetime]]:
    """When nobody had done anything for the hours of the rule, with how the ticket was then."""
    hours = _hours(story.ticket)
    if hours is None or rule.idle_hours is None:
        return
    acts = [index for index, moment in enumerate(story.moments) if _restarts(moment)]
    for index, following in zip(acts, [*acts[1:], None], strict=True):
        try:
            due = hours.add(story.moments[index].event.at, timedelta(hours=rule.idle_hours))
        except (NeverOpen, OverflowError):
            return
        end = at if following is None else story.moments[following].event.at
        if due > end or (due == end and following is not None):
            continue
        until = [moment for moment in story.moments[index:following] if moment.event.at <= due]
        status = until[-1].state["status"]
        if status in UNSOLVED and (status != Status.PENDING or rule.idle_while_waiting):
            yield until[-1], due


def _restarts(moment: Moment) -> bool:
    """As `tickets.acts.done` sets `Ticket.acted_at`."""
    stopped_waiting = moment.before == Status.PENDING != moment.state["status"]
    return stopped_waiting or cues.is_act_of_a_person(moment.event.kind, moment.event.by)


def _hours(ticket: Ticket) -> Hours | None:
    version = ticket.policy.calendar.current_version_id
    return hours_of(version) if version is not None else None
