"""The supervisor stops everything: on a signal, when one ends, and when they are stubborn."""

import os
import select
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from helpdesk import processes
from helpdesk.processes import Processes, python

SLEEPER = "print('up', flush=True); import time; time.sleep(60)"
STUBBORN = "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); " + SLEEPER


def run(commands: dict[str, str]) -> tuple[str | None, list[str]]:
    """Run Python programs until one ends; the outcome and the printed lines."""
    lines: list[str] = []
    supervisor = Processes(
        {name: python("-c", code) for name, code in commands.items()}, {}, out=lines.append
    )
    return supervisor.run(meanwhile=lambda: None), lines


def has_ended(pid: int) -> bool:
    """Whether the process ends within five seconds."""
    try:
        handle = os.pidfd_open(pid)
    except ProcessLookupError:
        return True
    try:
        return bool(select.select([handle], [], [], 5)[0])
    finally:
        os.close(handle)


def test_when_one_ends_all_are_stopped_with_a_sentence() -> None:
    began = time.monotonic()
    outcome, lines = run({"web": "print('last words'); raise SystemExit(3)", "beat": SLEEPER})
    assert outcome is not None
    assert outcome.startswith("The process web ended by itself (exit status 3)")
    assert "web  | last words" in lines
    assert time.monotonic() - began < processes.GRACE_SECONDS


def test_stubborn_processes_and_their_children_are_killed(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(processes, "GRACE_SECONDS", 0.5)
    child = (
        f"import subprocess, sys, pathlib; {STUBBORN.rpartition(';')[0]}; "
        f"child = subprocess.Popen([sys.executable, '-c', {STUBBORN!r}]); "
        f"pathlib.Path({str(tmp_path / 'pid')!r}).write_text(str(child.pid)); time.sleep(60)"
    )
    wait = (
        f"import pathlib, time; file = pathlib.Path({str(tmp_path / 'pid')!r})\n"
        "while not (file.exists() and file.read_text()): time.sleep(0.01)"
    )
    outcome, _ = run({"parent": child, "short": wait})
    assert outcome is not None
    assert "short" in outcome
    assert has_ended(int((tmp_path / "pid").read_text()))


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_stops_all_in_good_order(number: signal.Signals) -> None:
    script = (
        "from helpdesk.processes import Processes, python\n"
        f"commands = {{'one': python('-c', {SLEEPER!r}), 'two': python('-c', {SLEEPER!r})}}\n"
        "outcome = Processes(commands, {}, out=lambda line: print(line, flush=True))"
        ".run(meanwhile=lambda: None)\n"
        "raise SystemExit(0 if outcome is None else 1)"
    )
    with subprocess.Popen(
        [sys.executable, "-c", script], stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert {process.stdout.readline(), process.stdout.readline()} == {
            "one | up\n",
            "two | up\n",
        }
        process.send_signal(number)
        assert process.wait(timeout=20) == 0


def test_a_very_long_line_without_an_end_is_still_printed() -> None:
    _, lines = run({"talker": "print('x' * 200_000, end='')"})
    assert sum(len(line.removeprefix("talker | ")) for line in lines) == 200_000
