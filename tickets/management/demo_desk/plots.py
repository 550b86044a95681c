"""The acts that happen to one ticket: verbs of the lifecycle, each later than the one before."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial
from random import Random
from typing import Any

from sla.models import Metric, Priority
from tickets import escalation, lifecycle, participation
from tickets.management.demo_desk.setting import Case, Setting, Step
from tickets.models import Ticket, User

MINUTE = timedelta(minutes=1)
# How many rate what was solved for them, and what they give.
RATING, STARS = 0.4, (5, 5, 5, 4, 4, 3, 2)


class Plot:
    """Plans one ticket. `at` is how far the story has come; agents keep business hours, but work
    on the most urgent priority at once.
    """

    def __init__(self, setting: Setting, case: Case) -> None:
        self.setting, self.case = setting, case
        self.steps: list[Step] = []
        self.at = case.submitted
        self.priority = case.priority
        self._pauses: list[tuple[datetime, datetime]] = []
        self._open()

    def due(self, metric: str) -> datetime:
        """The ticket's deadline as far as the story knows it."""
        return self.setting.due(
            self.priority, metric, start=self.case.submitted, pauses=self._pauses
        )

    # --- What agents do ------------------------------------------------------------------------

    def taken(self) -> None:
        """An agent takes the ticket, or the team's lead hands it over."""
        self._by(self.due(Metric.FIRST_RESPONSE), 0.02, 0.25)
        lead = self.setting.people.support[0]
        by = lead if self.setting.rng.random() < 0.15 else self.case.agent
        self._do(lifecycle.assign, by=by, assignee=self.case.agent)

    def answered(self, text: str = "", *, late: bool = False) -> None:
        """The first response, in time or late."""
        text = text or self._said("received")
        if late:
            self._miss(Metric.FIRST_RESPONSE)
            text = f"{self._said('apology')} {text}"
        else:
            self._by(self.due(Metric.FIRST_RESPONSE), 0.05, 0.6)
        self._write(text)

    def noted(self) -> None:
        """An internal note on the cause, by those agents who take the time."""
        if self.setting.rng.random() < 0.8:
            return
        self._later(5, 40)
        self._do(lifecycle.add_note, by=self.case.agent, text=self.case.talk.note)

    def waits(self) -> None:
        """From now on it is the customer's turn."""
        self._later(1, 3)
        reason = self._said("waiting")
        self._do(lifecycle.wait_for_customer, by=self.case.agent, reason=reason)

    def customer_answers(self) -> None:
        """What was waited for."""
        waits_since = self.at
        self._later(25, 700)
        self._pauses.append((waits_since, self.at))
        self._hear(self.case.talk.answer)

    def goes_to_engineering(self) -> None:
        """Support needs the developers."""
        self._later(10, 60)
        reason = self.case.talk.engineering
        self._do(lifecycle.escalate_to_engineering, by=self.case.agent, reason=reason)
        self._later(20, 120)
        text = self._said("investigated")
        self._do(lifecycle.add_note, by=self.case.engineer, text=text)

    def comes_back(self, *, late: bool = False) -> None:
        """Engineering is done, in time to resolve the ticket or not."""
        if late:
            self._miss(Metric.RESOLUTION)
        else:
            self._by(self.due(Metric.RESOLUTION), 0.3, 0.6)
        reason = self._said("returned")
        self._do(lifecycle.return_from_engineering, by=self.case.engineer, reason=reason)

    def lowered(self) -> None:
        """A workaround lets people work again: the priority goes down by one."""
        below = self.setting.neighbour(self.priority, above=False)
        if below is None:
            return
        self._by(self.due(Metric.RESOLUTION), 0.1, 0.6)
        self._write(self.case.talk.workaround or self._said("workaround"))
        self._later(1, 5)
        self._change_priority(below, "A workaround is in place.")

    def raised(self) -> None:
        """The customer asks for more urgency, and gets it."""
        above = self.setting.neighbour(self.priority, above=True)
        self._later(30, 150)
        self._hear(self._said("urgent"))
        if above is not None:
            self._later(5, 40)
            self._change_priority(above, self._said("raised"))

    def escalated(self) -> None:
        """The customer calls for the people in charge, and an agent looks after it."""
        self._later(30, 200)
        self._do(escalation.escalate, by=self.case.requester, reason=self._said("escalated"))
        self._later(5, 60)
        self._do(_acknowledge, by=self.case.agent)

    def resolved(self, *, late: bool = False, at_once: bool = False) -> None:
        """The end that the customer wanted, in time or late; at once it is the first response."""
        if late:
            self._miss(Metric.RESOLUTION)
        elif at_once:
            self._by(self.due(Metric.FIRST_RESPONSE), 0.05, 0.6)
        else:
            self._by(self.due(Metric.RESOLUTION), 0.05, 0.5)
        self._do(
            lifecycle.resolve, by=self.case.agent, text=self._letter(self.case.talk.resolution)
        )

    def reopened(self) -> None:
        """The customer disagrees; the agent looks again and resolves for good."""
        self._later(90, 900)
        self._hear(self._said("again"))
        self._later(20, 200)
        text = self._letter(self._said("resolved_again"))
        self._do(lifecycle.resolve, by=self.case.agent, text=text)

    def rated(self) -> None:
        """Some customers say what they think of the help; none of it changes what comes after."""
        mood = Random(self.case.number)  # noqa: S311 - the same desk for the same seed
        if mood.random() < RATING:
            self.at = self.setting.hours.add(self.at, mood.uniform(5, 240) * MINUTE)
            stars, by = mood.choice(STARS), self.case.requester
            self._do(participation.rate, by=by, stars=stars, comment="")

    def closed(self) -> None:
        """By the customer who is content, or by the desk after some days; or not yet."""
        self.rated()
        chance = self.setting.rng.random()
        if chance < 0.12:
            self._later(30, 600)
            self._do(lifecycle.close, by=self.case.requester)
        elif chance < 0.24:
            self._later(5 * 8 * 60, 6 * 8 * 60)
            self._do(lifecycle.close, by=self.case.agent, reason=self._said("unanswered"))

    def withdrawn(self) -> None:
        """The customer does not need help any more."""
        self._later(60, 500)
        self._hear(self._said("withdrawn"))
        self._do(lifecycle.close, by=self.case.requester)

    # --- Time ----------------------------------------------------------------------------------

    def _by(self, limit: datetime, low: float, high: float) -> None:
        """Go on by a part of the working time that is left until the limit."""
        part = self.setting.rng.uniform(low, high)
        if limit <= self.at:
            return self._later(15, 90)
        working = self.setting.hours.between(self.at, limit)
        if self._is_urgent or not working:
            self.at += _seconds((limit - self.at) * part)
        else:
            self.at = self.setting.hours.add(self.at, _seconds(working * part))
        return None

    def _miss(self, metric: str) -> None:
        """Go on behind the deadline."""
        self.at = max(self.at, self.due(metric))
        self._later(20, 300)

    def _later(self, low: int, high: int) -> None:
        """Go on by so many minutes of working time."""
        span = _seconds(self.setting.rng.uniform(low, high) * MINUTE)
        self.at = self.at + span if self._is_urgent else self.setting.hours.add(self.at, span)

    @property
    def _is_urgent(self) -> bool:
        return self.setting.is_most_urgent(self.priority)

    # --- Words and acts ------------------------------------------------------------------------

    def _open(self) -> None:
        case, subject = self.case, self.case.talk.subject
        if self._is_urgent and case.channel == Ticket.Channel.EMAIL:
            subject = f"{self.priority.code}: {subject}"
        act = partial(
            lifecycle.open_ticket,
            requester=case.requester,
            subject=subject,
            text=f"Hello,\n\n{case.talk.problem}\n\nBest regards\n{case.requester.name}",
            request_type=case.request_type,
            share_of_users=case.share,
            channel=case.channel,
        )
        self.steps.append(Step(self.at, case.number, 0, act, may_hasten=True))

    def _do(self, verb: Callable[..., Ticket], *, by: User, **words: Any) -> None:
        act = partial(verb, by=by, **words)
        # A customer's message ends a pause, or reopens the ticket.
        may_hasten = verb is lifecycle.change_priority or not by.is_staff
        turn = len(self.steps)
        self.steps.append(Step(self.at, self.case.number, turn, act, may_hasten))

    def _write(self, text: str) -> None:
        self._do(lifecycle.reply, by=self.case.agent, text=self._letter(text))

    def _hear(self, text: str) -> None:
        self._do(lifecycle.reply, by=self.case.requester, text=text)

    def _change_priority(self, priority: Priority, reason: str) -> None:
        self._do(lifecycle.change_priority, by=self.case.agent, priority=priority, reason=reason)
        self.priority = priority

    def _letter(self, text: str) -> str:
        reader, writer = self.case.requester, self.case.agent
        return f"Hello {reader.get_short_name()},\n\n{text}\n\nBest regards\n{writer.name}"

    def _said(self, occasion: str) -> str:
        return self.setting.words.said(occasion)


def _acknowledge(*, ticket: Ticket, by: User, at: datetime) -> Ticket:
    newest = ticket.escalations.open().filter(firing=None).latest("at")
    return escalation.acknowledge(escalation=newest, by=by, at=at).ticket


def _seconds(span: timedelta) -> timedelta:
    """Whole seconds, at least one: nobody acts at fractions of a second."""
    return timedelta(seconds=max(1, round(span.total_seconds())))
