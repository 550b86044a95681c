"""Who is meant by "@name" in what an agent writes.

A person's handle is what stands before the @ of his address, or his name without spaces; both in
any case of letters. It names somebody when exactly one active member of staff has it.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from django.db.models import CharField, F, Func, Q, QuerySet, Value
from django.db.models.functions import Lower, Replace

from tickets.models import Ticket, User

MOST = 20
MOST_SUGGESTED = 8
LONGEST = 100
# What is quoted, and what is code, mentions nobody.
_ASIDE = re.compile(r"^\s*(```|~~~).*?^\s*\1|^\s*>[^\n]*|`[^`\n]+`", re.MULTILINE | re.DOTALL)
# No part of an address, of a path or of a name elsewhere: @ada, but not a@b, @a/b, @a@b.
_HANDLE = re.compile(r"(?<![\w.+\-@/])@(\w+(?:[.+\-']\w+)*)(?![\w@/])")


@dataclass(frozen=True)
class Mentions:
    """Who is meant, in the order of the text, and which names mean nobody or several people."""

    people: Sequence[User]
    unknown: Sequence[str]
    ambiguous: Sequence[str]


def handles(text: str) -> list[str]:
    """The names behind an @, each once, in lower case."""
    found = (match[1].lower() for match in _HANDLE.finditer(_ASIDE.sub(" ", text)))
    return [each for each in dict.fromkeys(found) if len(each) <= LONGEST][:MOST]


def mentioned(text: str) -> Mentions:
    """Look up who is meant: one query, and none for a text without any "@name"."""
    wanted = handles(text)
    if not wanted:
        return Mentions([], [], [])
    people = list(_named().filter(Q(local__in=wanted) | Q(joined__in=wanted)))
    by_handle = {handle: [u for u in people if handle in _handles_of(u)] for handle in wanted}
    meant = [found[0] for found in by_handle.values() if len(found) == 1]
    return Mentions(
        people=list(dict.fromkeys(meant)),
        unknown=[handle for handle, found in by_handle.items() if not found],
        ambiguous=[handle for handle, found in by_handle.items() if len(found) > 1],
    )


def blind(people: Sequence[User], ticket: Ticket) -> list[User]:
    """Those who may not see the ticket: they are not told of it."""
    return [
        user for user in people if not Ticket.objects.visible_to(user).filter(pk=ticket.pk).exists()
    ]


def remarks(text: str, *, ticket: Ticket, by: User, is_public: bool) -> list[str]:
    """What the writer should know about those whom he mentioned, in sentences.

    A name that nobody has is a remark on a note alone: customers are written to of anything.
    """
    found = mentioned(text)
    hidden = blind([user for user in found.people if user != by], ticket)
    said = [f"{user} may not see this ticket, and was not told of it." for user in hidden]
    said += [
        f"@{name} may be one of several people, so nobody was told: write the name without spaces, "
        "or what stands before the @ of the address."
        for name in found.ambiguous
    ]
    if not is_public:
        said += [f"@{name} is nobody here, so nobody was told." for name in found.unknown]
    return said


def suggestions(start: str) -> list[tuple[str, User]]:
    """Staff whose handle or name begins so, each with the handle that means nobody else."""
    start = start.strip().lower()[:LONGEST]
    begins = Q(local__startswith=start) | Q(joined__startswith=start)
    begins |= Q(name__icontains=f" {start}") if start else Q()
    people = list(_named().filter(begins).order_by("name", "email")[:MOST_SUGGESTED])
    mine = {handle for user in people for handle in _handles_of(user)}
    taken: dict[str, int] = {}
    for user in _named().filter(Q(local__in=mine) | Q(joined__in=mine)):
        for handle in _handles_of(user):
            taken[handle] = taken.get(handle, 0) + 1
    named = [(_own(user, taken), user) for user in people]
    return [(handle, user) for handle, user in named if handle]


def _own(user: User, taken: dict[str, int]) -> str:
    fit = [each for each in _handles_of(user) if taken.get(each) == 1 and handles(f"@{each}")]
    return next((each for each in fit if handles(f"@{each}") == [each]), "")


def _handles_of(user: User) -> list[str]:
    named = [user.email.partition("@")[0], user.name.replace(" ", "").lower()]
    return [each for each in dict.fromkeys(named) if each]


def _named() -> QuerySet[User]:
    address = Func(
        F("email"), Value("@"), Value(1), function="split_part", output_field=CharField()
    )
    joined = Lower(Replace(F("name"), Value(" "), Value("")))
    return User.objects.staff().annotate(local=address, joined=joined)
