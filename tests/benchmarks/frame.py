"""What a bench gives, how it is timed, and the file that its figures are kept in."""

import json
import time
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from timeit import repeat

type Bench = Callable[[Options], Result]
type Row = dict[str, str | float | None]


@dataclass(frozen=True, slots=True)
class Options:
    """How large a run is. The bounds are meant for these sizes; smaller ones are for trials."""

    tickets: int = 1_000_000


@dataclass(frozen=True, slots=True)
class Result:
    """One figure, beside what the same costs elsewhere (`floor`, in the same unit).

    `ratio` is how many times: as fast as the floor (floor / value) where another's work is the
    floor, as long as the floor (value / floor) where no less is possible. The rest are bounds, and
    an aim, which machines reach or do not: it is no failure.
    """

    value: float
    unit: str
    floor: float | None = None
    ratio: float | None = None
    aim: float | None = None
    at_most: float | None = None
    at_least_times: float | None = None
    at_most_times: float | None = None

    def bounds(self) -> list[tuple[str, bool]]:
        """Each bound in words, and whether it is met."""
        ratio = self.ratio or 0
        found = []
        if self.at_most is not None:
            found.append((f"at most {self.at_most:g} {self.unit}", self.value <= self.at_most))
        if self.at_least_times is not None:
            found.append((f"at least {self.at_least_times:g} times", ratio >= self.at_least_times))
        if self.at_most_times is not None:
            found.append((f"at most {self.at_most_times:g} times", ratio <= self.at_most_times))
        return found

    def as_row(self, bench: str) -> Row:
        """The line of the file."""
        return {
            "bench": bench,
            "value": _rounded(self.value),
            "unit": self.unit,
            "floor": _rounded(self.floor),
            "ratio": _rounded(self.ratio),
        }


def seconds_each[Q](ask: Callable[[Q], object], questions: Sequence[Q]) -> float:
    """How long one question takes: the best of at least three rounds of all, and of half a second.

    One round more comes first, which fills whatever caches there are.
    """

    def ask_all() -> None:
        deque(map(ask, questions), maxlen=0)

    ask_all()
    rounds: list[float] = []
    end = time.perf_counter() + 0.5
    while len(rounds) < 3 or time.perf_counter() < end:
        rounds += repeat(ask_all, number=1, repeat=1)
    return min(rounds) / len(questions)


def read_rows(path: Path) -> dict[str, Row]:
    """The lines of the file by their bench; none when there is no file."""
    lines = path.read_text().splitlines() if path.exists() else []
    return {row["bench"]: row for row in map(json.loads, lines)}


def write_rows(path: Path, rows: Iterable[Row]) -> None:
    """The file anew, a JSON object a line."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(f"{json.dumps(row)}\n" for row in rows))


def run(
    benches: Iterable[tuple[str, Bench]], options: Options, path: Path, rows: dict[str, Row]
) -> bool:
    """Run these benches, print a line for each, and keep it in the file with the other `rows`.

    The file is written after each bench. Answers whether every bound was met.
    """
    are_met = True
    print(f"{'bench':32} {'value':>14} {'floor':>14} {'ratio':>8}  bounds")
    for name, bench in benches:
        result = bench(options)
        rows[name] = result.as_row(name)
        write_rows(path, rows.values())
        bounds = result.bounds()
        are_met &= all(is_met for _, is_met in bounds)
        print(_line(rows[name], result, bounds), flush=True)
    return are_met


def _line(row: Row, result: Result, bounds: Iterable[tuple[str, bool]]) -> str:
    value, floor = (
        "" if row[key] is None else f"{row[key]:,} {row['unit']}" for key in ("value", "floor")
    )
    ratio = "" if row["ratio"] is None else f"{row['ratio']:,}"
    said = ", ".join(f"{words}: {'met' if is_met else 'MISSED'}" for words, is_met in bounds)
    if result.aim is not None:
        said = f"aim for {result.aim:g} {result.unit}{', ' if said else ''}{said}"
    return f"{row['bench']:32} {value:>14} {floor:>14} {ratio:>8}  {said}".rstrip()


def _rounded(figure: float | None) -> float | None:
    """Four digits: more would say what no measurement knows."""
    return None if figure is None else float(f"{figure:.4g}")
