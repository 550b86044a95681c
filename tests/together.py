"""Several people at once: each in a thread with a database connection of its own."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor

from django.db import connection, transaction

from tests.peers import wait_until

SECONDS = 20


def at_once[T](*acts: Callable[[], T]) -> list[T | Exception]:
    """What each of the acts returned or raised; all begin at the same moment."""
    start = threading.Barrier(len(acts))

    def run(act: Callable[[], T]) -> T:
        start.wait(SECONDS)
        return act()

    with ThreadPoolExecutor(len(acts)) as pool:
        futures = [pool.submit(_alone, lambda act=act: run(act)) for act in acts]
    return [_outcome(future) for future in futures]


def one_behind_the_other[A, B](first: Callable[[], A], second: Callable[[], B]) -> B:
    """Let `second` begin in the middle of `first`, and wait for what it locked.

    `second` runs into the rows that `first` has changed and not committed. Answers what `second`
    returned, or raises what it raised.
    """
    changed, go_on = threading.Event(), threading.Event()

    @transaction.atomic
    def and_stay() -> None:
        first()
        changed.set()
        assert go_on.wait(SECONDS)

    with ThreadPoolExecutor(2) as pool:
        slow = pool.submit(_alone, and_stay)
        try:
            wait_until(lambda: changed.is_set() or slow.done(), seconds=SECONDS)
            waiting = pool.submit(_alone, second)
            wait_until(lambda: somebody_waits_for_a_lock() or waiting.done(), seconds=SECONDS)
        finally:
            go_on.set()
        slow.result(SECONDS)
        return waiting.result(SECONDS)


def somebody_waits_for_a_lock() -> bool:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM pg_stat_activity"
            " WHERE datname = current_database() AND wait_event_type = 'Lock'"
        )
        return bool(cursor.fetchone()[0])


def _alone[T](act: Callable[[], T]) -> T:
    try:
        return act()
    finally:
        connection.close()


def _outcome[T](future: Future[T]) -> T | Exception:
    error = future.exception(SECONDS)
    if error is None:
        return future.result()
    assert isinstance(error, Exception)
    return error
