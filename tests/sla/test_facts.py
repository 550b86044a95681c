"""Whatever people do to a ticket, and whenever sweeps run: each deadline follows from the facts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import transaction
from hypothesis import HealthCheck, given, note, settings
from hypothesis import strategies as st

from sla import clocks, reckoning
from sla.models import Clock, Condition, EscalationStep, Firing, Metric, Policy, Priority, hours_of
from sla.recalculation import request
from tests import factories
from tests.sla.facts import Promise, Promises
from tests.times import nov
from tickets import escalation, lifecycle, recalculation
from tickets.models import Delivery, Event, Ticket, User
from tickets.states import Status

CODES = ("P1", "P2", "P3", "P4")
FOR_EVER = nov(30, "00:00") + timedelta(days=3650)
TO_DEADLINE = "to the next deadline"
MINUTE = timedelta(minutes=1)
PROBES = [timedelta(0), MINUTE, timedelta(hours=5), timedelta(days=3), timedelta(days=60)]

gaps = st.one_of(
    st.integers(0, 90).map(lambda minutes: minutes * MINUTE),
    st.sampled_from([timedelta(hours=h) for h in (2, 7, 16, 24, 72)]),
    st.just(TO_DEADLINE),  # Where before and after are decided.
)
beginnings = st.tuples(
    st.sampled_from(CODES),
    st.integers(1, 8),
    st.sampled_from(["10:00", "09:00", "17:00", "08:00", "16:59", "23:30"]),
)
# Which waiting pauses what, beyond the published rule.
rules = st.sampled_from(
    [
        [],
        [(Metric.RESOLUTION, Condition.WITH_ENGINEERING)],
        [(Metric.FIRST_RESPONSE, Condition.WAITING_FOR_CUSTOMER)],
        [(Metric.NEXT_RESPONSE, Condition.WITH_ENGINEERING)],
    ]
)


class Story:
    """A ticket of the product and the plain account of its promises, told side by side."""

    def __init__(self, policy: Policy, code: str, at: datetime) -> None:
        self.at = at
        self.policy = policy
        self.agent: User = factories.agent()
        self.priorities = {row.code: row for row in Priority.objects.all()}
        self.ticket: Ticket = factories.ticket(code, at=at)
        version = policy.calendar.current_version_id
        assert version is not None
        self.promises = Promises(policy, hours_of(version), self.priorities[code], at)
        self.steps = list(EscalationStep.objects.filter(policy=policy, is_active=True))

    def possible(self) -> list[str]:
        """What may be done now; sweeps come more often than any of it."""
        ticket = Ticket.objects.get(pk=self.ticket.pk)
        if ticket.status == Status.RESOLVED:
            return ["sweep", "holiday", "reopen", "write"]
        waits = ["resume", "resume", "write"] if ticket.status == Status.PENDING else ["wait"]
        engineering = "back" if ticket.with_engineering else "engineering"
        others = [code for code in CODES if code != self.promises.priority.code]
        said = ["write", "answer", "answer", "resolve"]
        return ["sweep", "sweep", *waits, engineering, *said, *others, *self.edits]

    def go(self, gap: timedelta | str, act: str) -> None:
        """Let time pass, and do it."""
        due = self.promises.next_due()
        if isinstance(gap, timedelta):
            self.at += gap
        else:
            self.at = max(self.at, due or self.at)
        note(f"{self.at.isoformat()} {act}")
        if act == "sweep":
            self.sweep()
        elif act in CODES:
            self.change(act)
        else:
            self.verbs[act]()

    @property
    def verbs(self) -> dict[str, Callable[[], None]]:
        return {
            "answer": self.answer,
            "write": self.write,
            "wait": lambda: self.wait(lifecycle.wait_for_customer, Condition.WAITING_FOR_CUSTOMER),
            "resume": lambda: self.go_on(lifecycle.resume, Condition.WAITING_FOR_CUSTOMER),
            "engineering": lambda: self.wait(
                lifecycle.escalate_to_engineering, Condition.WITH_ENGINEERING
            ),
            "back": lambda: self.go_on(
                lifecycle.return_from_engineering, Condition.WITH_ENGINEERING
            ),
            "resolve": self.resolve,
            "reopen": self.reopen,
            **self.edits,
        }

    @property
    def edits(self) -> dict[str, Callable[[], None]]:
        """Changes of the calendar and the policy: for all that is open, or only for what is new."""
        return {
            "holiday": lambda: self.close_a_day(applied=True),
            "holiday for new ones": lambda: self.close_a_day(applied=False),
            "target": lambda: self.retarget(applied=True),
            "target for new ones": lambda: self.retarget(applied=False),
        }

    def close_a_day(self, *, applied: bool) -> None:
        """The third day from now is a holiday, unless it is one already."""
        calendar = self.policy.calendar
        day = (self.at + timedelta(days=3)).date()
        if not calendar.holidays.filter(date=day).exists():
            calendar.holidays.create(date=day, name="Unforeseen")
        version = calendar.publish(at=self.at)
        if applied:
            self.recalculate(calendar_version=version)
        self.promises.publish(hours_of(version.pk), applied=applied)

    def retarget(self, *, applied: bool) -> None:
        """The present priority's solution is due after one unit more."""
        target = self.policy.targets.get(priority=self.promises.priority, metric="resolution")
        target.amount += 1
        target.save()
        version = self.policy.publish(at=self.at)
        if applied:
            self.recalculate(policy_version=version)
        self.promises.retarget(applied=applied)

    def recalculate(self, **change: Any) -> None:
        asked = request(at=self.at, by=self.agent, **change)
        while recalculation.go_on(at=self.at):
            pass
        asked.refresh_from_db()
        assert (asked.done, asked.failed) == (asked.total, 0)

    def answer(self) -> None:
        lifecycle.reply(ticket=self.ticket, by=self.agent, text="We are on it.", at=self.at)
        self.promises.respond(self.at)

    def write(self) -> None:
        status = Ticket.objects.get(pk=self.ticket.pk).status
        lifecycle.reply(ticket=self.ticket, by=self.ticket.requester, text="And?", at=self.at)
        if status == Status.PENDING:
            self.promises.go_on(Condition.WAITING_FOR_CUSTOMER, self.at)
        elif status == Status.RESOLVED:
            self.promises.reopen(self.at)
        self.promises.ask(self.at)

    def wait(self, verb: Callable[..., Any], condition: Condition) -> None:
        verb(ticket=self.ticket, by=self.agent, at=self.at)
        self.promises.wait(condition, self.at)

    def go_on(self, verb: Callable[..., Any], condition: Condition) -> None:
        verb(ticket=self.ticket, by=self.agent, at=self.at)
        self.promises.go_on(condition, self.at)

    def resolve(self) -> None:
        lifecycle.resolve(ticket=self.ticket, by=self.agent, at=self.at)
        self.promises.resolve(self.at)

    def reopen(self) -> None:
        lifecycle.reopen(ticket=self.ticket, by=self.agent, at=self.at)
        self.promises.reopen(self.at)

    def change(self, code: str) -> None:
        before = {clock.metric: clock for clock in self.clocks() if clock.is_running}
        priority = self.priorities[code]
        raised = priority.rank < self.promises.priority.rank
        lifecycle.change_priority(ticket=self.ticket, priority=priority, by=self.agent, at=self.at)
        self.promises.change(priority, self.at)
        after = {clock.metric: clock for clock in self.clocks() if clock.is_running}
        for metric, clock in before.items():
            missed = clock.is_breached(self.at)
            if raised and not missed and metric in after:
                assert after[metric].due_at <= clock.due_at
            clock.refresh_from_db()
            assert clock.is_breached(self.at + timedelta(days=60)) is missed
            reduced = clock.kept_by_lowering and not raised
            assert (clock.stopped_at == self.at) is reduced
            assert (clock.superseded_at == self.at) is not reduced

    def sweep(self) -> None:
        """Fire what is due, and nothing else; a second sweep finds nothing."""
        before = self.fired()
        expected = {
            (clock.pk, step.pk)
            for clock, promise in self.pairs()
            for step in self.waiting(clock, promise, before)
            if promise.step(step.percent) <= self.at
        }
        assert escalation.fire_due_steps(at=self.at) == len(expected)
        assert self.fired() - before == Counter(expected)
        assert escalation.fire_due_steps(at=self.at) == 0

    def clocks(self) -> list[Clock]:
        found = Clock.objects.filter(ticket=self.ticket).select_related("priority")
        return list(found.order_by("pk"))

    def pairs(self) -> list[tuple[Clock, Promise]]:
        def key(of: Any) -> tuple[str, str, datetime]:
            return (
                of.metric,
                of.priority.code,
                (of.stopped_at or of.superseded_at or nov(30, "0000")),
            )

        rows, told = sorted(self.clocks(), key=key), sorted(self.promises.all, key=key)
        return list(zip(rows, told, strict=True))

    def fired(self) -> Counter[tuple[int, int]]:
        return Counter(Firing.objects.values_list("clock_id", "step_id"))

    def waiting(
        self, clock: Clock, promise: Promise, fired: Counter[tuple[int, int]]
    ) -> list[EscalationStep]:
        """The steps that may fire yet."""
        if not promise.runs or promise.paused_at is not None:
            return []
        return [
            step
            for step in self.steps
            if (clock.pk, step.pk) not in fired
            and step.priority_id in (None, promise.priority.pk)
            and step.metric in ("", promise.metric)
        ]

    def check(self) -> None:
        """The rows say what the plain account says."""
        fired, pairs = self.fired(), self.pairs()
        for clock, promise in pairs:
            assert facts(clock) == (
                *(promise.priority.code, promise.metric, promise.start, promise.due()),
                *(promise.goal(), promise.paused_at, promise.stopped_at, promise.superseded_at),
            )
            times = [promise.step(s.percent) for s in self.waiting(clock, promise, fired)]
            assert clock.next_step_at == min(times, default=None)
            assert reckoning.due_of(clock, reckoning.finished(clock.pauses.all())) == clock.due_at
        for probe in PROBES:
            at = self.at + probe
            broken = set(Clock.objects.breached(at).values_list("pk", flat=True))
            for clock, promise in pairs:
                assert clock.is_breached(at) is (clock.pk in broken) is promise.missed(at)
        ticket = Ticket.objects.get(pk=self.ticket.pk)
        assert ticket.next_due_at == clocks.next_due(ticket.pk) == self.promises.next_due()
        assert max(fired.values(), default=0) <= 1
        assert Event.objects.filter(kind=Event.Kind.ESCALATED).count() == len(fired)
        mails = Delivery.objects.filter(occasion="escalation").values_list("key", flat=True)
        assert len({key.split(":")[1] for key in mails}) == len(fired)


