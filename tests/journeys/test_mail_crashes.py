"""Processes that end at every step of the mail, in and out, and a database that does: nothing is
lost, and nothing comes twice.

Each kind of work has a process of its own, which is started again with another FAILPOINT whenever
it came to its end. They need no broker; that one may be flushed at any time is in `test_workers`.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections import Counter, deque
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from itertools import cycle
from pathlib import Path
from typing import Any

import environ
import psycopg
import pytest

from helpdesk.embedded import Cluster
from tests import migrated
from tests.journeys.mail_worker import ANSWERED_EVERY, IS_AWAY
from tests.journeys.product import ROOT
from tests.peers import SmtpPeer, wait_until
from tests.peers_imap import Dovecot, missing
from tickets.failpoints import KILLED

MAILS = 300
# What is left for the database's part.
LAST_MAILS = 60
SECONDS = 120
LEASE_SECONDS = 2
# A process ends at the first, third ... time that it comes there.
TIMES = (1, 3, 2)
POINTS = {
    "read": ["read.leased", "read.parsed", "read.settled", "read.after"],
    "send": ["send.leased", "send.before", "send.after", "send.settled"],
}
IN = ["receive.before", "receive.stored", "receive.after"]
IN_BY_IMAP = ["fetch.fetched", "fetch.stored", "fetch.flagged"]
# What is committed has to last through a crash of the server, if not of the machine.
SETTINGS = {"fsync": "off", "full_page_writes": "off", "max_connections": "50"}


class Postbox:
    """Where mail arrives: a Maildir that Dovecot serves, or the folder of an MTA that pipes."""

    def __init__(self, folder: Path, dovecot: Dovecot | None) -> None:
        self.folder, self.dovecot = folder, dovecot
        for name in ("tmp", "new", "cur"):
            (folder / name).mkdir(parents=True, exist_ok=True)

    @property
    def kind(self) -> str:
        return "fetch" if self.dovecot else "take"

    @property
    def environment(self) -> dict[str, str]:
        if self.dovecot:
            return {"IMAP_PORT": str(self.dovecot.port)}
        return {"SPOOL": str(self.folder)}

    def points(self) -> list[str]:
        return [*IN, *IN_BY_IMAP] if self.dovecot else IN

    def put(self, number: int) -> None:
        """One more mail, there as a whole or not at all."""
        path = self.folder / "tmp" / f"{1_700_000_000 + number}.{number}.mta"
        path.write_bytes(mail(number))
        path.rename(self.folder / "new" / path.name)

    def unseen(self) -> int:
        return self.dovecot.unseen() if self.dovecot else len(list((self.folder / "new").iterdir()))


@contextmanager
def postbox(folder: Path) -> Iterator[Postbox]:
    """Dovecot's, when it is installed."""
    if missing():
        yield Postbox(folder, None)
        return
    with Dovecot() as dovecot:
        with dovecot.box():
            pass  # It makes the Maildir.
        yield Postbox(dovecot.maildir, dovecot)


def message_id(number: int) -> str:
    return f"<mail-{number}@client.example>"


def mail(number: int) -> bytes:
    """Every fifth one answers the one before, of the same person."""
    is_answer = number % 5 == 4
    lines = [
        f"From: Person {number} <person{number - is_answer}@client.example>",
        "To: support@example.com",
        f"Subject: {'Re: ' * is_answer}Matter {number - is_answer}",
        f"Message-ID: {message_id(number)}",
        *([f"In-Reply-To: {message_id(number - 1)}"] if is_answer else []),
        "Content-Type: text/plain; charset=utf-8",
        "",
        f"These are the words of mail {number}.",
        "",
    ]
    return "\r\n".join(lines).encode()


