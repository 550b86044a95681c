"""Why a verb may refuse. Each docstring is the sentence that the agent sees."""

from __future__ import annotations

import inspect

from tickets.states import Act, Status


class Refused(Exception):  # noqa: N818 - the verb refused; nothing went wrong
    """This cannot be done."""

    def __str__(self) -> str:
        return str(self.args[0]) if self.args else inspect.cleandoc(type(self).__doc__ or "")


class MoveNotAllowed(Refused):
    """The ticket's status does not allow this."""

    def __init__(self, act: Act, status: str) -> None:
        hint = " Reopen it first." if status == Status.RESOLVED else ""
        super().__init__(f"You cannot {act.label} a ticket that is {Status(status).label}.{hint}")


class BeforeLastChange(Refused):
    """The ticket has changed after the time that was given; reload it and try again."""


class NothingSaid(Refused):
    """Write some text first: an empty message cannot be sent."""


class NotAnAgent(Refused):
    """Only active members of staff can be assigned to a ticket."""


class NothingToAssign(Refused):
    """Choose an agent or a team who does not have the ticket already."""


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
