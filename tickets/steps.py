"""The verbs that steps do: what macros, rules and bulk actions can be made of.

A step is a dictionary: {"do": "assign", "team": 3}, {"do": "reply", "text": "..."}. What it takes
is in `tickets.arguments`; `tickets.actions` checks, tells and does steps.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from django.db.models import Q

from sla.core.hours import NeverOpen
from sla.models import hours_of
from tickets import (
    automatic,
    engineering,
    escalation,
    lifecycle,
    linking,
    placeholders,
    spam,
    tagging,
)
from tickets.models import Ticket, TicketLink, User, clean_tag
from tickets.refusals import NoOpeningHours
from tickets.states import Status


@dataclass(frozen=True)
class Doing:
    """What a step is done to, by whom (None: by the desk itself), when, and with which values."""

    ticket: Ticket
    by: User | None
    at: datetime
    values: Mapping[str, Any]
    cause: str
    """Names this run of the steps: mails of the same cause reach an address once."""

    @property
    def common(self) -> dict[str, Any]:
        return {"ticket": self.ticket, "by": self.by, "at": self.at}

    @property
    def text(self) -> str:
        """With what its placeholders stand for."""
        return placeholders.fill(self.values.get("text", ""), ticket=self.ticket, by=self.by)

    @property
    def reason(self) -> str:
        return str(self.values.get("reason", ""))


@dataclass(frozen=True)
class Action:
    """One kind of step. `takes` are its arguments; those in `may_take` can be left out."""

    label: str
    act: Callable[[Doing], Ticket]
    takes: Sequence[str] = ()
    may_take: Sequence[str] = ()
    is_so: Callable[[Doing], bool] = lambda doing: False
    """Whether the ticket is already as the step would make it."""
    needs_person: bool = False
    """Only somebody can do it, never the desk by itself."""
    one_of: Sequence[str] = ()
    """Arguments that can be left out, but not all of them."""
    only_one: bool = False
    """One of those, not several."""
    reads: str = ""
    """How people read it, such as "Hand it to {team}."; empty: the label."""
    arguments: Sequence[str] = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "arguments", (*self.takes, *self.may_take))


def _assign(doing: Doing) -> Ticket:
    return lifecycle.assign(
        **doing.common, assignee=doing.values.get("agent"), team=doing.values.get("team")
    )


def _has_both(doing: Doing) -> bool:
    agent, team, ticket = doing.values.get("agent"), doing.values.get("team"), doing.ticket
    return (agent is None or agent.pk == ticket.assignee_id) and (
        team is None or team.pk == ticket.team_id
    )


def _assign_to_me(doing: Doing) -> Ticket:
    return lifecycle.assign(**doing.common, assignee=doing.by)


def _change_priority(doing: Doing) -> Ticket:
    return lifecycle.change_priority(
        **doing.common, priority=doing.values["priority"], reason=doing.reason
    )


def _reasoned(verb: Callable[..., Ticket]) -> Callable[[Doing], Ticket]:
    return lambda doing: verb(**doing.common, reason=doing.reason)


def _said(verb: Callable[..., Ticket], by_desk: Callable[..., Ticket]) -> Callable[[Doing], Ticket]:
    """What somebody says; what the desk says by itself is another verb, as it answers nothing."""

    def act(doing: Doing) -> Ticket:
        text = doing.text
        if doing.by is None:
            return by_desk(ticket=doing.ticket, at=doing.at, text=text)
        return verb(**doing.common, text=text)

    return act


def _notify(doing: Doing) -> Ticket:
    return escalation.notify(
        **doing.common,
        wanted=doing.values["roles"],
        words=doing.text,
        cause=doing.cause,
    )


def _is(*statuses: Status) -> Callable[[Doing], bool]:
    return lambda doing: doing.ticket.status in statuses


def _has_tag(doing: Doing) -> bool:
    return doing.ticket.tags.filter(name=clean_tag(doing.values["tag"])).exists()


def _is_linked(doing: Doing) -> bool:
    one, other = doing.ticket, doing.values["other"]
    pairs = Q(ticket=one, other=other) | Q(ticket=other, other=one)
    return TicketLink.objects.filter(pairs).exists()


def _expected_on(doing: Doing) -> date:
    """The date, or the last of so many business days of the ticket's calendar, in its zone."""
    if given := doing.values.get("expected_on"):
        return date.fromisoformat(given)
    calendar = doing.ticket.policy.calendar
    if calendar.current_version_id is None:
        raise NoOpeningHours
    try:
        hours = hours_of(calendar.current_version_id)
        end = hours.add_days(doing.at, doing.values["days"])
    except NeverOpen as never:
        raise NoOpeningHours from never
    return end.astimezone(ZoneInfo(calendar.time_zone)).date()


