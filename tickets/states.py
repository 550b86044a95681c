"""Statuses of a ticket, acts upon it, and the table of moves that are allowed."""

from __future__ import annotations

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _


class Status(TextChoices):
    NEW = "new", _("New")
    OPEN = "open", _("Open")
    PENDING = "pending", _("Waiting for customer")
    RESOLVED = "resolved", _("Resolved")
    CLOSED = "closed", _("Closed")


class Act(TextChoices):
    """What somebody does to a ticket. The label completes "You cannot ... this ticket"."""

    REPLY = "reply", "reply to"
    CUSTOMER_REPLY = "customer_reply", "write to"
    NOTE = "note", "add a note to"
    ASSIGN = "assign", "assign"
    HAND_BACK = "hand_back", "hand back"
    FOLLOW = "follow", "add a follower to"
    UNFOLLOW = "unfollow", "remove a follower from"
    VOID_LINKS = "void_links", "void the links to"
    CHANGE_PRIORITY = "change_priority", "change the priority of"
    WAIT = "wait", "wait for the customer on"
    RESUME = "resume", "resume"
    TO_ENGINEERING = "to_engineering", "hand over"
    FROM_ENGINEERING = "from_engineering", "take back"
    ESCALATE = "escalate", "escalate"
    RESOLVE = "resolve", "resolve"
    REOPEN = "reopen", "reopen"
    CLOSE = "close", "close"
    WITHDRAW = "withdraw", "close"
    RATE = "rate", "rate"
    TAG = "tag", "tag"
    LINK = "link", "link"
    MERGE = "merge", "merge"
    TAKE_IN = "take_in", "merge another one into"
    SPLIT = "split", "split"
    EXPECT = "expect", "name an expected date for"
    SPAM = "spam", "mark as spam"
    NOT_SPAM = "not_spam", "take back the spam mark of"


UNSOLVED = frozenset({Status.NEW, Status.OPEN, Status.PENDING})
# The next move is ours. What waits for its customer takes nobody's time.
AT_HAND = frozenset({Status.NEW, Status.OPEN})
SOLVED = frozenset({Status.RESOLVED, Status.CLOSED})

# act -> {status before: status after}. What is not in the table is refused.
MOVES: dict[Act, dict[Status, Status]] = {
    Act.REPLY: {
        Status.NEW: Status.OPEN,
        Status.OPEN: Status.OPEN,
        Status.PENDING: Status.PENDING,
        Status.RESOLVED: Status.RESOLVED,
    },
    # The customer's answer is what a pending ticket waited for, and undoes a resolution.
    Act.CUSTOMER_REPLY: {
        Status.NEW: Status.NEW,
        Status.OPEN: Status.OPEN,
        Status.PENDING: Status.OPEN,
        Status.RESOLVED: Status.OPEN,
    },
    Act.NOTE: {status: status for status in Status},
    # Taking a new ticket is the beginning of the work on it; handing it to a team is not.
    Act.ASSIGN: {
        Status.NEW: Status.OPEN,
        Status.OPEN: Status.OPEN,
        Status.PENDING: Status.PENDING,
        Status.RESOLVED: Status.RESOLVED,
    },
    # Whoever began it: the work has begun.
    Act.HAND_BACK: {status: status for status in UNSOLVED},
    Act.FOLLOW: {status: status for status in Status if status != Status.CLOSED},
    Act.UNFOLLOW: {status: status for status in Status},
    Act.VOID_LINKS: {status: status for status in Status},
    Act.CHANGE_PRIORITY: {status: status for status in UNSOLVED},
    Act.WAIT: {Status.NEW: Status.PENDING, Status.OPEN: Status.PENDING},
    Act.RESUME: {Status.PENDING: Status.OPEN},
    Act.TO_ENGINEERING: {
        Status.NEW: Status.OPEN,
        Status.OPEN: Status.OPEN,
        Status.PENDING: Status.PENDING,
    },
    Act.FROM_ENGINEERING: {status: status for status in UNSOLVED},
    Act.ESCALATE: {status: status for status in UNSOLVED},
    Act.RESOLVE: dict.fromkeys(UNSOLVED, Status.RESOLVED),
    # Staff at any time, customers for some days (`lifecycle.may_be_taken_up`).
    Act.REOPEN: dict.fromkeys(SOLVED, Status.OPEN),
    Act.CLOSE: {Status.RESOLVED: Status.CLOSED},
    # The requester may drop the matter at any time; staff have to resolve it first.
    Act.WITHDRAW: dict.fromkeys((*UNSOLVED, Status.RESOLVED), Status.CLOSED),
    Act.RATE: {status: status for status in SOLVED},
    Act.TAG: {status: status for status in Status},
    Act.LINK: {status: status for status in Status},
    # What is over goes into no other ticket, and nothing goes into what is over.
    Act.MERGE: dict.fromkeys((*UNSOLVED, Status.RESOLVED), Status.CLOSED),
    Act.TAKE_IN: {status: status for status in UNSOLVED},
    Act.SPLIT: {status: status for status in Status},
    Act.EXPECT: {status: status for status in UNSOLVED},
    Act.SPAM: dict.fromkeys((*UNSOLVED, Status.RESOLVED), Status.CLOSED),
    Act.NOT_SPAM: {Status.CLOSED: Status.OPEN},
}


# What a ticket that was merged, or marked as spam, refuses though its status would allow it.
NEVER: dict[str, frozenset[Act]] = {
    "": frozenset({Act.NOT_SPAM}),
    "merged": frozenset({Act.REOPEN, Act.RATE, Act.SPLIT, Act.NOT_SPAM}),
    "spam": frozenset({Act.REOPEN, Act.RATE, Act.SPLIT}),
}


def never(closed_as: str) -> frozenset[Act]:
    """The acts that what a ticket was closed as rules out."""
    return NEVER[closed_as]


def is_allowed(act: Act, status: str) -> bool:
    return status in MOVES[act]


def after(act: Act, status: str) -> Status:
    """The status that follows. Raises KeyError for a move that is not in the table."""
    return MOVES[act][Status(status)]
