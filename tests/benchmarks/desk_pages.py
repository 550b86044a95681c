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

from tests.benchmarks.desk import AGENTS, MONDAY, PEOPLE, Talk, load_talk
from tests.benchmarks.frame import Options, Result
from tests.benchmarks.site import Site, medians, of_another_process

ROUNDS, PAGES, MANY_REQUESTS = 60, 50, 500
FEW = 1_000
MOST_QUERIES = 12
AT_ONCE = 2_000
# Those of somebody who sees his team's tickets; and of somebody who sees all of them.
KINDS = (
    "queue", "queue_all", "ticket", "rare", "common", "palette_rare", "palette_common",
    "sidebar", "sidebar_all",
)  # fmt: skip


@dataclass(frozen=True)
class Prepared:
    """Addresses by kind, and the cookie, the queries and milliseconds of SQL of each; milliseconds
    of search and of the same by hand by word, and seconds of an action on many tickets.
    """

    cookies: dict[str, str]
    pages: dict[str, Sequence[str]]
    queries: dict[str, int]
    floors: dict[str, float]
    found: dict[str, tuple[float, float]]
    in_bulk: float


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

    def beside_queue(self, kind: str) -> Result:
        """Beside the queue as it is, and asking the index."""
        value = self.took[kind, self.most]
        floor = self.took["queue", self.most] + self.prepared[self.most].floors[kind]
        return Result(value, "ms", floor, value / floor, at_most_times=3)


def desk_queue(options: Options) -> Result:
    """The queue; beside a bare page and its rows by SQL."""
    return _measured(options).page("queue")


def desk_queue_all(options: Options) -> Result:
    """The queue of somebody who sees every ticket; beside a thousand."""
    return _measured(options).beside_few("queue_all", 1.3)


def desk_sidebar(options: Options) -> Result:
    """The numbers of the sidebar; beside a bare page."""
    return _measured(options).page("sidebar")


def desk_sidebar_all(options: Options) -> Result:
    """The same for somebody who sees every ticket."""
    return _measured(options).page("sidebar_all")


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


def desk_find_rare(options: Options) -> Result:
    """Finding the rare word among what an agent sees, in SQL; beside one statement by hand."""
    return _found(options, Talk.RARE)


def desk_find_common(options: Options) -> Result:
    """The same for the common word."""
    return _found(options, Talk.COMMON)


def _found(options: Options, word: str) -> Result:
    found = _measured(options)
    value, floor = found.prepared[found.most].found[word]
    return Result(value, "ms", floor, value / floor, at_most_times=3)


def desk_search_rare_queue(options: Options) -> Result:
    """The rare word in the queue; beside the queue and what the index takes."""
    return _measured(options).beside_queue("rare")


def desk_search_common_queue(options: Options) -> Result:
    """The common word in the queue; beside the same."""
    return _measured(options).beside_queue("common")


def desk_queries(options: Options) -> Result:
    """The most queries of any of these pages; beside the same on a thousand tickets."""
    found = _measured(options)
    many, few = (max(found.prepared[size].queries.values()) for size in (found.most, FEW))
    return Result(many, "queries", few, many / few, at_most=MOST_QUERIES, at_most_times=1)


