"""The queue: tickets in the order of what is due next."""

from __future__ import annotations

import hashlib
from typing import Any, cast

from django.contrib.admin.views.main import PAGE_VAR
from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import OuterRef, Prefetch, QuerySet
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import URLPattern, reverse
from django.utils import timezone
from django.utils.functional import cached_property
from unfold.admin import ModelAdmin
from unfold.contrib.filters.admin import (
    AutocompleteSelectFilter,
    RelatedCheckboxFilter,
)
from unfold.views import ChangeList

from sla.models import Clock
from tickets import presence, search
from tickets.admin.bulk_actions import BulkActions
from tickets.admin.columns import COLUMNS, USUAL, QueueColumns, shown
from tickets.admin.export import TICKETS, ExportPages
from tickets.admin.filters import (
    AssigneeFilter,
    DueFilter,
    EngineeringFilter,
    EscalatedFilter,
    StatusFilter,
    TagFilter,
    TeamFilter,
    narrowed,
)
from tickets.admin.paging import CappedPaginator, UncountedList
from tickets.admin.queues import (
    ORDERS,
    PRESENTATION,
    QUEUES,
    SEEN,
    SORT,
    VIEW,
    current_key,
    filters_of,
    order_of,
)
from tickets.admin.saved_views import SavedViewPages, reader
from tickets.models import Tag, Ticket
from tickets.models.tickets import TicketQuerySet

# What a row has to be told apart by from what it was before.
MARKS = ("pk", "updated_at", "next_due_at", "status", "team_id", "assignee_id")


def marked(rows: list[tuple[Any, ...]]) -> str:
    """The rows of a page in short. Time goes by in their words, so it differs each minute."""
    return hashlib.sha256(repr((this_minute(), rows)).encode()).hexdigest()[:16]


