"""A desk of a million tickets on a PostgreSQL of its own, loaded through COPY.

Half of the tickets are open, each with two running clocks; a twentieth belongs to companies with
their own policy and calendar. Every cache of a clock is what `sla.reckoning` would store.
"""

from __future__ import annotations

import atexit
import os
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import numpy as np
import psycopg
from numpy.typing import NDArray

from helpdesk.embedded import DATABASE, USER, Cluster
from sla.core import bulk
from sla.core.table import instant, micros
from tests.benchmarks.copying import NULL, TABLES, copy, let_the_rest_be_empty, without_indexes

if TYPE_CHECKING:
    from sla.models import Clock, Policy, Priority

type Instants = NDArray[np.int64]

# Monday 2 November 2026, 09:00 in Kolkata; open tickets come in within an hour from then.
MONDAY = datetime(2026, 11, 2, 3, 30, tzinfo=UTC)
HOUR = 3_600_000_000
PEOPLE, COMPANIES, AGENTS, TEAMS = 5_000, 200, 50, 8
BLOCK = 20_000
ROOT = Path(__file__).resolve().parents[2]
OWN_EVERY = 20

_numbers = count()
_stack = ExitStack()
atexit.register(_stack.close)

type Environment = dict[str, str]
"""Variables of a process that works on one of the run's databases."""


@dataclass(frozen=True)
class Shape:
    """Which tickets there are: as a sweep meets them on a Monday morning, half of them open."""

    open_every: int = 2

    def starts(self, numbers: NDArray[np.int64], tickets: int, *, is_open: bool) -> Instants:
        """When they were submitted."""
        starts = micros(MONDAY) + numbers * 7919 % HOUR
        return starts if is_open else starts - (numbers % 80 + 10) * 24 * HOUR

    def ends(self, numbers: NDArray[np.int64], starts: Instants) -> tuple[Instants, Instants]:
        """When those that are solved were answered and solved."""
        return starts + HOUR // 2, starts + 48 * HOUR


MORNING = Shape()


