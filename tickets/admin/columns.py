"""The columns of the queue: what each shows, and which of them somebody sees."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from django.utils import timezone
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from unfold.decorators import display

from tickets import presence, search
from tickets.admin.queues import SHOWN, Params, current_key, filters_of, key_of
from tickets.admin.standing import next_clock, queue_standing
from tickets.models import SavedView, Ticket, User
from tickets.templatetags.desk import local_time

# Name in an address -> its method below, and what people call it. The ticket is always there.
COLUMNS: dict[str, tuple[str, str]] = {
    "due": ("due", "Next promise"),
    "priority": ("priority_label", "Priority"),
    "status": ("status_label", "Status"),
    "from": ("from_whom", "From"),
    "team": ("team_name", "Team"),
    "assignee": ("assignee_name", "Assignee"),
    "type": ("request_type_name", "Request type"),
    "tags": ("tag_names", "Tags"),
    "channel": ("channel_name", "Channel"),
    "submitted": ("submitted", "Submitted"),
    "changed": ("changed", "Changed"),
    "solved": ("solved", "Solved"),
}
USUAL = ["due", "priority", "status", "from", "team", "assignee"]
_OF_QUEUES = {"solved": ["solved", *USUAL[1:]]}


def known(names: Sequence[str]) -> list[str]:
    """Those that are columns, in the order in which they are shown."""
    return [name for name in COLUMNS if name in names]


def shown(params: Params, own: Sequence[SavedView], user: User) -> list[str]:
    """The columns of this address for this person: as the address says, else as he chose for the
    queue or view, else as the saved view has them, else the usual ones.
    """
    asked = known((params.get(SHOWN) or [""])[-1].split(","))
    if asked:
        return asked
    key = current_key(params, own)
    saved = [view.columns for view in own if key_of(view) == key]
    choices: Mapping[str, Sequence[str]] = user.queue_columns
    for names in (choices.get(key, []), *saved, _OF_QUEUES.get(key, [])):
        if found := known(names):
            return found
    return _OF_QUEUES["solved"] if _is_solved(params) else USUAL


def _is_solved(params: Params) -> bool:
    return (filters_of(params).get("status") or [""])[-1] in {"solved", "resolved", "closed"}


class QueueColumns:
    """What the cells of a row say; the row comes with all that they name."""

    @display(description="Ticket")
    def ticket(self, ticket: Ticket) -> SafeString:
        found: search.Excerpt | None = getattr(ticket, "excerpt", None)
        return format_html(
            '<span class="desk-reference">{}</span> <span class="desk-subject">{}</span>{}{}',
            ticket.reference,
            found.subject if found else ticket.subject,
            format_html_join(
                "",
                ' <span class="desk-tag desk-tag-here" title="{}">{}</span>',
                (
                    (str(presence.other_of(row)), row.user.get_short_name())
                    for row in getattr(ticket, "present", [])
                ),
            ),
            format_html('<span class="desk-excerpt">{}</span>', found.text) if found else "",
        )

    @display(description="Next promise")
    def due(self, ticket: Ticket) -> SafeString | str:
        """The time left as its target counts, in words and colour; the deadline below."""
        clock = next_clock(clock for clock in ticket.clocks.all() if clock.is_running)
        if clock is None:
            return ""
        stand = queue_standing(clock, timezone.now())
        return format_html(
            '<span class="desk-tag desk-tag-{}" title="{} by {}">{}</span>',
            stand.tone,
            clock.get_metric_display(),
            local_time(clock.due_at),
            stand.words,
        )

    @display(description="Priority")
    def priority_label(self, ticket: Ticket) -> SafeString:
        return format_html(
            '<span class="desk-tag desk-rank-{}" title="{}">{}</span>',
            min(ticket.priority.rank, 4),
            ticket.priority.name,
            ticket.priority.code,
        )

    @display(description="Status")
    def status_label(self, ticket: Ticket) -> SafeString:
        """In words, with a mark for what is out of the ordinary."""
        marks = []
        if ticket.escalated_at is not None:
            marks.append(("escalated", local_time(ticket.escalated_at), "Escalated"))
        if ticket.with_engineering:
            marks.append(("engineering", "", "With engineering"))
        return format_html(
            '<span class="desk-status">{}</span>{}',
            ticket.get_status_display(),
            format_html_join(" ", '<span class="desk-tag desk-tag-{}" title="{}">{}</span>', marks),
        )

    @display(description="From")
    def from_whom(self, ticket: Ticket) -> SafeString:
        return format_html(
            '<span title="{}">{}</span><span class="desk-subtle">{}</span>',
            ticket.requester.email,
            ticket.requester,
            ticket.organization or "",
        )

    @display(description="Team", empty_value="")
    def team_name(self, ticket: Ticket) -> str | None:
        return ticket.team.name if ticket.team else None

    @display(description="Assignee")
    def assignee_name(self, ticket: Ticket) -> SafeString | str:
        if ticket.assignee is None:
            return format_html('<span class="desk-subtle">{}</span>', "Nobody")
        return str(ticket.assignee)

    @display(description="Request type", empty_value="")
    def request_type_name(self, ticket: Ticket) -> str | None:
        return ticket.request_type.name if ticket.request_type else None

    @display(description="Tags", empty_value="")
    def tag_names(self, ticket: Ticket) -> SafeString | str:
        names: list[str] = getattr(ticket, "tag_list", [])  # Added by QueueList.
        return format_html_join(
            " ", '<span class="desk-tag desk-tag-still">{}</span>', ((name,) for name in names)
        )

    @display(description="Channel")
    def channel_name(self, ticket: Ticket) -> str:
        return str(ticket.get_channel_display())

    @display(description="Submitted", empty_value="")
    def submitted(self, ticket: Ticket) -> SafeString | str:
        return _instant(ticket.submitted_at)

    @display(description="Changed", empty_value="")
    def changed(self, ticket: Ticket) -> SafeString | str:
        return _instant(ticket.updated_at)

    @display(description="Solved", empty_value="")
    def solved(self, ticket: Ticket) -> SafeString | str:
        return _instant(ticket.resolved_at)


def _instant(at: datetime | None) -> SafeString | str:
    if at is None:
        return ""
    return format_html(
        '<time class="desk-when" datetime="{}">{}</time>', at.isoformat(), local_time(at)
    )
