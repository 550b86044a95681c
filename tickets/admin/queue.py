"""The queue: tickets in the order of what is due next."""

from __future__ import annotations

from typing import Any, cast

from django.db.models import Prefetch, QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from unfold.admin import ModelAdmin
from unfold.contrib.filters.admin import (
    AutocompleteSelectFilter,
    RelatedCheckboxFilter,
    RelatedDropdownFilter,
)
from unfold.decorators import display
from unfold.views import ChangeList

from sla.models import Clock
from tickets import search
from tickets.admin.filters import (
    AssigneeFilter,
    DueFilter,
    EngineeringFilter,
    EscalatedFilter,
    StatusFilter,
)
from tickets.admin.paging import CappedPaginator, UncountedList, View, views_of
from tickets.admin.standing import next_clock, standing
from tickets.models import Ticket
from tickets.models.tickets import TicketQuerySet
from tickets.states import Status
from tickets.templatetags.desk import local_time

# One press each above the list; what the filters call them is in filters.py.
VIEWS = [
    ("Unsolved", {}),
    ("Mine", {"assignee": "me"}),
    ("My teams'", {"assignee": "team"}),
    ("Unassigned", {"assignee": "nobody"}),
    ("Late", {"due": "late"}),
    ("Escalated", {"escalated": "yes"}),
    ("Waiting", {"status": Status.PENDING.value}),
    ("All", {"status": "all"}),
]


class QueueList(UncountedList):
    """What is due next comes first, as `for_desk` has it; the rows know their running clocks."""

    def get_queryset(
        self, request: HttpRequest, exclude_parameters: list[str | None] | None = None
    ) -> TicketQuerySet:
        running = Clock.objects.running()
        found: TicketQuerySet = super().get_queryset(request, exclude_parameters)
        return found.prefetch_related(Prefetch("clocks", queryset=running))

    def get_ordering(self, request: HttpRequest, queryset: QuerySet[Ticket]) -> list[Any]:
        return list(queryset.query.order_by)

    result_list: Any

    def get_results(self, request: HttpRequest) -> None:
        """The rows of this page, with what was looked for where it stands in them."""
        super().get_results(request)
        if self.query:
            tickets: list[Any] = list(self.result_list)
            excerpts = search.excerpts([ticket.pk for ticket in tickets], self.asked)
            for ticket in tickets:
                ticket.excerpt = excerpts.get(ticket.pk)
            self.result_list = tickets

    @property
    def asked(self) -> search.Query:
        """What was looked for."""
        return search.understood(self.query)

    @property
    def note(self) -> str:
        """What to know about an answer: why there is none, or that there is more."""
        if self.query and self.asked.problem and not self.result_count:
            return self.asked.problem
        if self.query and self.result_count >= search.MOST:
            return f"These are the newest {search.MOST}. Add a word or a filter to see others."
        return ""

    @property
    def views(self) -> list[View]:
        """The links above the list, the present one marked."""
        return views_of(self, VIEWS)


class TicketQueue(ModelAdmin):
    """The list of tickets: columns, filters, search."""

    list_display = [
        "ticket",
        "due",
        "priority_label",
        "status_label",
        "from_whom",
        "team_name",
        "assignee_name",
    ]
    list_display_links = ["ticket"]
    list_filter = [
        StatusFilter,
        DueFilter,
        AssigneeFilter,
        ("priority", RelatedCheckboxFilter),
        ("team", RelatedDropdownFilter),
        ("organization", AutocompleteSelectFilter),
        EscalatedFilter,
        ("with_engineering", EngineeringFilter),
    ]
    list_filter_submit = True
    list_fullwidth = True
    list_per_page = 50
    list_before_template = "admin/tickets/ticket/views.html"
    paginator = CappedPaginator
    show_full_result_count = False
    show_facets = ModelAdmin.show_facets.NEVER
    sortable_by: list[str] = []
    actions = None
    search_fields = ["subject"]  # So that there is a search at all; see get_search_results.
    search_help_text = search.HELP

    def get_queryset(self, request: HttpRequest) -> TicketQuerySet:
        return Ticket.objects.visible_to(request.user).for_desk()

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[ChangeList]:
        return QueueList

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Ticket], search_term: str
    ) -> tuple[QuerySet[Ticket], bool]:
        """By reference, or by the words of the ticket, its people and its conversation."""
        if not search_term:
            return queryset, False
        found = search.find(cast("TicketQuerySet", queryset), search.understood(search_term))
        return queryset.filter(pk__in=found.numbers), False

    @display(description="Ticket")
    def ticket(self, ticket: Ticket) -> SafeString:
        found: search.Excerpt | None = getattr(ticket, "excerpt", None)
        return format_html(
            '<span class="desk-reference">{}</span> <span class="desk-subject">{}</span>{}',
            ticket.reference,
            found.subject if found else ticket.subject,
            format_html('<span class="desk-excerpt">{}</span>', found.text) if found else "",
        )

    @display(description="Next promise")
    def due(self, ticket: Ticket) -> SafeString | str:
        """In words and colour; the exact time as the title."""
        clock = next_clock(clock for clock in ticket.clocks.all() if clock.is_running)
        if clock is None:
            return ""
        now = timezone.now()
        stand = standing(clock, now)
        return format_html(
            '<span class="desk-tag desk-tag-{}" title="{} by {}">{}</span>',
            stand.tone,
            clock.get_metric_display(),
            local_time(clock.due_at),
            stand.words,
        )

    @display(description="Priority")
    def priority_label(self, ticket: Ticket) -> SafeString:
        return format_html(
            '<span class="desk-tag desk-rank-{}" title="{}">{}</span>',
            min(ticket.priority.rank, 4),
            ticket.priority.name,
            ticket.priority.code,
        )

    @display(description="Status")
    def status_label(self, ticket: Ticket) -> SafeString:
        """In words, with a mark for what is out of the ordinary."""
        marks = []
        if ticket.escalated_at is not None:
            marks.append(("escalated", local_time(ticket.escalated_at), "Escalated"))
        if ticket.with_engineering:
            marks.append(("engineering", "", "With engineering"))
        return format_html(
            '<span class="desk-status">{}</span>{}',
            ticket.get_status_display(),
            format_html_join(" ", '<span class="desk-tag desk-tag-{}" title="{}">{}</span>', marks),
        )

    @display(description="From")
    def from_whom(self, ticket: Ticket) -> SafeString:
        return format_html(
            '<span title="{}">{}</span><span class="desk-subtle">{}</span>',
            ticket.requester.email,
            ticket.requester,
            ticket.organization or "",
        )

    @display(description="Team", empty_value="")
    def team_name(self, ticket: Ticket) -> str | None:
        return ticket.team.name if ticket.team else None

    @display(description="Assignee")
    def assignee_name(self, ticket: Ticket) -> SafeString | str:
        if ticket.assignee is None:
            return format_html('<span class="desk-subtle">{}</span>', "Nobody")
        return str(ticket.assignee)


def queue_url(preserved: str = "") -> str:
    """The address of the queue, as narrowed down before (`preserved`: its query string)."""
    return f"{reverse('admin:tickets_ticket_changelist')}{'?' + preserved if preserved else ''}"
