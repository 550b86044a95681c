"""What an agent can do on a ticket's page: a form, a move, and a verb of the lifecycle each."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from django import forms

from tickets import correspondence, lifecycle, participation
from tickets.admin.forms import (
    AssignForm,
    FollowForm,
    NoteForm,
    PriorityForm,
    ReasonForm,
    ReplyForm,
    UnfollowForm,
)
from tickets.models import Ticket
from tickets.states import Act


@dataclass(frozen=True)
class Verb:
    """One button of the ticket page.

    The fields of `form` are the arguments of `call`; `name` is the last part of its address.
    """

    name: str
    act: Act
    form: type[forms.Form]
    call: Callable[..., Ticket]
    title: str
    done: str
    with_engineering: bool | None = None
    with_followers: bool | None = None

    def is_offered(self, ticket: Ticket) -> bool:
        """Whether the ticket's page shows it: the verb itself has the last word."""
        fits = self.with_engineering in (None, ticket.with_engineering)
        if fits and self.with_followers is not None:
            fits = ticket.followers.exists() is self.with_followers
        return fits and ticket.may(self.act)


REPLY = Verb("reply", Act.REPLY, ReplyForm, lifecycle.reply, "Send reply", "The reply was sent.")
NOTE = Verb("note", Act.NOTE, NoteForm, lifecycle.add_note, "Add note", "The note was added.")
RESOLVE = Verb(
    "resolve",
    Act.RESOLVE,
    ReplyForm,
    lifecycle.resolve,
    "Send and resolve",
    "The ticket is resolved, and the customer is told.",
)
# Written with one text field, the composer.
SAYING = [REPLY, RESOLVE, NOTE]

# At the side of the page, in this order.
DOING = [
    Verb(
        "assign", Act.ASSIGN, AssignForm, lifecycle.assign, "Assign", "The ticket was handed over."
    ),
    Verb(
        "priority",
        Act.CHANGE_PRIORITY,
        PriorityForm,
        lifecycle.change_priority,
        "Change priority",
        "The priority was changed, and the deadlines with it.",
    ),
    Verb(
        "wait",
        Act.WAIT,
        ReasonForm,
        lifecycle.wait_for_customer,
        "Wait for customer",
        "The ticket waits for the customer.",
    ),
    Verb("resume", Act.RESUME, ReasonForm, lifecycle.resume, "Stop waiting", "The ticket is open."),
    Verb(
        "engineering",
        Act.TO_ENGINEERING,
        ReasonForm,
        lifecycle.escalate_to_engineering,
        "Escalate to engineering",
        "The ticket is with engineering.",
        with_engineering=False,
    ),
    Verb(
        "back",
        Act.FROM_ENGINEERING,
        ReasonForm,
        lifecycle.return_from_engineering,
        "Take back from engineering",
        "The ticket is back from engineering.",
        with_engineering=True,
    ),
    Verb("reopen", Act.REOPEN, ReasonForm, lifecycle.reopen, "Reopen", "The ticket is open again."),
    Verb("close", Act.CLOSE, ReasonForm, lifecycle.close, "Close", "The ticket is closed."),
    Verb(
        "follow",
        Act.FOLLOW,
        FollowForm,
        correspondence.follow,
        "Add a follower",
        "The follower gets the next answers too.",
    ),
    Verb(
        "unfollow",
        Act.UNFOLLOW,
        UnfollowForm,
        participation.unfollow,
        "Remove a follower",
        "The follower gets no more answers.",
        with_followers=True,
    ),
    Verb(
        "void_links",
        Act.VOID_LINKS,
        ReasonForm,
        participation.void_links,
        "End all links",
        "All links to this ticket that were sent so far are void.",
    ),
]

VERBS = [*SAYING, *DOING]
