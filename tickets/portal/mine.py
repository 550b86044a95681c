"""My tickets: what a customer may see, narrowed down, searched and sorted."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from django.conf import settings
from django.contrib.auth.views import redirect_to_login
from django.db.models import F, Prefetch, Q
from django.db.models.lookups import IsNull
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_safe
from django_htmx.http import HttpResponseClientRedirect

from sla.models import Clock
from tickets.models import Message, Ticket, User
from tickets.models.tickets import TicketQuerySet
from tickets.portal.conversation import confidential
from tickets.portal.pages import policy_of, viewer_of, zone_of
from tickets.portal.standing import Standing, standing, status_words
from tickets.portal.submission import HtmxRequest
from tickets.portal.unread import with_unread
from tickets.states import UNSOLVED, Status
from tickets.templatetags.promises import promised

type Words = str | Promise

MINE, OTHERS, ALL = "mine", "others", "all"
OPEN, WAITING, SOLVED = "open", "waiting", "solved"
NEWEST, OLDEST, PROMISE = "newest", "oldest", "promise"

WHOSE: dict[str, Words] = {
    MINE: gettext_lazy("Mine"),
    OTHERS: gettext_lazy("Of my colleagues"),
    ALL: gettext_lazy("All"),
}
STATES: dict[str, Words] = {
    OPEN: gettext_lazy("Open"),
    WAITING: gettext_lazy("Waiting for you"),
    SOLVED: gettext_lazy("Solved"),
    ALL: gettext_lazy("Open and solved"),
}
SORTS: dict[str, Words] = {
    NEWEST: gettext_lazy("Latest change first"),
    OLDEST: gettext_lazy("Oldest request first"),
    PROMISE: gettext_lazy("Next promise first"),
}
# What an empty list says, unless something was searched.
NOTHING: dict[str, Words] = {
    OPEN: gettext_lazy("You have no open tickets."),
    WAITING: gettext_lazy("No ticket waits for an answer of yours."),
    SOLVED: gettext_lazy("You have no solved tickets yet."),
    ALL: gettext_lazy("You have no tickets yet."),
}
NOTHING_OF_OTHERS: dict[str, Words] = {
    OPEN: gettext_lazy("Your colleagues have no open tickets."),
    WAITING: gettext_lazy("No ticket of your colleagues waits for an answer."),
    SOLVED: gettext_lazy("Your colleagues have no solved tickets yet."),
    ALL: gettext_lazy("Your colleagues have no tickets yet."),
}
STATUSES: dict[str, Iterable[Status]] = {
    OPEN: UNSOLVED,
    WAITING: [Status.PENDING],
    SOLVED: [Status.RESOLVED, Status.CLOSED],
    ALL: Status,
}

ROWS = 25
# Nobody turns to page 400: who looks for an older ticket filters or searches.
LAST_PAGE = 400
LONGEST_SEARCH, MOST_WORDS = 200, 8
# Messages are read one by one, so a search reads those of the tickets that changed last.
SEARCHED_TICKETS = 2_000

# "HD-12", "hd-12" or "12".
REFERENCE = re.compile(rf"({re.escape(settings.TICKET_PREFIX)}-)?(\d{{1,18}})", re.IGNORECASE)


@dataclass(frozen=True)
class Link:
    """One of several ways to narrow the list down."""

    name: str
    label: Words
    query: str
    is_current: bool


@dataclass(frozen=True)
class Wanted:
    """What the address asks for; "" is what nobody chose. Unknown values count as not chosen."""

    whose: str = ""
    state: str = ""
    search: str = ""
    sort: str = ""
    page: int = 1

    @classmethod
    def of(cls, asked: Mapping[str, str], *, shares: bool) -> Wanted:
        """`shares`: whether this reader sees the tickets of colleagues."""
        search = " ".join(asked.get("q", "")[:LONGEST_SEARCH].replace("\0", " ").split())
        page = asked.get("page", "")
        return cls(
            whose=_known(asked.get("whose", ""), WHOSE) if shares else ALL,
            state=_known(asked.get("state", ""), STATES),
            search=search,
            sort=_known(asked.get("sort", ""), SORTS),
            page=min(int(page), LAST_PAGE) if re.fullmatch("[1-9][0-9]{0,8}", page) else 1,
        )

    @property
    def whose_now(self) -> str:
        """One's own unless something else is chosen; a search looks at all."""
        return self.whose or (ALL if self.search else MINE)

    @property
    def state_now(self) -> str:
        return self.state or (ALL if self.search else OPEN)

    @property
    def is_narrow(self) -> bool:
        """Whether more could be found among all tickets that the reader sees."""
        return self.state_now != ALL or self.whose_now != ALL

    @property
    def query(self) -> str:
        """The address of this list, from the question mark on."""
        page = str(self.page) if self.page > 1 else ""
        given = {
            "whose": self.whose, "state": self.state, "q": self.search, "sort": self.sort,
            "page": page,
        }  # fmt: skip
        return "?" + urlencode({name: value for name, value in given.items() if value})

    def whose_links(self) -> list[Link]:
        return [
            Link(name, label, replace(self, whose=name, page=1).query, name == self.whose_now)
            for name, label in WHOSE.items()
        ]

    def state_links(self) -> list[Link]:
        return [
            Link(name, label, replace(self, state=name, page=1).query, name == self.state_now)
            for name, label in STATES.items()
        ]

    def pages(self, *, has_more: bool) -> dict[str, str]:
        """The addresses of the pages before and after; "" where there is none."""
        goes_on = has_more and self.page < LAST_PAGE
        return {
            "previous": replace(self, page=self.page - 1).query if self.page > 1 else "",
            "next": replace(self, page=self.page + 1).query if goes_on else "",
        }


