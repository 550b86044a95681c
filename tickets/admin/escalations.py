"""Escalations: who has to look at a ticket now, and who said that he does."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.safestring import SafeString
from unfold.contrib.filters.admin import RadioFilter
from unfold.decorators import display

from tickets import escalation
from tickets.admin.paging import CappedPaginator, UncountedList, View, views_of
from tickets.admin.readonly import ReadOnlyAdmin, TicketLink
from tickets.models import Escalation, User
from tickets.models.escalations import EscalationQuerySet
from tickets.refusals import AlreadyAcknowledged, Refused
from tickets.search import REFERENCE
from tickets.templatetags.desk import local_time
from tickets.templatetags.escalations import acknowledgement, already_acknowledged

OPEN, ACKNOWLEDGED, MISSED, ALL = "open", "acknowledged", "missed", "all"

STATES = [
    (OPEN, "Not acknowledged"),
    (ACKNOWLEDGED, "Acknowledged"),
    (MISSED, "Over before anybody did"),
    (ALL, "All"),
]
VIEWS = [(title, {} if state == OPEN else {"state": state}) for state, title in STATES]


class StateFilter(RadioFilter):
    """Those that still call for somebody, unless something else is chosen; a search finds all."""

    title = "state"
    parameter_name = "state"
    all_option = None

    def __init__(
        self,
        request: HttpRequest,
        params: dict[str, Any],
        model: type[Escalation],
        model_admin: admin.ModelAdmin[Escalation],
    ) -> None:
        self.default = ALL if request.GET.get("q") else OPEN
        super().__init__(request, params, model, model_admin)

    def lookups(
        self, request: HttpRequest, model_admin: admin.ModelAdmin[Escalation]
    ) -> list[tuple[str, str]]:
        return STATES

    def value(self) -> str:
        return super().value() or self.default

    def queryset(self, request: HttpRequest, queryset: EscalationQuerySet) -> EscalationQuerySet:
        match self.value():
            case "open":
                return queryset.open()
            case "acknowledged":
                return queryset.acknowledged()
            case "missed":
                return queryset.missed()
            case "all":
                return queryset
        return queryset.none()


class EscalationList(UncountedList):
    """The newest on top, with a press for each state."""

    @property
    def views(self) -> list[View]:
        return views_of(self, VIEWS)


@admin.register(Escalation)
class EscalationAdmin(TicketLink, ReadOnlyAdmin):
    """Escalations are only looked at; who may change tickets acknowledges them."""

    list_display_links = ["ticket_words"]
    list_filter = [StateFilter]
    list_filter_submit = True
    list_fullwidth = True
    list_per_page = 50
    list_before_template = "admin/tickets/escalation/views.html"
    paginator = CappedPaginator
    show_full_result_count = False
    show_facets = admin.ShowFacets.NEVER
    sortable_by: list[str] = []
    actions = None
    search_fields = ["ticket__subject", "reason"]
    search_help_text = "Reference, subject or reason"
    fields = ["ticket_link", "why", "said", "when", "told_words", "acknowledged"]
    readonly_fields = fields

    def get_queryset(self, request: HttpRequest) -> EscalationQuerySet:
        return Escalation.objects.for_reading().visible_to(request.user)

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[UncountedList]:
        return EscalationList

    def get_list_display(self, request: HttpRequest) -> list[str | Callable[..., Any]]:
        """With a button in each row that waits, for those who may press it."""
        return ["ticket_words", "occasion_words", "when", "told", _state_for(request)]

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Escalation], search_term: str
    ) -> tuple[QuerySet[Escalation], bool]:
        """By the ticket's reference, or by words in its subject and in the reason."""
        number = REFERENCE.fullmatch(search_term)
        if number and number[1]:
            return queryset.filter(ticket_id=int(number[2])), False
        found, may_have_duplicates = super().get_search_results(request, queryset, search_term)
        if number:
            found |= queryset.filter(ticket_id=int(number[2]))
        return found, may_have_duplicates

    def get_urls(self) -> list[URLPattern]:
        acknowledge = path(
            "<int:escalation_id>/acknowledge/",
            self.admin_site.admin_view(self.acknowledge),
            name="tickets_escalation_acknowledge",
        )
        return [acknowledge, *cast("list[URLPattern]", super().get_urls())]

    def acknowledge(self, request: HttpRequest, escalation_id: int) -> HttpResponse:
        """Put on record that this person looks after it, and go back to where the button was."""
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        if not (self.has_view_permission(request) and may_acknowledge(request)):
            raise PermissionDenied
        row = get_object_or_404(self.get_queryset(request), pk=escalation_id)
        person = cast("User", request.user)
        try:
            escalation.acknowledge(escalation=row, by=person, at=timezone.now())
        except AlreadyAcknowledged:
            row.refresh_from_db()
            messages.error(request, already_acknowledged(row))
        except Refused as refusal:
            messages.error(request, str(refusal))
        else:
            messages.success(
                request, f"{row.ticket.reference}: the others see that you look after it."
            )
        return HttpResponseRedirect(self._way_back(request, row))

    def _way_back(self, request: HttpRequest, row: Escalation) -> str:
        address = request.POST.get("next", "")
        here = url_has_allowed_host_and_scheme(
            address, allowed_hosts={request.get_host()}, require_https=request.is_secure()
        )
        return address if here else reverse("admin:tickets_escalation_change", args=[row.pk])

    @display(description="Ticket")
    def ticket_words(self, row: Escalation) -> SafeString:
        return format_html(
            '<span class="desk-reference">{}</span> <span class="desk-subject">{}</span>',
            row.ticket.reference,
            row.ticket.subject,
        )

    @display(description="Why")
    def occasion_words(self, row: Escalation) -> SafeString:
        """With what the customer says."""
        words = '{}<span class="desk-said">{}</span>' if row.reason else "{}{}"
        return format_html(words, row.occasion, row.reason)

    @display(description="Why")
    def why(self, row: Escalation) -> str:
        return row.occasion

    @display(description="Reason", empty_value="None was given")
    def said(self, row: Escalation) -> SafeString | None:
        return format_html('<div class="desk-mail">{}</div>', row.reason) if row.reason else None

    @display(description="Told")
    def told_words(self, row: Escalation) -> str:
        return row.told

    @display(description="Escalated")
    def when(self, row: Escalation) -> str:
        return local_time(row.at)

    @display(description="Acknowledged")
    def acknowledged(self, row: Escalation) -> str:
        return acknowledgement(row) or ("Nobody yet" if row.is_open else "By nobody; it is over")


def may_acknowledge(request: HttpRequest) -> bool:
    """Acknowledging changes the ticket."""
    return request.user.has_perm("tickets.change_ticket")


def _state_for(request: HttpRequest) -> Callable[[Escalation], SafeString | str]:
    """The last column for this person, who comes back to the list as it was narrowed down."""
    offers = may_acknowledge(request)

    @display(description="Acknowledged")
    def state(row: Escalation) -> SafeString | str:
        if row.acknowledged_at is not None:
            return acknowledgement(row)
        if not row.is_open:
            return format_html('<span class="desk-tag desk-tag-still">{}</span>', "Over")
        if not offers:
            return format_html('<span class="desk-tag desk-tag-late">{}</span>', "Not yet")
        # The list is a form with a token; the button sends it elsewhere.
        return format_html(
            '<button class="desk-button" formaction="{}" name="next" value="{}">Acknowledge'
            '<span class="desk-hidden"> {}</span></button>',
            reverse("admin:tickets_escalation_acknowledge", args=[row.pk]),
            request.get_full_path(),
            row.ticket.reference,
        )

    return cast("Callable[[Escalation], SafeString | str]", state)
