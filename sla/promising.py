"""What a policy promises: the clocks of a ticket as they would begin; nothing is written."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sla import reckoning
from sla.models import Clock, Metric, Pause, Policy, PolicyVersion, Priority, Target

type Owed = Mapping[str, datetime]
"""What a ticket still owes its customer: a metric, and since when (the instant it is measured
from when the priority is lowered)."""


@dataclass(frozen=True)
class Promise:
    """What would be promised to a ticket that is submitted now; nothing is stored."""

    target: Target
    due_at: datetime
    goal_at: datetime | None


@dataclass(frozen=True)
class Replacement:
    """What a change of priority does to one metric: the clock that ends, the one that begins."""

    metric: str
    before: Clock | None
    after: Clock | None


def promises(*, policy: Policy, priority: Priority, at: datetime) -> list[Promise]:
    """The promises of this policy for a ticket of this priority submitted at `at`."""
    found = []
    for target in _promised(policy, priority, Metric.values):
        clock = _fresh(target, policy=policy, started_at=at)
        due = reckoning.due_of(clock, [])
        found.append(Promise(target, due, reckoning.goal_of(clock, [], due=due)))
    return found


def replacements(
    running: Sequence[Clock],
    *,
    policy: Policy,
    before: Priority,
    after: Priority,
    owed: Owed,
    at: datetime,
) -> list[Replacement]:
    """What `change_priority` would do at `at` to these running clocks; nothing is written.

    The clocks come with their pauses, prefetched; those of the answer have `due_at` and `goal_at`.
    """
    old = {clock.metric: clock for clock in running}
    begun = replacing(running, policy=policy, before=before, after=after, owed=owed, at=at)
    for clock in begun:
        inherited = old[clock.metric].pauses.all() if clock.metric in old else []
        reckoning.refreshed(clock, list(inherited), steps=[], fired=[])
    new = {clock.metric: clock for clock in begun}
    metrics = [metric for metric in Metric.values if metric in old or metric in new]
    return [Replacement(metric, old.get(metric), new.get(metric)) for metric in metrics]


def replacing(
    running: Sequence[Clock],
    *,
    policy: Policy,
    before: Priority,
    after: Priority,
    owed: Owed,
    at: datetime,
) -> list[Clock]:
    """The clocks of the new priority, of no ticket yet; those that may not be put off know it."""
    if not after.is_above(before):
        return fresh(policy=policy, priority=after, since=owed)
    begun = fresh(policy=policy, priority=after, since=dict.fromkeys(owed, at))
    unmissed = {clock.metric: clock for clock in running if not clock.is_breached(at)}
    for clock in begun:
        clock.earlier_promise = unmissed.get(clock.metric)
    return begun


def fresh(
    *, policy: Policy, priority: Priority, since: Mapping[str, datetime], ticket_id: int = 0
) -> list[Clock]:
    """A clock for each of these metrics that the policy promises something about.

    `since` says from when each is measured. None is saved; 0 is no ticket.
    """
    return [
        _fresh(target, policy=policy, started_at=since[target.metric], ticket_id=ticket_id)
        for target in _promised(policy, priority, list(since))
    ]


def as_promised(
    old: Clock, pauses: Sequence[Pause], *, ticket_id: int, priority: Priority
) -> Clock:
    """A clock of another ticket with the same deadline, not saved yet."""
    deciding = reckoning.deciding(old, reckoning.finished(pauses))
    return Clock(
        ticket_id=ticket_id,
        policy=deciding.policy,
        policy_version=deciding.policy_version,
        priority=priority,
        metric=old.metric,
        target_amount=deciding.target_amount,
        target_unit=deciding.target_unit,
        goal_amount=deciding.goal_amount,
        kept_by_lowering=deciding.kept_by_lowering,
        calendar_version_id=deciding.calendar_version_id,
        started_at=deciding.started_at,
    )


def _fresh(target: Target, *, policy: Policy, started_at: datetime, ticket_id: int = 0) -> Clock:
    """A clock with a copy of the target and the versions that it runs under, not saved yet."""
    version = _version_of(policy)
    calendar_version_id = version.calendar.current_version_id
    if calendar_version_id is None:
        raise ValueError(f"The calendar “{version.calendar}” has never been published.")
    return Clock(
        ticket_id=ticket_id,
        policy=policy,
        policy_version=version,
        priority_id=target.priority_id,
        metric=target.metric,
        target_amount=target.amount,
        target_unit=target.unit,
        goal_amount=target.goal_amount,
        kept_by_lowering=target.kept_by_lowering,
        calendar_version_id=calendar_version_id,
        started_at=started_at,
    )


def _promised(policy: Policy, priority: Priority, metrics: Sequence[str]) -> list[Target]:
    return _version_of(policy).promised(priority_id=priority.pk, metrics=metrics)


def _version_of(policy: Policy) -> PolicyVersion:
    if policy.current_version is None:
        raise ValueError(f"The policy “{policy}” has never been published.")
    return policy.current_version
