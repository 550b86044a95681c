"""The sidebar of the admin: what a person may look at, in the order of his day."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.contrib import admin
from django.db.models import Model
from django.http import HttpRequest
from django.templatetags.static import static
from django.urls import reverse
from django_celery_beat.models import PeriodicTask

from sla.models import (
    BreachReason,
    Calendar,
    Clock,
    Policy,
    Priority,
    Recalculation,
    ReportSchedule,
    SavedReport,
    Sweep,
)
from tickets.models import (
    Availability,
    BulkJob,
    CannedReply,
    Delivery,
    Escalation,
    ImportJob,
    InboundMessage,
    Macro,
    Mailbox,
    Organization,
    PortalSettings,
    RequestType,
    Rule,
    RuleRun,
    Tag,
    Team,
    Ticket,
    UndeliverableAddress,
    User,
)


@dataclass(frozen=True)
class Place:
    """The list of a model's rows. `icon` is a name of the Material Symbols font."""

    title: str
    icon: str
    model: type[Model]

    def is_open_to(self, request: HttpRequest) -> bool:
        """Whether this person may look at such rows."""
        return admin.site.get_model_admin(self.model).has_view_permission(request)

    @property
    def address(self) -> str:
        options = self.model._meta
        return reverse(f"admin:{options.app_label}_{options.model_name}_changelist")


@dataclass(frozen=True)
class Report:
    """A page that is no list of rows."""

    title: str
    icon: str
    name: str
    permission: str

    def is_open_to(self, request: HttpRequest) -> bool:
        """Whether this person has its permission."""
        return request.user.has_perm(self.permission)

    @property
    def address(self) -> str:
        return reverse(self.name)


PLACES: list[tuple[str, list[Place | Report]]] = [
    (
        "Desk",
        [
            Place("Tickets", "confirmation_number", Ticket),
            Place("Escalations", "notification_important", Escalation),
            Place("Bulk actions", "checklist", BulkJob),
            Place("Organizations", "apartment", Organization),
            Place("People", "person", User),
            Place("Teams", "groups", Team),
            Place("Who is at work", "person_check", Availability),
            Place("Request types", "category", RequestType),
            Place("Tags", "label", Tag),
            Place("Canned replies", "quickreply", CannedReply),
            Place("Customers' pages", "campaign", PortalSettings),
        ],
    ),
    (
        "Automation",
        [
            Place("Macros", "playlist_play", Macro),
            Place("Rules", "rule", Rule),
            Place("What rules did", "history", RuleRun),
        ],
    ),
    (
        "SLA",
        [
            Report("SLA report", "monitoring", "admin:sla_report", "sla.view_reports"),
            Report("Breaches", "timer_off", "admin:sla_report_breaches", "sla.view_reports"),
            Report("Customer report", "summarize", "admin:customer_report", "sla.view_reports"),
            Place("Saved reports", "bookmark", SavedReport),
            Place("Reports by mail", "schedule_send", ReportSchedule),
            Report("What next", "upcoming", "admin:sla_ahead", "sla.view_reports"),
            Report("Live wall", "tv", "admin:sla_wall", "sla.view_reports"),
            Report("What if", "history_edu", "admin:sla_what_if", "sla.view_reports"),
            Place("Policies", "gavel", Policy),
            Place("Priorities", "low_priority", Priority),
            Place("Breach reasons", "label_important", BreachReason),
            Place("Calendars", "calendar_month", Calendar),
            Place("Clocks", "timer", Clock),
        ],
    ),
    (
        "Machine room",
        [
            Place("Mailboxes", "mail", Mailbox),
            Place("Imports", "upload_file", ImportJob),
            Place("Inbox", "inbox", InboundMessage),
            Place("Deliveries", "outgoing_mail", Delivery),
            Place("Undeliverable addresses", "unsubscribe", UndeliverableAddress),
            Place("Recalculations", "update", Recalculation),
            Place("Sweeps", "autorenew", Sweep),
            Place("Periodic tasks", "schedule", PeriodicTask),
        ],
    ),
]


def navigation(request: HttpRequest) -> list[dict[str, Any]]:
    """The sidebar as unfold wants it; groups without any open place are left out."""
    groups: list[dict[str, Any]] = []
    for title, places in PLACES:
        items = [
            {"title": place.title, "icon": place.icon, "link": place.address}
            for place in places
            if place.is_open_to(request)
        ]
        if items:
            groups.append({"title": title, "separator": bool(groups), "items": items})
    return groups


def account(request: HttpRequest) -> list[dict[str, str]]:
    """What the menu of the person who is signed in leads to."""
    links = [
        {"title": "Second factor", "link": reverse("second_factor:change")},
        {"title": "Change password", "link": reverse("admin:password_change")},
    ]
    if request.user.has_perm("tickets.view_availability"):
        switch = reverse("admin:tickets_availability_change", args=[request.user.pk])
        links.insert(0, {"title": "My availability", "link": switch})
    if request.user.has_perm("tickets.view_ticket"):
        choices = reverse("admin:tickets_notification_choices")
        links.insert(-1, {"title": "My notifications", "link": choices})
        links.insert(-1, {"title": "My signature", "link": reverse("admin:tickets_user_me")})
    return links


def stylesheet(request: HttpRequest) -> str:
    """The address of the desk's own classes."""
    return static("css/desk.css")


def queue_stylesheet(request: HttpRequest) -> str:
    """The address of the classes of the queue and of the sidebar's queues."""
    return static("css/queue.css")


def bell_stylesheet(request: HttpRequest) -> str:
    """The address of the classes of the bell and of mentions."""
    return static("css/bell.css")


def bell_script(request: HttpRequest) -> str:
    """The address of what opens and closes the bell."""
    return static("js/bell.js")


def icon(request: HttpRequest) -> str:
    """The address of the picture in the browser's tab."""
    return static("img/icon.svg")