def _expect(doing: Doing) -> Ticket:
    return engineering.expect(**doing.common, expected_on=_expected_on(doing), reason=doing.reason)


def _mark_spam(doing: Doing) -> Ticket:
    return spam.mark_spam(
        **doing.common, blocks=bool(doing.values.get("blocks")), reason=doing.reason
    )


VERBS: dict[str, Action] = {
    "assign": Action(
        "Assign", _assign, may_take=["team", "agent"], is_so=_has_both,
        one_of=["team", "agent"],
        reads="Assign to {team} {agent}",
    ),
    "assign_to_me": Action(
        "Assign to me", _assign_to_me, needs_person=True,
        is_so=lambda doing: doing.by is not None and doing.by.pk == doing.ticket.assignee_id,
    ),
    "hand_back": Action(
        "Hand back to the team", _reasoned(lifecycle.hand_back), may_take=["reason"],
        is_so=lambda doing: doing.ticket.assignee_id is None,
    ),
    "priority": Action(
        "Change priority", _change_priority, ["priority"], ["reason"],
        is_so=lambda doing: bool(doing.values["priority"].pk == doing.ticket.priority_id),
        reads="Change priority to {priority}",
    ),
    "reply": Action(
        "Send a reply", _said(lifecycle.reply, automatic.send), ["text"], reads="Reply: {text}"
    ),
    "note": Action(
        "Add an internal note", _said(lifecycle.add_note, automatic.note), ["text"],
        reads="Internal note: {text}",
    ),
    "wait": Action(
        "Wait for customer", _reasoned(lifecycle.wait_for_customer), may_take=["reason"],
        is_so=_is(Status.PENDING),
    ),
    "resume": Action(
        "Stop waiting", _reasoned(lifecycle.resume), may_take=["reason"],
        is_so=_is(Status.NEW, Status.OPEN),
    ),
    "engineering": Action(
        "Escalate to engineering", _reasoned(lifecycle.escalate_to_engineering),
        may_take=["reason"], is_so=lambda doing: doing.ticket.with_engineering,
    ),
    "back": Action(
        "Take back from engineering", _reasoned(lifecycle.return_from_engineering),
        may_take=["reason"], is_so=lambda doing: not doing.ticket.with_engineering,
    ),
    "expect": Action(
        "Say when engineering expects to be done", _expect,
        may_take=["expected_on", "days", "reason"], one_of=["expected_on", "days"],
        only_one=True,
        is_so=lambda doing: _expected_on(doing) == doing.ticket.engineering_expected_on,
        reads="Engineering expects to be done {expected_on} {days}",
    ),
    "resolve": Action(
        "Resolve", _said(lifecycle.resolve, automatic.resolve), may_take=["text"],
        is_so=_is(Status.RESOLVED, Status.CLOSED), reads="Resolve {text}",
    ),
    "reopen": Action(
        "Reopen", _reasoned(lifecycle.reopen), may_take=["reason"],
        is_so=_is(Status.NEW, Status.OPEN, Status.PENDING),
    ),
    "close": Action(
        "Close", _reasoned(lifecycle.close), may_take=["reason"], is_so=_is(Status.CLOSED)
    ),
    "add_tag": Action(
        "Add a tag", lambda doing: tagging.add_tag(**doing.common, tag=doing.values["tag"]),
        ["tag"], is_so=_has_tag, reads="Add the tag {tag}",
    ),
    "remove_tag": Action(
        "Remove a tag", lambda doing: tagging.remove_tag(**doing.common, tag=doing.values["tag"]),
        ["tag"], is_so=lambda doing: not _has_tag(doing), reads="Remove the tag {tag}",
    ),
    "link": Action(
        "Link to a ticket", lambda doing: linking.link(**doing.common, other=doing.values["other"]),
        ["other"], is_so=_is_linked, needs_person=True, reads="Link to {other}",
    ),
    "spam": Action(
        "Mark as spam", _mark_spam, may_take=["blocks", "reason"], needs_person=True,
        is_so=lambda doing: doing.ticket.closed_as == Ticket.ClosedAs.SPAM,
        reads="Mark as spam {blocks}",
    ),
    "not_spam": Action(
        "Not spam", _reasoned(spam.not_spam), may_take=["reason"], needs_person=True,
        is_so=lambda doing: doing.ticket.closed_as != Ticket.ClosedAs.SPAM,
    ),
    "notify": Action(
        "Tell people in the bell and by mail", _notify, ["roles"], ["text"],
        reads="Tell {roles}: {text}",
    ),
}  # fmt: skip
