"""What the queue can be narrowed down to."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.contrib.admin import ModelAdmin
from django.http import HttpRequest
from django.utils import timezone
from unfold.contrib.filters.admin import BooleanRadioFilter, RadioFilter

from tickets.admin.standing import SOON
from tickets.models import Ticket
from tickets.models.tickets import TicketQuerySet
from tickets.states import Status

UNSOLVED, ALL = "unsolved", "all"


class StatusFilter(RadioFilter):
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
        return [(UNSOLVED, "Unsolved"), *statuses, (ALL, "All")]

    def value(self) -> str:
        return super().value() or self.default

    def queryset(self, request: HttpRequest, queryset: TicketQuerySet) -> TicketQuerySet:
        status = self.value()
        if status == ALL:
            return queryset
        return queryset.open() if status == UNSOLVED else queryset.filter(status=status)


class DueFilter(RadioFilter):
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

    def queryset(self, request: HttpRequest, queryset: TicketQuerySet) -> TicketQuerySet:
        now = timezone.now()
        match self.value():
            case "late":
                return queryset.open().filter(next_due_at__lt=now)
            case "hour":
                return queryset.open().filter(next_due_at__range=(now, now + SOON))
            case "day":
                return queryset.open().filter(next_due_at__range=(now, now + timedelta(days=1)))
            case "still":
                return queryset.open().filter(next_due_at=None)
        return queryset


class AssigneeFilter(RadioFilter):
    """Whose ticket it is."""

    title = "assignee"
    parameter_name = "assignee"
    all_option = ["", "Anyone"]

    def lookups(
        self, request: HttpRequest, model_admin: ModelAdmin[Ticket]
    ) -> list[tuple[str, str]]:
        return [("me", "Me"), ("team", "My teams"), ("nobody", "Nobody")]

    def queryset(self, request: HttpRequest, queryset: TicketQuerySet) -> TicketQuerySet:
        match self.value():
            case "me":
                return queryset.filter(assignee_id=request.user.pk)
            case "team":
                return queryset.filter(team__members=request.user.pk)
            case "nobody":
                return queryset.filter(assignee=None)
        return queryset


class EscalatedFilter(RadioFilter):
    """Whether the ticket was escalated, by a step that marks it or by the customer."""

    title = "escalated"
    parameter_name = "escalated"

    def lookups(
        self, request: HttpRequest, model_admin: ModelAdmin[Ticket]
    ) -> list[tuple[str, str]]:
        return [("yes", "Escalated"), ("no", "Not escalated")]

    def queryset(self, request: HttpRequest, queryset: TicketQuerySet) -> TicketQuerySet:
        match self.value():
            case "yes":
                return queryset.filter(escalated_at__isnull=False)
            case "no":
                return queryset.filter(escalated_at=None)
        return queryset


class EngineeringFilter(BooleanRadioFilter):
    """Whether the ticket is with engineering."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.title = "engineering"