def facts(clock: Clock) -> tuple[Any, ...]:
    return (
        *(clock.priority.code, clock.metric, clock.started_at, clock.due_at),
        *(clock.goal_at, clock.paused_at, clock.stopped_at, clock.superseded_at),
    )


@pytest.fixture
def odd_november(policy: Policy) -> Policy:
    """A holiday and a half-day in the middle, and steps at other percentages too."""
    calendar = policy.calendar
    calendar.holidays.create(date=nov(9, "12:00").date(), name="Founders' day")
    half = {"opens": "09:00", "closes": "13:00"}
    calendar.holidays.create(date=nov(5, "12:00").date(), name="Festival", **half)
    calendar.publish(at=nov(1, "00:00"))
    for code in ("P1", "P2", "P3"):
        policy.targets.create(
            priority=factories.priority(code),
            metric=Metric.NEXT_RESPONSE,
            amount=5,
            unit="business_hours",
        )
    for percent in (20, 150):
        EscalationStep.objects.create(policy=policy, percent=percent, roles=["escalation_address"])
    return policy


@settings(
    max_examples=25,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(beginning=beginnings, also=rules, length=st.integers(4, 14), data=st.data())
def test_every_deadline_follows_from_the_facts(
    odd_november: Policy,
    beginning: tuple[str, int, str],
    also: list[tuple[str, str]],
    length: int,
    data: st.DataObject,
) -> None:
    code, day, clock = beginning
    with transaction.atomic():
        # Not the fixture's own row, which would remember what was rolled back.
        policy = Policy.objects.default()
        for metric, condition in also:
            policy.pause_rules.create(metric=metric, condition=condition)
        policy.publish(at=nov(1, "00:00"))
        story = Story(policy, code, nov(day, clock))
        for _ in range(length):
            story.go(data.draw(gaps), data.draw(st.sampled_from(story.possible())))
            story.check()
        transaction.set_rollback(True)
