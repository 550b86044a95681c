"""What Celery is told about its broker; and one in a folder, kombu's, with whole files only.

kombu writes its files in place, and a worker that looks at the wrong moment reads an empty one and
dies. Here each file gets its name when it is complete.
"""

from __future__ import annotations

import time
import uuid
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from kombu.transport import filesystem
from kombu.utils.json import dumps

from helpdesk.folders import writable

# A dead broker must cost the publisher a moment only: the sweeps find the row anyway.
FAIL_FAST = {"max_retries": 1, "interval_start": 0, "interval_step": 0.2, "interval_max": 0.2}


def options(url: str, folder: Path) -> dict[str, Any]:
    """The options of the transport to this broker; one of files keeps them in this folder."""
    match urlsplit(url).scheme:
        case "filesystem":
            queue = str(writable(folder / "queue"))
            return {
                "data_folder_in": queue,
                "data_folder_out": queue,
                "control_folder": str(folder / "control"),
                "store_processed": False,
                "polling_interval": 0.5,
            }
        case "redis" | "rediss":
            return {
                **FAIL_FAST,
                "socket_timeout": 5,
                "socket_connect_timeout": 3,
                "retry_on_timeout": True,
                "visibility_timeout": 900,  # Above the time limit, or running tasks start twice.
            }
        case "amqp" | "amqps":
            return {**FAIL_FAST, "confirm_publish": True}
    return {}


class Channel(filesystem.Channel):
    """As kombu's, but nobody ever sees half a message or half a table of queues."""

    def _put(self, queue: str, payload: Any, **_: Any) -> None:  # type: ignore[override]
        """Add a message; the names sort by age, as kombu's `_get` takes them."""
        age = int(time.monotonic() * 1000)
        _appear(Path(self.data_folder_out) / f"{age}_{uuid.uuid4()}.{queue}.msg", payload)

    def _queue_bind(self, exchange: str, routing_key: str, pattern: str, queue: str) -> None:
        """Bind the queue in the exchange's table, which begins as an empty one."""
        self.control_folder.mkdir(exist_ok=True)
        table = self._exchange_file(exchange)
        if not table.exists():
            _appear(table, [])
        super()._queue_bind(  # type: ignore[no-untyped-call]
            exchange, routing_key, pattern, queue
        )


class Transport(filesystem.Transport):
    Channel = Channel


def _appear(file: Path, content: Any) -> None:
    """Let a complete file appear at this path; one that is there already stays."""
    part = file.with_name(f".{uuid.uuid4()}.part")
    part.write_text(dumps(content), encoding="utf-8")
    try:
        file.hardlink_to(part)
    except FileExistsError:
        return
    finally:
        part.unlink()
