"""Runs the product's processes side by side: one stops, all stop; nothing is left running.

Not honcho: its manager only kills after one child has stopped by itself, so that children who
all ignore SIGTERM would stay for ever, and it fails when Ctrl-C comes before the last has started.
"""

import contextlib
import os
import selectors
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping

GRACE_SECONDS = 15.0  # Celery over files needs six to end in good order.
LONGEST_READ = 64 * 1024


class Processes:
    """Named commands, each the leader of a session of its own, their lines go to ``out``."""

    def __init__(
        self,
        commands: Mapping[str, list[str]],
        environment: Mapping[str, str],
        *,
        out: Callable[[str], object],
    ) -> None:
        self._commands = commands
        self._out = out
        self._environment = dict(environment)
        self._running: dict[str, subprocess.Popen[bytes]] = {}
        self._selector = selectors.DefaultSelector()
        self._width = max(map(len, commands))

    def run(self, *, meanwhile: Callable[[], None]) -> str | None:
        """Run all until SIGINT or SIGTERM, or until one ends by itself; then stop the others.

        ``meanwhile`` is called a few times a second.
        Returns ``None`` after a signal, else a sentence about the one that ended.
        """
        with _signals() as wake_up:
            self._selector.register(wake_up, selectors.EVENT_READ)
            try:
                for name, command in self._commands.items():
                    self._start(name, command)
                return self._watch(wake_up, meanwhile)
            finally:
                self._selector.unregister(wake_up)
                self._stop()
                self._selector.close()

    def _start(self, name: str, command: list[str]) -> None:
        process = subprocess.Popen(
            command,
            env=self._environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        if process.stdout is None:
            raise RuntimeError("a pipe was asked for")
        self._running[name] = process
        self._selector.register(process.stdout, selectors.EVENT_READ, _Lines(name))

    def _watch(self, wake_up: socket.socket, meanwhile: Callable[[], None]) -> str | None:
        while True:
            if self._relay(timeout=0.2, wake_up=wake_up):
                return None
            for name, process in self._running.items():
                if process.poll() is not None:
                    return (
                        f"The process {name} ended by itself (exit status {process.returncode}); "
                        "its last lines are above. Everything was stopped."
                    )
            meanwhile()

    def _relay(self, *, timeout: float, wake_up: socket.socket | None = None) -> bool:
        """Print what the processes said; whether a signal came."""
        signalled = False
        for key, _ in self._selector.select(timeout):
            if key.fileobj is wake_up:
                self._out("Stopping ...")
                signalled = True
                continue
            chunk = os.read(key.fd, LONGEST_READ)
            for line in key.data.add(chunk):
                self._out(f"{key.data.name:<{self._width}} | {line}")
            if not chunk:
                self._selector.unregister(key.fileobj)
        return signalled

    def _stop(self) -> None:
        """Ask all to end; after `GRACE_SECONDS` end them and whatever they left behind."""
        for process in self._running.values():
            # The leader alone: it knows best how its children end.
            process.terminate()
        patience = time.monotonic() + GRACE_SECONDS
        while self._alive() and time.monotonic() < patience:
            self._relay(timeout=0.05)
        for process in self._running.values():
            # Also when the leader is gone: its group lives on as long as any member does.
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
        self._relay(timeout=0)
        for process in self._running.values():
            if process.stdout is not None:
                process.stdout.close()

    def _alive(self) -> bool:
        return any(process.poll() is None for process in self._running.values())


class _Lines:
    """Cuts what one process writes into lines."""

    def __init__(self, name: str) -> None:
        self.name = name
        self._rest = b""

    def add(self, chunk: bytes) -> list[str]:
        """The lines that ``chunk`` completes; an empty chunk is the end."""
        *lines, self._rest = (self._rest + chunk).split(b"\n")
        if self._rest and (not chunk or len(self._rest) > LONGEST_READ):
            lines.append(self._rest)
            self._rest = b""
        return [line.decode("utf-8", "replace").rstrip() for line in lines]


@contextlib.contextmanager
def _signals() -> Iterator[socket.socket]:
    """A socket that becomes readable when SIGINT or SIGTERM comes, instead of an exception."""
    reader, writer = socket.socketpair()
    with reader, writer:
        writer.setblocking(False)
        before = {
            number: signal.signal(number, lambda *_: None)
            for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
        }
        former = signal.set_wakeup_fd(writer.fileno(), warn_on_full_buffer=False)
        try:
            yield reader
        finally:
            signal.set_wakeup_fd(former)
            for number, handler in before.items():
                signal.signal(number, handler)


def python(*arguments: str) -> list[str]:
    """A command line that runs this very Python, whatever blanks its path has."""
    return [sys.executable, *arguments]
