"""A table as a file: CSV, XLSX or JSON, row by row, so that memory is bounded.

In all of them instants are ISO 8601 in UTC, spans are whole seconds, and numbers are numbers. CSV
and XLSX are read by spreadsheets: nothing is an empty cell there, yes and no are words, and text
that would be taken for a formula gets an apostrophe in front. JSON has null, true and the text.
"""

from __future__ import annotations

import csv
import json
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from itertools import count, islice
from operator import attrgetter
from typing import IO, Any

from openpyxl import Workbook
from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE

type Cell = str | int | float | datetime | date | timedelta | None

CSV, XLSX, JSON = "csv", "xlsx", "json"
TYPES = {
    CSV: "text/csv; charset=utf-8",
    XLSX: "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    JSON: "application/json",
}
# Lines of a sheet, with its headings: what Excel opens.
MOST_LINES = 1_048_576


@dataclass(frozen=True)
class Column:
    """A column by the name that files have for it, for good; `note` says what is in it."""

    name: str
    title: str
    note: str = ""


@dataclass(frozen=True)
class Table:
    """Rows under columns; they may be read once. `about` is what was asked, for JSON."""

    name: str
    title: str
    columns: Sequence[Column]
    rows: Iterable[Sequence[Cell]]
    about: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Field(Column):
    """A column, and what it takes from whatever a row is made of."""

    read: Callable[[Any], Cell] = field(kw_only=True)


@dataclass(frozen=True)
class Layout:
    """A table without its rows. `note` says what a row is."""

    name: str
    title: str
    note: str
    columns: Sequence[Field]

    def table(self, rows: Iterable[Any], about: Mapping[str, Any]) -> Table:
        """These, one after the other, under the columns."""
        cells = ([column.read(row) for column in self.columns] for row in rows)
        return Table(self.name, self.title, self.columns, cells, about)


def column(
    name: str, title: str, note: str = "", read: Callable[[Any], Cell] | str | None = None
) -> Field:
    """A column that reads the attribute of its own name, or another one, or what `read` makes."""
    getter = read if callable(read) else attrgetter(read or name)
    return Field(name, title, note, read=getter)


def as_csv(table: Table) -> Iterator[str]:
    """Lines with the headings first, after the mark by which Excel knows UTF-8."""

    class Line:
        def write(self, line: str) -> str:
            return line

    writer = csv.writer(Line())
    yield "\ufeff" + writer.writerow(_headings(table))
    for row in table.rows:
        yield writer.writerow([harmless(cell) for cell in row])


def as_xlsx(tables: Iterable[Table]) -> IO[bytes]:
    """A book with a sheet for each table, at its beginning; whoever reads it closes it.

    What is too long for a sheet goes on in another one.
    """
    book = Workbook(write_only=True)
    for table in tables:
        rows = iter(table.rows)
        for number in count(1):
            sheet = book.create_sheet(_title(table.name, number))
            sheet.append(_headings(table))
            written = 0
            for row in islice(rows, MOST_LINES - 1):
                sheet.append([harmless(cell) for cell in row])
                written += 1
            if written < MOST_LINES - 1:
                break
    file = tempfile.TemporaryFile()  # noqa: SIM115 - the reader closes it
    book.save(file)
    file.seek(0)
    return file


def as_json(table: Table) -> Iterator[str]:
    """An object: the table's name and title, the question, its columns, and a row an object."""
    head = {
        "name": table.name,
        "title": table.title,
        "question": table.about,
        "columns": [
            {"name": column.name, "title": column.title, "note": column.note}
            for column in table.columns
        ],
    }
    yield json.dumps(head, default=plain, ensure_ascii=False)[:-1] + ', "rows": ['
    names = [column.name for column in table.columns]
    for number, row in enumerate(table.rows):
        cells = dict(zip(names, map(plain, row), strict=True))
        yield (",\n" if number else "\n") + json.dumps(cells, ensure_ascii=False)
    yield "\n]}\n"


def plain(value: Any) -> str | int | float | None:
    """A cell as JSON has it: instants in ISO 8601 and UTC, spans in whole seconds."""
    if value is None or isinstance(value, int | float):
        return value
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat(timespec="seconds")
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, timedelta):
        return int(value.total_seconds())
    return str(value)


def harmless(value: Any) -> str | int | float:
    """A cell as a spreadsheet may have it."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    said = plain(value)
    if not isinstance(said, str):
        return said if said is not None else ""
    text = ILLEGAL_CHARACTERS_RE.sub("", said)
    is_formula = text[:1] in ("\t", "\r", "\n") or text.lstrip()[:1] in ("=", "+", "-", "@")
    return f"'{text}" if text and is_formula else text


def _headings(table: Table) -> list[str]:
    return [column.name for column in table.columns]


def _title(name: str, number: int) -> str:
    """What a sheet is called: spreadsheets take 31 letters."""
    return name[:31] if number == 1 else f"{name[:27]} {number}"
