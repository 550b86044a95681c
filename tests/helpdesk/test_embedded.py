"""The embedded PostgreSQL serves any path, runs as long as somebody uses it, and then is gone."""

import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import environ
import psycopg
import pytest

from helpdesk.embedded import LONGEST_SOCKET_PATH, SOCKET_NAME, TEST_SETTINGS, Cluster
from helpdesk.embedded_user import EmbeddedError


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder that the server's own user can pass through, which pytest's is not."""
    path = Path(tempfile.mkdtemp(prefix="a folder with blanks "))
    path.chmod(0o711)
    yield path
    shutil.rmtree(path)


def connect(cluster: Cluster) -> psycopg.Connection:
    """Through the address that the settings would use."""
    config = environ.Env.db_url_config(cluster.url())
    return psycopg.connect(host=config["HOST"], user=config["USER"], dbname=config["NAME"])


def user_of(cluster: Cluster) -> subprocess.Popen[str]:
    """Another process that holds the server until its standard input ends."""
    script = (
        "import sys; from pathlib import Path; from helpdesk.embedded import Cluster\n"
        "with Cluster(Path(sys.argv[1])).serving(): print('in', flush=True); sys.stdin.read()"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", script, cluster.data],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "in\n"
    return process


def is_alive(pid: int) -> bool:
    """Whether the process runs; one that nobody has reaped does not."""
    status = Path(f"/proc/{pid}/status")
    return status.exists() and "zombie" not in status.read_text()


def server_of(cluster: Cluster) -> int:
    """The process id of the running server."""
    return int((cluster.data / "postmaster.pid").read_text().splitlines()[0])


def test_it_serves_a_path_with_blanks_and_leaves_nothing_running(folder: Path) -> None:
    cluster = Cluster(folder / "my var" / "postgres", TEST_SETTINGS)
    with cluster.serving():
        with connect(cluster) as connection:
            row = connection.execute("SELECT current_database(), inet_server_addr()").fetchone()
        server = server_of(cluster)
        assert row == ("helpdesk", None)
        assert cluster.data.stat().st_mode & 0o077 == 0
    assert not is_alive(server)
    assert not cluster.is_running()


def test_it_keeps_the_data_between_two_starts(folder: Path) -> None:
    cluster = Cluster(folder / "postgres", TEST_SETTINGS)
    with cluster.serving(), connect(cluster) as connection:
        connection.execute("CREATE TABLE kept AS SELECT 42 AS answer")
    with cluster.serving(), connect(cluster) as connection:
        assert connection.execute("SELECT answer FROM kept").fetchone() == (42,)


def test_a_long_path_gets_a_private_socket_folder(folder: Path) -> None:
    cluster = Cluster(folder / ("long" * 25) / "postgres", TEST_SETTINGS)
    assert len(str(cluster.data / SOCKET_NAME)) > LONGEST_SOCKET_PATH
    with cluster.serving(), connect(cluster):
        assert cluster.socket_folder.stat().st_mode & 0o777 == 0o700
    assert not cluster.socket_folder.exists()


def test_a_socket_folder_that_others_can_enter_is_refused(folder: Path) -> None:
    cluster = Cluster(folder / ("long" * 25) / "postgres", TEST_SETTINGS)
    cluster.socket_folder.mkdir(mode=0o755)
    try:
        with pytest.raises(EmbeddedError, match="belongs to somebody else"), cluster.serving():
            pass
    finally:
        cluster.socket_folder.rmdir()


def test_the_last_user_stops_it(folder: Path) -> None:
    cluster = Cluster(folder / "postgres", TEST_SETTINGS)
    with user_of(cluster) as first:
        server = server_of(cluster)
        with cluster.serving():
            assert first.stdin is not None
            first.stdin.close()
            assert first.wait(timeout=30) == 0
            with connect(cluster) as connection:
                assert connection.execute("SELECT 1").fetchone() == (1,)
            assert server_of(cluster) == server
    assert not cluster.is_running()
    assert not is_alive(server)


def test_sigterm_stops_the_server_too(folder: Path) -> None:
    cluster = Cluster(folder / "postgres", TEST_SETTINGS)
    with user_of(cluster) as process:
        server = server_of(cluster)
        process.terminate()
        assert process.wait(timeout=30) == 128 + 15
    assert not is_alive(server)


def test_a_server_that_was_left_behind_is_used_and_then_stopped(folder: Path) -> None:
    cluster = Cluster(folder / "postgres", TEST_SETTINGS)
    script = (
        "import os, sys; from pathlib import Path; from helpdesk.embedded import Cluster\n"
        "with Cluster(Path(sys.argv[1])).serving(): os._exit(0)"
    )
    subprocess.run([sys.executable, "-c", script, cluster.data], check=True)
    server = server_of(cluster)
    assert is_alive(server)
    with cluster.serving(), connect(cluster):
        assert server_of(cluster) == server
    assert not cluster.is_running()


def test_a_failed_start_names_the_log(folder: Path) -> None:
    cluster = Cluster(folder / "postgres", {**TEST_SETTINGS, "max_connections": "nonsense"})
    with pytest.raises(EmbeddedError, match=str(cluster.log)), cluster.serving():
        pass
    assert "nonsense" in cluster.log.read_text()