class Database:
    """The server of this test alone."""

    def __init__(self, cluster: Cluster, stack: ExitStack, migrations: Path) -> None:
        self._cluster, self._stack = cluster, stack
        stack.enter_context(cluster.serving())
        migrated.prepare(cluster, migrations)

    @property
    def url(self) -> str:
        return self._cluster.url(migrated.NAME)

    def rows(self, question: str) -> list[tuple[Any, ...]]:
        config = environ.Env.db_url_config(self.url)
        with psycopg.connect(
            host=config["HOST"], user=config["USER"], dbname=config["NAME"]
        ) as connection:
            return connection.execute(question).fetchall()

    def number(self, question: str) -> int:
        return int(self.rows(question)[0][0])

    def crash(self) -> None:
        """Immediate mode: every session ends in the middle, and nothing is written any more."""
        note = self._cluster.data / "postmaster.pid"
        os.kill(int(note.read_text().splitlines()[0]), signal.SIGQUIT)
        wait_until(lambda: not note.exists(), seconds=20, every=0.01)

    def come_back(self) -> None:
        self._stack.enter_context(self._cluster.serving())


class Slot:
    """The place of one kind of worker, in which each is followed by the next until it is stopped.

    `ahead` are the failpoints at which they are to end, one each; others live until it is time
    for the next of those.
    """

    def __init__(
        self, kind: str, points: list[str], environment: dict[str, str], var: Path
    ) -> None:
        turns = zip(points, cycle(TIMES), strict=False)
        self.ahead = deque(f"{name}:{times}" for name, times in turns)
        self.kind, self._environment, self.log = kind, environment, var / f"{kind}.log"
        self.is_time: Callable[[], bool] = lambda: True
        self._start()

    def _start(self) -> None:
        self.point = self.ahead.popleft() if self.ahead and self.is_time() else ""
        with self.log.open("ab") as out:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "tests.journeys.mail_worker", self.kind],
                cwd=ROOT,
                env={**self._environment, "FAILPOINT": self.point},
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=subprocess.STDOUT,
            )

    def look(self) -> bool:
        """Let the next one begin when this one has come to its end; whether it has."""
        code = self._process.poll()
        if code is not None:
            assert (bool(self.point), code) == (True, KILLED), self.log.read_text()
        elif not self.point and self.ahead and self.is_time():
            self.kill()
        else:
            return False
        self._start()
        return True

    @property
    def is_done(self) -> bool:
        """Whether each failpoint was reached."""
        return not self.point and not self.ahead

    def kill(self) -> None:
        self._process.kill()
        self._process.wait()


class Desk:
    """The postbox, the database, and who works between them."""

    def __init__(self, box: Postbox, database: Database, slots: list[Slot]) -> None:
        self.box, self.database, self.slots = box, database, slots
        self.put = 0
        for slot in slots:
            if slot.kind == "read":
                slot.is_time = self.has_no_suspect

    def receive(self, count: int) -> None:
        for number in range(self.put, self.put + count):
            self.box.put(number)
        self.put += count

    def go_on(self) -> bool:
        """More mail whenever one came to his end, and when they idle; whether all did."""
        ended = sum(slot.look() for slot in self.slots)
        if all(slot.is_done for slot in self.slots):
            return True
        if ended or self.is_idle():
            self.receive(min(7, MAILS - LAST_MAILS - self.put))
        return False

    def has_no_suspect(self) -> bool:
        """A message with which three workers ended goes into quarantine: of chance, none may."""
        return not self.database.number(
            "SELECT count(*) FROM tickets_inboundmessage WHERE state != 'done' AND attempts > 1"
        )

    def is_idle(self) -> bool:
        question = "SELECT count(*) FROM tickets_inboundmessage WHERE state = 'done'"
        return self.database.number(question) == self.put and not self.outgoing()

    def outgoing(self) -> int:
        return self.database.number("SELECT count(*) FROM tickets_delivery WHERE state != 'sent'")

    def unanswered(self) -> int:
        return self.database.number(
            f"SELECT count(*) FROM tickets_ticket t WHERE id % {ANSWERED_EVERY} = 0 AND NOT EXISTS"
            " (SELECT 1 FROM tickets_message WHERE ticket_id = t.id AND by_staff)"
        )

    def is_finished(self) -> bool:
        for slot in self.slots:
            slot.look()
        return self.is_idle() and not self.unanswered() and not self.box.unseen()

    def has_been_noticed(self) -> bool:
        """Whether each worker has met the missing database."""
        return all(IS_AWAY in slot.log.read_text() for slot in self.slots)

    def wait(self, predicate: Callable[[], bool]) -> None:
        try:
            wait_until(predicate, seconds=SECONDS, every=0.1)
        except TimeoutError:
            told = [(slot.kind, slot.point, *slot.ahead) for slot in self.slots]
            for table in ("tickets_inboundmessage", "tickets_delivery"):
                told += self.database.rows(
                    f"SELECT state, attempts, count(*) FROM {table} GROUP BY 1, 2"
                )
            raise AssertionError(f"{self.put} mails, {self.box.unseen()} unseen: {told}") from None


