"""Steps as rows can keep them: checked, told in words, and done together or not at all.

A row that a step names may be gone, or work here no more: that gets a clear sentence.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import Model

from tickets import cues, placeholders
from tickets.acts import locked_together
from tickets.arguments import ARGUMENTS, Rows, Step
from tickets.models import Event, Macro, Ticket, User
from tickets.refusals import Refused, Withheld
from tickets.steps import VERBS, Action, Doing

MOST_STEPS = 20


class StepRefused(Refused):
    """One of the steps cannot be done, so none was done."""

    def __init__(self, refusal: Refused | str, *, number: int, label: str, steps: int) -> None:
        self.refusal, self.number = refusal, number
        sentence = str(refusal)
        super().__init__(f"Step {number}, “{label}”: {sentence}" if steps > 1 else sentence)


def _press(doing: Doing) -> Ticket:
    common = doing.common | {"cause": doing.cause}
    return press(doing.values["macro"], **common).ticket


ACTIONS: dict[str, Action] = {
    **VERBS,
    "macro": Action("Press a macro", _press, ["macro"], needs_person=True, reads="Press “{macro}”"),
}


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
    if action.one_of and not given.keys() & set(action.one_of):
        missing = list(action.one_of[:1])
    found += [f"“{action.label}” needs: {ARGUMENTS[name].label.lower()}." for name in missing]
    if action.only_one and len(both := [name for name in action.one_of if name in given]) > 1:
        labels = " and ".join(ARGUMENTS[name].label.lower() for name in both)
        found.append(f"“{action.label}” takes one of these: {labels}.")
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
    argument = ARGUMENTS[name]
    if argument.rows is not None:
        row: Model | None = rows.get(name, value)
        return argument.reads(row) if row is not None else f"[a {argument.noun} that is gone]"
    return str(value) if argument.problem(value) else argument.reads(value)


@dataclass(frozen=True)
class Performed:
    """The ticket afterwards, and in words what was done to it."""

    ticket: Ticket
    did: Sequence[str]


def others(steps: Sequence[Step]) -> list[Ticket]:
    """The tickets that the steps change beside the one that they are done to."""
    return Rows(steps).of("other")


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
    ticket, at = locked_together(ticket, rows.of("other"), at)
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
