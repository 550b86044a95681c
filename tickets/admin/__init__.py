"""The agents' desk: Django's admin, one file for each part of it."""

from tickets.admin import catalog, mail, people, schedule, tickets

__all__ = ["catalog", "mail", "people", "schedule", "tickets"]
