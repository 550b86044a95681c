"""The outbox: what was sent to whom, what waits, and what could not be delivered."""

from __future__ import annotations

from typing import Any, cast

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import Model, QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from unfold.contrib.filters.admin import AllValuesCheckboxFilter, ChoicesCheckboxFilter
from unfold.decorators import display

from tickets import delivery, outbox
from tickets.admin.paging import CappedPaginator, UncountedList
from tickets.admin.readonly import ReadOnlyAdmin, TicketLink
from tickets.models import Delivery, UndeliverableAddress
from tickets.search import REFERENCE
from tickets.templatetags.desk import local_time

TONES = {
    Delivery.State.QUEUED: "info",
    Delivery.State.LEASED: "info",
    Delivery.State.SENT: "success",
    Delivery.State.DEAD: "danger",
    Delivery.State.CANCELLED: "",
}

# Of these occasions staff read no text: who reads a code signs in as somebody else.
SECRET = {outbox.LOGIN_CODE: "Not shown: a sign-in code."}
UNSEARCHABLE = {"text", "html", "key"}

FATE_TONES = {
    Delivery.Fate.DELIVERED: "success",
    Delivery.Fate.DELAYED: "warning",
    Delivery.Fate.BOUNCED: "danger",
    Delivery.Fate.COMPLAINED: "danger",
}


