"""The command palette (Ctrl+K): tickets, people, queues, canned replies and pages, by letters."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import count
from typing import cast
from urllib.parse import urlsplit

from django.contrib import admin
from django.db.models import Model, QuerySet
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.html import format_html
from django.utils.http import urlencode

from tickets import search
from tickets.admin.navigation import PLACES
from tickets.admin.queue import queue_url
from tickets.admin.queues import links, own_views
from tickets.models import CannedReply, Organization, Ticket, User

# So many of each are shown; of tickets, the best of so many new ones.
MOST, MOST_OTHERS, CANDIDATES = 8, 4, 200
# The page of a ticket, whose composer a canned reply can begin.
TICKET_PAGE = re.compile(r".*/tickets/ticket/([0-9]{1,18})/change/")


@dataclass(frozen=True)
class Item:
    """A line that leads somewhere; `place` is its number from above."""

    title: str
    detail: str
    link: str
    place: int = 0


@dataclass(frozen=True)
class Group:
    """Lines of one kind. `icon` is a name of the Material Symbols font."""

    title: str
    icon: str
    items: list[Item]


def palette(request: HttpRequest) -> HttpResponse:
    """What was found for `s`, as a piece of the page; nothing for nothing."""
    typed = request.GET.get("s", "")
    if not typed.strip():
        return HttpResponse()
    query = search.understood(typed)
    words = typed.replace("\x00", " ").strip()
    groups = [group for group in _groups(request, words, query) if group.items] if words else []
    numbers = count(1)
    for group in groups:
        group.items[:] = [replace(item, place=next(numbers)) for item in group.items]
    values = {
        "groups": groups,
        "problem": "" if groups else query.problem,
        "count": sum(len(group.items) for group in groups),
    }
    return TemplateResponse(request, "admin/tickets/palette.html", values)


def _groups(request: HttpRequest, typed: str, query: search.Query) -> Iterator[Group]:
    """Tickets first; each kind only for who may look at such rows."""
    if _may_view(request, Ticket):
        yield Group("Tickets", "confirmation_number", list(_tickets(request, typed, query)))
        yield Group("Queues", "inbox", list(_queues(request, typed)))
    # A reference names a ticket, and nobody else.
    if query.number is None:
        found = search.people_and_organizations(
            typed,
            people=_rows(request, User),
            organizations=_rows(request, Organization),
            most=MOST_OTHERS,
        )
        for title, icon, kind in (
            ("People", "person", "person"),
            ("Organizations", "apartment", "organization"),
        ):
            yield Group(title, icon, list(_others(found, kind)))
    if query.number is None and _may_view(request, CannedReply):
        yield Group("Canned replies", "quickreply", list(_canned(request, typed)))
    yield Group("Pages", "arrow_forward", list(_pages(request, typed)))


def _tickets(request: HttpRequest, typed: str, query: search.Query) -> Iterator[Item]:
    visible = Ticket.objects.visible_to(request.user)
    found = search.find(visible, query, most=CANDIDATES)
    for excerpt in search.excerpts(found.numbers, query, best=MOST).values():
        ticket = excerpt.ticket
        who = f"{ticket.get_status_display()}, {ticket.requester}"
        yield Item(
            format_html("{} {}", ticket.reference, excerpt.subject),
            format_html("{}: {}", who, excerpt.text) if excerpt.text else who,
            reverse("admin:tickets_ticket_change", args=[ticket.pk]),
        )
    if len(found.numbers) > MOST:
        more = f"More than {CANDIDATES}" if found.is_capped else str(len(found.numbers))
        link = queue_url(urlencode({"q": typed.strip()}))
        yield Item("All that was found", f"{more} tickets, in the queue", link)


def _queues(request: HttpRequest, typed: str) -> Iterator[Item]:
    """The desk's queues, own views and those of one's teams."""
    queues, views = links(None, own_views(cast("User", request.user)))
    for detail, found in (("Queue", queues), ("Own view", views)):
        for link in found:
            if _begins(link.title, typed):
                yield Item(link.title, link.team or detail, link.url)


def _canned(request: HttpRequest, typed: str) -> Iterator[Item]:
    """Into the composer of the ticket that is open, else to the text itself."""
    ticket = TICKET_PAGE.fullmatch(urlsplit(request.headers.get("HX-Current-URL", "")).path)
    found = CannedReply.objects.usable_by(cast("User", request.user)).with_words(typed)
    for reply in found.select_related("team")[:MOST_OTHERS]:
        page = reverse("admin:tickets_cannedreply_change", args=[reply.pk])
        if ticket:
            page = f"{reverse('admin:tickets_ticket_change', args=[ticket[1]])}?canned={reply.pk}"
        whose = f" of {reply.team}" if reply.team else ""
        yield Item(reply.title, f"{'Into the composer' if ticket else 'Text'}{whose}", page)


def _others(found: Iterable[tuple[str, int, str, str]], kind: str) -> Iterator[Item]:
    names = {"person": "user", "organization": "organization"}
    for its_kind, number, name, email in found:
        if its_kind == kind:
            link = reverse(f"admin:tickets_{names[kind]}_change", args=[number])
            yield Item(name or email, email if name else "", link)


def _pages(request: HttpRequest, typed: str) -> Iterator[Item]:
    """Places of the sidebar whose titles have words that begin so."""
    for group, places in PLACES:
        for place in places:
            if _begins(place.title, typed) and place.is_open_to(request):
                yield Item(place.title, group, place.address)


def _begins(title: str, typed: str) -> bool:
    """Whether each of the letters that were typed begins a word of the title."""
    words = title.lower().split()
    return all(any(one.startswith(word) for one in words) for word in typed.lower().split())


def _may_view(request: HttpRequest, model: type[Model]) -> bool:
    return bool(admin.site.get_model_admin(model).has_view_permission(request))


def _rows[M: Model](request: HttpRequest, model: type[M]) -> QuerySet[M]:
    """What the admin would list; none for who may not look at such rows."""
    rows = admin.site.get_model_admin(model).get_queryset(request)
    return rows if _may_view(request, model) else rows.none()
