"""Read the rows of a CSV or XLSX file, or say in a sentence why that cannot be done."""

from __future__ import annotations

import csv
import io
import zipfile
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import Any

from openpyxl import load_workbook

from tickets.imports.columns import COLUMNS, LEFT_OUT
from tickets.refusals import Refused

MOST_BYTES = 10 * 1024 * 1024
MOST_ROWS = 20_000
# Of the file that an XLSX file is when it is unpacked.
MOST_UNPACKED = 200 * 1024 * 1024
LONGEST_CELL = 100_000
GUARDED = ("=", "+", "-", "@")

type Row = tuple[int, dict[str, str]]


class Unreadable(Refused):
    """This file cannot be read."""


def rows(name: str, content: bytes, *, kind: str) -> list[Row]:
    """The rows with their numbers in the file, cells by title; empty rows are left out.

    Raises Unreadable with the sentence to show.
    """
    if len(content) > MOST_BYTES:
        raise Unreadable("The file is larger than 10 MB. Split it.")
    if not content.strip():
        raise Unreadable("The file is empty.")
    is_book = name.lower().endswith(".xlsx") or content.startswith(b"PK\x03\x04")
    try:
        lines = _sheet(content) if is_book else _table(_decoded(content))
        return _named(lines, kind=kind)
    except csv.Error as wrong:
        raise Unreadable(f"This is no CSV file: {wrong}.") from wrong


def _decoded(content: bytes) -> str:
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise Unreadable("The file is in UTF-16. Save it as “CSV UTF-8”.")
    if b"\0" in content:
        raise Unreadable("The file has NUL characters in it, so it is no text. Save it as CSV.")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as wrong:
        line = content[: wrong.start].count(b"\n") + 1
        raise Unreadable(
            f"Line {line} is not in UTF-8: it may be in Latin-1. Save the file as “CSV UTF-8”."
        ) from wrong


def _table(text: str) -> Iterator[Sequence[str]]:
    """Commas, semicolons and tabs are told apart by the titles."""
    titles = text.split("\n", 1)[0]
    delimiter = max(",;\t", key=titles.count)
    csv.field_size_limit(MOST_BYTES)
    yield from csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)


def _sheet(content: bytes) -> Iterator[Sequence[str]]:
    """The first sheet of a book."""
    file = io.BytesIO(content)
    try:
        unpacked = sum(part.file_size for part in zipfile.ZipFile(file).infolist())
        if unpacked > MOST_UNPACKED:
            raise Unreadable("The XLSX file is too large when it is unpacked. Save it as CSV.")
        book = load_workbook(file, read_only=True, data_only=True)
        lines = book.worksheets[0].iter_rows(values_only=True)
        for line in lines:
            yield [_cell(value) for value in line]
    except Unreadable:
        raise
    # What openpyxl raises for a book that is none differs with what is wrong with it.
    except (zipfile.BadZipFile, KeyError, ValueError, TypeError, IndexError, OSError) as wrong:
        raise Unreadable("This XLSX file is damaged, or none. Save it again, or as CSV.") from wrong


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return value.isoformat(" ") if isinstance(value, datetime) else str(value)


def _named(lines: Iterable[Sequence[str]], *, kind: str) -> list[Row]:
    found: list[Row] = []
    titles: list[str] = []
    for number, line in enumerate(lines, 1):
        cells = [unguarded(cell) for cell in line]
        if number == 1:
            titles = _titles(cells, kind=kind)
        elif any(cells):
            found.append((number, _row(number, titles, cells)))
        if len(found) > MOST_ROWS:
            raise Unreadable(f"One file may have {MOST_ROWS:,} rows at most. Split it.")
    if not found:
        raise Unreadable("The file has titles and no row.")
    return found


def _row(number: int, titles: Sequence[str], cells: Sequence[str]) -> dict[str, str]:
    if any(cells[len(titles) :]):
        raise Unreadable(f"Row {number} has more cells than there are titles.")
    if any(len(cell) > LONGEST_CELL for cell in cells):
        raise Unreadable(f"Row {number} has a cell of more than {LONGEST_CELL:,} characters.")
    padded = [*cells, *[""] * (len(titles) - len(cells))]
    return {title: cell for title, cell in zip(titles, padded, strict=False) if title}


def _titles(cells: Sequence[str], *, kind: str) -> list[str]:
    titles = [cell.lower().replace(" ", "_") for cell in cells]
    while titles and not titles[-1]:
        titles.pop()
    known = {column.title for column in COLUMNS[kind]}
    required = [column.title for column in COLUMNS[kind] if column.is_required]
    wrong = {
        "There are several columns": [one for one in set(titles) if titles.count(one) > 1],
        "A column is missing": [one for one in required if one not in titles],
        "There is no such column": [
            one or "(no title)" for one in titles if one not in known | LEFT_OUT[kind]
        ],
    }
    sentences = [f"{what}: {', '.join(sorted(names))}." for what, names in wrong.items() if names]
    if sentences:
        raise Unreadable(" ".join(sentences))
    return [title if title in known else "" for title in titles]


def unguarded(cell: str) -> str:
    """A cell as it was before our export made it harmless, without blanks around it."""
    plain = cell[1:] if cell.startswith("'") and cell[1:].lstrip().startswith(GUARDED) else cell
    return plain.strip()
