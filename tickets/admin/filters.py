"""What the queue can be narrowed down to, by a press or by the address of a saved view."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, cast

from django.contrib.admin import ModelAdmin
from django.core.exceptions import ValidationError
from django.db.models import BooleanField, Exists, ExpressionWrapper, OuterRef, Q
from django.http import HttpRequest
from django.utils import timezone
from unfold.contrib.filters.admin import (
    BooleanRadioFilter,
    RadioFilter,
    RelatedDropdownFilter,
    TextFilter,
)

from tickets.admin.standing import SOON
from tickets.models import Team, Ticket, User, clean_tag
from tickets.models.sight import reach_of
from tickets.models.tickets import TicketQuerySet
from tickets.states import SOLVED as SOLVED_STATUSES
from tickets.states import Status

BOOLEAN = BooleanField()
UNSOLVED, SOLVED, ALL = "unsolved", "solved", "all"

# So long a solved ticket is "recently solved".
RECENTLY = timedelta(days=7)


@dataclass(frozen=True)
class Reader:
    """Who looks at the queue, and when: "mine" and "late" mean nothing without."""

    user: User
    at: datetime


def by_status(tickets: TicketQuerySet, value: str, reader: Reader) -> TicketQuerySet:
    """Of one status, or of one of the groups of them."""
    match value:
        case "all":
            return tickets
        case "unsolved":
            return tickets.open()
        case "solved":
            since = reader.at - RECENTLY
            return tickets.filter(status__in=SOLVED_STATUSES, resolved_at__gte=since)
    return tickets.filter(status=value)


def by_due(tickets: TicketQuerySet, value: str, reader: Reader) -> TicketQuerySet:
    """By the next promise, which only unsolved tickets have."""
    now = reader.at
    match value:
        case "late":
            return tickets.open().filter(next_due_at__lt=now)
        case "hour":
            return tickets.open().filter(next_due_at__range=(now, now + SOON))
        case "day":
            return tickets.open().filter(next_due_at__range=(now, now + timedelta(days=1)))
        case "still":
            return tickets.open().filter(next_due_at=None)
    return tickets


def by_assignee(tickets: TicketQuerySet, value: str, reader: Reader) -> TicketQuerySet:
    """Mine, my teams', or nobody's."""
    match value:
        case "me":
            return tickets.filter(assignee_id=reader.user.pk)
        case "team":
            # Numbers, not a join: each team is a stretch of an index.
            return tickets.filter(team_id__in=reach_of(reader.user).teams)
        case "nobody":
            return tickets.filter(assignee=None)
    return tickets


def by_escalated(tickets: TicketQuerySet, value: str, reader: Reader) -> TicketQuerySet:
    """Escalated, by a step that marks it or by the customer, or never."""
    match value:
        case "yes":
            return tickets.filter(escalated_at__isnull=False)
        case "no":
            return tickets.filter(escalated_at=None)
    return tickets


def by_tag(tickets: TicketQuerySet, value: str, reader: Reader) -> TicketQuerySet:
    """With this tag; however somebody writes it, tags are stored in one way."""
    try:
        return tickets.filter(tags__name=clean_tag(value))
    except ValidationError:
        return tickets.none()


# Parameter of the address -> what it does.
NAMED: dict[str, Callable[[TicketQuerySet, str, Reader], TicketQuerySet]] = {
    "status": by_status,
    "due": by_due,
    "assignee": by_assignee,
    "escalated": by_escalated,
    "tag": by_tag,
}
# Parameter -> the column that has to have one of its values, as Django's filters name them.
COLUMNS = {
    "priority__id__exact": "priority_id",
    "team__id__exact": "team_id",
    "organization__id__exact": "organization_id",
    "with_engineering__exact": "with_engineering",
}


def narrowed(
    tickets: TicketQuerySet, params: Mapping[str, Sequence[str]], reader: Reader
) -> TicketQuerySet:
    """The tickets that the queue shows for these parameters; a search is not among them.

    For counts: the page itself goes through the filters below, which do the same.
    Raises ValueError for a parameter or a value that the queue does not know.
    """
    values = {"status": [UNSOLVED], **params}
    for name, given in values.items():
        if name in NAMED:
            tickets = NAMED[name](tickets, given[-1], reader)
        elif name in COLUMNS:
            tickets = tickets.filter(**{f"{COLUMNS[name]}__in": [int(value) for value in given]})
        else:
            raise ValueError(f"The queue has no filter {name}.")
    return tickets


class NamedFilter(RadioFilter):
    """A filter of the table above."""

    def queryset(self, request: HttpRequest, queryset: TicketQuerySet) -> TicketQuerySet:
        value = self.value()
        if not value:
            return queryset
        reader = Reader(cast("User", request.user), timezone.now())
        return NAMED[self.parameter_name](queryset, value, reader)


class StatusFilter(NamedFilter):
    """Unsolved tickets unless something else is chosen; a search looks at all of them."""

    title = "status"
    parameter_name = "status"
    all_option = None

    def __init__(
        self,
        request: HttpRequest,
        params: dict[str, Any],
        model: type[Ticket],
        model_admin: ModelAdmin[Ticket],
    ) -> None:
        self.default = ALL if request.GET.get("q") else UNSOLVED
        super().__init__(request, params, model, model_admin)

    def lookups(
        self, request: HttpRequest, model_admin: ModelAdmin[Ticket]
    ) -> list[tuple[str, str]]:
        statuses = [(status.value, str(status.label)) for status in Status]
        return [(UNSOLVED, "Unsolved"), *statuses, (SOLVED, "Recently solved"), (ALL, "All")]

    def value(self) -> str:
        return super().value() or self.default


class DueFilter(NamedFilter):
    """By the next promise of a ticket."""

    title = "next promise"
    parameter_name = "due"

    def lookups(
        self, request: HttpRequest, model_admin: ModelAdmin[Ticket]
    ) -> list[tuple[str, str]]:
        return [
            ("late", "Late"),
            ("hour", "Due within the hour"),
            ("day", "Due within 24 hours"),
            ("still", "Standing still"),
        ]


class AssigneeFilter(NamedFilter):
    """Whose ticket it is."""

    title = "assignee"
    parameter_name = "assignee"
    all_option = ["", "Anyone"]

    def lookups(
        self, request: HttpRequest, model_admin: ModelAdmin[Ticket]
    ) -> list[tuple[str, str]]:
        return [("me", "Me"), ("team", "My teams"), ("nobody", "Nobody")]


class EscalatedFilter(NamedFilter):
    """Whether the ticket was escalated, by a step that marks it or by the customer."""

    title = "escalated"
    parameter_name = "escalated"

    def lookups(
        self, request: HttpRequest, model_admin: ModelAdmin[Ticket]
    ) -> list[tuple[str, str]]:
        return [("yes", "Escalated"), ("no", "Not escalated")]


class TeamFilter(RelatedDropdownFilter):
    """By team; the teams are asked for once, for this and for the menu that shares a view."""

    def field_choices(
        self, field: Any, request: HttpRequest, model_admin: ModelAdmin[Ticket]
    ) -> list[tuple[int, str]]:
        return [(team.pk, team.name) for team in teams(request)]


def teams(request: HttpRequest) -> list[Team]:
    """All teams, each with whether the person who asks is in it or leads it (`is_mine`)."""
    held = vars(request)
    if "teams" not in held:
        member = Exists(
            Team.members.through.objects.filter(team=OuterRef("pk"), user=request.user.pk)
        )
        is_mine = Q(member) | Q(lead=request.user.pk)
        held["teams"] = list(Team.objects.annotate(is_mine=ExpressionWrapper(is_mine, BOOLEAN)))
    return cast("list[Team]", held["teams"])


class TagFilter(TextFilter):
    """By one tag, typed in."""

    title = "tag"
    parameter_name = "tag"

    def queryset(self, request: HttpRequest, queryset: TicketQuerySet) -> TicketQuerySet:
        value = self.value()
        if not value:
            return queryset
        return by_tag(queryset, value, Reader(cast("User", request.user), timezone.now()))


class EngineeringFilter(BooleanRadioFilter):
    """Whether the ticket is with engineering."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.title = "engineering"
