"""The agents' desk: Django's admin, one file for each part of it."""

from tickets.admin import (
    catalog,
    escalations,
    inbound,
    mail,
    mailboxes,
    people,
    portal,
    schedule,
    tickets,
)

__all__ = [
    "catalog",
    "escalations",
    "inbound",
    "mail",
    "mailboxes",
    "people",
    "portal",
    "schedule",
    "tickets",
]
