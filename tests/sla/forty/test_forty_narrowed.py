"""The forty tickets broken down and narrowed down every way, and what is behind each number."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date
from html import unescape
from typing import Any

import pytest
from django.contrib import admin
from django.test import Client, RequestFactory
from django.urls import resolve, reverse

from sla import reports
from sla.admin.breaches import BreachesView
from sla.admin.reports import ClocksBehindView, TicketsBehindView
from sla.models import Policy
from sla.reports import Dimension, Figure, Filters, Listed, Part, Period, Question
from sla.reports import TicketFigure as Tickets
from tests.sla.forty import sums
from tests.sla.forty.facts import NOW
from tests.sla.forty.local import BERLIN, KOLKATA
from tests.sla.forty.outcomes import BROKEN, FULFILLED, KEPT, RUNNING, Promised
from tests.sla.forty.sums import DIMENSIONS, OF_TICKETS, Days, by_hand, lines
from tests.sla.forty.world import ALL_SEEING, World
from tickets.models import User

ZONES = [KOLKATA, BERLIN]
WEEKS = (date(2026, 10, 19), date(2026, 11, 1))
ADDRESS = {"first": "2026-10-19", "last": "2026-11-01"}
FIGURES = {
    Figure.KEPT: KEPT,
    Figure.BROKEN: BROKEN,
    Figure.RUNNING: RUNNING,
    Figure.DECIDED: KEPT | BROKEN,
    Figure.FULFILLED: FULFILLED,
    Figure.ALL: KEPT | BROKEN | RUNNING,
}

# Some of the rows, counted by eye: all, kept, broken and running in Kolkata's two weeks.
SOME = {
    # Nobody's: 06 two, 08 one, 12 two, 18 one, 28 one, 38 two.
    # Data's: 06 one, 10 two, 16 and 28 one, 32 three, 37 two; Support's are the others.
    Dimension.TEAM: {"": (9, 3, 5, 1), "Data": (10, 4, 5, 1), "Support": (50, 35, 9, 6)},
    # 11 had a team and nobody: two more.
    Dimension.AGENT: {"": (11, 3, 6, 2)},
    Dimension.ORGANIZATION: {
        "": (10, 6, 2, 2), "Cargo": (12, 7, 4, 1), "Dorn": (13, 10, 1, 2),
    },
    Dimension.TAG: {"vip": (7, 2, 5, 0), "billing": (4, 3, 1, 0)},
    Dimension.REASON: {"Too few people": (3, 0, 3, 0), "Waited for a supplier": (2, 0, 2, 0)},
}  # fmt: skip


def period(zone: str) -> Period:
    return Period.of_days(*WEEKS, zone)


def grouped(promises: list[Promised], by: Dimension) -> dict[str, list[Promised]]:
    groups: dict[str, list[Promised]] = {}
    for one in promises:
        for name in DIMENSIONS[by](one):
            groups.setdefault(name, []).append(one)
    return groups


def named(row: reports.BreakdownRow, by: Dimension) -> str:
    return str(row.key) if by is Dimension.PRIORITY else row.name


def behind(figure: Figure, zone: str, filters: Filters, part: Part | None = None) -> int:
    _, page = reports.clocks_behind(
        figure=figure, period=period(zone), at=NOW, filters=filters, part=part, reader=ALL_SEEING
    )
    return page.paginator.count


@pytest.mark.parametrize("by", Dimension)
@pytest.mark.parametrize("zone", ZONES)
def test_each_row_of_a_breakdown_is_the_report_about_it_alone(
    world: World, zone: str, by: Dimension
) -> None:
    expected = grouped(sums.made_in(Days(*WEEKS, zone)), by)
    rows = reports.breakdown(by=by, period=period(zone), at=NOW)
    found = {named(row, by): (row.promises, row.kept, row.broken, row.running) for row in rows}
    assert found == {name: sums.numbers(ones) for name, ones in expected.items()}
    if zone == KOLKATA:
        assert SOME.get(by, {}).items() <= found.items()
    assert [row.broken for row in rows] == sorted((row.broken for row in rows), reverse=True)
    for row in rows:
        filters = Filters(**{by.value: row.key})
        of_row = expected[named(row, by)]
        narrowed = reports.attainment(period=period(zone), at=NOW, filters=filters)
        assert lines(narrowed) == by_hand(sums.attainment(of_row)), row
        for figure, hows in FIGURES.items():
            assert behind(figure, zone, filters) == sums.how_many(of_row, hows), (row, figure)


@pytest.mark.parametrize("by", OF_TICKETS)
@pytest.mark.parametrize("zone", ZONES)
def test_figures_of_tickets_are_narrowed_by_what_is_their_own(
    world: World, zone: str, by: str
) -> None:
    days = Days(*WEEKS, zone)
    keys = {row.name: row.key for row in reports.breakdown(
        by=Dimension(by), period=Period.of_days(date(2026, 9, 1), WEEKS[1], zone), at=NOW,
    )}  # fmt: skip
    assert set(keys) == {name for case in sums.cases() for name in OF_TICKETS[by](case)}
    for name, key in keys.items():
        chosen = sums.cases(lambda case, name=name: name in OF_TICKETS[by](case))
        question = Question(*WEEKS, zone, Filters(**{by: key}))
        found = reports.overview(question, at=NOW)
        assert dict(found.tickets.numbers) == {
            Tickets.CAME_IN: sum(days.hold(case.at) for case in chosen),
            Tickets.SOLVED: sums.happened(chosen, days, *sums.SOLVING),
            Tickets.REOPENED: sums.happened(chosen, days, "reopen"),
            Tickets.ENGINEERING: sums.happened(chosen, days, "engineering"),
            Tickets.ESCALATED: sums.happened(chosen, days, "escalate"),
        }, name
        stars = sums.stars(chosen, days)
        assert [(number, given) for number, given in found.tickets.satisfaction.stars if given] == [
            (number, stars[number]) for number in (5, 4, 3, 2, 1) if stars[number]
        ]
        assert {
            row.starts: (row.came_in, row.solved, row.reopened, row.backlog) for row in found.volume
        } == sums.volume(chosen, days), name
        assert sum(row.tickets for row in found.ageing) == sums.backlog(chosen, NOW), name


def test_filters_are_joined(world: World) -> None:
    acme = world.organizations["Acme"].pk
    filters = Filters(priority="P1", organization=acme, agent=world.agents["Asha"].pk)
    # 05 alone: 06 was nobody's when its promises were decided.
    assert lines(reports.attainment(period=period(KOLKATA), at=NOW, filters=filters)) == {
        ("P1", "first_response"): (1, 1, 0, 0, (0, 0), (5400, 5400), (5400, 5400)),
        ("P1", "resolution"): (1, 1, 0, 0, (0, 0), (36000, 36000), (36000, 36000)),
    }
    late = Filters(channel="phone", metric="first_response", reason=0)
    # 06, 12, 18.
    assert behind(Figure.BROKEN, KOLKATA, late) == 3


@pytest.mark.parametrize("zone", ZONES)
def test_each_cell_and_bar_counts_what_its_list_shows(world: World, zone: str) -> None:
    found = reports.overview(Question(*WEEKS, zone, Filters()), at=NOW)
    for cell in found.heat:
        part = Part(zone, weekday=cell.weekday, hour=cell.hour)
        numbers = [behind(figure, zone, Filters(), part) for figure in (Figure.ALL, Figure.BROKEN)]
        assert numbers == [cell.promises, cell.broken], cell
    for metric, used in found.used.items():
        for tenth, number in used.items():
            part = Part(zone, used=tenth)
            assert behind(Figure.FULFILLED, zone, Filters(metric=metric), part) == number
    for figure, number in found.tickets.numbers.items():
        assert tickets(figure, period(zone)) == number
    for row in found.volume:
        if row.backlog is not None:
            day = Period.of_days(row.starts, row.starts, zone)
            assert tickets(Tickets.BACKLOG, day) == row.backlog, row
            assert tickets(Tickets.CAME_IN, day) == row.came_in, row
            assert tickets(Tickets.SOLVED, day) == row.solved, row
    for row in found.ageing:
        listed = Listed(after=row.after, until=row.until)
        assert tickets(Tickets.AGE, period(zone), listed) == row.tickets


def tickets(figure: Tickets, of: Period, listed: Listed | None = None) -> int:
    page = reports.tickets_behind(
        figure=figure, period=of, at=NOW, listed=listed, reader=ALL_SEEING
    )
    return page.paginator.count


@pytest.fixture
def manager(world: World, client: Client, monkeypatch: pytest.MonkeyPatch) -> Client:
    monkeypatch.setattr("django.utils.timezone.now", lambda: NOW)
    client.force_login(world.manager)
    return client


def make_default(policy: Policy) -> None:
    """Reports are in the days of the default policy's calendar."""
    Policy.objects.filter(is_default=True).update(is_default=False)
    Policy.objects.filter(pk=policy.pk).update(is_default=True)