def desk_bulk(options: Options) -> Result:
    """Two thousand tickets assigned in the background, by one worker."""
    found = _measured(options)
    return Result(found.prepared[found.most].in_bulk, "s")


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
    return site.get(pages[number % len(pages)], {"Cookie": site.prepared.cookies[kind]})


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
    from django.contrib.auth.models import Group

    from tickets.models import Ticket, User

    agent, manager = User.objects.get(pk=PEOPLE + AGENTS), User.objects.get(pk=PEOPLE + 1)
    manager.groups.add(Group.objects.get(name="Manager"))
    queue, palette = "/admin/tickets/ticket/", "/admin/search/"
    seen = Ticket.objects.visible_to(agent).open().order_by("-pk")
    opened = list(seen.values_list("pk", flat=True)[:PAGES])
    pages = {
        "queue": [queue],
        "queue_all": [queue],
        "ticket": [f"{queue}{number}/change/" for number in opened],
        "rare": [f"{queue}?q={Talk.RARE}"],
        "common": [f"{queue}?q={Talk.COMMON}"],
        "palette_rare": [f"{palette}?s={Talk.RARE}"],
        "palette_common": [f"{palette}?s={Talk.COMMON}"],
        "sidebar": [f"{queue}queues/"],
        "sidebar_all": [f"{queue}queues/"],
    }
    signed_in = {False: _signed_in(agent), True: _signed_in(manager)}
    desks = {kind: signed_in[kind.endswith("_all")] for kind in pages}
    queries = {kind: _queries(partial(desks[kind][0].get, some[0])) for kind, some in pages.items()}
    cookies = {kind: cookie for kind, (_, cookie) in desks.items()}
    floors = _floors(opened[0])
    found = {word: _search(agent, word) for word in (Talk.RARE, Talk.COMMON)}
    return Prepared(cookies, pages, queries, floors, found, _in_bulk(agent))


def _signed_in(user: Any) -> tuple[Any, str]:
    """Somebody's browser in this process, and the cookie that it has under gunicorn."""
    from django.conf import settings
    from django.test import Client

    client = Client(headers={"host": "127.0.0.1"})
    client.force_login(user, "django.contrib.auth.backends.ModelBackend")
    return client, f"__Host-sessionid={client.cookies[settings.SESSION_COOKIE_NAME].value}"


def _search(agent: Any, word: str) -> tuple[float, float]:
    """Milliseconds of SQL in finding a word, and of the same by hand, in one statement.

    By hand a rare word is asked of the index first; of a common one the newest tickets are walked.
    """
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    from tickets import search
    from tickets.models import Ticket

    visible = Ticket.objects.visible_to(agent)
    with CaptureQueriesContext(connection) as asked:
        search.find(visible, search.understood(f"{word} "))
    statements = [row["sql"] for row in asked]
    took = sum(map(_milliseconds, statements))
    found = f"SELECT ticket_id FROM tickets_searchdocument WHERE document @@ '{word}'::tsquery"
    teams = ", ".join(str(team.pk) for team in agent.teams.all())
    mine = f"team_id IS NULL OR team_id IN ({teams}) OR {agent.pk} IN (requester_id, assignee_id)"
    by_hand = (
        f"WITH found AS {'' if word == Talk.COMMON else 'MATERIALIZED'} ({found}) "
        f"SELECT ticket_id FROM found JOIN tickets_ticket ticket ON ticket.id = ticket_id "
        f"WHERE {mine} ORDER BY ticket_id DESC LIMIT {search.MOST}"
    )
    return took, _milliseconds(by_hand)


def _in_bulk(agent: Any) -> float:
    """Seconds until a worker has assigned so many tickets."""
    from tickets import bulk
    from tickets.models import Ticket

    newest = Ticket.objects.open().order_by("-pk").values_list("pk", flat=True)[:AT_ONCE]
    chosen = Ticket.objects.filter(pk__in=list(newest))
    step = {"do": "assign_to_me"}
    job = bulk.begin(steps=[step], tickets=chosen, by=agent, at=MONDAY)
    began = time.perf_counter()
    while bulk.go_on(at=MONDAY):
        pass
    seconds = time.perf_counter() - began
    job.refresh_from_db()
    assert job.done + job.refused == job.total
    return seconds


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
    everything = _milliseconds(f"{queue} LIMIT 50")
    rare, common = (_milliseconds(found.format(word)) for word in (Talk.RARE, Talk.COMMON))
    return {
        "queue": everything,
        "ticket": _milliseconds(page),
        "rare": rare,
        "common": common,
        "palette_rare": rare,
        "palette_common": common,
        "queue_all": everything,
        "sidebar": 0,
        "sidebar_all": 0,
    }


def _milliseconds(question: str) -> float:
    from django.db import connection

    with connection.cursor() as cursor:
        return _median(lambda: cursor.execute(question).fetchall())


def _median(act: Callable[[], object]) -> float:
    """Milliseconds."""
    took = []
    for _ in range(30):
        began = time.perf_counter()
        act()
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
