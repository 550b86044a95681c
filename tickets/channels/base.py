"""What every channel speaks: an outgoing message, and the error of a peer that refused it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, NamedTuple, Protocol

type Automatic = Literal["", "auto-generated", "auto-replied"]


class File(NamedTuple):
    """One file of an outgoing message; with a `content_id` it is a picture of the HTML.

    Which shows it at "cid:" and that id: letters, digits, and what else an address may have.
    """

    filename: str
    content_type: str
    content: bytes
    content_id: str = ""


@dataclass(frozen=True)
class Outgoing:
    """One final message to one recipient. `message_id` is the same at every attempt."""

    recipient: str
    subject: str
    text: str
    html: str
    message_id: str
    from_name: str = ""
    """The agent who writes; "" for the desk itself."""
    reply_to: str = ""
    in_reply_to: str = ""
    references: tuple[str, ...] = ()
    attachments: tuple[File, ...] = ()
    automatic: Automatic = "auto-generated"
    """Why no person wrote it, in the words of RFC 3834, section 5; "" for a person's own words."""


class SendError(Exception):
    """The peer did not take the message.

    `permanent` says that trying again is of no use. `blocks_channel` says that the log-in or the
    configuration is at fault, so that every other message would be refused as well. `code` is the
    peer's answer as a number, where it gave one.
    """

    def __init__(
        self,
        reason: str,
        *,
        permanent: bool = False,
        blocks_channel: bool = False,
        code: int | None = None,
    ) -> None:
        super().__init__(reason)
        self.permanent = permanent
        self.blocks_channel = blocks_channel
        self.code = code


class Line(Protocol):
    """A way to the peer that is kept open for the messages of one run, in one thread."""

    def send(self, outgoing: Outgoing) -> str:
        """Hand over one message; answers the provider's id for it, or "". Raises SendError."""

    def close(self) -> None:
        """Hang up. Harmless when nothing is open."""


type Open = Callable[[], Line]
