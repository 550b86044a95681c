"""The agents' pages under gunicorn: on a thousand tickets, on a hundred thousand, on a million."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path
from statistics import median
from typing import Any

from tests.benchmarks.desk import AGENTS, PEOPLE, Talk, load_talk
from tests.benchmarks.frame import Options, Result
from tests.benchmarks.site import Site, medians, of_another_process

ROUNDS, PAGES, MANY_REQUESTS = 60, 50, 400
FEW = 1_000
MOST_QUERIES = 12
KINDS = ("queue", "ticket", "rare", "common", "palette_rare", "palette_common")


@dataclass(frozen=True)
class Prepared:
    """A signed-in agent's cookie, addresses by kind; queries, and milliseconds of SQL, for each."""

    cookie: str
    pages: dict[str, Sequence[str]]
    queries: dict[str, int]
    floors: dict[str, float]


@dataclass(frozen=True)
class Measured:
    """Medians in milliseconds by kind of page and by number of tickets, and memory in MiB."""

    took: dict[tuple[str, int], float]
    bare: float
    prepared: dict[int, Prepared]
    memory: tuple[float, float]
    most: int

    def page(self, kind: str) -> Result:
        """Beside a bare page and the SQL that it cannot do without."""
        value, floor = self.took[kind, self.most], self.bare
        floor += self.prepared[self.most].floors[kind]
        return Result(value, "ms", floor, value / floor)

    def beside_few(self, kind: str, most_times: float) -> Result:
        """Beside the same page on a thousand tickets."""
        value, few = self.took[kind, self.most], self.took[kind, FEW]
        return Result(value, "ms", few, value / few, at_most_times=most_times)


def desk_queue(options: Options) -> Result:
    """The queue; beside a bare page and its rows by SQL."""
    return _measured(options).page("queue")