@dataclass(frozen=True)
class Row:
    """A ticket as the list shows it."""

    ticket: Ticket
    status: str
    promise: Standing | None
    is_own: bool
    is_unread: bool


@confidential
@require_safe
def tickets(request: HtmxRequest) -> HttpResponse:
    """The tickets that the reader may see; staff have the desk for it."""
    viewer = viewer_of(request)
    if viewer is None:
        return _to_sign_in(request)
    if viewer.is_staff:
        return redirect("admin:tickets_ticket_changelist")
    shares = bool(viewer.organization and viewer.organization.shares_tickets)
    wanted = Wanted.of(request.GET, shares=shares)
    at = timezone.now()
    zone = zone_of(request, viewer, policy_of(viewer))
    found, has_more = _page(viewer, wanted)
    first = (wanted.page - 1) * ROWS
    is_part = bool(request.htmx) and not request.htmx.history_restore_request
    context = {
        "wanted": wanted,
        "rows": [_row(ticket, viewer, at=at, zone=zone) for ticket in found],
        "found": _found_words(len(found), first=first, has_more=has_more),
        "nothing": (NOTHING_OF_OTHERS if wanted.whose_now == OTHERS else NOTHING)[wanted.state_now],
        "everywhere": replace(wanted, whose=ALL, state=ALL, page=1).query,
        "everything": Wanted(whose=ALL, state=ALL).query,
        "pages": wanted.pages(has_more=has_more),
        "is_last_page": has_more and wanted.page == LAST_PAGE,
        "shares": shares,
        "sorts": SORTS,
        "example": f"{settings.TICKET_PREFIX}-12",
        "longest": LONGEST_SEARCH,
        "zone": zone,
        "is_part": is_part,
        # The link that was pressed may be gone: then the keyboard goes on at the new rows.
        "is_turned": is_part and request.htmx.trigger in ("previous", "next"),
    }
    return render(request, f"portal/tickets.html{'#list' if is_part else ''}", context)


def chosen(viewer: User, wanted: Wanted) -> TicketQuerySet:
    """The tickets that this person may see and wants to, sorted."""
    seen = Ticket.objects.visible_to(viewer)
    if wanted.whose_now == MINE:
        seen = seen.filter(requester=viewer)
    elif wanted.whose_now == OTHERS:
        seen = seen.exclude(requester=viewer)
    if wanted.state_now != ALL:
        seen = seen.filter(status__in=STATUSES[wanted.state_now])
    if wanted.search:
        seen = _searched(seen, wanted.search, viewer)
    return _sorted(seen, wanted.sort)


