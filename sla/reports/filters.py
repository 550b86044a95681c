"""What a report is narrowed down to, and broken down by. Columns of tickets are named, no more."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Any

from django.apps import apps
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.db.models.functions import Coalesce, Least

from sla.models import BreachNote
from sla.models.clocks import ClockQuerySet

# In place of a number: the rows that have none, such as tickets that no agent had.
NOBODY = 0
# What a ticket keeps, or what a correction on record alone changes.
OWN = ("organization", "spoc", "request_type", "channel", "tag")


class Engineering(StrEnum):
    """Whether engineering had been asked about a ticket before its promise was decided."""

    EITHER = ""
    WITH = "with"
    WITHOUT = "without"


@dataclass(frozen=True)
class Filters:
    """Each that is set narrows the promises; None and "" leave them all. Numbers are of rows.

    `team` and `agent` are those who had the ticket at the instant that decided about the promise:
    when it was fulfilled or replaced, and no later than its deadline. So handing a ticket over
    changes no past figure. Tags, organization, request type and channel are the ticket's own.
    `reason` is the one that managers put the breach down to.
    """

    priority: str = ""
    metric: str = ""
    team: int | None = None
    agent: int | None = None
    organization: int | None = None
    spoc: int | None = None
    request_type: int | None = None
    channel: str = ""
    tag: int | None = None
    engineering: Engineering = Engineering.EITHER
    reason: int | None = None

    def of(self, promises: ClockQuerySet, at: datetime) -> ClockQuerySet:
        """The promises among these that fit; each is there once."""
        chosen = promises.filter(self._columns())
        if self.team is not None or self.agent is not None:
            chosen = chosen.filter(Exists(self._holdings()))
        if self.engineering:
            was_asked = Exists(asked_engineering(at))
            wanted = was_asked if self.engineering is Engineering.WITH else ~was_asked
            chosen = chosen.filter(wanted)
        if self.tag is not None:
            # A subquery: a join would count a promise once for each tag.
            chosen = chosen.filter(ticket_id__in=_tagged(self.tag))
        if self.reason is not None:
            notes = present_notes()
            if self.reason == NOBODY:
                chosen = chosen.filter(~Exists(notes.filter(reason__isnull=False)))
            else:
                chosen = chosen.filter(Exists(notes.filter(reason=self.reason)))
        return chosen

    def _columns(self, ticket: str = "ticket__") -> Q:
        texts = {"priority__code": self.priority, "metric": self.metric}
        texts[f"{ticket}channel"] = self.channel
        numbers = {
            f"{ticket}organization": self.organization,
            f"{ticket}organization__spoc": self.spoc,
            f"{ticket}request_type": self.request_type,
        }
        asked = Q(**{name: text for name, text in texts.items() if text})
        for name, number in numbers.items():
            if number is not None:
                asked &= _is(name, number)
        return asked

    @property
    def is_of_promises(self) -> bool:
        """Whether anything is asked for that tickets do not keep: see `of_tickets`."""
        own = {name: getattr(self, name) for name in OWN}
        return self != replace(EVERYTHING, **own)

    def of_tickets(self, rows: QuerySet[Any], prefix: str = "ticket") -> QuerySet[Any]:
        """Rows whose `prefix` leads to a ticket that reports count and that fits.

        Organization, single point of contact, request type, channel and tag decide; what changes
        while a ticket lives (priority, team, agent, engineering) is of promises alone.
        """
        counted = rows.exclude(**{f"{prefix}__in": rows_of("Ticket").filter(~Q(closed_as=""))})
        of_own = replace(EVERYTHING, **{name: getattr(self, name) for name in OWN})
        if of_own == EVERYTHING:
            return counted
        tickets = rows_of("Ticket").filter(of_own._columns(""))  # noqa: SLF001 - of this class
        if self.tag is not None:
            tickets = tickets.filter(pk__in=_tagged(self.tag))
        return counted.filter(**{f"{prefix}__in": tickets})

    def _holdings(self) -> QuerySet[Any]:
        """The stretch in which the outer promise was decided, if these had the ticket then."""
        held = holdings_that_decide()
        if self.team is not None:
            held = held.filter(_is("team", self.team))
        if self.agent is not None:
            held = held.filter(_is("assignee", self.agent))
        return held


EVERYTHING = Filters()


def holdings_that_decide() -> QuerySet[Any]:
    """For a subquery: who had the outer promise's ticket at the instant that decided about it."""
    decided = Least(
        Coalesce(OuterRef("stopped_at"), OuterRef("superseded_at"), OuterRef("due_at")),
        OuterRef("due_at"),
    )
    held = rows_of("Holding").filter(ticket_id=OuterRef("ticket_id"), since__lte=decided)
    return held.filter(Q(until=None) | Q(until__gt=decided))


def asked_engineering(at: datetime) -> QuerySet[Any]:
    """For a subquery: that engineering was asked before the outer promise was fulfilled."""
    ended = Coalesce(OuterRef("stopped_at"), OuterRef("superseded_at"), at)
    asked = rows_of("Event").filter(kind="to_engineering", at__lte=ended)
    return asked.filter(ticket_id=OuterRef("ticket_id"))


def present_notes() -> QuerySet[BreachNote]:
    """For a subquery: what was said last about the breach of the outer promise."""
    return BreachNote.objects.filter(clock=OuterRef("pk"), replaced_at=None)


def rows_of(model: str) -> QuerySet[Any]:
    """The rows of a model of tickets, by its name: what is below knows no more of it."""
    found: QuerySet[Any] = apps.get_model("tickets", model)._default_manager.all()  # noqa: SLF001
    return found


def _tagged(tag: int) -> QuerySet[Any]:
    return rows_of("Ticket").filter(_is("tags", tag)).values("pk")


def _is(name: str, number: int) -> Q:
    return Q(**{f"{name}__isnull": True}) if number == NOBODY else Q(**{name: number})
