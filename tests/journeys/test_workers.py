"""Real Celery workers and beats on the real broker: each step fires once, and no mail is lost."""

from __future__ import annotations

import importlib
import os
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from django.apps import apps
from django.db import connection
from django_celery_beat.models import IntervalSchedule, PeriodicTask

from sla.models import Firing, Policy, Role, Sweep
from tests import factories
from tests.journeys.product import ROOT, environment, flush, own_queue
from tests.journeys.test_mail_crashes import mail, message_id
from tests.peers import SmtpPeer, wait_until
from tickets import inbound
from tickets.models import Delivery, Event, InboundMessage, Mailbox, Message, Ticket

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("policy")]

TICKETS = 100
STEPS = 5 * TICKETS  # A P1 has three for its first response and two for its resolution.
MAILS = STEPS + TICKETS  # With the acknowledgements.
MAILS_IN = 100
SECONDS = 120

CELERY = [sys.executable, "-m", "celery", "-A", "helpdesk"]
WORKER = ["worker", "--concurrency=1", "--without-gossip", "--without-mingle", "--loglevel=info"]
SCHEDULES = ["0002_beat_schedule", "0004_recalculation_schedule", "0006_mail_schedule"]
BEAT = ["beat", "--pidfile=", "--max-interval=1", "--loglevel=warning"]


@dataclass
class Worker:
    """A worker that comes back after it was killed; its mail goes to a server of its own."""

    name: str
    peer: SmtpPeer
    environment: dict[str, str]
    process: subprocess.Popen[bytes] = field(init=False)

    def __post_init__(self) -> None:
        self.start()

    def start(self) -> None:
        command = [*CELERY, *WORKER, f"--hostname={self.name}@test"]
        self.process = launch(command, self.environment, self.log)

    @property
    def log(self) -> Path:
        return Path(self.environment["VAR_DIR"]) / f"{self.name}.log"

    def is_in_a_transaction(self) -> bool:
        """Whether it has written rows that are not committed, for a moment already."""
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT count(*) FROM pg_stat_activity"
                " WHERE application_name = %s AND backend_xid IS NOT NULL"
                " AND clock_timestamp() - xact_start > interval '50 ms'",
                [self.name],
            )
            return bool(cursor.fetchone()[0])


def launch(command: list[str], environment: dict[str, str], log: Path) -> subprocess.Popen[bytes]:
    """Start a process as the leader of a group, which holds its children too."""
    with log.open("ab") as out:
        return subprocess.Popen(
            command,
            cwd=ROOT,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )


def kill(process: subprocess.Popen[bytes]) -> None:
    """kill -9, for the process and its children."""
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()


@contextmanager
def crew(
    var: Path, *, workers: int, beats: int, lease_seconds: int | None = None
) -> Iterator[list[Worker]]:
    """So many workers and beats on the tests' database; none of them is left afterwards."""
    database = str(connection.settings_dict["NAME"])
    running: list[Worker] = []
    with ExitStack() as stack:
        queue = stack.enter_context(own_queue())
        for number in range(workers):
            peer = stack.enter_context(SmtpPeer())
            own = environment(database=database, var=var, mail=peer, queue=queue)
            own["PGAPPNAME"] = name = f"worker-{number}"
            if lease_seconds:
                own["DELIVERY_LEASE_SECONDS"] = str(lease_seconds)
            running.append(Worker(name, peer, own))
            stack.callback(lambda worker=running[-1]: kill(worker.process))
        for _ in range(beats):
            beat = launch([*CELERY, *BEAT], running[0].environment, var / "beat.log")
            stack.callback(kill, beat)
        yield running


@pytest.fixture
def due_steps(policy: Policy) -> None:
    """Tickets of last month that nobody answered: each of their steps is due, for one person."""
    policy.steps.update(roles=[Role.TEAM])
    team = factories.team("Support desk", factories.agent())
    asha = factories.customer()
    last_month = datetime.now(UTC) - timedelta(days=30)
    for _ in range(TICKETS):
        factories.ticket("P1", requester=asha, at=last_month)
    asha.tickets.update(team=team)


@pytest.fixture(autouse=True)
def each_second() -> None:
    """The schedule, flushed with the rest of the database by the tests before, and a faster one."""
    for migration in SCHEDULES:
        importlib.import_module(f"tickets.migrations.{migration}").create(apps, None)
    each_second = IntervalSchedule.objects.create(every=1, period="seconds")
    PeriodicTask.objects.filter(interval__isnull=False).update(interval=each_second)


