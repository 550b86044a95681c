"""The product under gunicorn on a loaded desk, and somebody who asks it for pages."""

from __future__ import annotations

import http.client
import multiprocessing
import os
import secrets
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ProcessPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from statistics import median
from urllib.parse import urlencode

from tests.benchmarks import desk
from tests.journeys.product import ROOT
from tests.peers import wait_until
from tests.ports import free_port

HOST = "help.example.com"
WORKERS = 2

type Prepare[T] = Callable[[], T]


@dataclass(frozen=True)
class Site[T]:
    """A desk that is served at this port, and what was prepared in its database."""

    port: int
    prepared: T

    def get(self, path: str, headers: Mapping[str, str] | None = None) -> float:
        """Milliseconds until the whole page is there; anything but 200 raises AssertionError."""
        return self._ask("GET", path, "", headers or {}, expected=200)

    def post(self, path: str, fields: Mapping[str, str], *, number: int) -> float:
        """The same for a form that leads on (302), sent from the network with this number."""
        token = secrets.token_hex(16)
        body = urlencode({"csrfmiddlewaretoken": token, **fields})
        headers = {
            "Content-Type": "application/x-www-form-urlencoded",
            "Cookie": f"__Host-csrftoken={token}",
            "Origin": f"https://{HOST}",
        }
        return self._ask("POST", path, body, headers, expected=302, number=number)

    def _ask(
        self,
        method: str,
        path: str,
        body: str,
        headers: Mapping[str, str],
        *,
        expected: int,
        number: int = 0,
    ) -> float:
        # All of 127/8 is this machine: each number is another network for the rate limits.
        source = (f"127.1.{number // 250}.{number % 250 + 1}", 0)
        connection = http.client.HTTPConnection("127.0.0.1", self.port, source_address=source)
        own = {"Host": HOST, "X-Forwarded-Proto": "https", "Accept-Encoding": "gzip", **headers}
        began = time.perf_counter()
        connection.request(method, path, body, own)
        answer = connection.getresponse()
        content = answer.read()
        took = 1000 * (time.perf_counter() - began)
        connection.close()
        assert answer.status == expected, (path, answer.status, content[:500])
        return took


@contextmanager
def of_this_process[T](prepare: Prepare[T]) -> Iterator[Site[T]]:
    """The desk that this process has loaded, served."""
    from django.conf import settings

    with _served(dict(os.environ), str(settings.SECRET_KEY)) as port:
        yield Site(port, prepare())


@contextmanager
def of_another_process[T](
    tickets: int, prepare: Prepare[T], load: Callable[[int], None] = desk.load
) -> Iterator[Site[T]]:
    """A desk of so many tickets, loaded by another process, served for as long as this lasts."""
    environment = desk.fresh()
    # A process that fails raises here what stopped it.
    with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as pool:
        key, prepared = pool.submit(_made, environment, tickets, prepare, load).result()
    with _served({**os.environ, **environment}, key) as port:
        yield Site(port, prepared)


def medians[K](rounds: int, asks: Mapping[K, Callable[[int], float]]) -> dict[K, float]:
    """The median of each, asked in turns, so that a slow moment of the machine meets all."""
    took: dict[K, list[float]] = {name: [] for name in asks}
    for number in range(-5, rounds):
        for name, ask in asks.items():
            milliseconds = ask(number + 5)
            if number >= 0:  # What came before filled the caches.
                took[name].append(milliseconds)
    return {name: median(found) for name, found in took.items()}


def _made[T](
    environment: desk.Environment, tickets: int, prepare: Prepare[T], load: Callable[[int], None]
) -> tuple[str, T]:
    desk.enter(environment)
    load(tickets)
    from django.conf import settings

    return str(settings.SECRET_KEY), prepare()


@contextmanager
def _served(environment: dict[str, str], key: str) -> Iterator[int]:
    """gunicorn as in production, with its static files; ended afterwards."""
    port = free_port()
    variables = {
        **environment,
        "DEBUG": "false",
        "STAFF_SECOND_FACTOR": "false",
        "SECRET_KEY": key,
        "ALLOWED_HOSTS": HOST,
        "PUBLIC_BASE_URL": f"https://{HOST}",
        "TRUST_FORWARDED_PROTO": "true",
        "EMAIL_URL": "smtp://127.0.0.1:9",  # Nobody sends here.
        "LOG_LEVEL": "ERROR",
    }
    python = [sys.executable, "-W", "ignore"]
    collect = [*python, "manage.py", "collectstatic", "--noinput", "--verbosity=0"]
    subprocess.run(collect, cwd=ROOT, env=variables, check=True)
    serve = [
        *python, "-m", "gunicorn", "tests.benchmarks.bare", f"--bind=127.0.0.1:{port}",
        f"--workers={WORKERS}", "--threads=4", "--no-control-socket", "--log-level=warning",
    ]  # fmt: skip
    with ExitStack() as stack:
        process = subprocess.Popen(serve, cwd=ROOT, env=variables)
        stack.callback(process.wait)
        stack.callback(process.terminate)
        wait_until(lambda: _answers(port), seconds=60)
        yield port


def _answers(port: int) -> bool:
    try:
        Site(port, None).get("/bare/")
    except OSError:
        return False
    return True
