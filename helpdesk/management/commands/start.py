"""The whole product with one command, for a first look and for a small installation."""

import http.client
import json
import os
import queue
import socket
import threading
import time
import urllib.error
import urllib.request
from argparse import ArgumentParser
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from django.apps import apps
from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError
from django.db import connection, connections
from django.db.migrations.executor import MigrationExecutor

from helpdesk.folders import writable
from helpdesk.processes import Processes, python

DEMO = {"tickets": 60, "days": 30, "seed": 1}
WELL = "all is well"
LONGEST_ANSWER_SECONDS = 15.0


class Command(BaseCommand):
    """Prepares the database, then runs web, worker and beat until Ctrl-C."""

    help = "Prepare the database, then run web, worker and beat until Ctrl-C."
    requires_system_checks: list[str] = []  # The web process checks anyway.

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Host, port, and whether a new desk is filled with a demonstration."""
        parser.add_argument("--host", default="127.0.0.1", help="Address to listen on.")
        parser.add_argument("--port", type=int, default=8000, help="Port to listen on.")
        parser.add_argument(
            "--no-demo", action="store_true", help="Leave a new desk empty: no demo tickets."
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Raise `CommandError`, one sentence, when something stands in the way."""
        host, port = options["host"], options["port"]
        refuse_busy_port(host, port)
        writable(settings.VAR_DIR)
        self._choose_base_url(host, port)
        self._prepare(demo=not options["no_demo"])
        ready = Announcement(self._say, host, port)
        rounds = Rounds(self._say, base_url(host, port))
        environment = {**os.environ, "PYTHONUNBUFFERED": "1"}
        processes = Processes(commands(host, port), environment, out=self._say)
        connections.close_all()

        def meanwhile() -> None:
            ready.look()
            rounds.look()

        ended = processes.run(meanwhile=meanwhile)
        if ended is not None:
            raise CommandError(ended)
        self._say("Stopped.")

    def _say(self, line: str) -> None:
        """Print at once, also into a pipe."""
        self.stdout.write(line)
        self.stdout.flush()

    def _choose_base_url(self, host: str, port: int) -> None:
        """Links in mails lead here, unless the environment says where customers come in."""
        if not settings.PUBLIC_BASE_URL_GIVEN:
            settings.PUBLIC_BASE_URL = base_url(host, port)
            os.environ["PUBLIC_BASE_URL"] = settings.PUBLIC_BASE_URL

    def _prepare(self, *, demo: bool) -> None:
        executor = MigrationExecutor(connection)
        if executor.migration_plan(executor.loader.graph.leaf_nodes()):
            self._say("Preparing the database ...")
            call_command("migrate", interactive=False, verbosity=0)
        if settings.PRODUCTION:
            call_command("collectstatic", interactive=False, verbosity=0)
        call_command("load_policy", verbosity=0)
        if demo and not apps.get_model("tickets", "Ticket").objects.exists():
            self._say("A new desk: making a demonstration (leave it out with --no-demo).")
            call_command("demo", **DEMO)


class Announcement:
    """Says once, as soon as the web process answers, where everything is."""

    def __init__(self, say: Callable[[str], None], host: str, port: int) -> None:
        self._say = say
        self._url = base_url(host, port)
        self._done = False

    def look(self) -> None:
        """Called again and again. A static file tells that the web process is up, nothing more."""
        if not self._done and answers(f"{self._url}/static/admin/css/base.css"):
            self._done = True
            self._say(self.text())

    def text(self) -> str:
        """Addresses and demo accounts."""
        pages = {
            "Write to us": "/tickets/new/",
            "Support policy": "/policy/",
            "Agents' desk": "/admin/",
            "Health": "/health/",
        }
        lines = ["", f"{settings.BRAND_NAME} is ready."]
        lines += [f"  {name:<15} {self._url}{path}" for name, path in pages.items()]
        if settings.EMAIL_BACKEND.endswith("filebased.EmailBackend"):
            lines.append(f"  {'Mail':<15} {settings.EMAIL_FILE_PATH}")
        lines += demo_accounts(settings.VAR_DIR / "demo-accounts.txt")
        return "\n".join([*lines, "", "Ctrl-C stops everything.", ""])


