"""The running product, as `manage.py start` runs it, on a database of its own."""

from __future__ import annotations

import os
import secrets
import shutil
import signal
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import quote

import psycopg
from django.conf import settings
from kombu import Exchange, Queue
from psycopg import sql

from helpdesk.celery import app
from tests.peers import SmtpPeer, wait_until
from tests.ports import free_port

ROOT = Path(__file__).resolve().parents[2]
# What a ticket's history consists of; to move time on is to move these facts into the past.
FACTS = (
    "tickets_ticket",
    "tickets_message",
    "tickets_event",
    "sla_clock",
    "sla_pause",
    "sla_clockevent",
)


@dataclass
class Account:
    role: str
    email: str
    password: str


@dataclass
class Product:
    """Where the product is reached, where its mail arrives, and its database."""

    url: str
    mail: SmtpPeer
    database: str
    var: Path
    environment: dict[str, str]

    def account(self, role: str) -> Account:
        """A demo account, as `start` prints it."""
        lines = (self.var / "demo-accounts.txt").read_text().splitlines()
        accounts = [Account(*line.split("\t")) for line in lines]
        return next(account for account in accounts if account.role.lower() == role.lower())

    def run(self, script: str) -> None:
        """Python in a process of the product, with every model at hand."""
        subprocess.run(self.shell(script), cwd=ROOT, env=self.environment, check=True)

    def shell(self, script: str) -> list[str]:
        """The command that runs Python in a process of the product."""
        return [sys.executable, "manage.py", "shell", "--verbosity=0", "-c", script]

    def number(self, question: str, *values: Any) -> int:
        """The number that a question in SQL is answered with."""
        with psycopg.connect(**dsn(self.database), autocommit=True) as connection:
            row = connection.execute(question.encode(), values).fetchone()
        assert row is not None
        return int(row[0])

    def let_weeks_pass(self, weeks: int) -> None:
        """Move every recorded instant into the past: facts, and the caches computed from them."""
        with psycopg.connect(**dsn(self.database), autocommit=True) as connection:
            for table in FACTS:
                columns = connection.execute(
                    "SELECT column_name FROM information_schema.columns WHERE table_name = %s"
                    " AND data_type = 'timestamp with time zone'",
                    [table],
                ).fetchall()
                moves = sql.SQL(", ").join(
                    sql.SQL("{0} = {0} - {1}").format(
                        sql.Identifier(name), sql.Literal(timedelta(weeks=weeks))
                    )
                    for (name,) in columns
                )
                connection.execute(sql.SQL("UPDATE {} SET {}").format(sql.Identifier(table), moves))


def dsn(database: str) -> dict[str, Any]:
    """Connection arguments for another database on the server that the tests use."""
    default = settings.DATABASES["default"]
    found = {
        "host": default.get("HOST"),
        "port": default.get("PORT"),
        "user": default.get("USER"),
        "password": default.get("PASSWORD"),
        **{k: v for k, v in default.get("OPTIONS", {}).items() if k == "host"},
    }
    return {"dbname": database, **{name: value for name, value in found.items() if value}}


def database_url(database: str) -> str:
    """The same as `dsn`, in the form of DATABASE_URL."""
    parts = {name: quote(str(value), safe="") for name, value in dsn(database).items()}
    host, user = parts.get("host", "127.0.0.1"), parts["user"]
    if host.startswith("%2F"):
        return f"postgres://{user}@/{host}%2F{database}"
    password = f":{parts['password']}" if "password" in parts else ""
    port = f":{parts['port']}" if "port" in parts else ""
    return f"postgres://{user}{password}@{host}{port}/{database}"


@contextmanager
def own_database(like: str = "template1") -> Iterator[str]:
    """A new database, a copy of this one, which nobody may be connected to; gone afterwards."""
    name = f"journey_{secrets.token_hex(6)}"
    create = sql.SQL("CREATE DATABASE {} TEMPLATE {}")
    with psycopg.connect(**dsn("postgres"), autocommit=True) as connection:
        connection.execute(create.format(sql.Identifier(name), sql.Identifier(like)))
    try:
        yield name
    finally:
        with psycopg.connect(**dsn("postgres"), autocommit=True) as connection:
            connection.execute(
                sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name))
            )


