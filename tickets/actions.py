"""A verb of the lifecycle with its arguments, as macros, rules and bulk actions keep it (JSON).

A step is a dictionary: {"do": "assign", "team": 3}, {"do": "reply", "text": "..."}. Rows are named
by their numbers; one that is gone, or works here no more, gets a clear sentence.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import Model, QuerySet

from sla.models import Priority
from sla.models.steps import Role
from tickets import automatic, cues, escalation, lifecycle, placeholders
from tickets.acts import locked
from tickets.models import Event, Macro, Team, Ticket, User
from tickets.refusals import Refused, Withheld
from tickets.states import Status

type Step = Mapping[str, Any]

LONGEST_REASON = 500
LONGEST_TEXT = 20_000
MOST_STEPS = 20


class StepRefused(Refused):
    """One of the steps cannot be done, so none was done."""

    def __init__(self, refusal: Refused | str, *, number: int, label: str, steps: int) -> None:
        self.refusal, self.number = refusal, number
        sentence = str(refusal)
        super().__init__(f"Step {number}, “{label}”: {sentence}" if steps > 1 else sentence)


@dataclass(frozen=True)
class Argument:
    """One value of a step: what people call it, which values are right, and how it reads."""

    label: str
    problem: Callable[[Any], str] = lambda value: ""
    """What is wrong with the value, as a sentence; "" when nothing is."""
    rows: Callable[[], QuerySet[Any]] | None = None
    """For the number of a row: those that may be named."""
    noun: str = ""


def _words(value: Any) -> str:
    if problem := _text(LONGEST_TEXT)(value):
        return problem
    strange = placeholders.unknown(value)
    return f"there is no placeholder {{{{ {strange[0]} }}}}." if strange else ""


def _text(most: int) -> Callable[[Any], str]:
    def problem(value: Any) -> str:
        if not isinstance(value, str) or not value.strip():
            return "write some text."
        return "" if len(value) <= most else f"a text has at most {most:,} characters."

    return problem


def _roles(value: Any) -> str:
    known = isinstance(value, list) and value and all(role in Role.values for role in value)
    return "" if known else "choose whom to tell."


ARGUMENTS: dict[str, Argument] = {
    "team": Argument("Team", rows=Team.objects.all, noun="team"),
    "agent": Argument("Agent", rows=User.objects.staff, noun="agent"),
    "priority": Argument("Priority", rows=Priority.objects.all, noun="priority"),
    "reason": Argument("Reason", _text(LONGEST_REASON)),
    "text": Argument("Text", _words),
    "roles": Argument("Whom", _roles),
    "macro": Argument("Macro", rows=lambda: Macro.objects.filter(is_active=True), noun="macro"),
}


class Rows:
    """The rows that steps name, each kind asked for once, however many steps there are."""

    def __init__(self, steps: Iterable[Step]) -> None:
        wanted: dict[str, set[int]] = {}
        for step in steps:
            for name, value in step.items():
                if name in ARGUMENTS and ARGUMENTS[name].rows and _is_number(value):
                    wanted.setdefault(name, set()).add(value)
        self._found: dict[str, dict[Any, Any]] = {}
        for name, numbers in wanted.items():
            rows = ARGUMENTS[name].rows
            self._found[name] = rows().in_bulk(numbers) if rows else {}

    def get(self, name: str, number: Any) -> Any:
        """The row, or None where it may not be named any more."""
        return self._found.get(name, {}).get(number) if _is_number(number) else None


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
    one_of: bool = False
    """At least one of `may_take` is needed."""
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


def _press(doing: Doing) -> Ticket:
    common = doing.common | {"cause": doing.cause}
    return press(doing.values["macro"], **common).ticket


def _is(*statuses: Status) -> Callable[[Doing], bool]:
    return lambda doing: doing.ticket.status in statuses


ACTIONS: dict[str, Action] = {
    "assign": Action(
        "Assign", _assign, may_take=["team", "agent"], is_so=_has_both, one_of=True,
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
    "notify": Action(
        "Tell people by mail", _notify, ["roles"], ["text"], reads="Tell {roles}: {text}"
    ),
    "macro": Action(
        "Press a macro", _press, ["macro"], needs_person=True, reads="Press “{macro}”"
    ),
}  # fmt: skip


def validate(steps: Any, *, by_desk: bool = False) -> list[str]:
    """What is wrong with the steps, as sentences; empty when they can be kept and performed.

    `by_desk`: nobody presses a button, so that what only a person can do is refused.
    """
    if not isinstance(steps, list) or not steps:
        return ["Add at least one step."]
    if len(steps) > MOST_STEPS:
        return [f"There are {len(steps)} steps, and at most {MOST_STEPS} fit."]
    rows = Rows(step for step in steps if isinstance(step, dict))
    return [
        f"Step {number}: {problem}"
        for number, step in enumerate(steps, 1)
        for problem in _problems(step, rows, by_desk=by_desk)
    ]


def _problems(step: Any, rows: Rows, *, by_desk: bool) -> list[str]:
    action = ACTIONS.get(step.get("do", "")) if isinstance(step, dict) else None
    if action is None:
        return ["choose what to do."]
    if by_desk and action.needs_person:
        return [f"“{action.label}” needs somebody who does it."]
    given = {name: value for name, value in step.items() if name != "do"}
    unknown = sorted(given.keys() - set(action.arguments))
    found = [f"“{action.label}” takes no {name}." for name in unknown]
    missing = [name for name in action.takes if name not in given]
    if action.one_of and not given.keys() & set(action.may_take):
        missing = list(action.may_take[:1])
    found += [f"“{action.label}” needs: {ARGUMENTS[name].label.lower()}." for name in missing]
    known = given.keys() & set(action.arguments)
    return found + [said for name in sorted(known) if (said := _wrong(name, given[name], rows))]


def _wrong(name: str, value: Any, rows: Rows) -> str:
    argument = ARGUMENTS[name]
    if argument.rows is None:
        return argument.problem(value)
    return "" if rows.get(name, value) is not None else _gone(name)


def _gone(name: str) -> str:
    return f"this {ARGUMENTS[name].noun} does not exist, or not any more."


def describe(step: Step, rows: Rows | None = None) -> str:
    """The step in words for people, such as "Assign to Engineering".

    Whoever describes many gives the `Rows` of all of them, so that each kind is asked for once.
    """
    action = ACTIONS.get(step.get("do", ""))
    if action is None:
        return "Something that the desk does not know any more"
    rows = rows or Rows([step])
    words = {name: _in_words(name, step.get(name), rows) for name in action.arguments}
    sentence = (action.reads or action.label).format_map(words)
    reason = f" ({words['reason']})" if words.get("reason") else ""
    return " ".join(sentence.split()).removesuffix(":") + reason


def filled(step: Step, *, ticket: Ticket, by: User | None) -> dict[str, Any]:
    """The step with what its placeholders stand for on this ticket, to be shown."""
    text = step.get("text")
    return {
        **step,
        **(
            {"text": placeholders.fill(text, ticket=ticket, by=by)} if isinstance(text, str) else {}
        ),
    }


def _in_words(name: str, value: Any, rows: Rows) -> str:
    if value in (None, "", []):
        return ""
    if ARGUMENTS[name].rows is not None:
        row: Model | None = rows.get(name, value)
        return str(row) if row is not None else f"[a {ARGUMENTS[name].noun} that is gone]"
    if isinstance(value, list):
        return ", ".join(Role(role).label if role in Role.values else str(role) for role in value)
    return str(value)


@dataclass(frozen=True)
class Performed:
    """The ticket afterwards, and in words what was done to it."""

    ticket: Ticket
    did: Sequence[str]


def perform(
    steps: Sequence[Step], *, ticket: Ticket, by: User | None, at: datetime, cause: str = ""
) -> Ticket:
    """Do all of the steps in their order, or none. Raises StepRefused, whose text names the step.

    A step that asks for what is so already is refused as its verb refuses it.
    """
    return run(steps, ticket=ticket, by=by, at=at, cause=cause, skip_what_is_so=False).ticket


@transaction.atomic
def run(
    steps: Sequence[Step],
    *,
    ticket: Ticket,
    by: User | None,
    at: datetime,
    cause: str = "",
    rows: Rows | None = None,
    skip_what_is_so: bool = True,
) -> Performed:
    """As `perform`, but a step that asks for what is so already counts as done without an act."""
    rows = rows or Rows(steps)
    ticket, at = locked(ticket, at)
    did: list[str] = []
    for number, step in enumerate(steps, 1):
        action = ACTIONS.get(step.get("do", ""))
        label = action.label if action else str(step.get("do"))
        try:
            if action is None:
                raise Refused("The desk does not know this step any more.")
            if by is None and action.needs_person:
                raise Refused("Only somebody can do this, not the desk by itself.")
            values = _values(step, rows)
            doing = Doing(ticket, by, at, values, cause=f"{cause}:{number}")
            if skip_what_is_so and action.is_so(doing):
                continue
            ticket = action.act(doing)
        except Withheld as reason:
            did.append(f"Not sent: {reason}")
            continue
        except Refused as refusal:
            raise StepRefused(refusal, number=number, label=label, steps=len(steps)) from refusal
        did.append(describe(filled(step, ticket=ticket, by=by), rows))
    return Performed(ticket, did)


@transaction.atomic
def press(
    macro: Macro, *, ticket: Ticket, by: User | None, at: datetime, cause: str = ""
) -> Performed:
    """All steps of a macro, in the name of somebody who may use it; the history names it."""
    if by is not None and not Macro.objects.usable_by(by).filter(pk=macro.pk).exists():
        raise Refused("This macro belongs to another team, or is not used any more.")
    if any(step.get("do") == "macro" for step in macro.steps):
        raise Refused("A macro cannot press another one.")
    cause = f"{cause}:macro:{macro.pk}:{at.isoformat()}"
    performed = run(macro.steps, ticket=ticket, by=by, at=at, cause=cause)
    if performed.did:
        detail = f"“{macro}”: {'; '.join(performed.did)}."
        at = performed.ticket.updated_at
        cues.write(performed.ticket, Event.Kind.MACRO, by=by, at=at, detail=detail)
    return performed


def _values(step: Step, rows: Rows) -> dict[str, Any]:
    """The arguments with the rows that they name. Raises Refused for one that is gone."""
    values = {name: value for name, value in step.items() if name in ARGUMENTS}
    for name, value in values.items():
        if ARGUMENTS[name].rows is not None:
            values[name] = rows.get(name, value)
            if values[name] is None:
                raise Refused(f"T{_gone(name)[1:]}")
    return values


def _is_number(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)
