"""What somebody typed, as a question to the documents of tickets, and its answers.

A ticket may be written in English or in German, so each word is looked for as it is and by its stem
in both. Of what is found, the newest come first, and no more than `MOST` are looked at: a word of
every third ticket has no use, and must not cost more than a rare one.
"""

from __future__ import annotations

import json
import re
import secrets
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import reduce
from operator import and_, or_
from typing import Any

from django.conf import settings
from django.contrib.postgres.search import SearchHeadline, SearchQuery, SearchRank
from django.db.models import BigIntegerField, F, OuterRef, Q, QuerySet, StringAgg, Subquery, Value
from django.db.models.functions import Coalesce, Left
from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe

from tickets.models import Message, Organization, SearchDocument, Ticket, User
from tickets.models.people import ORGANIZATION_WORDS, PERSON_WORDS
from tickets.models.tickets import TicketQuerySet
from tickets.states import UNSOLVED
from tickets.stopwords import STOP_WORDS

type Expression = Any
"""Of Django's search: a SearchQuery, or several with `&`, `|` and `~`."""

HELP = (
    f"Words, “a phrase”, -not this, an address or its domain, {settings.TICKET_PREFIX}-12. "
    "The last word may be a beginning."
)
# What people type to find a ticket by its number: "HD-12", "hd-12" or "12".
REFERENCE = re.compile(rf"\s*({re.escape(settings.TICKET_PREFIX)}-)?(\d{{1,18}})\s*", re.IGNORECASE)
MOST = 500
# So many of the newest tickets are read one by one where the index has too much to say.
WINDOW = 20_000
# Fewer tickets than that are told one by one; more are common, whatever PostgreSQL guessed.
RARE = 2_000
MOST_CHARACTERS, MOST_WORDS = 300, 16
# An excerpt is taken from so much of each message, and of all of them.
EXCERPT_OF_MESSAGE, EXCERPT_OF_TICKET = 3_000, 10_000
# The index has every beginning of a word, and two letters begin too many.
SHORTEST_BEGINNING = 3

TOO_LONG = f"That is too long: search for {MOST_CHARACTERS} characters or fewer."
TOO_MANY = f"That is too much: search for {MOST_WORDS} words or fewer."
TOO_COMMON = "Every ticket has such words. Search for a word that says more."
NO_WORDS = "There is no word in it: search for letters or numbers."
ONLY_WITHOUT = "Say what to find as well, not only what to leave out."

PART = re.compile(r'(-?)(?:"([^"]*)("?)|([^\s"]+))')
# What has a meaning in PostgreSQL's tsquery, or none in any text.
MARKS = re.compile(r"[\x00-\x1f\x7f'\\:*&|!()<>\ud800-\udfff]")
LETTERS = re.compile(r"[^\W_]+")
LAST_LETTERS = re.compile(r"[^\W_]+$")
QUOTES = str.maketrans("“”„«»‟", '""""""')


@dataclass(frozen=True)
class Query:
    """A question. `problem` is a sentence, and there is no expression, when it cannot be asked."""

    expression: Expression | None = None
    number: int | None = None
    """Of the ticket whose reference it is."""
    problem: str = ""
    has_phrases: bool = False
    """Whether words are asked for as they stand, whatever their stems."""


@dataclass(frozen=True)
class Found:
    """The numbers of tickets, newest first but for the one that was named."""

    numbers: Sequence[int]
    is_capped: bool = False
    """There may be more than were looked for."""


@dataclass(frozen=True)
class Excerpt:
    """A ticket, its subject and a piece of its conversation, with what was looked for in <mark>."""

    ticket: Ticket
    subject: SafeString
    text: SafeString


@dataclass(frozen=True)
class _Part:
    text: str
    is_phrase: bool
    is_excluded: bool
    is_finished: bool
    """A quote behind it, or a blank."""

    @property
    def says_something(self) -> bool:
        return self.is_phrase or self.text.lower() not in STOP_WORDS


