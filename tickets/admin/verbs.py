"""What an agent can do on a ticket's page: a form, a move, and a verb of the lifecycle each."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django import forms
from django.db.models import Q

from sla.models import Priority
from tickets import (
    answering,
    correspondence,
    engineering,
    lifecycle,
    linking,
    merging,
    participation,
    spam,
    splitting,
    tagging,
)
from tickets.admin.forms import (
    AssignForm,
    FollowForm,
    NoteForm,
    PriorityForm,
    ReasonForm,
    ReplyForm,
    UnfollowForm,
)
from tickets.admin.tie_forms import (
    ExpectForm,
    LinkForm,
    MergeForm,
    SpamForm,
    SplitForm,
    TagForm,
    UnlinkForm,
)
from tickets.models import Ticket, TicketLink
from tickets.refusals import NoReasonForLowering
from tickets.states import Act


def _has_tags(ticket: Ticket) -> bool:
    # The ticket's page has fetched all of these with the ticket (`ticket_rows`).
    known = getattr(ticket, "tag_names", None)
    return ticket.tags.exists() if known is None else bool(known)


def _has_links(ticket: Ticket) -> bool:
    known = getattr(ticket, "link_rows", None)
    if known is not None:
        return bool(known or getattr(ticket, "backlink_rows", None))
    return TicketLink.objects.filter(Q(ticket=ticket) | Q(other=ticket)).exists()


# How the page of a ticket arranges its actions, in this order; see `Verb.group`.
HANDING, STATUS, PEOPLE, TIDYING = "Who works on it", "How it goes on", "Who reads it", "Tidy up"
GROUPS = [HANDING, STATUS, PEOPLE, TIDYING]


@dataclass(frozen=True)
class Verb:
    """One button of the ticket page.

    The fields of `form` are the arguments of `call`; `name` is the last part of its address.
    A form with choices out of the database is fetched when somebody opens it.
    """

    name: str
    act: Act
    form: type[forms.Form]
    call: Callable[..., Ticket]
    title: str
    done: str
    with_engineering: bool | None = None
    with_followers: bool | None = None
    needs: Callable[[Ticket], bool] | None = None
    """Without this there is nothing that it could be done to."""
    group: str = STATUS
    with_assignee: bool | None = None

    def is_offered(self, ticket: Ticket) -> bool:
        """Whether the ticket's page shows it: the verb itself has the last word."""
        fits = self.with_engineering in (None, ticket.with_engineering)
        if fits and self.with_followers is not None:
            # The ticket's page has fetched them with the ticket (`ticket_rows`).
            known = getattr(ticket, "follower_rows", None)
            has_any = ticket.followers.exists() if known is None else bool(known)
            fits = has_any is self.with_followers
        if self.with_assignee is not None:
            fits = fits and (ticket.assignee_id is not None) is self.with_assignee
        if fits and self.needs is not None:
            fits = self.needs(ticket)
        return fits and ticket.may(self.act)

    @property
    def is_fetched(self) -> bool:
        """Whether its form has choices that are worth a query only when it is opened."""
        fields = self.form.base_fields.values()
        return any(isinstance(field, forms.ModelChoiceField) for field in fields)


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
REPLY_AND_WAIT = Verb(
    "reply_and_wait",
    Act.WAIT,
    ReplyForm,
    answering.reply_and_wait,
    "Send and wait for customer",
    "The reply was sent, and the ticket waits for the customer.",
)
# Written with one text field, the composer.
SAYING = [REPLY, REPLY_AND_WAIT, RESOLVE, NOTE]


def _change_priority(*, ticket: Ticket, priority: Priority, reason: str, **by: Any) -> Ticket:
    """An agent who lowers it says why: the customer is promised less."""
    if ticket.priority.is_above(priority) and not reason:
        raise NoReasonForLowering
    return lifecycle.change_priority(ticket=ticket, priority=priority, reason=reason, **by)


# At the side of the page, in this order.
DOING = [
    Verb(
        "assign",
        Act.ASSIGN,
        AssignForm,
        lifecycle.assign,
        "Assign",
        "The ticket was handed over.",
        group=HANDING,
    ),
    Verb(
        "hand_back",
        Act.HAND_BACK,
        ReasonForm,
        lifecycle.hand_back,
        "Hand back to the team",
        "Nobody has the ticket now: it waits for its team.",
        with_assignee=True,
        group=HANDING,
    ),
    Verb(
        "priority",
        Act.CHANGE_PRIORITY,
        PriorityForm,
        _change_priority,
        "Change priority",
        "The priority was changed, and the deadlines with it.",
        group=HANDING,
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
        ExpectForm,
        lifecycle.escalate_to_engineering,
        "Escalate to engineering",
        "The ticket is with engineering.",
        group=HANDING,
        with_engineering=False,
    ),
    Verb(
        "expect",
        Act.EXPECT,
        ExpectForm,
        engineering.expect,
        "Change the expected date",
        "The customer reads the new date.",
        group=HANDING,
        with_engineering=True,
    ),
    Verb(
        "back",
        Act.FROM_ENGINEERING,
        ReasonForm,
        lifecycle.return_from_engineering,
        "Take back from engineering",
        "The ticket is back from engineering.",
        group=HANDING,
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
        group=PEOPLE,
    ),
    Verb(
        "unfollow",
        Act.UNFOLLOW,
        UnfollowForm,
        participation.unfollow,
        "Remove a follower",
        "The follower gets no more answers.",
        group=PEOPLE,
        with_followers=True,
    ),
    Verb(
        "void_links",
        Act.VOID_LINKS,
        ReasonForm,
        participation.void_links,
        "End all links",
        "All links to this ticket that were sent so far are void.",
        group=PEOPLE,
    ),
    Verb(
        "tag", Act.TAG, TagForm, tagging.add_tag, "Add a tag", "The tag was added.", group=TIDYING
    ),
    Verb(
        "untag",
        Act.TAG,
        TagForm,
        tagging.remove_tag,
        "Remove a tag",
        "The tag is gone.",
        needs=_has_tags,
        group=TIDYING,
    ),
    Verb(
        "link",
        Act.LINK,
        LinkForm,
        linking.link,
        "Link to a ticket",
        "The tickets are linked.",
        group=TIDYING,
    ),
    Verb(
        "unlink",
        Act.LINK,
        UnlinkForm,
        linking.unlink,
        "Remove a link",
        "The link is gone.",
        needs=_has_links,
        group=TIDYING,
    ),
    Verb(
        "merge",
        Act.MERGE,
        MergeForm,
        merging.merge,
        "Merge into another ticket",
        "The ticket is merged: it goes on in the other one.",
        group=TIDYING,
    ),
    Verb(
        "split",
        Act.SPLIT,
        SplitForm,
        splitting.split,
        "Split off messages",
        "This is the new ticket.",
        group=TIDYING,
    ),
    Verb(
        "spam",
        Act.SPAM,
        SpamForm,
        spam.mark_spam,
        "Mark as spam",
        "The ticket is closed as spam, and nobody is told.",
        group=TIDYING,
    ),
    Verb(
        "not_spam",
        Act.NOT_SPAM,
        ReasonForm,
        spam.not_spam,
        "Not spam",
        "The ticket is open again, and its promises run on.",
        group=TIDYING,
    ),
]

VERBS = [*SAYING, *DOING]
