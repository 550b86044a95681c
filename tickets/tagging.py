"""Tags: put on tickets and taken off, and looked after as a list."""

from __future__ import annotations

from datetime import datetime

from django.core.exceptions import ValidationError
from django.db import connection, transaction

from tickets.acts import done, locked, move
from tickets.models import Event, Tag, Ticket, User, clean_tag
from tickets.refusals import HasNoSuchTag, HasTagAlready, NoTag, TooManyTags
from tickets.states import Act

MOST_TAGS = 20

# In one statement: a tag may be on a great many tickets.
_MOVE = """
    INSERT INTO tickets_ticket_tags (ticket_id, tag_id)
    SELECT ticket_id, %s FROM tickets_ticket_tags WHERE tag_id = %s
    ON CONFLICT (ticket_id, tag_id) DO NOTHING
"""


@transaction.atomic
def add_tag(*, ticket: Ticket, by: User | None, at: datetime, tag: str) -> Ticket:
    """Mark the ticket with the word; one that is new becomes a tag."""
    ticket, at = locked(ticket, at)
    move(ticket, Act.TAG)
    name = _name(tag)
    present = set(ticket.tags.values_list("name", flat=True))
    if name in present:
        raise HasTagAlready
    if len(present) >= MOST_TAGS:
        raise TooManyTags
    ticket.tags.add(Tag.objects.get_or_create(name=name)[0])
    return done(ticket, Event.Kind.TAGGED, by=by, at=at, detail=name, moves_clocks=False)


@transaction.atomic
def remove_tag(*, ticket: Ticket, by: User | None, at: datetime, tag: str) -> Ticket:
    """Take the word off the ticket."""
    ticket, at = locked(ticket, at)
    move(ticket, Act.TAG)
    name = _name(tag)
    found = ticket.tags.filter(name=name).first()
    if found is None:
        raise HasNoSuchTag
    ticket.tags.remove(found)
    return done(ticket, Event.Kind.UNTAGGED, by=by, at=at, detail=name, moves_clocks=False)


@transaction.atomic
def merge_tags(*, tag: Tag, into: Tag) -> Tag:
    """Put `into` on every ticket that has the tag, and delete the tag. Answers `into`."""
    if tag.pk != into.pk:
        with connection.cursor() as cursor:
            cursor.execute(_MOVE, [into.pk, tag.pk])
        tag.delete()
    return into


def _name(text: str) -> str:
    try:
        return clean_tag(text)
    except ValidationError as wrong:
        raise NoTag from wrong