@pytest.fixture
def peer() -> Iterator[SmtpPeer]:
    with SmtpPeer() as peer:
        yield peer


@pytest.fixture
def desk(peer: SmtpPeer, pytestconfig: pytest.Config) -> Iterator[Desk]:
    folder = Path(tempfile.mkdtemp(prefix="helpdesk-crashes-"))
    # PostgreSQL, run as root, passes through as another user.
    folder.chmod(0o711)
    with ExitStack() as stack:
        stack.callback(shutil.rmtree, folder, ignore_errors=True)
        box = stack.enter_context(postbox(folder / "spool"))
        cluster, kept = Cluster(folder / "postgres", SETTINGS), migrated.kept(pytestconfig)
        database = Database(cluster, stack, kept)
        environment = {
            **{k: v for k, v in os.environ.items() if not k.startswith(("PYTEST", "COVERAGE"))},
            **box.environment,
            "VAR_DIR": str(folder),
            "DATABASE_URL": database.url,
            "CELERY_BROKER_URL": "memory://localhost",
            "EMAIL_URL": peer.url,
            "DELIVERY_LEASE_SECONDS": str(LEASE_SECONDS),
            "LOG_LEVEL": "WARNING",
            "DEBUG": "",
        }
        command = [sys.executable, "-m", "tests.journeys.mail_worker", "prepare"]
        subprocess.run(command, cwd=ROOT, env=environment, check=True)
        points = {box.kind: box.points(), **POINTS, "answer": []}
        slots = []
        for kind, names in points.items():
            slots.append(Slot(kind, names, environment, folder))
            stack.callback(slots[-1].kill)
        yield Desk(box, database, slots)


def test_no_crash_loses_or_doubles_anything(desk: Desk, peer: SmtpPeer) -> None:
    rows, number = desk.database.rows, desk.database.number
    desk.receive(20)
    desk.wait(desk.go_on)
    desk.receive(MAILS - desk.put)
    stored = "SELECT count(*) FROM tickets_inboundmessage"
    desk.wait(lambda: number(stored) > MAILS - LAST_MAILS // 2)
    desk.database.crash()
    desk.wait(desk.has_been_noticed)
    desk.database.come_back()
    desk.wait(desk.is_finished)

    entries = rows(
        "SELECT mail_message_id, count(*) FROM tickets_message WHERE NOT by_staff GROUP BY 1"
    )
    assert dict(entries) == {message_id(number): 1 for number in range(MAILS)}
    became = Counter(what for (what,) in rows("SELECT outcome FROM tickets_inboundmessage"))
    answers_of_customers = MAILS // 5
    assert became == {"ticket": MAILS - answers_of_customers, "reply": answers_of_customers}
    places = dict(rows("SELECT mail_message_id, ticket_id FROM tickets_message WHERE NOT by_staff"))
    for number_ in range(4, MAILS, 5):
        assert places[message_id(number_)] == places[message_id(number_ - 1)]
    assert number("SELECT count(*) FROM tickets_ticket") == became["ticket"]

    sent = rows("SELECT mail_message_id, recipient, occasion FROM tickets_delivery")
    copies = peer.copies()
    assert copies.keys() == {(name, recipient) for name, recipient, _ in sent}
    # Who ended between the server's answer and the settling had it sent again by the next one.
    assert copies.total() > len(sent)
    answers = number("SELECT count(*) FROM tickets_message WHERE by_staff")
    occasions = Counter(occasion for _, _, occasion in sent)
    assert occasions == {"acknowledgement": became["ticket"], "reply": answers}
    assert answers == number(f"SELECT count(*) FROM tickets_ticket WHERE id % {ANSWERED_EVERY} = 0")
    assert desk.box.unseen() == 0