@dataclass(frozen=True)
class History(Shape):
    """Two years of tickets, a fifth of them open still, as a report meets them.

    Answers take from minutes to a day, solutions up to two weeks. Engineering was asked about one
    in twenty, and one in ten of the solved ones was rated.
    """

    open_every: int = 5
    days: int = 730

    def starts(self, numbers: NDArray[np.int64], tickets: int, *, is_open: bool) -> Instants:
        ago = (tickets - numbers) * (self.days * 24 * HOUR // tickets)
        return micros(MONDAY) - ago + numbers * 7919 * 1_000_003 % HOUR

    def ends(self, numbers: NDArray[np.int64], starts: Instants) -> tuple[Instants, Instants]:
        answered = starts + (numbers * 104_729 % 86_400 + 60) * 1_000_000
        return answered, answered + (numbers * 1_299_709 % 1_209_600) * 1_000_000


@cache
def _server() -> tuple[Cluster, Environment]:
    """The run's PostgreSQL, with a database that holds the product's tables and policy."""
    folder = Path(_stack.enter_context(TemporaryDirectory(prefix="helpdesk-bench-")))
    # PostgreSQL, run as root, passes through as another user.
    folder.chmod(0o711)
    cluster = Cluster(folder / "postgres")
    _stack.enter_context(cluster.serving())
    environment = {
        "VAR_DIR": str(folder),
        "DATABASE_URL": cluster.url(),
        "DJANGO_SETTINGS_MODULE": "helpdesk.settings",
        "CELERY_BROKER_URL": "memory://localhost",
        "DEBUG": "",
    }
    for command in (["migrate", "--verbosity=0"], ["load_policy", "--verbosity=0", "--country="]):
        run = [sys.executable, "manage.py", *command]
        variables = {**os.environ, **environment}
        subprocess.run(run, cwd=ROOT, env=variables, check=True, stdout=subprocess.DEVNULL)
    return cluster, environment


def fresh() -> Environment:
    """A database of one's own with nothing but tables and policy, for this run.

    It is copied: migrating again for each desk would take longer than loading a small one.
    """
    cluster, environment = _server()
    name = f"desk{next(_numbers)}"
    host = str(cluster.socket_folder)
    with psycopg.connect(host=host, user=USER, dbname="postgres", autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name} TEMPLATE {DATABASE}".encode())
    return {**environment, "DATABASE_URL": cluster.url(name)}


def enter(environment: Environment) -> None:
    """Make its database that of this process, for good."""
    os.environ |= environment
    import django

    django.setup()


@dataclass(frozen=True)
class Loaded:
    """A desk that is there, and how long loading it took."""

    seconds: float


@cache
def loaded(tickets: int) -> Loaded:
    """The desk of this run: loaded once, gone when the run ends."""
    enter(fresh())
    began = time.perf_counter()
    load(tickets)
    return Loaded(time.perf_counter() - began)


@dataclass(frozen=True)
class Kind:
    """The promise of one policy for one priority and metric, ready to be reckoned in bulk."""

    clock: Clock
    steps: Sequence[int]

    def reckon(self, starts: Instants) -> tuple[list[str], list[str], list[str]]:
        """Goal, deadline and first step of clocks that start then, as COPY reads them."""
        from sla import reckoning

        hours, target = reckoning.hours(self.clock), self.clock.target
        dues = bulk.deadlines(target=target, hours=hours, starts=starts)
        steps = [
            bulk.instants_at(target=target, hours=hours, starts=starts, dues=dues, percent=percent)
            for percent in self.steps
        ]
        goals = (
            texts(bulk.deadlines(target=self.clock.goal, hours=hours, starts=starts))
            if self.clock.goal
            else [NULL] * len(starts)
        )
        return goals, texts(dues), texts(np.minimum.reduce(steps))


@dataclass(frozen=True)
class Company:
    """Who promises what to whom: a policy with its kinds of clocks, and the organizations."""

    policy: Policy
    kinds: dict[tuple[int, str], Kind]
    organizations: Sequence[int]


def texts(instants: Instants) -> list[str]:
    """Epoch microseconds as PostgreSQL reads them."""
    return [f"{text}+00" for text in instants.astype("datetime64[us]").astype(str).tolist()]


def load_talk(tickets: int) -> None:
    """As agents find it: a fifth is open, with three messages each, and the words for search."""
    load(tickets, Shape(open_every=5), talks=True)


def load(tickets: int, shape: Shape = MORNING, *, talks: bool = False) -> None:
    """So many tickets with messages, events, clocks and ledgers. Indexes are made at the end."""
    from django.db import connection

    from tickets import indexing

    default, own = _settings(teams=TEAMS if talks else 1)
    talk = Talk(tickets) if talks else None
    hold = _among_teams if talks else _with_one
    let_the_rest_be_empty()
    with without_indexes(*TABLES):
        for first in range(1, tickets + 1, BLOCK):
            numbers = range(first, min(first + BLOCK, tickets + 1))
            rows: dict[str, list[str]] = {table: [] for table in TABLES}
            for company, belongs in ((own, _is_own), (default, lambda n: not _is_own(n))):
                for is_open in (True, False):
                    chosen = [
                        n for n in numbers if belongs(n) and (n % shape.open_every == 0) is is_open
                    ]
                    if chosen:
                        numbered = np.array(chosen, np.int64)
                        starts = shape.starts(numbered, tickets, is_open=is_open)
                        solved = shape.ends(numbered, starts)
                        _write(rows, company, chosen, starts, solved, is_open=is_open, hold=hold)
            if talk:
                rows["tickets_message"] = talk.lines(numbers)
            copy(rows)
    if talk:
        with connection.cursor() as cursor:
            # So that it finds the messages of a ticket by their index.
            cursor.execute("ANALYZE tickets_ticket, tickets_message")
        with without_indexes("tickets_searchdocument"):
            for first in range(1, tickets + 1, BLOCK):
                indexing.write(range(first, min(first + BLOCK, tickets + 1)))
    with connection.cursor() as cursor:
        # Triggers marked all of it; what is to be searched is written already.
        cursor.execute("TRUNCATE tickets_searchmark")
        for table in ("tickets_ticket", "tickets_message", "sla_clock"):
            cursor.execute(
                f"SELECT setval(pg_get_serial_sequence('{table}', 'id'), max(id)) FROM {table}"
            )
        cursor.execute("VACUUM (ANALYZE)")


def _is_own(number: int) -> bool:
    return number % OWN_EVERY == 0


def _with_one(number: int) -> tuple[str, str]:
    """Team and assignee of a ticket: one team has all of them."""
    return "1", str(PEOPLE + number % AGENTS + 1)


def _among_teams(number: int) -> tuple[str, str]:
    """Eight teams have them; a hundredth has no team, and a tenth nobody who works on it."""
    place = number // 5
    agent = PEOPLE + place % AGENTS + 1
    return (
        str(place % TEAMS + 1) if place % 100 else NULL,
        str(agent) if place % 10 else NULL,
    )


class Talk:
    """Three messages of 25 words for each ticket, of a language in which few words are common."""

    COMMON, RARE = "dashboard", "quokka"
    WORDS, LENGTH = 20_000, 25

    def __init__(self, tickets: int) -> None:
        self.random = np.random.default_rng(1)
        syllables = [a + b for a in "bdfgklmnprstvz" for b in ("a", "e", "i", "o", "u", "ar", "en")]
        picked = self.random.choice(np.array(syllables), (self.WORDS, 3))
        self.words = np.array(["".join(row) for row in picked], object)
        # Twenty tickets have the rare word, three of ten the common one.
        self.rare_every = max(tickets // 20, 1)

    def lines(self, numbers: Sequence[int]) -> list[str]:
        """The messages of these tickets, as COPY reads them."""
        shape = (3 * len(numbers), self.LENGTH)
        texts_of = self.words[self.random.zipf(1.3, shape) % self.WORDS]
        at = "2026-11-02 03:30:00+00"
        found = []
        for i, text in enumerate(texts_of):
            number, place = numbers[i // 3], i % 3
            said = " ".join(text)
            if place == 0 and number % 10 < 3:
                said += f" {self.COMMON}"
            if place == 1 and number % self.rare_every == 0:
                said += f" {self.RARE}"
            author = PEOPLE + number % AGENTS + 1 if place == 1 else number % PEOPLE + 1
            found.append(
                f"{3 * number - place}\t{number}\t{author}\t{'ft'[place == 1]}\tt\t{said}.\tweb\t"
                f"{at}\tf\tt\t\t\t\t{{}}"
            )
        return found


def _settings(*, teams: int) -> tuple[Company, Company]:
    """People, companies, so many teams, and two policies: the default one, and a copy of it on a
    calendar of its own.
    """
    from django.contrib.auth.models import Group

    from sla.models import Calendar, Policy, Priority
    from tickets.models import Organization, Team, User

    User.objects.bulk_create(
        User(email=f"person{n}@client.example", name=f"Person {n}", password="!")
        for n in range(PEOPLE)
    )
    agents = User.objects.bulk_create(
        User(email=f"agent{n}@desk.example", name=f"Agent {n}", password="!", is_staff=True)
        for n in range(AGENTS)
    )
    Group.objects.get(name="Agent").user_set.add(*agents)
    for number in range(1, teams + 1):
        team, _ = Team.objects.get_or_create(pk=number, defaults={"name": f"Team {number}"})
        team.members.add(*agents[number % teams :: teams])
    default = Policy.objects.default()
    calendar = Calendar.objects.create(name="Own hours", time_zone="Asia/Kolkata")
    for row in default.calendar.opening_hours.all():
        calendar.opening_hours.create(weekday=row.weekday, opens=row.opens, closes=row.closes)
    calendar.publish(at=MONDAY)
    own = Policy.objects.create(name="Own policy", calendar=calendar)
    for target in default.targets.all():
        own.targets.create(**target.as_written())
    for step in default.steps.all():
        step.pk, step.policy = None, own
        step.save(force_insert=True)
    own.publish(at=MONDAY)
    organizations = Organization.objects.bulk_create(
        Organization(name=f"Company {n}", policy=own if n < COMPANIES // OWN_EVERY else None)
        for n in range(COMPANIES)
    )
    priorities = list(Priority.objects.all())
    return tuple(  # type: ignore[return-value]
        Company(
            policy,
            _kinds(Policy.objects.in_force().get(pk=policy.pk), priorities),
            [row.pk for row in organizations if row.policy_id == key],
        )
        for policy, key in ((default, None), (own, own.pk))
    )


def _kinds(policy: Policy, priorities: Sequence[Priority]) -> dict[tuple[int, str], Kind]:
    from sla import promising
    from sla.models import Metric
    from sla.models.steps import steps_for

    kinds, steps = {}, list(policy.steps.filter(is_active=True))
    for priority in priorities:
        since = dict.fromkeys(Metric.values, MONDAY)
        for clock in promising.fresh(policy=policy, priority=priority, since=since):
            applying = steps_for(steps, priority_id=priority.pk, metric=clock.metric)
            kinds[priority.pk, clock.metric] = Kind(clock, [step.percent for step in applying])
    return kinds


def _write(
    rows: dict[str, list[str]],
    company: Company,
    numbers: Sequence[int],
    starts: Instants,
    solved: tuple[Instants, Instants],
    *,
    is_open: bool,
    hold: Callable[[int], tuple[str, str]],
) -> None:
    """The lines of these tickets, open or solved."""
    answered, resolved = (texts(instants) for instants in solved)
    submitted = texts(starts)
    updated = submitted if is_open else resolved
    priorities = sorted({priority for priority, _ in company.kinds})
    next_dues: dict[int, str] = {}
    for at, priority in enumerate(priorities):
        chosen = [i for i, n in enumerate(numbers) if n // 2 % len(priorities) == at]
        for offset, metric in enumerate(("first_response", "resolution")):
            kind = company.kinds[priority, metric]
            ends = answered if metric == "first_response" else resolved
            goals, dues, steps = kind.reckon(starts[chosen])
            for i, goal, due, step in zip(chosen, goals, dues, steps, strict=True):
                number = numbers[i]
                next_dues[number] = min(due, next_dues.get(number, due))
                _clock(
                    rows, kind, 2 * number - offset, number, submitted[i], goal, due,
                    (NULL, step) if is_open else (ends[i], NULL), starts.item(i),
                )  # fmt: skip
    for i, n in enumerate(numbers):
        priority = priorities[n // 2 % len(priorities)]
        person, (team, agent) = n % PEOPLE + 1, hold(n)
        organization = company.organizations[n % len(company.organizations)]
        ends = (NULL, NULL, next_dues[n]) if is_open else (answered[i], resolved[i], NULL)
        rows["tickets_ticket"].append(
            f"{n}\tThe report of {n} is not refreshed\t{person}\t{organization}\t{priority}\t"
            f"{'open' if is_open else 'resolved'}\tf\t{team}\t{agent}\tweb\t{submitted[i]}\t"
            f"{updated[i]}\t" + "\t".join(ends) + "\t\t"
        )
        rows["tickets_message"].append(
            f"{n}\t{n}\t{person}\tf\tt\tSince this morning number {n} stands still.\tweb\t"
            f"{submitted[i]}\tf\tt\t\t\t\t{{}}"
        )
        rows["tickets_event"].append(f"{n}\topened\t{submitted[i]}\t{person}\tWeb form.\tin")
        rows["tickets_holding"].append(f"{n}\t1\t{agent}\t{submitted[i]}")
        if n % 20 == 7:
            rows["tickets_event"].append(f"{n}\tto_engineering\t{submitted[i]}\t{agent}\t\t")
        if not is_open:
            rows["tickets_event"].append(f"{n}\tresolved\t{resolved[i]}\t{agent}\t\tout")
            if n % 10 == 3:
                rows["tickets_rating"].append(f"{n}\t{person}\t{n % 5 + 1}\t\t{resolved[i]}")


def _clock(
    rows: dict[str, list[str]],
    kind: Kind,
    clock_id: int,
    ticket_id: int,
    started: str,
    goal: str,
    due: str,
    stopped_and_step: tuple[str, str],
    start: int,
) -> None:
    from sla import reckoning

    clock, (stopped, step) = kind.clock, stopped_and_step
    used = (NULL, NULL)
    if stopped != NULL:
        end = datetime.fromisoformat(stopped)
        span = reckoning.hours(clock).between(instant(start), end)
        counted = end - instant(start) if clock.target_unit == "hours" else span
        used = str(counted // timedelta(seconds=1)), str(span // timedelta(seconds=1))
    rows["sla_clock"].append(
        f"{clock_id}\t{ticket_id}\t{clock.policy_id}\t{clock.policy_version_id}\t"
        f"{clock.priority_id}\t{clock.metric}\t{clock.target_amount}\t{clock.target_unit}\t"
        f"{clock.goal_amount or NULL}\t{'t' if clock.kept_by_lowering else 'f'}\t"
        f"{clock.calendar_version_id}\t{started}\t{stopped}\t{goal}\t{due}\t{step}\t"
        f"{used[0]}\t{used[1]}"
    )
    rows["sla_clockevent"].append(f"{clock_id}\tstarted\t{started}\tSubmitted\t{due}")