def desk_queue_middle(options: Options) -> Result:
    """The queue on a tenth of the tickets; beside a thousand."""
    found = _measured(options)
    value, few = found.took["queue", found.most // 10], found.took["queue", FEW]
    return Result(value, "ms", few, value / few, at_most_times=1.3)


def desk_queue_sizes(options: Options) -> Result:
    """The same beside a thousand tickets."""
    return _measured(options).beside_few("queue", 1.3)


def desk_ticket(options: Options) -> Result:
    """The page of a ticket; beside a bare page and its rows by SQL."""
    return _measured(options).page("ticket")


def desk_ticket_sizes(options: Options) -> Result:
    """The same beside a thousand tickets."""
    return _measured(options).beside_few("ticket", 1.3)


def desk_search_rare(options: Options) -> Result:
    """A word of twenty tickets, in the palette; beside a bare page and the index alone."""
    return _measured(options).page("palette_rare")


def desk_search_common(options: Options) -> Result:
    """A word of three tickets in ten, in the palette; beside a bare page and the index alone."""
    return _measured(options).page("palette_common")


def desk_search_rare_queue(options: Options) -> Result:
    """The rare word in the queue; beside a thousand tickets."""
    return _measured(options).beside_few("rare", 3)


def desk_search_common_queue(options: Options) -> Result:
    """The common word in the queue; beside a thousand tickets."""
    return _measured(options).beside_few("common", 3)


def desk_queries(options: Options) -> Result:
    """The most queries of any of these pages; beside the same on a thousand tickets."""
    found = _measured(options)
    many, few = (max(found.prepared[size].queries.values()) for size in (found.most, FEW))
    return Result(many, "queries", few, many / few, at_most=MOST_QUERIES, at_most_times=1)


def desk_memory(options: Options) -> Result:
    """A worker's memory after some hundred pages; beside what it was after the first ones."""
    before, after = _measured(options).memory
    return Result(after, "MiB", before, after / before, at_most_times=1.1)


@cache
def _measured(options: Options) -> Measured:
    sizes = sorted({FEW, options.tickets // 10, options.tickets})
    with ExitStack() as stack:
        sites = {
            size: stack.enter_context(of_another_process(size, _prepare, load_talk))
            for size in sizes
        }
        most = sites[options.tickets]
        asks: dict[Any, Callable[[int], float]] = {
            (kind, size): partial(_open, site, kind)
            for kind in KINDS
            for size, site in sites.items()
        }
        took = medians(ROUNDS, asks | {"bare": lambda number: most.get("/bare/")})
        bare = took.pop("bare")
        before = _memory(most.port)
        for number in range(MANY_REQUESTS):
            _open(most, KINDS[number % len(KINDS)], number)
        prepared = {size: site.prepared for size, site in sites.items()}
        return Measured(took, bare, prepared, (before, _memory(most.port)), options.tickets)


def _open(site: Site[Prepared], kind: str, number: int) -> float:
    pages = site.prepared.pages[kind]
    return site.get(pages[number % len(pages)], {"Cookie": site.prepared.cookie})


def _memory(port: int) -> float:
    """The largest worker that serves at this port, in MiB: resident, without what it shares."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            if f"127.0.0.1:{port}" in (folder / "cmdline").read_text():
                rollup = (folder / "smaps_rollup").read_text()
                found.append(sum(map(int, re.findall(r"Private_\w+: +(\d+) kB", rollup))) / 1024)
        except OSError:
            continue
    return max(found)


def _prepare() -> Prepared:
    from django.conf import settings
    from django.test import Client

    from tickets.models import Ticket, User

    agent = User.objects.get(pk=PEOPLE + AGENTS)
    client = Client(headers={"host": "127.0.0.1"})
    client.force_login(agent, "django.contrib.auth.backends.ModelBackend")
    queue, palette = "/admin/tickets/ticket/", "/admin/search/"
    opened = Ticket.objects.open().order_by("-pk").values_list("pk", flat=True)[:PAGES]
    pages = {
        "queue": [queue],
        "ticket": [f"{queue}{number}/change/" for number in opened],
        "rare": [f"{queue}?q={Talk.RARE}"],
        "common": [f"{queue}?q={Talk.COMMON}"],
        "palette_rare": [f"{palette}?s={Talk.RARE}"],
        "palette_common": [f"{palette}?s={Talk.COMMON}"],
    }
    queries = {kind: _queries(partial(client.get, some[0])) for kind, some in pages.items()}
    key = client.cookies[settings.SESSION_COOKIE_NAME].value
    return Prepared(f"__Host-sessionid={key}", pages, queries, _floors(opened[0]))


def _floors(number: int) -> dict[str, float]:
    rows = (
        "SELECT * FROM tickets_ticket ticket "
        "JOIN sla_priority priority ON priority.id = priority_id "
        "JOIN tickets_user requester ON requester.id = requester_id "
    )
    queue = (
        f"{rows} WHERE status IN ('new', 'open', 'pending') ORDER BY next_due_at, ticket.id DESC"
    )
    page = (
        f"{rows} JOIN tickets_message message ON ticket_id = ticket.id WHERE ticket.id = {number}"
    )
    found = "SELECT ticket_id FROM tickets_searchdocument WHERE document @@ '{}'::tsquery LIMIT 50"
    rare, common = (_milliseconds(found.format(word)) for word in (Talk.RARE, Talk.COMMON))
    return {
        "queue": _milliseconds(f"{queue} LIMIT 50"),
        "ticket": _milliseconds(page),
        "rare": rare,
        "common": common,
        "palette_rare": rare,
        "palette_common": common,
    }


def _milliseconds(question: str) -> float:
    from django.db import connection

    took = []
    with connection.cursor() as cursor:
        for _ in range(30):
            began = time.perf_counter()
            cursor.execute(question)
            cursor.fetchall()
            took.append(1000 * (time.perf_counter() - began))
    return median(took)


def _queries(act: Callable[[], object]) -> int:
    """How many an answer takes, when caches are full."""
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    act()
    with CaptureQueriesContext(connection) as asked:
        act()
    return len(asked)