def everything_is_sent() -> bool:
    waiting = Delivery.objects.exclude(state=Delivery.State.SENT)
    return Firing.objects.count() >= STEPS and not waiting.exists()


def sweeps_run_on() -> None:
    """Wait until each sweep has run again: whatever could fire or be sent twice now would be."""
    for _ in range(2):
        seen = dict(Sweep.objects.values_list("name", "last_run_at"))
        wait_until(
            lambda seen=seen: all(
                Sweep.objects.filter(name=name, last_run_at__gt=at).exists()
                for name, at in seen.items()
            ),
            seconds=SECONDS,
        )


def arrived(workers: list[Worker]) -> Counter[tuple[str, str]]:
    """How often each (Message-ID, recipient) arrived, at all mail servers together."""
    return sum((worker.peer.copies() for worker in workers), Counter())


def sent_once() -> dict[tuple[str, str], int]:
    return dict.fromkeys(Delivery.objects.values_list("mail_message_id", "recipient"), 1)


def each_step_fired_once() -> None:
    fired = list(Firing.objects.values_list("clock", "step"))
    assert len(fired) == len(set(fired)) == STEPS
    assert Event.objects.filter(kind=Event.Kind.ESCALATED).count() == STEPS
    assert Delivery.objects.filter(occasion="escalation").count() == STEPS


@pytest.mark.usefixtures("due_steps")
def test_two_workers_and_two_beats_do_each_thing_once(tmp_path: Path) -> None:
    with crew(tmp_path, workers=2, beats=2) as workers:
        wait_until(everything_is_sent, seconds=SECONDS)
        sweeps_run_on()
        each_step_fired_once()
        assert len(sent_once()) == MAILS
        assert arrived(workers) == sent_once()
        assert not Delivery.objects.exclude(attempts=1).exists()
        for worker in workers:
            assert "succeeded" in worker.log.read_text()  # None of them was idle.


@pytest.mark.usefixtures("due_steps")
def test_nothing_is_missing_after_ten_kills(tmp_path: Path) -> None:
    with crew(tmp_path, workers=3, beats=2, lease_seconds=2) as workers:
        for _ in range(3):  # While steps fire.
            kill_one(workers, Worker.is_in_a_transaction)
        for _ in range(7):  # While a mail server has the message and has not answered.
            for worker in workers:
                worker.peer.hold()
            kill_one(workers, lambda worker: worker.peer.held > 0)
            for worker in workers:
                worker.peer.release()
            wait_until(lambda: not any(w.peer.held for w in workers), seconds=SECONDS)
        wait_until(everything_is_sent, seconds=SECONDS)
        sweeps_run_on()
        each_step_fired_once()
        copies = arrived(workers)
        assert copies.keys() == sent_once().keys()
        # What the killed ones had handed over was sent again, under the same Message-ID.
        assert copies.total() >= MAILS + 7


def test_a_broker_that_forgets_everything_loses_no_mail(tmp_path: Path) -> None:
    mailbox = Mailbox.objects.create(address="support@example.com")
    with crew(tmp_path, workers=2, beats=1, lease_seconds=10) as workers:
        queue = workers[0].environment["CELERY_QUEUE"]
        for number in range(MAILS_IN):
            raw, name = mail(number), f"mail-{number}"
            inbound.receive(raw, mailbox=mailbox, key=name, at=datetime.now(UTC))
            flush(queue, tmp_path)
            if number % 25 == 10:
                kill_one(workers, lambda worker: True)
        wait_until(everything_is_read_and_sent, seconds=SECONDS)
        sweeps_run_on()
        assert Counter(Message.objects.values_list("mail_message_id", flat=True)) == Counter(
            message_id(number) for number in range(MAILS_IN)
        )
        tickets = InboundMessage.objects.filter(outcome=InboundMessage.Outcome.TICKET)
        assert Ticket.objects.count() == tickets.count() == Delivery.objects.count()
        assert arrived(workers).keys() == sent_once().keys()


def everything_is_read_and_sent() -> bool:
    unread = InboundMessage.objects.exclude(state=InboundMessage.State.DONE)
    unsent = Delivery.objects.exclude(state=Delivery.State.SENT)
    return not unread.exists() and not unsent.exists()


def kill_one(workers: list[Worker], is_busy: Callable[[Worker], bool]) -> None:
    """Kill a worker in the middle of its work, and let another take its place."""
    found: list[Worker] = []

    def one_is_busy() -> bool:
        found[:] = [worker for worker in workers if is_busy(worker)]
        return bool(found)

    wait_until(one_is_busy, seconds=SECONDS, every=0.01)
    kill(found[0].process)
    found[0].start()
