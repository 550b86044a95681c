"""Open tickets that look like the one that somebody is about to open."""

from __future__ import annotations

import operator
import re
from dataclasses import dataclass
from functools import reduce

from django.contrib.postgres.search import SearchQuery, SearchRank, SearchVector

from tickets.models import Ticket, User
from tickets.portal.standing import status_words

MOST = 3
# A longer subject says no more, and a customer with more open tickets looks at the newest.
MOST_WORDS = 12
MOST_TICKETS = 500
WORD = re.compile(r"[^\W_]{3,}")
# Word by word as written: a subject may be in any language.
LANGUAGE = "simple"


@dataclass(frozen=True)
class Suggestion:
    """A ticket as a line: `status` is the word that its page says."""

    reference: str
    subject: str
    status: str


def words_of(subject: str) -> list[str]:
    """The words of three letters or more, each once, in the order of the subject."""
    return list(dict.fromkeys(WORD.findall(subject.lower())))[:MOST_WORDS]


def similar(viewer: User | None, subject: str) -> list[Suggestion]:
    """Open tickets that this customer may see and that share words with the subject; best first.

    None for who is not signed in, and for staff, who have the desk's own search.
    """
    words = words_of(subject)
    if viewer is None or viewer.is_staff or not words:
        return []
    wanted = reduce(
        operator.or_, (SearchQuery(word, config=LANGUAGE, search_type="plain") for word in words)
    )
    said = SearchVector("subject", config=LANGUAGE)
    newest = Ticket.objects.visible_to(viewer).open().order_by("-pk").values("pk")[:MOST_TICKETS]
    found = Ticket.objects.filter(pk__in=newest).annotate(said=said).filter(said=wanted)
    best = found.order_by(SearchRank(said, wanted).desc(), "-pk")[:MOST]
    return [
        Suggestion(ticket.reference, ticket.subject, status_words(ticket)[0]) for ticket in best
    ]
