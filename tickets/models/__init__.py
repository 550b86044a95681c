"""Rows of the help desk: people, tickets, their conversation, and the mail that leaves."""

from tickets.models.catalog import RequestType
from tickets.models.mail import Delivery
from tickets.models.messages import Attachment, Message
from tickets.models.people import Organization, Team, User, policy_for
from tickets.models.tickets import Event, Ticket

__all__ = [
    "Attachment",
    "Delivery",
    "Event",
    "Message",
    "Organization",
    "RequestType",
    "Team",
    "Ticket",
    "User",
    "policy_for",
]
