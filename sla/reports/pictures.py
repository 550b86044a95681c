"""The charts of a report as pictures (PNG) for mails, where nothing can be drawn.

Each says in words what it shows, for those who do not see it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.utils.dateformat import format as in_format

from sla.core.week import WEEKDAYS
from sla.models import Metric
from sla.reports.breakdown import BreakdownRow
from sla.reports.colours import BROKEN, CAME_IN, KEPT, LINE, RUNNING, SOLVED
from sla.reports.drawing import (
    DASHED,
    GRID,
    HEIGHT,
    INK,
    LETTERS,
    WIDTH,
    drawn,
    label,
    legend,
    plain,
    shades,
    sheet,
    whole_numbers,
    write_across,
    write_up,
)
from sla.reports.figures import MOST_USED
from sla.reports.hours import HeatCell, TimeRow
from sla.reports.overview import Overview
from sla.reports.volume import VolumeRow
from sla.reports.words import STEPS, how_many, tenth_in_words
from sla.templatetags.figures import percent

MOST_BARS = 20
OUTCOMES = (
    ("Kept", KEPT, "kept"),
    ("Broken", BROKEN, "broken"),
    ("Still running", RUNNING, "running"),
)
# The tenth of its time after which a promise is late.
TARGET = 10


@dataclass(frozen=True)
class Picture:
    """`name` is a word for its file, `alt` says what it shows; `ratio` is height by width."""

    name: str
    title: str
    alt: str
    png: bytes
    ratio: float = HEIGHT / WIDTH


def pictures_of(found: Overview) -> Iterator[Picture]:
    """What an overview is drawn as; without those that would be empty."""
    if any(row.kept + row.broken + row.running for row in found.over_time):
        yield over_time(found.over_time, step=found.step)
    if any(row.backlog or row.came_in or row.solved for row in found.volume):
        yield volume(found.volume, step=found.step)
    if found.heat:
        yield heat_map(found.heat)
    for metric, used in found.used.items():
        if used:
            yield time_used(metric, used)


def over_time(rows: Sequence[TimeRow], *, step: str) -> Picture:
    """Stacked bars: what became of the promises made in each stretch; attainment as a line."""
    across, labels = _stretches(rows, step)
    figure, axes = sheet()
    places, floor = range(len(rows)), [0] * len(rows)
    for words, colour, name in OUTCOMES:
        heights = [getattr(row, name) for row in rows]
        axes.bar(places, heights, bottom=floor, color=colour, label=words, width=0.75)
        floor = [low + more for low, more in zip(floor, heights, strict=True)]
    shares = [(place, row.attainment) for place, row in zip(places, rows, strict=True)
              if row.attainment is not None]  # fmt: skip
    right = axes.twinx()
    plain(right)
    if shares:
        right.plot(*zip(*shares, strict=True), color=LINE, label="Attainment in %", **DASHED)
    # A line at 100 % is seen as well.
    right.set_ylim(0, 104)
    right.set_yticks([0, 25, 50, 75, 100])
    right.set_ylabel("Attainment in %", color=INK, fontsize=LETTERS)
    write_across(axes, labels, across)
    write_up(axes, "Promises")
    legend(figure, axes, right)
    kept, broken, running = (
        sum(getattr(row, name) for row in rows) for name in ("kept", "broken", "running")
    )
    made = how_many(kept, "promise")
    alt = f"By {step}: {made} kept, {broken:,} broken, {running:,} still running."
    if shares:
        worst, share = min(shares, key=lambda pair: pair[1])
        alt += f" The lowest attainment is {percent(share)}, {labels[worst]}."
    return Picture("attainment", f"What became of the promises, by {step}", alt, drawn(figure))


def volume(rows: Sequence[VolumeRow], *, step: str) -> Picture:
    """Bars of what came in and was solved; the backlog at the end of each stretch as a line."""
    across, labels = _stretches(rows, step)
    figure, axes = sheet()
    for words, colour, name, shift in (
        ("Came in", CAME_IN, "came_in", -0.2), ("Solved", SOLVED, "solved", 0.2),
    ):  # fmt: skip
        places = [place + shift for place in range(len(rows))]
        axes.bar(places, [getattr(row, name) for row in rows], color=colour, label=words, width=0.4)
    backlog = [(place, row.backlog) for place, row in enumerate(rows) if row.backlog is not None]
    if backlog:
        axes.plot(*zip(*backlog, strict=True), color=LINE, label="Backlog at the end", **DASHED)
    write_across(axes, labels, across)
    write_up(axes, "Tickets")
    legend(figure, axes)
    came_in, solved = (sum(getattr(row, name) for row in rows) for name in ("came_in", "solved"))
    alt = f"Tickets by {step}: {came_in:,} came in, {solved:,} solved."
    if backlog:
        alt += f" The backlog was {backlog[0][1]:,} after the first {step}"
        alt += f" and {backlog[-1][1]:,} after the last one." if len(backlog) > 1 else "."
    return Picture("volume", f"Tickets in and out, and the backlog, by {step}", alt, drawn(figure))


def heat_map(cells: Sequence[HeatCell]) -> Picture:
    """How many promises are made in each hour of the week: the more, the darker."""
    numbers = [[0] * 24 for _ in WEEKDAYS]
    for cell in cells:
        numbers[cell.weekday][cell.hour] = cell.promises
    most = max(cells, key=lambda cell: cell.promises)
    figure, axes = sheet()
    axes.grid(visible=False)
    mesh = axes.pcolormesh(
        numbers, cmap=shades(), vmin=0, vmax=max(most.promises, 1), edgecolors="white", linewidth=1
    )
    axes.invert_yaxis()
    axes.set_yticks([n + 0.5 for n in range(7)], [day[:3] for day in WEEKDAYS])
    axes.set_xticks(range(0, 25, 3), [f"{hour:02}" for hour in range(0, 25, 3)])
    axes.set_xlabel("Hour of the day", color=INK, fontsize=LETTERS)
    bar = figure.colorbar(mesh, ax=axes, pad=0.02)
    bar.set_label("Promises made", color=INK, fontsize=LETTERS)
    bar.ax.tick_params(colors=INK, labelsize=LETTERS)
    bar.ax.yaxis.set_major_locator(whole_numbers())
    bar.outline.set_visible(False)
    total = sum(cell.promises for cell in cells)
    alt = (
        f"{how_many(total, 'promise')} by weekday and hour; most of them, {most.promises:,}, "
        f"on {WEEKDAYS[most.weekday]}s from {most.hour:02}:00 until {most.hour + 1:02}:00."
    )
    return Picture("heat-map", "When promises are made", alt, drawn(figure))


def time_used(metric: str, used: Mapping[int, int]) -> Picture:
    """How much of its time each promise took: bars of a tenth, and a line at the target."""
    tenths = range(1, MOST_USED + 1)
    counts = [used.get(tenth, 0) for tenth in tenths]
    figure, axes = sheet()
    for words, colour, part in (
        ("In time", KEPT, slice(0, TARGET)), ("Late", BROKEN, slice(TARGET, None)),
    ):  # fmt: skip
        places = [tenth - 0.5 for tenth in tenths][part]
        axes.bar(places, counts[part], color=colour, label=words, width=0.85)
    axes.axvline(TARGET, color=LINE, linestyle=(0, (4, 2)), linewidth=2, label="Target")
    axes.set_xlim(0, MOST_USED)
    axes.set_xticks([0, 5, 10, 15, 20], ["0", "50", "100", "150", "over 200"])
    axes.set_xlabel("Time taken, in % of the time to the deadline", color=INK, fontsize=LETTERS)
    write_up(axes, "Promises fulfilled")
    legend(figure, axes)
    in_time, late = sum(counts[:TARGET]), sum(counts[TARGET:])
    often = max(tenths, key=lambda tenth: used.get(tenth, 0))
    alt = (
        f"{how_many(in_time, 'promise')} fulfilled in time, {late:,} late; most of them took "
        f"{tenth_in_words(often)} of their time."
    )
    name = str(Metric(metric).label)
    title = f"{name}: time taken against the target"
    return Picture(f"time-{metric.replace('_', '-')}", title, alt, drawn(figure))


def breakdown_bars(rows: Sequence[tuple[str, BreakdownRow]], *, by: str) -> Picture:
    """A bar for each of the first rows, by their names, or numbers where letters are missing."""
    shown = rows[:MOST_BARS]
    height = 1.2 + 0.34 * len(shown)
    figure, axes = sheet(height)
    places, floor = range(len(shown)), [0] * len(shown)
    for words, colour, name in OUTCOMES:
        lengths = [getattr(row, name) for _, row in shown]
        axes.barh(places, lengths, left=floor, color=colour, label=words, height=0.7)
        floor = [low + more for low, more in zip(floor, lengths, strict=True)]
    for place, (end, (_, row)) in enumerate(zip(floor, shown, strict=True)):
        share = percent(row.attainment) or "nothing decided"
        axes.annotate(
            share, (end, place), (4, 0), textcoords="offset points",
            va="center", color=INK, fontsize=LETTERS - 1,
        )  # fmt: skip
    axes.margins(x=0.16)
    axes.invert_yaxis()
    axes.set_yticks(places, [label(name, n) for n, (name, _) in enumerate(shown, start=1)])
    for text in axes.get_yticklabels():
        text.set_parse_math(False)
    axes.grid(visible=True, axis="x", color=GRID, linewidth=0.8)
    axes.grid(visible=False, axis="y")
    axes.xaxis.set_major_locator(whole_numbers())
    axes.set_xlabel("Promises, and attainment in %", color=INK, fontsize=LETTERS)
    legend(figure, axes)
    alt = "; ".join(
        f"{name}: {row.kept:,} kept, {row.broken:,} broken, {row.running:,} still running"
        for name, row in shown[:5]
    )
    more = len(shown) - 5
    alt += f"; and {more} more, which the table has." if more > 0 else "."
    title = f"Kept, broken and running by {by.lower()}"
    if len(rows) > len(shown):
        title += f": the first {len(shown)} of {len(rows)}"
    return Picture("breakdown", title, alt, drawn(figure), height / WIDTH)


def _stretches(rows: Sequence[Any], step: str) -> tuple[str, list[str]]:
    across, pattern = STEPS[step]
    return across, [in_format(row.starts, pattern) for row in rows]
