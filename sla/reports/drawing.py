"""How the pictures of reports are drawn: one look for all, by matplotlib.

It is loaded by the first picture that a process draws: a web process that draws none does without
it. Figures belong to no window and to no other thread, and are gone when they are drawn.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from io import BytesIO
from typing import TYPE_CHECKING, Any

from django.conf import settings

from sla.reports.colours import KEPT

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.colors import LinearSegmentedColormap
    from matplotlib.figure import Figure
    from matplotlib.ticker import MaxNLocator

# Inches, and dots of one: twice as many as a mail is wide, for screens that have them.
WIDTH, HEIGHT, DOTS = 6.0, 3.5, 200
# In points: so that they can still be read on a phone, which shows a picture smaller.
LETTERS = 12
INK, GRID = "#374151", "#d1d5db"
MOST_LABELS = 5
LEAST_ROOM = 8
LONGEST_NAME = 24
# A line that is told from bars without its colour, and seen in front of them.
DASHED: dict[str, Any] = {
    "linestyle": (0, (4, 2)),
    "marker": "o",
    "markersize": 4,
    "markeredgecolor": "white",
    "markeredgewidth": 0.6,
    "clip_on": False,
}


def sheet(height: float = HEIGHT) -> tuple[Figure, Axes]:
    """An empty drawing, `height` inches high, with lines to read heights by."""
    # Where matplotlib keeps what it knows of fonts: a place where we may write.
    os.environ.setdefault("MPLCONFIGDIR", str(settings.VAR_DIR / "matplotlib"))
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(WIDTH, height), dpi=DOTS, layout="constrained", facecolor="white")
    FigureCanvasAgg(figure)
    axes = figure.add_subplot()
    plain(axes)
    axes.grid(visible=True, axis="y", color=GRID, linewidth=0.8)
    axes.set_axisbelow(True)
    return figure, axes


def plain(axes: Axes) -> None:
    """Without a frame."""
    for spine in axes.spines.values():
        spine.set_visible(False)
    axes.tick_params(colors=INK, labelsize=LETTERS, length=0)


def write_across(axes: Axes, labels: Sequence[str], words: str) -> None:
    """As many of the labels as have room."""
    each = -(-len(labels) // MOST_LABELS)
    places = range(0, len(labels), each)
    axes.set_xticks(places, [labels[place] for place in places])
    # A single bar is no wall.
    middle, half = (len(labels) - 1) / 2, max(len(labels), LEAST_ROOM) / 2
    axes.set_xlim(middle - half, middle + half)
    axes.set_xlabel(words, color=INK, fontsize=LETTERS)


def write_up(axes: Axes, words: str) -> None:
    """What is counted, in whole numbers, with some room above the highest."""
    axes.set_ylabel(words, color=INK, fontsize=LETTERS)
    axes.set_ylim(0, 1.06 * max(axes.dataLim.y1, 1))
    axes.yaxis.set_major_locator(whole_numbers())
    axes.yaxis.set_major_formatter("{x:,.0f}")


def whole_numbers() -> MaxNLocator:
    """Where an axis that counts has its numbers."""
    from matplotlib.ticker import MaxNLocator

    return MaxNLocator(nbins=5, integer=True)


def legend(figure: Figure, *all_axes: Axes) -> None:
    """Above the drawing, so that it hides nothing."""
    handles, labels = [], []
    for axes in all_axes:
        more, words = axes.get_legend_handles_labels()
        handles += more
        labels += words
    figure.legend(
        handles, labels, loc="outside upper left", ncols=len(labels), frameon=False,
        fontsize=LETTERS, labelcolor=INK, handlelength=1.1, columnspacing=0.8, handletextpad=0.4,
    )  # fmt: skip


def shades() -> LinearSegmentedColormap:
    """The more, the darker."""
    from matplotlib.colors import LinearSegmentedColormap

    return LinearSegmentedColormap.from_list("promises", ["#f3f4f6", "#99d5cf", KEPT, "#134e4a"])


def label(name: str, number: int) -> str:
    """The name as far as there is room, or the number of its row in the table."""
    from matplotlib.font_manager import findfont, get_font

    letters = get_font(findfont("DejaVu Sans")).get_charmap()
    if any(ord(letter) not in letters for letter in name):
        return f"Row {number}"
    return name if len(name) <= LONGEST_NAME else f"{name[: LONGEST_NAME - 1]}…"


def drawn(figure: Figure) -> bytes:
    """The PNG; nothing of the drawing is kept."""
    file = BytesIO()
    figure.savefig(file, format="png", metadata={"Software": None})
    figure.clear()
    return file.getvalue()
