"""The broker in a folder hands over each message whole and once."""

from __future__ import annotations

import threading
from pathlib import Path
from queue import Empty
from typing import Any

from kombu import Connection

from helpdesk import celery  # noqa: F401 - puts our transport in the place of kombu's
from helpdesk.broker import Channel

MESSAGES = 300


def channel(folder: Path) -> Any:
    queue = folder / "queue"
    queue.mkdir(exist_ok=True)
    options = {
        "data_folder_in": str(queue),
        "data_folder_out": str(queue),
        "control_folder": str(folder / "control"),
    }
    return Connection("filesystem://localhost", transport_options=options).channel()


def test_the_scheme_filesystem_means_our_transport(tmp_path: Path) -> None:
    assert isinstance(channel(tmp_path), Channel)


class Witness:
    """Looks into the folder at the moment when a message is put into words."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.seen: list[Path] = []

    def __json__(self) -> str:
        self.seen += self.folder.glob("*.msg")
        return "whole"


def test_a_message_has_its_name_only_when_it_is_whole(tmp_path: Path) -> None:
    mine, witness = channel(tmp_path), Witness(tmp_path / "queue")
    mine._put("helpdesk", {"body": witness})
    assert witness.seen == []
    assert mine._get("helpdesk") == {"body": "whole"}
    assert list(witness.folder.iterdir()) == []


def test_messages_from_two_publishers_arrive_once_at_two_readers(tmp_path: Path) -> None:
    got: list[dict[str, str]] = []

    def publish(name: str) -> None:
        mine = channel(tmp_path)
        for number in range(MESSAGES):
            # Large enough that a write takes a moment.
            mine._put("helpdesk", {"id": f"{name}{number}", "body": "x" * 20_000})

    def read() -> None:
        mine = channel(tmp_path)
        while (len(got) < 2 * MESSAGES and any(one.is_alive() for one in publishers)) or waiting():
            try:
                got.append(mine._get("helpdesk"))
            except Empty:
                continue

    def waiting() -> bool:
        return any((tmp_path / "queue").glob("*.msg"))

    publishers = [threading.Thread(target=publish, args=[name]) for name in "ab"]
    readers = [threading.Thread(target=read) for _ in range(2)]
    for thread in [*publishers, *readers]:
        thread.start()
    for thread in [*publishers, *readers]:
        thread.join(timeout=60)
    assert sorted(message["id"] for message in got) == sorted(
        f"{name}{number}" for name in "ab" for number in range(MESSAGES)
    )


def test_a_queue_is_bound_by_many_at_once_without_a_broken_table(tmp_path: Path) -> None:
    problems: list[Exception] = []

    def bind() -> None:
        mine = channel(tmp_path)
        try:
            mine._queue_bind("desk", "helpdesk", "", "helpdesk")
            assert [entry.queue for entry in mine.get_table("desk")] == ["helpdesk"]
        except Exception as problem:  # noqa: BLE001 - shown by the test itself
            problems.append(problem)

    threads = [threading.Thread(target=bind) for _ in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    assert problems == []