def understood(typed: str) -> Query:
    """What is meant. Never raises, whatever was typed."""
    if len(typed) > MOST_CHARACTERS:
        return Query(problem=TOO_LONG)
    number = REFERENCE.fullmatch(typed)
    parts = [part for part in _parts(typed) if any(map(str.isalnum, part.text))]
    if not parts:
        return Query(problem=NO_WORDS)
    if len(parts) > MOST_WORDS:
        return Query(problem=TOO_MANY)
    wanted = [part for part in parts if not part.is_excluded]
    if not wanted:
        return Query(problem=ONLY_WITHOUT)
    telling = [part for part in wanted if part.says_something]
    last = parts[-1]
    is_unfinished = not (last.is_finished or last.is_excluded)
    if is_unfinished and last not in telling and len(last.text) >= SHORTEST_BEGINNING:
        telling.append(last)  # "war" may become "warranty".
    if not telling:
        return Query(problem=TOO_COMMON)
    expressions = [
        _expression(part, is_unfinished=is_unfinished and part is last) for part in telling
    ]
    excluded = [part for part in parts if part.is_excluded]
    expressions += [~form for part in excluded for form in _forms(part)]
    return Query(
        reduce(and_, expressions),
        int(number[2]) if number else None,
        has_phrases=any(part.is_phrase for part in telling),
    )


def find(tickets: TicketQuerySet, query: Query, *, most: int = MOST) -> Found:
    """Those of these tickets that fit, in four queries at most, and one for a reference.

    `tickets` has its filters and its permission already, so that neither the number of answers nor
    their order tells of a ticket that the asker may not see.
    """
    tickets = tickets.order_by()
    named: list[int] = []
    if query.number is not None:
        named = list(tickets.filter(pk=query.number).values_list("pk", flat=True))
    if query.expression is None:
        return Found(named)
    having = SearchDocument.objects.filter(document=query.expression)
    rare = _rare(having)
    if rare is not None:
        fitting = tickets.filter(pk__in=rare).order_by("-pk")
        numbers = list(fitting.values_list("pk", flat=True)[:most])
    else:
        numbers = _newest(tickets.filter(words__document=query.expression), most)
    return Found(
        list(dict.fromkeys([*named, *numbers])),
        is_capped=len(numbers) == most,
    )


def _rare(having: QuerySet[SearchDocument]) -> list[int] | None:
    """All tickets with such words, asked of the index alone; None where they are many.

    PostgreSQL guesses well how common a word is, but not how rare: joined with what somebody may
    see, it would read through everything that he sees for the sake of twenty tickets.
    """
    guessed = json.loads(having.explain(format="json"))[0]["Plan"]["Plan Rows"]
    if guessed > WINDOW:
        return None
    found = list(having.values_list("pk", flat=True)[: RARE + 1])
    return found if len(found) <= RARE else None


def _newest(fitting: TicketQuerySet, most: int) -> list[int]:
    """Of a common word the newest tickets have enough: PostgreSQL walks back from the last one
    until it has them. It does not know which words are common and never come together, so that
    the walk ends with the window.
    """
    newest = Ticket.objects.order_by("-pk").values("pk")[:1]
    oldest = Subquery(newest, output_field=BigIntegerField()) - WINDOW
    recent = fitting.filter(words__ticket_id__gt=oldest).order_by("-words__ticket_id")
    numbers = list(recent.values_list("pk", flat=True)[:most])
    if len(numbers) < most:
        # An order that no index has keeps PostgreSQL from walking through a million tickets.
        rest = fitting.filter(words__ticket_id__lte=oldest)
        rest = rest.order_by((F("words__ticket_id") + Value(0)).desc())
        numbers += rest.values_list("pk", flat=True)[: most - len(numbers)]
    return numbers


def excerpts(
    numbers: Sequence[int], query: Query, *, best: int | None = None
) -> dict[int, Excerpt]:
    """What to show of these tickets, by their numbers, in one query; for those of one page.

    Of the `best` few alone, in their order: unsolved ones first, and then by where and how often
    the words stand in them.
    """
    if query.expression is None or not numbers:
        return {}
    rows: Any = Ticket.objects.filter(pk__in=numbers).order_by()
    if best is not None:
        rank = SearchRank(F("words__document"), query.expression)
        is_named = Q(pk=query.number or 0)
        rows = rows.annotate(is_named=is_named, is_open=Q(status__in=UNSOLVED), rank=rank)
        order = ("-is_named", "-is_open", F("rank").desc(nulls_last=True), "-pk")
        # Chosen first: marking words in a text takes longer than all the rest.
        rows = rows.filter(pk__in=rows.order_by(*order).values("pk")[:best]).order_by(*order)
    return with_excerpts(rows.select_related("requester"), query)