def this_minute() -> int:
    """The number of the present minute."""
    return int(timezone.now().timestamp() // 60)


class QueueList(UncountedList):
    """What is due next comes first, as `for_desk` has it; the rows know their running clocks."""

    def get_filters_params(self, params: dict[str, Any] | None = None) -> dict[str, Any]:
        """Without what says how tickets are shown."""
        found: dict[str, Any] = super().get_filters_params(params)
        return {name: values for name, values in found.items() if name not in PRESENTATION}

    def get_queryset(
        self, request: HttpRequest, exclude_parameters: list[str | None] | None = None
    ) -> TicketQuerySet:
        found: TicketQuerySet = super().get_queryset(request, exclude_parameters)
        if "request_type_name" in self.list_display:
            found = found.select_related("request_type")
        there = presence.with_others(reader(request).user, timezone.now())
        return found.prefetch_related(Prefetch("clocks", queryset=Clock.objects.running()), there)

    @cached_property
    def seen(self) -> str:
        """What the rows of this page are and when they changed, in short: see `TicketQueue`."""
        rows: list[tuple[Any, ...]] = [
            (*(getattr(row, name) for name in MARKS),) for row in self.result_list
        ]
        there = [(one.ticket_id, one.user_id) for row in self.result_list for one in row.present]
        return marked(rows + sorted(there))

    @property
    def empty_words(self) -> str:
        """The sentence of a queue without tickets."""
        if VIEW in self.filter_params:
            return "No ticket is in this view."
        key = current_key(self.filter_params, [])
        return next(
            (queue.empty for queue in QUEUES if queue.key == key), "No ticket is like that."
        )

    def get_ordering(self, request: HttpRequest, queryset: QuerySet[Ticket]) -> list[Any]:
        """As the address asks, if an index serves it there; a search has an order of its own."""
        if self.query and SORT not in self.filter_params:
            return list(queryset.query.order_by)
        return ORDERS[order_of(self.filter_params)][1]

    result_list: Any

    def get_results(self, request: HttpRequest) -> None:
        """The rows of this page, with what was looked for where it stands in them."""
        super().get_results(request)
        if "tag_names" in self.list_display:
            names = Tag.objects.filter(tickets=OuterRef("pk")).order_by("name").values("name")
            self.result_list = self.result_list.annotate(tag_list=ArraySubquery(names))
        if self.query:
            found = search.with_excerpts(self.result_list, self.asked).values()
            for excerpt in found:
                cast("Any", excerpt.ticket).excerpt = excerpt
            self.result_list = [excerpt.ticket for excerpt in found]

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


class TicketQueue(BulkActions, SavedViewPages, QueueColumns, ExportPages, ModelAdmin):
    """The list of tickets: columns, filters, search, views."""

    list_display = ["ticket", *(COLUMNS[name][0] for name in USUAL)]
    list_display_links = ["ticket"]
    export_layout = TICKETS
    list_filter = [
        StatusFilter,
        DueFilter,
        AssigneeFilter,
        ("priority", RelatedCheckboxFilter),
        ("team", TeamFilter),
        ("organization", AutocompleteSelectFilter),
        EscalatedFilter,
        TagFilter,
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
    search_fields = ["subject"]  # So that there is a search at all; see get_search_results.
    search_help_text = search.HELP

    def get_queryset(self, request: HttpRequest) -> TicketQuerySet:
        return Ticket.objects.visible_to(request.user).for_desk()

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[ChangeList]:
        return QueueList

    def get_list_display(self, request: HttpRequest) -> list[str]:
        names = shown(dict(request.GET.lists()), self.own_views(request), reader(request).user)
        return ["ticket", *(COLUMNS[name][0] for name in names)]

    def get_urls(self) -> list[URLPattern]:
        """With the pages that keep views, and the numbers of the sidebar."""
        return [*self.view_urls(), *super().get_urls()]

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """The page; or for a page that is open (`seen`) its rows, or 204 if they are the same."""
        given = request.GET.copy()
        seen = given.pop(SEEN, [""])[-1]
        request.GET = given  # type: ignore[assignment]
        may_look = self.has_view_or_change_permission(request)
        if seen and may_look and self._peek(request) == seen:
            return HttpResponse(status=204)
        context = self.menu(request) if may_look else {}
        page: HttpResponse = super().changelist_view(request, {**context, **(extra_context or {})})
        if seen and isinstance(page, TemplateResponse):
            page.template_name = "admin/tickets/ticket/rows.html"
        return page

    def _peek(self, request: HttpRequest) -> str:
        """What `QueueList.seen` would be, by two queries; "" if unknown.

        The first reads the columns of an index, the second who is at those tickets.

        A search is not tried: what it finds is known when the page is made.
        """
        params = dict(request.GET.lists())
        try:
            page = int(request.GET.get(PAGE_VAR, 1))
            found = narrowed(
                Ticket.objects.visible_to(request.user), filters_of(params), reader(request)
            )
        except ValueError:
            return ""
        first = (max(page, 1) - 1) * self.list_per_page
        ordered = found.order_by(*ORDERS[order_of(params)][1]).values_list(*MARKS)
        rows = list(ordered[first : first + self.list_per_page])
        there = presence.of_others(reader(request).user, timezone.now()).order_by()
        at_them = there.filter(ticket__in=[row[0] for row in rows])
        return marked(rows + sorted(at_them.values_list("ticket_id", "user_id")))

    def get_paginator(
        self, request: HttpRequest, queryset: QuerySet[Ticket], *args: Any, **kwargs: Any
    ) -> CappedPaginator:
        """Which need not count what a search has found: filters came before it."""
        paginator = cast(
            "CappedPaginator", super().get_paginator(request, queryset, *args, **kwargs)
        )
        if "found" in vars(request):
            paginator.count = vars(request)["found"]
        return paginator

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Ticket], search_term: str
    ) -> tuple[QuerySet[Ticket], bool]:
        """By reference, or by the words of the ticket, its people and its conversation."""
        if not search_term:
            return queryset, False
        found = search.find(cast("TicketQuerySet", queryset), search.understood(search_term))
        vars(request)["found"] = len(found.numbers)
        return queryset.filter(pk__in=found.numbers), False


def queue_url(preserved: str = "") -> str:
    """The address of the queue, as narrowed down before (`preserved`: its query string)."""
    return f"{reverse('admin:tickets_ticket_changelist')}{'?' + preserved if preserved else ''}"
