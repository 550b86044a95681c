"""The conversation as the ticket's page shows it: its beginning, its end, and more when asked."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, cast

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import OuterRef, Q, QuerySet
from django.db.models.functions import JSONObject

from tickets.models import Attachment, Message, Ticket

# So many of the newest messages are on the page at once, and so many more come at a press.
NEWEST, MORE = 20, 50


@dataclass(frozen=True)
class Part:
    """Some messages in their order; `earlier` are missing between the first one and the others."""

    first: Message | None
    messages: list[Message]
    earlier: int = 0

    @property
    def last(self) -> int:
        """The number of the newest message: what came later has a higher one."""
        shown = [*self.messages, *([self.first] if self.first else [])]
        return max((message.pk for message in shown), default=0)


def shown(messages: QuerySet[Message]) -> QuerySet[Message]:
    """With what is read of each at once; long forms of mails stay in the database."""
    files = Attachment.objects.filter(message=OuterRef("pk")).values(
        row=JSONObject(pk="pk", filename="filename", content_type="content_type", size="size")
    )
    return (
        messages.select_related("author")
        .defer("html", "whole_text")
        .annotate(files=ArraySubquery(files), has_html=~Q(html=""), has_whole=~Q(whole_text=""))
    )


def page(ticket: Ticket, *, is_whole: bool) -> Part:
    """The first message and the newest ones, or all. One query, however many there are."""
    found = ticket.conversation()
    if not is_whole:
        newest = found.order_by("-sent_at", "-pk").values("pk")[:NEWEST]
        first = found.order_by("sent_at", "pk").values("pk")[:1]
        found = found.filter(Q(pk__in=newest) | Q(pk__in=first))
    messages = list(shown(found))
    count: int = cast("Any", ticket).message_count
    return Part(messages[0] if messages else None, messages[1:], max(count - len(messages), 0))


def before(ticket: Ticket, message: Message) -> Part:
    """The messages before this one, without the first of all, which the page has already."""
    older = Q(sent_at__lt=message.sent_at) | Q(sent_at=message.sent_at, pk__lt=message.pk)
    earlier = ticket.conversation().filter(older)
    found = list(shown(earlier).order_by("-sent_at", "-pk")[: MORE + 1])
    left = earlier.count() - len(found)
    if left <= 0:
        return Part(None, found[:-1][::-1])
    return Part(None, found[:MORE][::-1], left + len(found) - MORE - 1)


def since(ticket: Ticket, last: int) -> list[Message]:
    """What was said after the message of this number, in order."""
    return list(shown(ticket.conversation().filter(pk__gt=last)))