LINK = re.compile(
    r'<a [^>]*?href="([^"]*/(?:clocks|tickets|breaches)/[?][^"]*)"[^>]*>\s*([\d,]+)\s*</a>'
)
LISTS = {
    "sla_report_clocks": ClocksBehindView,
    "sla_report_tickets": TicketsBehindView,
    "sla_report_breaches": BreachesView,
}


def numbers_on(page: Any) -> Iterator[tuple[str, int]]:
    """Each number on the page that is a link, with its address."""
    for address, number in LINK.findall(page.content.decode()):
        yield unescape(address), int(number.replace(",", ""))


def rows_at(address: str, reader: User) -> int:
    """How many rows the list at this address has; its page is not drawn, for there are hundreds."""
    request = RequestFactory().get(address)
    request.user = reader
    view = LISTS[resolve(request.path).url_name or ""](admin_site=admin.site)
    view.setup(request)
    return int(view.get_context_data()["page"].paginator.count)


@pytest.mark.parametrize("zone", ZONES)
def test_each_number_on_the_pages_leads_to_so_many_rows(
    world: World, manager: Client, zone: str
) -> None:
    if zone == BERLIN:
        make_default(world.berlin)
    asked: list[tuple[str, dict[str, str]]] = [("sla_report", {}), ("sla_report_breaches", {})]
    if zone == KOLKATA:
        some = (Dimension.AGENT, Dimension.TAG, Dimension.REASON)
        asked += [("sla_report_breakdown", {"by": by.value}) for by in some]
    pages = [manager.get(reverse(f"admin:{name}"), ADDRESS | more) for name, more in asked]
    assert all(f"({zone})" in page.content.decode() for page in pages)
    found = dict(link for page in pages for link in numbers_on(page))
    if zone == BERLIN:
        # What is about days or hours; the rest is about the same promises as in Kolkata.
        whole = re.compile(r"first=2026-10-19&last=2026-11-01(?!.*weekday)")
        found = {address: n for address, n in found.items() if not whole.search(address)}
    else:
        found = {address: n for address, n in found.items() if "weekday" not in address}
    assert len(found) > 80
    for address, number in found.items():
        assert rows_at(address, world.manager) == number, address
