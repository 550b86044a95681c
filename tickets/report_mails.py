"""A saved report as a mail shows it: its figures, its pictures, and its tables as files.

The figures are those of `sla.reports`, as on its page, and the same for each reader. A list of
tickets goes along where everybody who gets the mail may see every ticket; else it is on the page.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from urllib.parse import parse_qs

from django.conf import settings
from django.contrib.auth.models import Permission
from django.db.models import Q, QuerySet
from django.utils.text import slugify

from sla import files, reports
from sla.models import SavedReport
from sla.reports import (
    AttainmentRow,
    BreakdownRow,
    Dimension,
    Order,
    Overview,
    Question,
    ReasonRow,
    Satisfaction,
    TotalRow,
    words,
)
from sla.reports.pictures import Picture, breakdown_bars, pictures_of
from sla.reports.tables import breaches_tables, breakdown_table, overview_tables
from tickets.channels.base import File
from tickets.models import User
from tickets.models.sight import sees_every_ticket

MOST_ROWS = 30


class CannotBeMade(Exception):  # noqa: N818 - as the sentences of `tickets.refusals`
    """The saved report makes no sense any more; the sentence says why."""


@dataclass(frozen=True)
class Line:
    """Promises of now, and of the period before, which is None where there is none.

    A row of a breakdown has a name as well, and a number by which its picture may call it.
    """

    row: AttainmentRow | TotalRow | BreakdownRow
    before: AttainmentRow | TotalRow | None = None
    name: str = ""
    number: int = 0

    @property
    def decided(self) -> int:
        """Of how many attainment is told."""
        return self.row.kept + self.row.broken

    @property
    def decided_before(self) -> int:
        return self.before.kept + self.before.broken if self.before else 0


@dataclass(frozen=True)
class Issue:
    """One report as it stood at `at`, for every reader. `query` asks for the same days again."""

    report: SavedReport
    question: Question
    query: str
    at: datetime
    narrowed_to: Sequence[str]
    found: Overview | None = None
    by: str = ""
    rows: Sequence[Line] = ()
    more: int = 0
    reasons: Sequence[ReasonRow] | None = None
    pictures: Sequence[Picture] = ()
    attached: Sequence[File] = ()
    left_out: Sequence[str] = ()
    lacks_list: bool = False

    @property
    def breaches(self) -> int:
        """How many promises were broken, for whatever reason."""
        return sum(row.breaches for row in self.reasons or ())

    @property
    def days(self) -> str:
        return words.days_in_words(self.question.first, self.question.last)

    @property
    def days_before(self) -> str:
        """The period that figures are compared with; "" for none."""
        before = self.question.before if self.found else None
        return words.days_in_words(before.first, before.last) if before else ""

    @property
    def promises(self) -> list[Line]:
        """A row for each priority and metric."""
        if self.found is None:
            return []
        before = self.found.before or {}
        return [Line(row, before.get((row.priority, row.metric))) for row in self.found.rows]

    @property
    def totals(self) -> list[Line]:
        """A row for each metric."""
        if self.found is None:
            return []
        before = self.found.totals_before
        return [Line(row, before.get(row.metric)) for row in self.found.totals]

    @property
    def tickets(self) -> list[tuple[str, int, int | None]]:
        """Each number of tickets by its name, and what it was before."""
        if self.found is None:
            return []
        before = self.found.tickets_before
        return [
            (words.TICKET_FIGURES[figure], number, before.numbers[figure] if before else None)
            for figure, number in self.found.tickets.numbers.items()
        ]

    @property
    def satisfaction(self) -> list[str]:
        """What requesters thought, and what they did before, where there is a period before."""
        if self.found is None:
            return []
        now, before = self.found.tickets, self.found.tickets_before
        return [_rated(each.satisfaction) for each in (now, before) if each is not None]

    @property
    def shown(self) -> list[tuple[Picture, str]]:
        """The pictures, and the id by which the HTML shows each."""
        return [(picture, f"{picture.name}@report") for picture in self.pictures]

    @property
    def files(self) -> list[File]:
        """All that goes with the mail."""
        shown = [
            File(f"{picture.name}.png", "image/png", picture.png, content_id)
            for picture, content_id in self.shown
        ]
        return [*shown, *self.attached]


def readers() -> QuerySet[User]:
    """The staff who may read reports."""
    held = Permission.objects.filter(content_type__app_label="sla", codename="view_reports")
    may = Q(user_permissions__in=held) | Q(groups__permissions__in=held) | Q(is_superuser=True)
    return User.objects.staff().filter(pk__in=User.objects.filter(may).values("pk"))


def issue(
    report: SavedReport, *, reader: User, to: Iterable[User], today: date, at: datetime
) -> Issue:
    """The report as its page has it on that day, for mails to these on behalf of that reader.

    Raises CannotBeMade where it makes no sense any more, or is not his to read any more.
    """
    if not SavedReport.objects.visible_to(reader).filter(pk=report.pk).exists():
        raise CannotBeMade("It is shared no more.")
    form = reports.asked_by(report.query, at=at, today=today)
    if not form.is_valid():
        raise CannotBeMade(" ".join(reports.troubles(form)))
    question = form.question
    fixed = {"span": None, "first": question.first, "last": question.last}
    made = Issue(report, question, question.query(**fixed), at, words.narrowed_to(form))
    if report.page == SavedReport.Page.BREAKDOWN:
        by = _dimension(report.query)
        return _of_breakdown(replace(made, query=question.query(**fixed, by=by.value)), by)
    if report.page == SavedReport.Page.BREACHES:
        order = _order(report.query)
        made = replace(made, query=question.query(**fixed, order=order.value))
        return _of_breaches(made, order, reader, list(to))
    return _of_overview(made)


def _of_overview(made: Issue) -> Issue:
    found = reports.overview(made.question, at=made.at, all_times=True)
    tables = overview_tables(made.question, at=made.at, found=found)
    return _packed(replace(made, found=found, pictures=list(pictures_of(found))), tables)


def _of_breakdown(made: Issue, by: Dimension) -> Issue:
    question = made.question
    found = reports.breakdown(by=by, period=question.period, at=made.at, filters=question.filters)
    named = [(words.name_of(row, by), row) for row in found]
    title = words.DIMENSIONS[by]
    made = replace(
        made,
        by=title,
        rows=[
            Line(row, name=name, number=number)
            for number, (name, row) in enumerate(named[:MOST_ROWS], start=1)
        ],
        more=max(len(named) - MOST_ROWS, 0),
        pictures=[breakdown_bars(named, by=title)] if named else [],
    )
    return _packed(made, [breakdown_table(question, by=by, at=made.at)])


def _of_breaches(made: Issue, order: Order, reader: User, people: Sequence[User]) -> Issue:
    question = made.question
    has_list = all(map(sees_every_ticket, people))
    reader = people[0] if has_list else reader
    reasons = reports.breaches_by_reason(
        period=question.period, at=made.at, filters=question.filters, reader=reader
    )
    listed, by_reason = breaches_tables(question, order=order, at=made.at, reader=reader)
    made = replace(made, reasons=reasons, lacks_list=not has_list)
    return _packed(made, [listed, by_reason] if has_list else [by_reason])


def _rated(given: Satisfaction) -> str:
    """Such as "4.5 of 5 stars, 2 ratings"."""
    said = words.stars_in_words(given)
    return f"{said}, {words.how_many(given.ratings, 'rating')}" if given.ratings else said


def _order(query: str) -> Order:
    asked = parse_qs(query).get("order", [""])[-1]
    try:
        return Order(asked or Order.LATENESS)
    except ValueError as error:
        raise CannotBeMade(f"Order: breaches are not ordered by “{asked}”.") from error


def _dimension(query: str) -> Dimension:
    asked = parse_qs(query).get("by", [""])[-1]
    try:
        return Dimension(asked or Dimension.PRIORITY)
    except ValueError as error:
        raise CannotBeMade(f"By: reports are not broken down by “{asked}”.") from error


def _packed(made: Issue, tables: Iterable[files.Table]) -> Issue:
    """With the tables as files, as far as a mail has room for them beside its pictures."""
    # Their rows may be read once, and go into two files.
    kept = [replace(table, rows=list(table.rows)) for table in tables]
    name = f"{slugify(made.report.name) or 'report'}-{made.question.last}"
    with files.as_xlsx(kept) as book:
        wanted = [File(f"{name}.{files.XLSX}", files.TYPES[files.XLSX], book.read())]
    lines = "".join(files.as_csv(kept[0])).encode()
    wanted.append(File(f"{name}-{kept[0].name}.{files.CSV}", files.TYPES[files.CSV], lines))
    room = settings.MAX_MAIL_ATTACHMENT_BYTES - sum(len(one.png) for one in made.pictures)
    attached, left_out = [], []
    for file in wanted:
        if len(file.content) <= room:
            attached.append(file)
            room -= len(file.content)
        else:
            left_out.append(file.filename)
    return replace(made, attached=attached, left_out=left_out)