class Rounds:
    """Asks the health page again and again, and says when what it answers becomes another.

    The page mails the administrators when no sweep runs any more, but only if somebody asks it.
    """

    def __init__(self, say: Callable[[str], None], url: str, *, seconds: float = 30.0) -> None:
        self._say = say
        self._url = url
        self._every = seconds
        self._next = time.monotonic() + seconds
        self._asking: threading.Thread | None = None
        self._answers: queue.SimpleQueue[str] = queue.SimpleQueue()
        self._last = WELL

    def look(self) -> None:
        """Called again and again; never waits for the answer, nor asks before it is there."""
        is_asking = self._asking is not None and self._asking.is_alive()
        if time.monotonic() >= self._next and not is_asking:
            self._next = time.monotonic() + self._every
            self._asking = threading.Thread(target=self._ask, daemon=True)
            self._asking.start()
        while not self._answers.empty():
            answer = self._answers.get()
            if answer != self._last:
                self._say(f"Health: {answer} ({self._url}/health/).")
            self._last = answer

    def _ask(self) -> None:
        self._answers.put(how_it_is(self._url))


def how_it_is(url: str) -> str:
    """What the health page says, in words."""
    # No proxy stands between; and in production the site answers to its own name only.
    server = http.client.HTTPConnection(urlsplit(url).netloc, timeout=LONGEST_ANSWER_SECONDS)
    headers = {"Host": urlsplit(settings.PUBLIC_BASE_URL).netloc}
    try:
        server.request("GET", "/health/", headers=headers)
        checks = dict(json.load(server.getresponse())["checks"])
    except (OSError, http.client.HTTPException, ValueError, LookupError, TypeError) as error:
        return f"no answer, {error!r}"
    finally:
        server.close()
    failed = [name for name, outcome in checks.items() if outcome != "ok"]
    return f"not well, failed: {', '.join(failed)}" if failed else WELL


def demo_accounts(path: Path) -> list[str]:
    """Lines to print: the accounts that ``demo`` noted down, with their passwords."""
    if not path.is_file():
        return []
    rows = [line.split("\t") for line in path.read_text(encoding="utf-8").splitlines() if line]
    widths = [max(len(cell) for cell in column) for column in zip(*rows, strict=True)]
    lines = ["", "Demo accounts (role, e-mail, password):"]
    for row in rows:
        cells = [f"{cell:<{width}}" for cell, width in zip(row, widths, strict=True)]
        lines.append("  " + "  ".join(cells).rstrip())
    return lines


def commands(host: str, port: int) -> dict[str, list[str]]:
    """The command line of each process."""
    celery = ["-m", "celery", "--quiet", "-A", "helpdesk"]
    worker = ["worker", "--concurrency=2", "--without-gossip", "--without-mingle"]
    web = [
        "--bind",
        f"{_for_url(host)}:{port}",
        "--workers=2",
        "--worker-class=gthread",
        "--preload",
    ]
    return {
        "web": python(
            *["-m", "gunicorn", "helpdesk.wsgi", *web, "--threads=4", "--no-control-socket"],
            *["--log-level=warning", "--graceful-timeout=5"],
        ),
        # In a container or a trial the worker runs as root; nothing it reads is pickled.
        "worker": python(
            *["-W", "ignore:You're running the worker", *celery, *worker, "--loglevel=warning"]
        ),
        "beat": python(*celery, "beat", "--pidfile=", "--loglevel=warning"),
    }


def base_url(host: str, port: int) -> str:
    """Where a browser on this machine reaches the site."""
    anywhere = {"0.0.0.0": "127.0.0.1", "::": "::1", "": "127.0.0.1"}  # noqa: S104
    return f"http://{_for_url(anywhere.get(host, host))}:{port}"


def _for_url(host: str) -> str:
    return f"[{host}]" if ":" in host else host


def refuse_busy_port(host: str, port: int) -> None:
    """Raise `CommandError` when nothing can listen there."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except (OSError, OverflowError) as error:
            reason = getattr(error, "strerror", None) or error
            raise CommandError(
                f"Port {port} on {host} cannot be used ({reason}): stop what uses it, or choose "
                f"another one, for example with: make run PORT={port + 1}"
            ) from error


def answers(url: str) -> bool:
    """Whether the site answers at all."""
    try:
        urllib.request.urlopen(url, timeout=2).close()  # noqa: S310
    except urllib.error.HTTPError:
        return True
    except OSError:
        return False
    return True
