"""The agents' desk: Django's admin, one file for each part of it."""

from tickets.admin import (
    automation,
    availability,
    bulk_jobs,
    canned,
    catalog,
    escalations,
    inbound,
    mail,
    mailboxes,
    notifications,
    people,
    portal,
    saved_views,
    schedule,
    tags,
    tickets,
)

__all__ = [
    "automation",
    "availability",
    "bulk_jobs",
    "canned",
    "catalog",
    "escalations",
    "inbound",
    "mail",
    "mailboxes",
    "notifications",
    "people",
    "portal",
    "saved_views",
    "schedule",
    "tags",
    "tickets",
]
