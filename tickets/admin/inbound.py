"""The inbox: every message that arrived, what became of it, and the quarantine."""

from __future__ import annotations

from typing import Any, cast

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from unfold.contrib.filters.admin import ChoicesCheckboxFilter, RelatedDropdownFilter
from unfold.decorators import display

from tickets import inbound
from tickets.admin.paging import CappedPaginator, UncountedList
from tickets.admin.readonly import ReadOnlyAdmin, TicketLink
from tickets.inbound import StillIgnored
from tickets.models import InboundMessage
from tickets.reading import Unreadable
from tickets.templatetags.desk import local_time

State, Outcome = InboundMessage.State, InboundMessage.Outcome

# What a row says in one word, and its colour.
TONES = {
    State.WAITING.label: "info",
    State.LEASED.label: "info",
    State.QUARANTINED.label: "danger",
    Outcome.TICKET.label: "success",
    Outcome.REPLY.label: "success",
    Outcome.IGNORED.label: "",
}


class MailboxFilter(RelatedDropdownFilter):
    """The list of mailboxes also leads to what belongs to none, by a link."""

    def queryset(
        self, request: HttpRequest, queryset: QuerySet[InboundMessage]
    ) -> QuerySet[InboundMessage] | None:
        if self.lookup_val_isnull:
            return queryset.filter(mailbox=None)
        return cast("QuerySet[InboundMessage] | None", super().queryset(request, queryset))


@admin.register(InboundMessage)
class InboundMessageAdmin(TicketLink, ReadOnlyAdmin):
    """Messages are looked at; one in quarantine may be read again, an ignored one made a ticket."""

    list_display = ["subject_or_key", "sender", "mailbox", "standing", "received", "reason"]
    list_filter = [
        ("state", ChoicesCheckboxFilter),
        ("outcome", ChoicesCheckboxFilter),
        ("mailbox", MailboxFilter),
    ]
    list_filter_submit = True
    list_fullwidth = True
    list_per_page = 50
    paginator = CappedPaginator
    show_full_result_count = False
    search_fields = ["sender", "subject"]
    search_help_text = "Sender or subject"
    fieldsets = [
        (None, {"fields": ["sender", "subject", "mailbox", "ticket_link"]}),
        ("What became of it", {"fields": ["standing", "reason", "attempts", "settled"]}),
        ("As it arrived", {"fields": ["received", "size", "key", "digest"]}),
    ]
    readonly_fields = ["ticket_link", "standing", "received", "settled"]

    def has_act_permission(self, request: HttpRequest) -> bool:
        """Changing a message means reading it again, and nothing else."""
        return request.user.has_perm("tickets.change_inboundmessage")

    def get_queryset(self, request: HttpRequest) -> QuerySet[InboundMessage]:
        rows = InboundMessage.objects.visible_to(request.user)
        return rows.select_related("mailbox", "ticket").defer("raw")

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[UncountedList]:
        return UncountedList

    def get_urls(self) -> list[URLPattern]:
        """The original, and a button each for the quarantine and for what was ignored."""
        pages = [
            path(
                f"<int:message_id>/{name}/",
                self.admin_site.admin_view(view),
                name=f"tickets_inboundmessage_{name}",
            )
            for name, view in (
                ("original", self.original),
                ("retry", self.retry),
                ("adopt", self.adopt),
            )
        ]
        return pages + cast("list[URLPattern]", super().get_urls())

    def original(self, request: HttpRequest, message_id: int) -> HttpResponse:
        """The bytes as they arrived: to be saved, never shown by the browser."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        seen = InboundMessage.objects.visible_to(request.user)
        row = get_object_or_404(seen, pk=message_id)
        return HttpResponse(
            bytes(row.raw),
            content_type="application/octet-stream",
            headers={
                "Content-Disposition": f'attachment; filename="message-{row.pk}.eml"',
                "X-Content-Type-Options": "nosniff",
                "Content-Security-Policy": "sandbox",
            },
        )

    def retry(self, request: HttpRequest, message_id: int) -> HttpResponse:
        """Read a message in quarantine once more."""
        row = self._chosen(request, message_id)
        if row is None:
            return HttpResponseNotAllowed(["POST"])
        if row.state == State.QUARANTINED:
            inbound.retry(row, at=timezone.now())
            messages.success(request, "It is read again: look at this page in a moment.")
        else:
            messages.warning(request, "It is not in quarantine any more.")
        return self._back(row)

    def adopt(self, request: HttpRequest, message_id: int) -> HttpResponse:
        """Make a ticket of what was ignored."""
        row = self._chosen(request, message_id)
        if row is None:
            return HttpResponseNotAllowed(["POST"])
        try:
            inbound.adopt(row, at=timezone.now())
        except (StillIgnored, Unreadable) as problem:
            messages.error(request, f"It cannot become a ticket. {problem}")
        else:
            messages.success(request, f"It is part of {row.ticket} now.")
        return self._back(row)

    def _chosen(self, request: HttpRequest, message_id: int) -> InboundMessage | None:
        """The row of a button that was pressed; None for another method than POST."""
        if not self.has_act_permission(request):
            raise PermissionDenied
        row = get_object_or_404(self.get_queryset(request), pk=message_id)
        return row if request.method == "POST" else None

    def _back(self, row: InboundMessage) -> HttpResponse:
        return HttpResponseRedirect(reverse("admin:tickets_inboundmessage_change", args=[row.pk]))

    @display(description="Message", ordering="subject")
    def subject_or_key(self, row: InboundMessage) -> str:
        return row.subject or row.key

    @display(description="Standing", label=TONES)
    def standing(self, row: InboundMessage) -> str:
        if row.state == State.DONE:
            return row.get_outcome_display()
        return row.get_state_display()

    @display(description="Received", ordering="received_at")
    def received(self, row: InboundMessage) -> str:
        return local_time(row.received_at)

    @display(description="Settled", empty_value="Not yet")
    def settled(self, row: InboundMessage) -> str | None:
        return local_time(row.settled_at) or None