@admin.register(Delivery)
class DeliveryAdmin(TicketLink, ReadOnlyAdmin):
    """Deliveries are only looked at; one that died may be queued again."""

    list_display = [
        "subject",
        "recipient",
        "occasion",
        "state_label",
        "fate_label",
        "created",
        "problem",
    ]
    list_filter = [
        ("state", ChoicesCheckboxFilter),
        ("fate", ChoicesCheckboxFilter),
        ("occasion", AllValuesCheckboxFilter),
    ]
    list_filter_submit = True
    list_fullwidth = True
    list_per_page = 50
    paginator = CappedPaginator
    show_full_result_count = False
    search_fields = ["recipient", "subject"]
    search_help_text = "Recipient, subject or reference"
    actions = ["retry_selected"]
    fieldsets = [
        (None, {"fields": ["recipient", "subject", "ticket_link", "occasion", "channel"]}),
        ("Text", {"fields": ["full_text"]}),
        (
            "Delivery",
            {
                "fields": [
                    "state",
                    "attempts",
                    "last_error",
                    "created",
                    "next_attempt",
                    "sent",
                    "fate_label",
                    "fate_time",
                    "fate_detail",
                ]
            },
        ),
        (
            "Headers",
            {
                "fields": [
                    "from_name",
                    "reply_to",
                    "mail_message_id",
                    "in_reply_to",
                    "references",
                    "provider_id",
                ]
            },
        ),
    ]
    readonly_fields = [
        "ticket_link", "full_text", "created", "next_attempt", "sent", "fate_label", "fate_time",
    ]  # fmt: skip

    def has_retry_permission(self, request: HttpRequest) -> bool:
        """Changing a delivery means sending it again, and nothing else."""
        return request.user.has_perm("tickets.change_delivery")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Delivery]:
        return Delivery.objects.visible_to(request.user).select_related("ticket")

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[UncountedList]:
        return UncountedList

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Delivery], search_term: str
    ) -> tuple[QuerySet[Delivery], bool]:
        """By recipient and subject, or all deliveries of a ticket by its reference."""
        number = REFERENCE.fullmatch(search_term)
        if number and number[1]:
            return queryset.filter(ticket_id=int(number[2])), False
        found: tuple[QuerySet[Delivery], bool]
        found = super().get_search_results(request, queryset, search_term)
        return found

    def get_urls(self) -> list[URLPattern]:
        again = path(
            "<uuid:delivery_id>/retry/",
            self.admin_site.admin_view(self.retry),
            name="tickets_delivery_retry",
        )
        return [again, *cast("list[URLPattern]", super().get_urls())]

    def retry(self, request: HttpRequest, delivery_id: str) -> HttpResponse:
        """Queue one dead delivery again."""
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        if not self.has_retry_permission(request):
            raise PermissionDenied
        chosen = get_object_or_404(self.get_queryset(request), pk=delivery_id)
        self._retry(request, [chosen])
        return HttpResponseRedirect(reverse("admin:tickets_delivery_change", args=[chosen.pk]))

    @admin.action(description="Retry", permissions=["retry"])
    def retry_selected(self, request: HttpRequest, queryset: QuerySet[Delivery]) -> None:
        self._retry(request, list(queryset))

    def _retry(self, request: HttpRequest, chosen: list[Delivery]) -> None:
        dead = [one for one in chosen if one.state == Delivery.State.DEAD]
        for one in dead:
            delivery.retry(one, at=timezone.now())
        if dead:
            messages.success(request, f"Queued again: {len(dead)}.")
        if len(dead) < len(chosen):
            left = len(chosen) - len(dead)
            messages.warning(request, f"Left alone, because not dead: {left}.")

    @display(description="State", label={state.label: tone for state, tone in TONES.items()})
    def state_label(self, one: Delivery) -> str:
        return one.get_state_display()

    @display(
        description="What became of it",
        label={fate.label: tone for fate, tone in FATE_TONES.items()},
        empty_value="Not reported",
    )
    def fate_label(self, one: Delivery) -> str | None:
        """As the receiving side, or the mail provider, reports."""
        return one.get_fate_display() or None

    @display(description="Reported", empty_value="Not yet")
    def fate_time(self, one: Delivery) -> str | None:
        return local_time(one.fate_at) or None

    @display(description="Problem")
    def problem(self, one: Delivery) -> str:
        """Why the last attempt failed, or why it came back."""
        troubled = one.fate in (Delivery.Fate.BOUNCED, Delivery.Fate.DELAYED)
        return one.last_error or (one.fate_detail if troubled else "")

    @display(description="Created", ordering="created_at")
    def created(self, one: Delivery) -> str:
        return local_time(one.created_at)

    @display(description="Next attempt", empty_value="None")
    def next_attempt(self, one: Delivery) -> str | None:
        """Until when a worker has to send it, or has it now; none for what is settled."""
        waits = one.state in (Delivery.State.QUEUED, Delivery.State.LEASED)
        return local_time(one.next_attempt_at) if waits else None

    @display(description="Sent", empty_value="Not yet")
    def sent(self, one: Delivery) -> str | None:
        return local_time(one.sent_at) or None

    def lookup_allowed(self, lookup: str, value: Any, request: HttpRequest) -> bool:
        """Nobody finds out by the address of a list what the pages do not show."""
        if lookup.partition("__")[0] in UNSEARCHABLE:
            return False
        return bool(super().lookup_allowed(lookup, value, request))

    @display(description="Full text")
    def full_text(self, one: Delivery) -> SafeString | str:
        if one.occasion in SECRET:
            return SECRET[one.occasion]
        return format_html('<div class="desk-mail">{}</div>', one.text)


@admin.register(UndeliverableAddress)
class UndeliverableAddressAdmin(ReadOnlyAdmin):
    """Addresses that nothing is sent to; deleting one is to write to it again."""

    list_display = ["address", "since", "reason"]
    list_fullwidth = True
    search_fields = ["address"]
    search_help_text = "Address"
    fields = ["address", "since", "reason", "delivery_link"]
    readonly_fields = ["since", "delivery_link"]

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return request.user.has_perm("tickets.delete_undeliverableaddress")

    @display(description="Since", ordering="at")
    def since(self, one: UndeliverableAddress) -> str:
        return local_time(one.at)

    @display(description="The mail that came back")
    def delivery_link(self, one: UndeliverableAddress) -> SafeString | str:
        if one.delivery is None:
            return ""
        address = reverse("admin:tickets_delivery_change", args=[one.delivery.pk])
        return format_html('<a class="desk-link" href="{}">{}</a>', address, one.delivery.subject)
