"""What every channel speaks: an outgoing message, and the error of a peer that refused it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Outgoing:
    """One final message to one recipient. `message_id` is the same at every attempt."""

    recipient: str
    subject: str
    text: str
    html: str
    message_id: str


class SendError(Exception):
    """The peer did not take the message. `permanent` says that trying again is of no use."""

    def __init__(self, reason: str, *, permanent: bool) -> None:
        super().__init__(reason)
        self.permanent = permanent


type Send = Callable[[Outgoing], None]