def environment(*, database: str, var: Path, mail: SmtpPeer, queue: str) -> dict[str, str]:
    """Of the product's processes: the broker is the one that the tests were given, if any."""
    given = {k: v for k, v in os.environ.items() if not k.startswith(("PYTEST", "COVERAGE"))}
    if given.get("CELERY_BROKER_URL", "").startswith("memory:"):
        del given["CELERY_BROKER_URL"]
    return {
        **given,
        "DATABASE_URL": database_url(database),
        "CELERY_QUEUE": queue,
        "EMAIL_URL": mail.url,
        "VAR_DIR": str(var),
        "DEBUG": "",
    }


def has_broker() -> bool:
    """Whether the tests were given one; else the product keeps its queue in files."""
    return str(settings.CELERY_BROKER_URL).startswith(("amqp", "redis"))


def flush(queue: str, var: Path) -> None:
    """Let the broker lose all that waits in this queue."""
    if has_broker():
        with at_broker(queue) as there:
            there.purge()
        return
    for message in (var / "broker" / "queue").glob("*.msg"):
        message.unlink(missing_ok=True)


@contextmanager
def own_queue() -> Iterator[str]:
    """The name of a queue; nothing of it is left at the broker."""
    name = f"journey_{secrets.token_hex(6)}"
    try:
        yield name
    finally:
        if has_broker():
            for used in (name, settings.CELERY_TASK_DEFAULT_QUEUE):  # The latter by this process.
                with at_broker(used) as there:
                    there.delete()
                    there.exchange.delete()


@contextmanager
def at_broker(name: str) -> Iterator[Queue]:
    """The queue of this name, declared: Redis forgets those alone that this connection knows."""
    with app.connection_for_write() as connection:
        channel = connection.default_channel
        queue = Queue(name, Exchange(name, channel=channel), name, channel=channel)
        queue.declare()
        yield queue


def is_well(url: str) -> bool:
    try:
        with urllib.request.urlopen(f"{url}/health/", timeout=5) as answer:
            return bool(answer.status == 200)
    except urllib.error.URLError:
        return False


@dataclass(frozen=True)
class Demonstration:
    """A desk as `manage.py start` leaves it when it was started once, to be copied."""

    database: str
    var: Path


@contextmanager
def demonstration(var: Path) -> Iterator[Demonstration]:
    """Made by the same commands, from the database with all migrations if the run has one."""
    made = own_database(os.environ.get("TEST_TEMPLATE", "template1"))
    with made as database, own_queue() as queue, SmtpPeer() as mail:
        variables = environment(database=database, var=var, mail=mail, queue=queue)
        for command in ("migrate", "demo"):
            act = [sys.executable, "manage.py", command, "--verbosity=0"]
            subprocess.run(act, cwd=ROOT, env=variables, check=True)
        yield Demonstration(database, var)


@contextmanager
def running_copy(of: Demonstration, var: Path) -> Iterator[Product]:
    """A copy of that desk, in this folder: the product is not made from nothing each time."""
    shutil.copytree(of.var, var, dirs_exist_ok=True)
    with running_product(var, like=of.database) as product:
        yield product


@contextmanager
def running_product(var: Path, *, like: str = "template1") -> Iterator[Product]:
    """`manage.py start` with its demo desk, until it is in good health; stopped by Ctrl-C."""
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    with (
        own_database(like) as database,
        own_queue() as queue,
        SmtpPeer() as mail,
        (var / "start.log").open("wb") as log,
    ):
        variables = environment(database=database, var=var, mail=mail, queue=queue)
        process = subprocess.Popen(
            [sys.executable, "manage.py", "start", "--port", str(port)],
            cwd=ROOT,
            env=variables,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        try:
            wait_until(lambda: process.poll() is not None or is_well(url), seconds=300)
            assert process.poll() is None, (var / "start.log").read_text()
            yield Product(url=url, mail=mail, database=database, var=var, environment=variables)
        finally:
            process.send_signal(signal.SIGINT)
            try:
                process.wait(timeout=30)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
                raise
