"""What the policy says about one ticket's promises, told plainly, to check the clocks against.

It knows rows of the policy and `sla.core.deadlines`, and nothing of `sla.clocks`, of the database
or of sweeps: a promise here is a list of facts, and everything else is computed when asked for.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime

from sla.core.deadlines import Target as Amount
from sla.core.deadlines import deadline, instant_at
from sla.core.hours import Hours
from sla.models import Condition, Metric, Policy, Priority, Target

RESOLVED = "resolved"


@dataclass(frozen=True)
class Stop:
    """A stretch in which the time does not count; without an end while it lasts."""

    reason: str
    begins: datetime
    ends: datetime | None = None


@dataclass(eq=False)
class Promise:
    """One target for one ticket."""

    priority: Priority
    metric: str
    amount: int
    goal_amount: int | None
    unit: str
    kept_by_lowering: bool
    hours: Hours
    start: datetime
    stops: list[Stop] = field(default_factory=list)
    earlier: Promise | None = None
    stopped_at: datetime | None = None
    superseded_at: datetime | None = None

    @property
    def runs(self) -> bool:
        return self.stopped_at is None and self.superseded_at is None

    @property
    def paused_at(self) -> datetime | None:
        begun = [stop.begins for stop in self.stops if stop.ends is None]
        return max(min(begun), self.start) if begun else None

    @property
    def over(self) -> list[tuple[datetime, datetime]]:
        return [(stop.begins, stop.ends) for stop in self.stops if stop.ends is not None]

    def due(self, pauses: list[tuple[datetime, datetime]] | None = None) -> datetime:
        """The earlier of this promise and the one before it, both with the same pauses."""
        pauses = self.over if pauses is None else pauses
        target = Amount(self.amount, self.unit)
        own = deadline(target=target, hours=self.hours, start=self.start, pauses=pauses)
        return min(own, self.earlier.due(pauses)) if self.earlier else own

    def goal(self) -> datetime | None:
        if self.goal_amount is None:
            return None
        target = Amount(self.goal_amount, self.unit)
        own = deadline(target=target, hours=self.hours, start=self.start, pauses=self.over)
        return min(own, self.due())

    def step(self, percent: int) -> datetime:
        return instant_at(
            target=Amount(self.amount, self.unit),
            hours=self.hours,
            start=self.start,
            pauses=self.over,
            percent=percent,
            due=self.due(),
        )

    def stands_still(self) -> bool:
        """A pause puts a deadline off only if it begins before it."""
        return self.paused_at is not None and self.paused_at < self.due()

    def missed(self, at: datetime) -> bool:
        ended_at = self.stopped_at or self.superseded_at
        if ended_at is None and self.stands_still():
            return False
        return (ended_at or at) > self.due()

    def pause(self, reason: str, at: datetime) -> None:
        if all(stop.reason != reason or stop.ends for stop in self.stops):
            self.stops.append(Stop(reason, at))

    def resume(self, reason: str | None, at: datetime) -> None:
        """End the pauses of this reason, or all of them."""
        self.stops = [
            replace(stop, ends=at) if stop.ends is None and reason in (None, stop.reason) else stop
            for stop in self.stops
        ]

    def end(self, at: datetime, *, kept: bool) -> None:
        self.resume(None, at)
        if kept:
            self.stopped_at = at
        else:
            self.superseded_at = at


class Promises:
    """All promises that were made to one ticket, and what is owed: a metric, and since when."""

    def __init__(
        self, policy: Policy, hours: Hours, priority: Priority, submitted_at: datetime
    ) -> None:
        self.all: list[Promise] = []
        self.priority = priority
        self.waits: set[str] = set()
        self.owed = {Metric.FIRST_RESPONSE: submitted_at, Metric.RESOLUTION: submitted_at}
        self._policy, self._hours, self._submitted_at = policy, hours, submitted_at
        self._rules = set(policy.pause_rules.values_list("metric", "condition"))
        self._targets = self._written()
        self._make(dict(self.owed))

    def running(self) -> list[Promise]:
        return [promise for promise in self.all if promise.runs]

    def next_due(self) -> datetime | None:
        times = [promise.due() for promise in self.running() if not promise.stands_still()]
        return min(times, default=None)

    def wait(self, condition: Condition, at: datetime) -> None:
        self.waits.add(condition)
        for promise in self.running():
            if (promise.metric, condition) in self._rules:
                promise.pause(condition, at)

    def go_on(self, condition: Condition, at: datetime) -> None:
        self.waits.discard(condition)
        for promise in self.running():
            promise.resume(condition, at)

    def respond(self, at: datetime) -> None:
        for metric in (Metric.FIRST_RESPONSE, Metric.NEXT_RESPONSE):
            self.owed.pop(metric, None)
            for promise in self.running():
                if promise.metric == metric:
                    promise.end(at, kept=True)

    def ask(self, at: datetime) -> None:
        """The customer wrote: the next answer is owed from the first message on."""
        if Metric.FIRST_RESPONSE in self.owed or Metric.NEXT_RESPONSE in self.owed:
            return
        self.owed[Metric.NEXT_RESPONSE] = at
        self._make({Metric.NEXT_RESPONSE: at})
        self._still(at)

    def resolve(self, at: datetime) -> None:
        self.respond(at)
        self.owed.clear()
        self.waits.discard(Condition.WAITING_FOR_CUSTOMER)
        for promise in self.running():
            promise.end(at, kept=True)

    def reopen(self, at: datetime) -> None:
        """The clock runs on; the time it stood resolved is a pause (reading 7)."""
        last = next(
            promise
            for promise in reversed(self.all)
            if promise.metric == Metric.RESOLUTION and promise.stopped_at
        )
        assert last.stopped_at is not None
        last.stops.append(Stop(RESOLVED, last.stopped_at, at))
        last.stopped_at = None
        self.owed[Metric.RESOLUTION] = self._submitted_at
        self._still(at)

    def change(self, priority: Priority, at: datetime) -> None:
        """Raise from now on and never later than promised; lower from submission (reading 8)."""
        raised, before = priority.rank < self.priority.rank, self.running()
        self.priority = priority
        missed = {promise for promise in before if promise.missed(at)}
        histories = {promise.metric: list(promise.stops) for promise in before}
        for promise in before:
            promise.end(at, kept=promise.kept_by_lowering and not raised)
        starts = dict.fromkeys(self.owed, at) if raised else dict(self.owed)
        for fresh in self._make(starts):
            fresh.stops = histories.get(fresh.metric, [])
            if raised:
                old = [promise for promise in before if promise.metric == fresh.metric]
                fresh.earlier = old[0] if old and old[0] not in missed else None
        self._still(at)

    def publish(self, hours: Hours, *, applied: bool) -> None:
        """The calendar was changed; `applied` to what runs, else only for new promises."""
        self._hours = hours
        for promise in self.running() if applied else []:
            promise.hours = hours

    def retarget(self, *, applied: bool) -> None:
        """The policy was changed; `applied` to what runs, else only for new promises."""
        self._targets = self._written()
        for promise in self.running() if applied else []:
            target = self._targets.get((promise.priority.pk, promise.metric))
            if target is not None:
                promise.amount, promise.unit = target.amount, target.unit
                promise.goal_amount = target.goal_amount

    def _still(self, at: datetime) -> None:
        for condition in set(self.waits):
            self.wait(Condition(condition), at)

    def _written(self) -> dict[tuple[int, str], Target]:
        return {(t.priority_id, t.metric): t for t in self._policy.targets.all()}

    def _make(self, starts: dict[Metric, datetime]) -> list[Promise]:
        made = []
        for metric, start in starts.items():
            target = self._targets.get((self.priority.pk, metric))
            if target is None:
                continue
            made.append(
                Promise(
                    priority=self.priority,
                    metric=metric,
                    amount=target.amount,
                    goal_amount=target.goal_amount,
                    unit=target.unit,
                    kept_by_lowering=target.kept_by_lowering,
                    hours=self._hours,
                    start=start,
                )
            )
        self.all += made
        return made
