"""Rows of the help desk: people, tickets, their conversation, and the mail both ways."""

from tickets.models.automation import IdleMark, Macro, Rule, RuleCue, RuleRun
from tickets.models.availability import Availability
from tickets.models.bulk import BulkJob, BulkRow
from tickets.models.canned import CannedReply
from tickets.models.catalog import RequestType
from tickets.models.escalations import Escalation
from tickets.models.events import Event
from tickets.models.followers import Follower
from tickets.models.holdings import Holding
from tickets.models.imports import ImportJob, ImportRow
from tickets.models.inbound import InboundMessage
from tickets.models.mail import ChannelPause, Delivery, Enclosure, Parcel, UndeliverableAddress
from tickets.models.mailboxes import Mailbox
from tickets.models.messages import Attachment, Message
from tickets.models.notifications import How, Notification, NotificationChoices, choices_of
from tickets.models.people import Organization, Team, User, policy_for
from tickets.models.portal import Allowance, LastRead, PortalSettings, Rating
from tickets.models.presence import Presence
from tickets.models.reports import CustomerReport, PastTerms
from tickets.models.search import SearchDocument, SearchMark
from tickets.models.tags import Tag, clean_tag
from tickets.models.ticket_links import TicketLink
from tickets.models.tickets import Ticket
from tickets.models.views import SavedView

__all__ = [
    "Allowance",
    "Attachment",
    "Availability",
    "BulkJob",
    "BulkRow",
    "CannedReply",
    "ChannelPause",
    "CustomerReport",
    "Delivery",
    "Enclosure",
    "Escalation",
    "Event",
    "Follower",
    "Holding",
    "How",
    "IdleMark",
    "ImportJob",
    "ImportRow",
    "InboundMessage",
    "LastRead",
    "Macro",
    "Mailbox",
    "Message",
    "Notification",
    "NotificationChoices",
    "Organization",
    "Parcel",
    "PastTerms",
    "PortalSettings",
    "Presence",
    "Rating",
    "RequestType",
    "Rule",
    "RuleCue",
    "RuleRun",
    "SavedView",
    "SearchDocument",
    "SearchMark",
    "Tag",
    "Team",
    "Ticket",
    "TicketLink",
    "UndeliverableAddress",
    "User",
    "choices_of",
    "clean_tag",
    "policy_for",
]
