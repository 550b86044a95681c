"""The keys of the queue and of a ticket's page: one table, which the page shows and obeys.

Every row is drawn into the dialog that `?` opens; static/js/shortcuts.js reads it from there, so
that what is shown and what is done cannot differ.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, cast

from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed, HttpResponseRedirect
from django.utils.http import url_has_allowed_host_and_scheme

from tickets.admin.queues import QUEUES
from tickets.models import User


@dataclass(frozen=True)
class Key:
    """`keys` are ways to say the same, each a key or a sequence of keys as browsers name them.

    `does` is a word that the script knows; `target` is the selector of what it is done to.
    """

    keys: tuple[str, ...]
    title: str
    does: str
    target: str = ""

    @property
    def ways(self) -> list[list[tuple[str, str]]]:
        """The keys of each way, each as browsers name it and as it is written on keyboards."""
        return [[(one, _written(one)) for one in way.split(" ")] for way in self.keys]


# What is written on keys that browsers have words for.
WRITTEN = {"ArrowDown": "↓", "ArrowUp": "↑", "Escape": "Esc", "Control": "Ctrl", "Meta": "⌘"}


def _written(key: str) -> str:
    """Such as "Ctrl+Enter"."""
    return key if len(key) == 1 else "+".join(WRITTEN.get(one, one) for one in key.split("+"))


def _verb(*keys: str, title: str, verb: str) -> Key:
    """Opens the form of a verb, which is then sent as always: by its own button."""
    return Key(keys, title, "open", f'details[data-verb="{verb}"]')


HELP = Key(("?",), "Show these keys", "help")
# The second key behind "g", by the queue.
GO = {
    "m": "mine", "t": "team", "u": "unassigned", "h": "hour", "b": "breached", "x": "escalated",
    "w": "waiting", "e": "engineering", "s": "solved", "o": "unsolved", "a": "all",
}  # fmt: skip
_TITLES = {queue.key: queue.title for queue in QUEUES}
QUEUE_KEYS = [
    Key(("j", "ArrowDown"), "Next row", "row", "1"),
    Key(("k", "ArrowUp"), "Previous row", "row", "-1"),
    Key(("o", "Enter"), "Open the ticket", "follow"),
    Key(("x",), "Choose the row, or not", "choose"),
    Key(("/",), "Search", "focus", "#searchbar"),
    Key(("r",), "Look for what is new", "reload"),
    HELP,
]
GO_KEYS = [Key((f"g {key}",), _TITLES[name], "press", f"#queue-{name}") for key, name in GO.items()]
TICKET_KEYS = [
    Key(("r",), "Reply", "write", "customer"),
    Key(("n",), "Internal note", "write", "staff"),
    Key(("Control+Enter", "Meta+Enter"), "Send what is written", "send"),
    Key(("s",), "Reply and resolve: Enter sends", "ready", '#composer [data-verb="resolve"]'),
    Key(("a",), "Assign to me", "press", '[data-verb="take"]'),
    _verb("A", "t", title="Assign to an agent or a team", verb="assign"),
    Key(("M",), "Macros", "press", "[data-macros]"),
    _verb("p", title="Change the priority", verb="priority"),
    _verb("w", title="Wait for the customer", verb="wait"),
    _verb("e", title="Escalate to engineering", verb="engineering"),
    _verb("o", title="Reopen", verb="reopen"),
    _verb("m", title="Merge", verb="merge"),
    _verb("#", title="Tags", verb="tag"),
    _verb("l", title="Link to another ticket", verb="link"),
    _verb("!", title="Spam", verb="spam"),
    Key(("j",), "Next ticket of the queue", "press", "[data-neighbour=next]"),
    Key(("k",), "Previous ticket of the queue", "press", "[data-neighbour=previous]"),
    Key(("u", "Escape"), "Back to the queue", "press", "[data-queue]"),
    HELP,
]

PLACES: dict[str, list[tuple[str, list[Key]]]] = {
    "queue": [("This list", QUEUE_KEYS), ("Go to", GO_KEYS)],
    "ticket": [("This ticket", TICKET_KEYS), ("Go to", GO_KEYS)],
}


def keys_of(place: str, request: HttpRequest) -> dict[str, Any]:
    """For the dialog of a page."""
    user = cast("User", request.user)
    return {"shortcuts": PLACES[place], "has_shortcuts": user.has_shortcuts}


def switch(request: HttpRequest) -> HttpResponse:
    """Switch one's own keys on or off, and go back to the page."""
    if request.method != "POST":
        return HttpResponseNotAllowed(["POST"])
    user = cast("User", request.user)
    User.objects.filter(pk=user.pk).update(has_shortcuts=request.POST.get("on") == "1")
    there = request.POST.get("next", "")
    is_ours = url_has_allowed_host_and_scheme(there, allowed_hosts={request.get_host()})
    return HttpResponseRedirect(there if is_ours else "..")
