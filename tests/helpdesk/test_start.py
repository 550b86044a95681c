"""`manage.py start` refuses with one sentence what it cannot do."""

import json
import socket
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from helpdesk.management.commands.start import Rounds, base_url, demo_accounts, how_it_is
from tests.peers import closed_port, wait_until


def test_a_busy_port_is_one_sentence() -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        with pytest.raises(CommandError, match=f"Port {port} on 127.0.0.1 cannot be used") as error:
            call_command("start", port=port)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("host", "url"),
    [
        ("127.0.0.1", "http://127.0.0.1:8000"),
        ("0.0.0.0", "http://127.0.0.1:8000"),  # Listens everywhere; no address to visit.
        ("::", "http://[::1]:8000"),
        ("help.example.com", "http://help.example.com:8000"),
    ],
)
def test_the_printed_address_can_be_visited(host: str, url: str) -> None:
    assert base_url(host, 8000) == url


def test_demo_accounts_are_printed_in_columns(tmp_path: Path) -> None:
    notes = tmp_path / "demo-accounts.txt"
    notes.write_text("manager\tmeera@example.com\tpass one\nagent\ta@example.com\tpw\n")
    assert demo_accounts(notes) == [
        "",
        "Demo accounts (role, e-mail, password):",
        "  manager  meera@example.com  pass one",
        "  agent    a@example.com      pw",
    ]


def test_without_a_demonstration_there_are_no_accounts_to_print(tmp_path: Path) -> None:
    assert demo_accounts(tmp_path / "demo-accounts.txt") == []


# --- The rounds: somebody has to ask the health page ----------------------------------------------

FINE = json.dumps({"ok": True, "checks": {"database": "ok", "worker": "ok"}})
ILL = json.dumps({"ok": False, "checks": {"database": "ok", "worker": "failed", "beat": "failed"}})


class WebPeer(ThreadingHTTPServer):
    """A web server on loopback that answers what it is told, and remembers who asked for what."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Asked)
        self.status, self.body = 200, FINE
        self.asked: list[tuple[str, str | None]] = []
        self.is_open = threading.Event()
        self.is_open.set()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"


class Asked(BaseHTTPRequestHandler):
    server: WebPeer

    def do_GET(self) -> None:
        self.server.asked.append((self.path, self.headers["Host"]))
        self.server.is_open.wait(10)
        self.send_response(self.server.status)
        self.end_headers()
        self.wfile.write(self.server.body.encode())

    def log_message(self, *_: object) -> None:
        """Nothing is printed."""


@pytest.fixture
def web() -> Iterator[WebPeer]:
    with WebPeer() as peer:
        thread = threading.Thread(target=peer.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield peer
        peer.is_open.set()
        peer.shutdown()
        thread.join()


def test_the_rounds_say_what_changes_and_nothing_else(web: WebPeer) -> None:
    said: list[str] = []
    rounds = Rounds(said.append, web.url, seconds=0.01)

    def go_round(times: int) -> None:
        seen = len(web.asked)

        def went_round() -> bool:
            rounds.look()
            return len(web.asked) >= seen + times

        wait_until(went_round, seconds=10, every=0.01)

    def have_said(count: int) -> bool:
        rounds.look()
        return len(said) == count

    go_round(3)
    assert said == []
    web.status, web.body = 503, ILL
    wait_until(lambda: have_said(1), seconds=10, every=0.01)
    go_round(3)
    web.status, web.body = 200, FINE
    wait_until(lambda: have_said(2), seconds=10, every=0.01)
    go_round(3)
    assert said == [
        f"Health: not well, failed: worker, beat ({web.url}/health/).",
        f"Health: all is well ({web.url}/health/).",
    ]


def test_the_rounds_do_not_wait_for_an_answer(web: WebPeer) -> None:
    web.is_open.clear()
    rounds = Rounds(lambda line: None, web.url, seconds=0.0)
    rounds.look()
    wait_until(lambda: len(web.asked) == 1, seconds=10)
    for _ in range(100):
        rounds.look()  # Nor do they ask twice meanwhile.
    assert len(web.asked) == 1
    web.is_open.set()

    def asked_again() -> bool:
        rounds.look()
        return len(web.asked) > 1

    wait_until(asked_again, seconds=10)


def test_nobody_is_asked_before_it_is_time(web: WebPeer) -> None:
    rounds = Rounds(lambda line: None, web.url)
    for _ in range(100):
        rounds.look()
    assert how_it_is(web.url) == "all is well"
    assert len(web.asked) == 1


def test_the_health_page_is_asked_under_the_name_of_the_site(web: WebPeer, settings: Any) -> None:
    settings.PUBLIC_BASE_URL = "https://help.example.com"
    how_it_is(web.url)
    assert web.asked == [("/health/", "help.example.com")]


@pytest.mark.parametrize("body", ["", "<h1>Bad gateway</h1>", "[]", '{"checks": null}'])
def test_an_answer_that_nobody_understands_is_no_answer(web: WebPeer, body: str) -> None:
    web.body = body
    assert how_it_is(web.url).startswith("no answer, ")


def test_a_web_process_that_does_not_listen_gives_no_answer() -> None:
    with closed_port() as port:
        assert how_it_is(f"http://127.0.0.1:{port}").startswith("no answer, ConnectionRefused")
