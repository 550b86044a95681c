"""The forty tickets told by the product's own verbs, in the order in which it all happened."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Any

from sla.breaches import explain_breaches
from sla.models import (
    BreachReason,
    Calendar,
    Clock,
    Condition,
    Metric,
    Policy,
    PolicyVersion,
    Role,
    Target,
)
from sla.models.policies import Unit
from tests import factories
from tests.sla.forty.facts import (
    AGENTS,
    CASES,
    NONE,
    NOW,
    OF_BERLIN,
    REASONS,
    SPOCS,
    Act,
    Case,
)
from tests.sla.forty.local import BERLIN
from tickets import (
    escalation,
    lifecycle,
    merging,
    participation,
    spam,
    tagging,
)
from tickets.models import Organization, RequestType, Team, Ticket, User

# Somebody from whom no ticket is hidden.
ALL_SEEING = User(is_staff=True, is_superuser=True)
BEGINNING = datetime(2026, 9, 1, tzinfo=UTC)


@dataclass
class World:
    """Who there is, and the tickets by their numbers in the table."""

    default: Policy
    berlin: Policy
    manager: User
    agents: dict[str, User] = field(default_factory=dict)
    teams: dict[str, Team] = field(default_factory=dict)
    organizations: dict[str, Organization] = field(default_factory=dict)
    customers: dict[str, User] = field(default_factory=dict)
    tickets: dict[str, Ticket] = field(default_factory=dict)

    def number_of(self, ticket_id: int) -> str:
        """What the table calls a ticket."""
        return next(number for number, one in self.tickets.items() if one.pk == ticket_id)

    def open(self, case: Case) -> None:
        kinds = RequestType.objects.filter(name=case.kind)
        self.tickets[case.number] = lifecycle.open_ticket(
            requester=self.customers[case.organization],
            subject=case.number,
            text="Please look at it.",
            priority=factories.priority(case.priority),
            request_type=kinds.first(),
            share_of_users=case.share,
            channel=case.channel,
            at=case.at,
        )

    def do(self, act: Act) -> None:
        """The verb, done by its requester, by whoever has the ticket, or else by Asha."""
        ticket = Ticket.objects.get(pk=self.tickets[act.ticket].pk)
        by = ticket.assignee or self.agents["Asha"]
        if act.verb in OF_REQUESTERS:
            by = ticket.requester
        more = MORE[act.verb](self, *act.words) if act.verb in MORE else {}
        VERBS[act.verb](ticket=ticket, by=by, at=act.at, **more)

    def to(self, agent: str, team: str = "") -> dict[str, Any]:
        """Whom a ticket is handed to; without a team it stays with the one that it has."""
        return {"assignee": self.agents[agent], "team": self.teams[team] if team else None}


# What the words of the table mean.
VERBS: dict[str, Callable[..., Ticket]] = {
    "to": lifecycle.assign,
    "reply": lifecycle.reply,
    "write": lifecycle.reply,
    "wait": lifecycle.wait_for_customer,
    "resume": lifecycle.resume,
    "make": lifecycle.change_priority,
    "engineering": lifecycle.escalate_to_engineering,
    "back": lifecycle.return_from_engineering,
    "resolve": lifecycle.resolve,
    "reopen": lifecycle.reopen,
    "close": lifecycle.close,
    "withdraw": lifecycle.close,
    "merge": merging.merge,
    "spam": spam.mark_spam,
    "tag": tagging.add_tag,
    "rate": participation.rate,
    "escalate": escalation.escalate,
}
OF_REQUESTERS = {"write", "withdraw", "rate", "escalate"}
MORE: dict[str, Callable[..., dict[str, Any]]] = {
    "to": World.to,
    "reply": lambda world: {"text": "We look at it."},
    "write": lambda world: {"text": "How far is it?"},
    "make": lambda world, code: {"priority": factories.priority(code)},
    "merge": lambda world, number: {"into": world.tickets[number]},
    "tag": lambda world, name: {"tag": name},
    "rate": lambda world, stars: {"stars": int(stars), "comment": ""},
    "escalate": lambda world: {"reason": "It is urgent."},
}


def settle(default: Policy) -> World:
    """The policies, the calendars and the people, before the first ticket."""
    default.calendar.holidays.create(date=date(2026, 10, 20), name="Dussehra")
    default.calendar.publish(at=BEGINNING)
    # It was loaded when these tests began, and is to have held all that autumn.
    PolicyVersion.objects.filter(policy=default).update(published_at=BEGINNING)
    world = World(
        default=default, berlin=_policy_of_berlin(default), manager=factories.agent(group="Manager")
    )
    for name, team in AGENTS.items():
        world.teams[team], _ = Team.objects.get_or_create(name=team)
        world.agents[name] = factories.agent(name=name)
        world.teams[team].members.add(world.agents[name])
    for name, spoc in SPOCS.items():
        world.organizations[name] = factories.organization(
            name,
            spoc=world.agents.get(spoc),
            policy=world.berlin if name in OF_BERLIN else None,
        )
    for name in (*SPOCS, NONE):
        world.customers[name] = factories.customer(organization=world.organizations.get(name))
    return world


def tell(world: World, sweeps: Iterable[datetime] = ()) -> World:
    """All that happened until NOW; the sweep runs at each of these instants, before all else."""
    agenda: list[tuple[datetime, int, Case | Act | None]] = [(at, 0, None) for at in sweeps]
    for case in CASES.values():
        agenda += [(case.at, 1, case), *((act.at, 2, act) for act in case.acts)]
    for at, _, entry in sorted(agenda, key=lambda one: one[:2]):
        if entry is None:
            escalation.fire_due_steps(at=at)
        elif isinstance(entry, Case):
            world.open(entry)
        else:
            world.do(entry)
    _explain(world)
    return world


def _policy_of_berlin(default: Policy) -> Policy:
    """As the default one on a calendar of its own, but for what the table of outcomes names."""
    calendar = Calendar.objects.create(name="Berlin", time_zone=BERLIN)
    calendar.write_week(default.calendar.week())
    calendar.holidays.create(date=date(2026, 10, 26), name="Founders' day")
    calendar.publish(at=BEGINNING)
    policy = Policy.objects.create(name="Berlin", calendar=calendar)
    for target in default.targets.all():
        policy.targets.create(**target.as_written())
    of_p2: Any = policy.targets.filter(priority__code="P2")
    of_p2.filter(metric=Metric.FIRST_RESPONSE).update(amount=4)
    of_p2.filter(metric=Metric.RESOLUTION).update(amount=24, unit=Unit.BUSINESS_HOURS)
    Target.objects.create(
        policy=policy,
        priority=factories.priority("P3"),
        metric=Metric.NEXT_RESPONSE,
        amount=8,
        unit=Unit.BUSINESS_HOURS,
    )
    for condition in Condition.values:
        policy.pause_rules.create(metric=Metric.RESOLUTION, condition=condition)
    policy.steps.create(percent=75, roles=[Role.ASSIGNEE])
    policy.steps.create(percent=100, roles=[Role.SPOC, Role.TEAM_LEAD], marks_escalated=True)
    policy.publish(at=BEGINNING)
    return policy


def _explain(world: World) -> None:
    for (number, code, metric), name in REASONS.items():
        reason, _ = BreachReason.objects.get_or_create(name=name)
        broken = Clock.objects.counted_in_reports().breached(NOW)
        of_ticket = broken.filter(ticket=world.tickets[number])
        clocks = of_ticket.filter(priority__code=code, metric=metric).values_list("pk", flat=True)
        explain_breaches(clocks=clocks, by=world.manager, at=NOW, reason=reason)
