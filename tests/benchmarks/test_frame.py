"""The frame of the benches: what is judged, printed and kept."""

import json
from pathlib import Path

import pytest

from tests.benchmarks.__main__ import BENCHES, main
from tests.benchmarks.frame import Bench, Options, Result, read_rows, run, seconds_each


def always(result: Result) -> Bench:
    return lambda options: result


@pytest.mark.parametrize(
    ("result", "is_met"),
    [
        # without a bound
        (Result(7, "us"), True),
        # on the limit, and behind it
        (Result(5, "us", at_most=5), True),
        (Result(5.001, "us", at_most=5), False),
        # so many times as fast as others, or not quite
        (Result(1, "us", 25, 25, at_least_times=25), True),
        (Result(1, "us", 24.9, 24.9, at_least_times=25), False),
        # so many times as long as the least that is possible, or longer
        (Result(10, "ms", 0.5, 20, at_most_times=25), True),
        (Result(10, "ms", 0.1, 100, at_most_times=25), False),
        # an aim binds nobody
        (Result(20, "mails/s", aim=150), True),
        # one bound of two
        (Result(6, "us", 600, 100, at_most=5, at_least_times=25), False),
    ],
)
def test_a_run_succeeds_when_every_bound_is_met(
    result: Result, is_met: bool, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    fine = always(Result(1, "s", at_most=2))
    benches = [("first", always(result)), ("second", fine)]
    assert run(benches, Options(), tmp_path / "bench.jsonl", {}) == is_met
    assert ("MISSED" in capsys.readouterr().out) != is_met


def test_the_file_has_one_line_a_bench_with_the_newest_figures(tmp_path: Path) -> None:
    path = tmp_path / "var" / "bench.jsonl"
    one, two = always(Result(1.23456, "us", 123.456, 100.0)), always(Result(3, "s"))
    run([("one", one), ("two", one)], Options(), path, {})
    run([("two", two)], Options(), path, read_rows(path))
    assert [json.loads(line) for line in path.read_text().splitlines()] == [
        {"bench": "one", "value": 1.235, "unit": "us", "floor": 123.5, "ratio": 100.0},
        {"bench": "two", "value": 3.0, "unit": "s", "floor": None, "ratio": None},
    ]


def test_every_question_of_a_round_is_asked() -> None:
    asked: list[int] = []
    assert seconds_each(asked.append, [1, 2, 3]) > 0
    assert len(asked) >= 4 * 3
    assert asked == [1, 2, 3] * (len(asked) // 3)


def test_a_name_that_begins_no_bench_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as refusal:
        main(["nonsense"])
    assert refusal.value.code == 2
    refused = capsys.readouterr().err
    assert all(bench in refused for bench in BENCHES)