def with_excerpts(rows: QuerySet[Ticket], query: Query) -> dict[int, Excerpt]:
    """These tickets, in their order, by their numbers: what to show of each. One query."""
    # Nobody who wrote a text knew what begins and ends a mark in the answer.
    begin, end = (f"{secrets.token_hex(8)}{side}" for side in ("b", "e"))
    plain = SafeString()
    if query.expression is None:
        return {row.pk: Excerpt(row, _marked(row.subject, begin, end), plain) for row in rows}
    said = StringAgg(Left("text", EXCERPT_OF_MESSAGE), Value("\n"), order_by="-pk")
    messages = Message.objects.filter(ticket=OuterRef("pk")).order_by().values("ticket")
    talk = Coalesce(Left(Subquery(messages.values(said=said)), EXCERPT_OF_TICKET), Value(""))
    shown: dict[str, Any] = {"start_sel": begin, "stop_sel": end}
    # Marks stand where a word has the stem that was asked for, and stems are of a language; in
    # quotes, where the word itself stands.
    configs = ("simple", "english", "german") if query.has_phrases else ("english", "german")
    marks: dict[str, Any] = {}
    for config in configs:
        marks[f"subject_{config}"] = SearchHeadline(
            "subject", query.expression, config=config, highlight_all=True, **shown
        )
        marks[f"text_{config}"] = SearchHeadline(
            talk, query.expression, config=config,
            max_words=26, min_words=12, max_fragments=2, fragment_delimiter=" … ",
            **(shown | {"short_word": 1}),
        )  # fmt: skip
    found = {}
    for row in rows.annotate(**marks):
        subject, text = (
            max(
                (getattr(row, f"{name}_{config}") for config in configs),
                key=lambda given: given.count(begin),
            )
            for name in ("subject", "text")
        )
        marked = _marked(text, begin, end) if begin in text else plain
        found[row.pk] = Excerpt(row, _marked(subject, begin, end), marked)
    return found


def _marked(text: str, begin: str, end: str) -> SafeString:
    """Escaped first: only our own marks become markup."""
    marked = str(escape(text)).replace(begin, "<mark>").replace(end, "</mark>")
    return mark_safe(marked)  # noqa: S308 - escaped above


def _parts(typed: str) -> Iterator[_Part]:
    """Words and phrases; a quote that is never closed goes to the end."""
    for match in PART.finditer(MARKS.sub(" ", typed.translate(QUOTES))):
        minus, phrase, closed, word = match.groups()
        yield _Part(
            text=(phrase if word is None else word).strip(" @,;."),
            is_phrase=word is None and bool(closed or " " in phrase.strip()),
            is_excluded=bool(minus),
            is_finished=bool(closed) or match.end() < len(typed),
        )


def _expression(part: _Part, *, is_unfinished: bool = False) -> Expression:
    """What fits the part."""
    beginning = LAST_LETTERS.search(part.text)
    if not (is_unfinished and beginning and len(beginning[0]) >= SHORTEST_BEGINNING):
        return reduce(or_, _forms(part))
    # No place is asked of a beginning: the stems that it fits as well have none.
    last = SearchQuery(f"'{beginning[0]}':*", config="simple", search_type="raw")
    before = part.text[: beginning.start()]
    whole = SearchQuery(before, config="simple", search_type="phrase") & last if before else last
    return whole if part.is_phrase else reduce(or_, _stems(part), whole)


def _forms(part: _Part) -> list[SearchQuery]:
    """The words as they stand, one behind the other; and unless they are quoted, their stems."""
    whole = SearchQuery(part.text, config="simple", search_type="phrase")
    return [whole] if part.is_phrase else [whole, *_stems(part)]


def _stems(part: _Part) -> list[SearchQuery]:
    return [SearchQuery(part.text, config=config) for config in ("english", "german")]


def people_and_organizations(
    typed: str, *, people: QuerySet[User], organizations: QuerySet[Organization], most: int
) -> list[tuple[str, int, str, str]]:
    """Those with words that begin so: "person" or "organization", number, name, address.

    So many of each at most, in one query; none where nothing can be looked for.
    """
    words = LETTERS.findall(MARKS.sub(" ", typed.lower()))[:MOST_WORDS]
    if len(typed) > MOST_CHARACTERS or not any(len(w) >= SHORTEST_BEGINNING - 1 for w in words):
        return []
    beginnings = " & ".join(f"'{word}':*" for word in words)
    asked = SearchQuery(beginnings, config="simple", search_type="raw")
    persons = people.order_by().annotate(words=PERSON_WORDS).filter(words=asked)
    companies = organizations.order_by().annotate(words=ORGANIZATION_WORDS).filter(words=asked)
    found = persons.values_list(Value("person"), "pk", "name", "email")[:most].union(
        companies.values_list(Value("organization"), "pk", "name", Value(""))[:most], all=True
    )
    return [(str(kind), number, name, email) for kind, number, name, email in found]