def _page(viewer: User, wanted: Wanted) -> tuple[list[Ticket], bool]:
    """The tickets of the page with all that a row shows, and whether there are more.

    Numbers first, and the rest for those on the page alone: an organization may have 100,000.
    """
    first = (wanted.page - 1) * ROWS
    keys = list(chosen(viewer, wanted).values_list("pk", flat=True)[first : first + ROWS + 1])
    clocks = Prefetch("clocks", Clock.objects.running().select_related("priority"))
    shown = with_unread(Ticket.objects.filter(pk__in=keys[:ROWS]), viewer)
    rows = shown.select_related("priority", "requester").prefetch_related(clocks)
    return list(_sorted(rows, wanted.sort)), len(keys) > ROWS


def _searched(seen: TicketQuerySet, search: str, viewer: User) -> TicketQuerySet:
    """By reference, or all words in the subject or in one message that a customer may read."""
    number = REFERENCE.fullmatch(search)
    if number and number[1]:
        return seen.filter(pk=int(number[2]))
    words = search.split()[:MOST_WORDS]
    latest = seen.order_by("-updated_at", "-pk").values("pk")[:SEARCHED_TICKETS]
    public = Message.objects.filter(ticket__in=latest, is_public=True, is_accepted=True)
    said = public.filter(*(Q(text__icontains=word) for word in words))
    said = said.shown_to(viewer)
    matches = Q(*(Q(subject__icontains=word) for word in words)) | Q(pk__in=said.values("ticket"))
    if number:
        matches |= Q(pk=int(number[2]))
    return seen.filter(matches)


def _sorted(rows: TicketQuerySet, sort: str) -> TicketQuerySet:
    """In orders that no index has: PostgreSQL then reads what the person sees and sorts that.

    With one, it walks through the tickets of everybody in the hope to find enough of his soon.
    """
    if sort == OLDEST:
        return rows.order_by("submitted_at", "pk")
    if sort == PROMISE:
        return rows.order_by(IsNull(F("next_due_at"), True), "next_due_at", "-pk")
    return rows.order_by("-updated_at", "-pk")


def _row(ticket: Ticket, viewer: User, *, at: datetime, zone: str) -> Row:
    return Row(
        ticket=ticket,
        status=status_words(ticket)[0],
        promise=_promise(ticket, at=at, zone=zone),
        is_own=ticket.requester_id == viewer.pk,
        is_unread=ticket.is_unread,  # type: ignore[attr-defined] # annotated by with_unread
    )


def _promise(ticket: Ticket, *, at: datetime, zone: str) -> Standing | None:
    """The running promise to mind next: the earliest due that does not stand still, else any."""
    clock = min(
        ticket.clocks.all(), key=lambda clock: (_stands_still(clock), clock.due_at), default=None
    )
    if clock is None:
        return None
    waits = ticket.status == Status.PENDING
    found = standing(clock, at=at, zone=zone, waits_for_customer=waits)
    # A goal that has passed is no news any more: `standing` leaves it out, the sentence does not.
    if found.state == "due" and (clock.goal_at is None or at < clock.goal_at):
        return replace(found, title="", words=promised(clock, zone))
    return found


def _stands_still(clock: Clock) -> bool:
    """The opposite of ClockQuerySet.pressing, on a row that is loaded already."""
    return clock.paused_at is not None and clock.paused_at < clock.due_at


def _found_words(count: int, *, first: int, has_more: bool) -> str:
    """How many tickets are shown. Nobody counts those that are not."""
    if not count:
        return _("No tickets found.")
    if first or has_more:
        span = {"first": first + 1, "last": first + count}
        if has_more:
            return _("Tickets %(first)d to %(last)d, and there are more.") % span
        return _("Tickets %(first)d to %(last)d.") % span
    return ngettext("%(count)d ticket.", "%(count)d tickets.", count) % {"count": count}


def _to_sign_in(request: HtmxRequest) -> HttpResponse:
    """The page that sends a code. A part of a page would show it in the middle of the list."""
    response = redirect_to_login(request.get_full_path(), reverse("account_request_login_code"))
    return HttpResponseClientRedirect(response.url) if request.htmx else response


def _known(value: str, names: Mapping[str, Words]) -> str:
    return value if value in names else ""
