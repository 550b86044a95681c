"""What the cells of a row mean, as fields of django-import-export, and what is wrong with them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.utils.dateparse import parse_datetime
from import_export.fields import Field
from import_export.resources import Resource
from import_export.widgets import Widget

from sla.models import Priority
from sla.models.calendars import is_time_zone
from tickets.models import Organization, Team, Ticket, User, clean_tag
from tickets.models.people import MACHINE, UserManager
from tickets.states import Status
from tickets.tagging import MOST_TAGS

type Values = Mapping[str, str]


@dataclass
class Known:
    """The rows here that a file names, asked once for many of its rows."""

    people: dict[str, User] = field(default_factory=dict)
    teams: dict[str, Team] = field(default_factory=dict)
    organizations: dict[str, Organization] = field(default_factory=dict)
    priorities: dict[str, Priority] = field(default_factory=dict)
    tickets: dict[str, Ticket] = field(default_factory=dict)

    @classmethod
    def of(cls, rows: Sequence[Values]) -> Known:
        addresses = _cells(rows, "requester", "assignee", "email")
        emails = {UserManager.clean_email(one) for one in addresses}
        names, references = _cells(rows, "organization"), _cells(rows, "external_reference")
        users = User.objects.filter(email__in=emails).select_related("organization")
        found = Ticket.objects.filter(external_reference__in=references)
        return cls(
            {user.email: user for user in users},
            {team.name.lower(): team for team in Team.objects.all()},
            {one.name: one for one in Organization.objects.filter(name__in=names)},
            {one.code.lower(): one for one in Priority.objects.all()},
            {one.external_reference: one for one in found},
        )


def _cells(rows: Sequence[Values], *titles: str) -> set[str]:
    return {cell for row in rows for title in titles if (cell := row.get(title, ""))}


class Cell(Widget):
    """What a cell means. A ValueError is the sentence about one that means nothing."""

    def __init__(self, read: Callable[[str], Any]) -> None:
        super().__init__()
        self.read = read

    def clean(self, value: Any, row: Any = None, **kwargs: Any) -> Any:
        return self.read(value)


def words(most: int, *, is_required: bool = False) -> Callable[[str], str]:
    """Text of at most so many characters, on one line or several."""

    def read(cell: str) -> str:
        if is_required and not cell:
            raise ValueError("is empty")
        if len(cell) > most:
            raise ValueError(f"has more than {most:,} characters")
        if "\0" in cell:
            raise ValueError("has a NUL character in it")
        return cell

    return read


def moment(cell: str) -> datetime | None:
    """An instant; it has to say its zone, for the file comes from anywhere."""
    if not cell:
        return None
    try:
        at = parse_datetime(cell)
    except ValueError:
        at = None
    if at is None:
        raise ValueError(f"“{cell[:40]}” is no time such as 2026-11-02T10:00:00+00:00")
    if at.tzinfo is None:
        raise ValueError(f"“{cell}” has no zone. Write it like 2026-11-02T10:00:00+00:00")
    return at


def address(cell: str) -> str:
    if not cell:
        raise ValueError("is empty")
    try:
        validate_email(cell)
    except ValidationError as wrong:
        raise ValueError(f"“{cell[:80]}” is no e-mail address") from wrong
    return UserManager.clean_email(cell)


def one_of(choices: Iterable[str]) -> Callable[[str], str]:
    allowed = [str(choice) for choice in choices]

    def read(cell: str) -> str:
        if cell and cell.lower() not in allowed:
            raise ValueError(f"“{cell[:40]}” is none of {', '.join(allowed)}")
        return cell.lower()

    return read


def named[T](what: str, found: Mapping[str, T], key: Callable[[str], str]) -> Callable[[str], Any]:
    """A row of ours by its name."""

    def read(cell: str) -> T | None:
        if cell and key(cell) not in found:
            raise ValueError(f"names {what} that is not here: “{cell[:80]}”")
        return found[key(cell)] if cell else None

    return read


def tags(cell: str) -> list[str]:
    try:
        found = list(dict.fromkeys(clean_tag(part) for part in cell.split(",") if part.strip()))
    except ValidationError as wrong:
        raise ValueError(f"has a word that is no tag. {wrong.messages[0]}".rstrip(".")) from wrong
    if len(found) > MOST_TAGS:
        raise ValueError(f"has more than {MOST_TAGS} tags")
    return found


def zone(cell: str) -> str:
    try:
        if cell:
            is_time_zone(cell)
    except ValidationError as wrong:
        raise ValueError(f"“{cell[:64]}” is no time zone such as Europe/Berlin") from wrong
    return cell


class Entry:
    """The values of a row, as attributes of the names of the columns."""

    def __getattr__(self, name: str) -> Any:
        # Only asked for what no cell has set: a column that the file does not have.
        return None


class Rows(Resource):
    """Reads rows of one kind of file, with what is known here."""

    def __init__(self, known: Known) -> None:
        super().__init__()
        self.known = known
        self.fields = {
            title: Field(attribute=title, column_name=title, widget=Cell(read))
            for title, read in self.cells().items()
        }

    def get_import_fields(self, selected_fields: Any = None) -> list[Field]:
        return list(self.fields.values())

    def cells(self) -> dict[str, Callable[[str], Any]]:
        raise NotImplementedError

    def misfit(self, entry: Entry) -> str:
        """What does not fit together in a row whose cells are well, as a sentence; "": all does."""
        raise NotImplementedError

    def read(self, values: Values) -> tuple[Entry, list[str]]:
        """The entry, and one sentence for each thing that is wrong."""
        entry = Entry()
        try:
            self.import_instance(entry, dict(values))
        except ValidationError as wrong:
            return entry, [
                f"{title} {problem.rstrip('.')}."
                for title, problems in wrong.message_dict.items()
                for problem in problems
            ]
        misfit = self.misfit(entry)
        return entry, [misfit] if misfit else []


class TicketRows(Rows):
    """Rows of tickets."""

    def cells(self) -> dict[str, Callable[[str], Any]]:
        known = self.known
        agents = {email: user for email, user in known.people.items() if _is_agent(user)}
        return {
            "external_reference": words(100, is_required=True),
            "subject": words(200, is_required=True),
            "requester": address,
            "requester_name": words(150),
            "text": words(settings.MAX_MESSAGE_CHARS),
            "status": one_of(Status.values),
            "priority": named("a priority", known.priorities, str.lower),
            "team": named("a team", known.teams, str.lower),
            "assignee": named("an agent", agents, UserManager.clean_email),
            "organization": named("an organization", known.organizations, str),
            "channel": one_of(Ticket.Channel.values),
            "tags": tags,
            "answer": words(settings.MAX_MESSAGE_CHARS),
            "submitted_at": moment,
            "first_responded_at": moment,
            "resolved_at": moment,
            "closed_at": moment,
        }

    def misfit(self, entry: Entry) -> str:
        if entry.submitted_at is None:
            return "submitted_at is empty."
        if entry.requester == MACHINE:
            return "requester is the desk itself."
        status = status_of(entry)
        if status in (Status.RESOLVED, Status.CLOSED) and entry.resolved_at is None:
            return f"A ticket that is {status} needs resolved_at."
        if status not in (Status.RESOLVED, Status.CLOSED) and (
            entry.resolved_at or entry.closed_at
        ):
            return f"A ticket that is {status} has neither resolved_at nor closed_at."
        if entry.closed_at and status != Status.CLOSED:
            return f"A ticket that is {status} has no closed_at."
        if entry.answer and entry.first_responded_at is None:
            return "answer needs first_responded_at."
        times = [entry.submitted_at, entry.resolved_at, entry.closed_at]
        order = [time for time in times if time is not None]
        early = entry.first_responded_at and entry.first_responded_at < entry.submitted_at
        if order != sorted(order) or early:
            return "Its times are not in order: it is submitted first, then resolved, then closed."
        return ""


def status_of(entry: Entry) -> Status:
    if entry.status:
        return Status(entry.status)
    if entry.closed_at is not None:
        return Status.CLOSED
    return Status.RESOLVED if entry.resolved_at is not None else Status.NEW


def _is_agent(user: User) -> bool:
    return user.is_staff and user.is_active


class PeopleRows(Rows):
    """Rows of people: customers, for members of staff are looked after by hand."""

    def cells(self) -> dict[str, Callable[[str], Any]]:
        return {
            "email": address,
            "name": words(150),
            "organization": named("an organization", self.known.organizations, str),
            "time_zone": zone,
            "language": one_of(code for code, _ in settings.LANGUAGES),
        }

    def misfit(self, entry: Entry) -> str:
        user = self.known.people.get(entry.email)
        if user is not None and user.is_staff:
            return f"{entry.email} is a member of staff: change staff on their own pages."
        return ""


RESOURCES: dict[str, type[Rows]] = {"tickets": TicketRows, "people": PeopleRows}
KEYS = {"tickets": "external_reference", "people": "email"}
