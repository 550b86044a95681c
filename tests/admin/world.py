"""A row of every model that the desk shows, about one ticket that not everybody sees."""

from __future__ import annotations

import hashlib
from typing import Any

from django.contrib.auth.models import Group
from django.contrib.contenttypes.models import ContentType
from django_celery_beat.models import IntervalSchedule, PeriodicTask

from sla.models import (
    BreachReason,
    Priority,
    Recalculation,
    ReportSchedule,
    SavedReport,
    Sweep,
)
from tests import factories
from tests.factories import MONDAY
from tickets import bulk, escalation
from tickets.imports import jobs
from tickets.models import (
    CannedReply,
    InboundMessage,
    Macro,
    Mailbox,
    Message,
    PortalSettings,
    RequestType,
    Rule,
    RuleRun,
    SavedView,
    Tag,
    Team,
    Ticket,
    UndeliverableAddress,
    User,
)

# What only those may read who see the ticket.
SECRET = "Zinnober"

type Rows = dict[str, Any]


def people() -> dict[str, User]:
    """An agent in the team of the ticket, one of another team, and so on."""
    made = {
        who: factories.agent(f"{who}@desk.example", group=group)
        for who, group in (
            ("agent", "Agent"),
            ("stranger", "Agent"),
            ("half", "Agent"),
            ("manager", "Manager"),
            ("administrator", "Administrator"),
        )
    }
    return made | {"customer": factories.customer("customer@client.example")}


def world(them: dict[str, User]) -> Rows:
    """A row of every model, and what the arguments of the other addresses name."""
    ours = factories.team("Ours", them["agent"], them["half"])
    factories.team("Theirs", them["stranger"])
    ticket, message = _ticket(ours)
    return {
        **_about(ticket, them["agent"]),
        **_of_automation(ticket, them["agent"]),
        **_of_mail(ticket),
        **_of_sla(ticket, them["manager"]),
        **_of_the_desk(them),
        **_of_the_machine_room(them["administrator"]),
        "tickets.team": ours,
        "message": message,
        "people": ContentType.objects.get_for_model(User),
    }


def _ticket(team: Team) -> tuple[Ticket, Message]:
    """One that is escalated, and a message of it that has not been accepted yet."""
    ticket = factories.ticket(subject=f"{SECRET} is red", text=f"{SECRET} is green")
    Ticket.objects.filter(pk=ticket.pk).update(team=team)
    message = Message.objects.create(
        ticket=ticket, author=ticket.requester, by_staff=False, is_public=True, sent_at=MONDAY,
        text=f"{SECRET} is blue", html=f"<p>{SECRET}</p>", is_accepted=False, whole_text="x",
    )  # fmt: skip
    escalation.escalate(ticket=ticket, by=ticket.requester, reason=SECRET, at=MONDAY)
    return ticket, message


def _about(ticket: Ticket, agent: User) -> Rows:
    return {
        "tickets.ticket": ticket,
        "tickets.escalation": ticket.escalations.all()[0],
        "sla.clock": ticket.clocks.all()[0],
        "tickets.tag": Tag.objects.create(name="printer"),
        "tickets.savedview": SavedView.objects.create(name=SECRET, owner=agent),
    }


def _of_automation(ticket: Ticket, agent: User) -> Rows:
    opened, these = ticket.events.all()[0], Ticket.objects.filter(pk=ticket.pk)
    steps: list[Any] = [{"do": "wait"}]
    rule = Rule.objects.create(name="Greet", when=Rule.When.OPENED, steps=[])
    run = RuleRun.objects.create(
        rule=rule, ticket=ticket, cause=opened, root=opened, at=MONDAY, detail=SECRET,
        outcome=RuleRun.Outcome.values[0],
    )  # fmt: skip
    return {
        "tickets.macro": Macro.objects.create(name="Hand over", steps=steps),
        "tickets.rule": rule,
        "tickets.rulerun": run,
        "tickets.bulkjob": bulk.begin(steps=steps, tickets=these, by=agent, at=MONDAY),
        "tickets.cannedreply": CannedReply.objects.create(title="Hello", text="Hello"),
    }


def _of_mail(ticket: Ticket) -> Rows:
    arrived = InboundMessage.objects.create(
        key="1", digest=hashlib.sha256(b"").hexdigest(), raw=SECRET.encode(), size=8, ticket=ticket,
        received_at=MONDAY, subject=SECRET, state="quarantined", next_attempt_at=MONDAY,
    )  # fmt: skip
    return {
        "tickets.inboundmessage": arrived,
        "tickets.delivery": ticket.deliveries.all()[0],
        "tickets.undeliverableaddress": UndeliverableAddress.objects.create(
            address="gone@client.example", at=MONDAY, reason="Gone"
        ),
        "tickets.mailbox": Mailbox.objects.create(address="support@desk.example"),
    }


def _of_sla(ticket: Ticket, manager: User) -> Rows:
    policy = ticket.policy
    saved = SavedReport.objects.create(name="Mine", owner=manager)
    schedule = ReportSchedule.objects.create(
        report=saved, owner=manager, time_zone="UTC", next_at=MONDAY
    )
    return {
        "sla.calendar": policy.calendar,
        "sla.priority": Priority.objects.all()[0],
        "sla.policy": policy,
        "sla.recalculation": Recalculation.objects.create(
            steps_of=policy, requested_at=MONDAY, total=0
        ),
        "sla.sweep": Sweep.objects.create(name="escalations", period_seconds=10),
        "sla.breachreason": BreachReason.objects.create(name="A supplier"),
        "sla.savedreport": saved,
        "sla.reportschedule": schedule,
    }


def _of_the_desk(them: dict[str, User]) -> Rows:
    return {
        "tickets.availability": them["agent"],
        "tickets.user": them["customer"],
        "tickets.organization": factories.organization(),
        "tickets.requesttype": RequestType.objects.all()[0],
        "tickets.portalsettings": PortalSettings.objects.get_or_create(pk=1)[0],
        "auth.group": Group.objects.all()[0],
    }


def _of_the_machine_room(administrator: User) -> Rows:
    content = b"email\nerika@acme.example"
    looked_at = jobs.look(
        kind="people", name="people.csv", content=content, by=administrator, at=MONDAY
    )
    return {
        "tickets.importjob": looked_at,
        "django_celery_beat.periodictask": PeriodicTask.objects.all()[0],
        "django_celery_beat.intervalschedule": IntervalSchedule.objects.all()[0],
    }
