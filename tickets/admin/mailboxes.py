"""Mailboxes: where our mail is fetched, how that goes, and what became of what came."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import Count, Q, QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.decorators import method_decorator
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.views.decorators.debug import sensitive_post_parameters
from unfold.admin import ModelAdmin
from unfold.decorators import display

from tickets import fetching
from tickets.admin.mailbox_form import MailboxForm
from tickets.models import InboundMessage, Mailbox
from tickets.templatetags.desk import local_time

State, Outcome = InboundMessage.State, InboundMessage.Outcome

NEW, WELL, PARTLY, TROUBLE, PIPED, OFF = (
    "not fetched yet",
    "well",
    "not all read",
    "in trouble",
    "not fetched",
    "off",
)
TONES = {NEW: "info", WELL: "success", PARTLY: "warning", TROUBLE: "danger", PIPED: "", OFF: ""}

# What is seen is the sum of the others, by the states and outcomes that a row can have.
COUNTS: dict[str, dict[str, Any]] = {
    "seen": {},
    "tickets": {"state": State.DONE, "outcome": Outcome.TICKET},
    "replies": {"state": State.DONE, "outcome": Outcome.REPLY},
    "ignored": {"state": State.DONE, "outcome": Outcome.IGNORED},
    "quarantined": {"state": State.QUARANTINED},
    "waiting": {"state__in": [State.WAITING, State.LEASED]},
}


def _counts(prefix: str = "") -> dict[str, Count]:
    """A number for each of COUNTS, of the messages to which the prefix leads."""
    return {
        f"{name}_count": Count(
            f"{prefix}pk", filter=Q(**{f"{prefix}{field}": value for field, value in what.items()})
        )
        for name, what in COUNTS.items()
    }


@admin.register(Mailbox)
class MailboxAdmin(ModelAdmin):
    """A secret that was entered is never shown again, not even as dots."""

    form = MailboxForm
    list_display = ["address", "standing", "fetched", *COUNTS, "last_error"]
    list_filter = ["is_active"]
    search_fields = ["address", "host"]
    list_fullwidth = True
    list_before_template = "admin/tickets/mailbox/unassigned.html"
    fieldsets = [
        (None, {"fields": ["address", "team", "request_type", "is_active"]}),
        (
            "Fetched by IMAP",
            {
                "fields": [
                    "host",
                    "security",
                    "port",
                    "auth",
                    "login",
                    "new_secret",
                    "folder",
                ]
            },
        ),
    ]
    standing_fields = (
        "How it goes",
        {"fields": ["standing", "fetched", "waits_until", "last_error", "counted"]},
    )
    readonly_fields = ["standing", "fetched", "waits_until", "last_error", "counted"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Mailbox]:
        """With a number for each of COUNTS, in the same query."""
        rows = cast("QuerySet[Mailbox]", super().get_queryset(request))
        return rows.annotate(**_counts("inbound__"))

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Beside the mailboxes, what belongs to none: counted as well, so that nothing hides."""
        unassigned = InboundMessage.objects.filter(mailbox=None).aggregate(**_counts())
        words = _sentence(unassigned, "mailbox__isnull=True")
        context = {**(extra_context or {}), "unassigned": words}
        return cast("HttpResponse", super().changelist_view(request, context))

    def get_fieldsets(self, request: HttpRequest, obj: Mailbox | None = None) -> Any:
        """A mailbox that is not there yet has no standing."""
        return self.fieldsets if obj is None else [self.standing_fields, *self.fieldsets]

    def get_urls(self) -> list[URLPattern]:
        attempt = path(
            "<int:mailbox_id>/try/",
            self.admin_site.admin_view(self.try_connection),
            name="tickets_mailbox_try",
        )
        return [attempt, *cast("list[URLPattern]", super().get_urls())]

    @method_decorator(sensitive_post_parameters("new_secret"))
    def changeform_view(self, *args: Any, **kwargs: Any) -> HttpResponse:
        return cast("HttpResponse", super().changeform_view(*args, **kwargs))

    def save_model(
        self, request: HttpRequest, obj: Mailbox, form: MailboxForm, change: bool
    ) -> None:
        """Whoever changed how it is reached wants to know now whether that helped."""
        super().save_model(request, obj, form, change)
        if form.reached_differently():
            fetching.resume(obj)

    def try_connection(self, request: HttpRequest, mailbox_id: int) -> HttpResponse:
        """Sign in with what is saved, and say what happened."""
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        mailbox = get_object_or_404(Mailbox, pk=mailbox_id)
        if not self.has_change_permission(request, mailbox):
            raise PermissionDenied
        if not mailbox.host:
            messages.error(request, "There is no IMAP server to try: enter one, and save.")
        else:
            try:
                messages.success(request, fetching.try_connection(mailbox))
            except fetching.NotFetched as trouble:
                messages.error(request, str(trouble))
        return HttpResponseRedirect(reverse("admin:tickets_mailbox_change", args=[mailbox.pk]))

    @display(description="Standing", label=TONES)
    def standing(self, mailbox: Mailbox) -> str:
        if not mailbox.is_active:
            return OFF
        if not mailbox.host:
            return PIPED
        if mailbox.failures:
            return TROUBLE
        if mailbox.last_error:
            return PARTLY
        return WELL if mailbox.last_fetched_at else NEW

    @display(description="Last fetched", ordering="last_fetched_at")
    def fetched(self, mailbox: Mailbox) -> str:
        return local_time(mailbox.last_fetched_at) or "Never"

    @display(description="Waits until")
    def waits_until(self, mailbox: Mailbox) -> str:
        """After trouble, for a while that grows."""
        until = mailbox.paused_until
        return local_time(until) if until and until > timezone.now() else "Does not wait"

    @display(description="What came")
    def counted(self, mailbox: Mailbox) -> SafeString | str:
        """The same numbers as in the list, as a sentence that leads to the messages."""
        return _sentence(vars(mailbox), f"mailbox__id__exact={mailbox.pk}") or "Nothing yet"

    @display(description="Seen", ordering="seen_count")
    def seen(self, mailbox: Mailbox) -> int:
        return _number(mailbox, "seen")

    @display(description="Tickets", ordering="tickets_count")
    def tickets(self, mailbox: Mailbox) -> int:
        return _number(mailbox, "tickets")

    @display(description="Replies", ordering="replies_count")
    def replies(self, mailbox: Mailbox) -> int:
        return _number(mailbox, "replies")

    @display(description="Ignored", ordering="ignored_count")
    def ignored(self, mailbox: Mailbox) -> int:
        return _number(mailbox, "ignored")

    @display(description="Quarantined", ordering="quarantined_count")
    def quarantined(self, mailbox: Mailbox) -> int:
        return _number(mailbox, "quarantined")

    @display(description="Waiting", ordering="waiting_count")
    def waiting(self, mailbox: Mailbox) -> int:
        return _number(mailbox, "waiting")


def _sentence(counts: Mapping[str, Any], query: str) -> SafeString | str:
    """How many messages there are and what became of them, with a link to them; "" for none."""
    if not counts["seen_count"]:
        return ""
    parts = ", ".join(f"{counts[f'{name}_count']} {name}" for name in COUNTS if name != "seen")
    return format_html(
        '<a class="desk-link" href="{}?{}">{} messages</a>: {}',
        reverse("admin:tickets_inboundmessage_changelist"),
        query,
        counts["seen_count"],
        parts,
    )


def _number(mailbox: Mailbox, name: str) -> int:
    return cast("int", vars(mailbox)[f"{name}_count"])
