"""Why a verb may refuse. Each docstring is the sentence that the agent or the customer sees.

`make messages` collects them for translation, so a docstring here is one sentence or two, no more.
"""

from __future__ import annotations

import inspect
from collections.abc import Sequence

from django.utils.translation import gettext, gettext_lazy

from tickets.states import Act, Status

# What customers try as well; the other acts are those of staff, whose pages are in English.
CUSTOMERS_ACTS = {
    Act.CUSTOMER_REPLY: gettext_lazy("You cannot write to a ticket that is %(status)s."),
    Act.FOLLOW: gettext_lazy("You cannot add a follower to a ticket that is %(status)s."),
    Act.ESCALATE: gettext_lazy("You cannot escalate a ticket that is %(status)s."),
    Act.REOPEN: gettext_lazy("You cannot reopen a ticket that is %(status)s."),
    Act.WITHDRAW: gettext_lazy("You cannot close a ticket that is %(status)s."),
    Act.RATE: gettext_lazy("You cannot rate a ticket that is %(status)s."),
}


class Refused(Exception):  # noqa: N818 - the verb refused; nothing went wrong
    """This cannot be done."""

    def __str__(self) -> str:
        if self.args:
            return str(self.args[0])
        return gettext(inspect.cleandoc(type(self).__doc__ or ""))


class MoveNotAllowed(Refused):
    """The ticket's status does not allow this."""

    def __init__(self, act: Act, status: str) -> None:
        name = Status(status).label
        sentence = f"You cannot {act.label} a ticket that is {name}."
        if act in CUSTOMERS_ACTS:
            sentence = CUSTOMERS_ACTS[act] % {"status": name}
        hint = gettext("Reopen it first.") if status == Status.RESOLVED else ""
        super().__init__(f"{sentence} {hint}".rstrip())


class BeforeLastChange(Refused):
    """The ticket has changed after the time that was given; reload it and try again."""


class ChangedMeanwhile(Refused):
    """Others have changed this ticket since you looked at it, so nothing was done."""

    def __init__(self, changes: Sequence[str]) -> None:
        again = "Look at it, and press once more if you still want to."
        super().__init__(f"{inspect.cleandoc(self.__doc__ or '')} {' '.join(changes)} {again}")


class NothingSaid(Refused):
    """Write some text first: an empty message cannot be sent."""


class NotAnAgent(Refused):
    """Only active members of staff can be assigned to a ticket."""


class NothingToAssign(Refused):
    """Choose an agent or a team who does not have the ticket already."""


class HandsBackNow(Refused):
    """This agent is away, and hands tickets back. Choose somebody else, or a team."""


class NobodyHasIt(Refused):
    """Nobody has this ticket, so nobody can hand it back."""


class NotYourAvailability(Refused):
    """Only the agent, the lead of a team of his, or a manager can change this."""


class BackAlready(Refused):
    """Choose a time that is still to come."""


class NothingChosen(Refused):
    """Choose at least one ticket."""


class TooManyChosen(Refused):
    """These are more tickets than one bulk action takes. Narrow them down."""


class NotYourBulkJob(Refused):
    """Only who started this can change it."""


class OverAlready(Refused):
    """This is over already."""


class NothingWasRefused(Refused):
    """Nothing was refused, so there is nothing to try again."""


class SamePriority(Refused):
    """The ticket has this priority already."""


class AlreadyWithEngineering(Refused):
    """The ticket is with engineering already."""


class NotWithEngineering(Refused):
    """The ticket is not with engineering."""


class OnlyForStaff(Refused):
    """Only members of staff can do this."""


class NotTheRequester(Refused):
    """Only the person who sent the request can do this."""


class NoReasonGiven(Refused):
    """Tell us why: the people who are called need to know."""


class EscalatedToday(Refused):
    """You have escalated this ticket today already, and the people in charge were told."""


class AlreadyAcknowledged(Refused):
    """Somebody has acknowledged this escalation already."""


class AcceptedAlready(Refused):
    """This message is part of the conversation already."""


class EscalationOver(Refused):
    """This escalation is over: the ticket is solved, or the promise has ended."""


class FollowsAlready(Refused):
    """This person gets the answers to this ticket already."""


class TooLateToReopen(Refused):
    """It is too long ago that this ticket was solved. Please send a new request."""


class DoesNotFollow(Refused):
    """This person does not get the answers to this ticket."""


class NoOrganization(Refused):
    """You can add colleagues once we know your organization. Please ask us to enter it."""


class NotAColleague(Refused):
    """Only people of your own organization can be added, with their address there."""


class TooManyFollowers(Refused):
    """So many people get the answers already that nobody can be added."""


class RatedAlready(Refused):
    """You have rated this ticket, and it is too late to change that."""


class AddedTooOften(Refused):
    """You have added many people today. Please go on tomorrow."""


class NotByLink(Refused):
    """Sign in first: you would lose your own way to this ticket."""


class NobodyAnswered(Refused):
    """The customer waits for an answer of a person, so the desk does not resolve it by itself."""


class Withheld(Refused):
    """The desk does not send this by itself."""


class TooManyAutomatic(Withheld):
    """So many automatic messages went to this ticket within a day that no more are sent."""


class NotAcknowledged(Withheld):
    """It came from a list, a program or in a flood of mail, so nothing is sent automatically."""


class IsMerged(Refused):
    """This ticket was merged into another one, which goes on in its place."""


class IsSpam(Refused):
    """This ticket is marked as spam. Say first that it is none."""


class IsNoSpam(Refused):
    """This ticket is not marked as spam."""


class HasTagAlready(Refused):
    """The ticket has this tag already."""


class HasNoSuchTag(Refused):
    """The ticket does not have this tag."""


class TooManyTags(Refused):
    """A ticket has at most 20 tags: remove one first."""


class NoTag(Refused):
    """A tag is one word of letters, digits, hyphens and dots, with at most 50 characters."""


class LinkedAlready(Refused):
    """These two tickets are linked already."""


class NotLinked(Refused):
    """These two tickets are not linked."""


class LinkToItself(Refused):
    """A ticket cannot be linked to itself."""


class NoSuchTicket(Refused):
    """There is no such ticket that you may see."""


class MergeIntoItself(Refused):
    """A ticket cannot be merged into itself."""


class OtherRequester(Refused):
    """Somebody else sent the other ticket. Confirm that both are to be handled as one."""

    def __init__(self, ticket: str, requester: str) -> None:
        confirm = "Confirm that both are to be handled as one."
        super().__init__(f"“{ticket}” was sent by somebody else, {requester}. {confirm}")


class NothingToSplit(Refused):
    """Choose at least one message to split off."""


class NotToBeSplit(Refused):
    """Only public messages of one customer can be split off, each once, and never the first."""


class IsStaff(Refused):
    """The requester works here, and is never blocked."""


class NoOpeningHours(Refused):
    """The ticket's calendar is not open on so many days to come: name a date."""


class BlockedAlready(Refused):
    """This sender is blocked already."""


class NotBlocked(Refused):
    """This sender is not blocked."""


class Blocked(Refused):
    """We accept nothing from this address at the moment. Please contact us in another way."""


class PastDate(Refused):
    """The expected date lies in the past."""


class SameExpectation(Refused):
    """This date is expected already."""


class NoReasonForLowering(Refused):
    """Say why the priority is lowered: the customer is promised less from then on."""


class NotOfOneOrganization(Refused):
    """Only somebody of the same organization can follow the other requester's ticket."""
