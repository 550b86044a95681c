"""Every report about the forty tickets at once, so that two of them can be compared."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import is_dataclass, replace
from datetime import date
from typing import Any

from sla import reports
from sla.reports import Dimension, Engineering, Figure, Filters, Period, Question
from sla.reports.ahead import due_soon, load
from sla.reports.paper import OtherTerms, Paper
from sla.reports.wall import wall
from sla.reports.what_if import what_if
from sla.reports.what_if_behind import what_if_promises
from tests import factories
from tests.sla.forty.facts import NOW
from tests.sla.forty.local import BERLIN, KOLKATA
from tests.sla.forty.world import ALL_SEEING, World
from tickets import customer_reports

SPELLS = {
    KOLKATA: (date(2026, 9, 1), date(2026, 11, 1)),
    BERLIN: (date(2026, 10, 19), date(2026, 11, 1)),
}
MONTHS = [date(2026, 9, 1), date(2026, 10, 1)]


def everything(world: World) -> dict[tuple[str, ...], Any]:
    """By name and zone. The age of the present backlog is left out: it is never one of the past."""
    return {name: _without_keys(found) for name, found in _all(world)}


def _all(world: World) -> Iterator[tuple[tuple[str, ...], Any]]:
    for zone, days in SPELLS.items():
        period = Period.of_days(*days, zone)
        for name, found in _of_managers(Question(*days, zone, Filters()), period):
            yield (zone, *name), found
        yield (zone, "wall"), wall(at=NOW, zone=zone)
        yield (zone, "load"), load(at=NOW, zone=zone)
    yield ("due soon",), due_soon(at=NOW)
    for name, organization in world.organizations.items():
        organization.refresh_from_db()
        for month in MONTHS:
            report = customer_reports.report_on(organization=organization, month=month, at=NOW)
            yield ("month", name, f"{month}"), report


def _of_managers(question: Question, period: Period) -> Iterator[tuple[tuple[str, ...], Any]]:
    scope: dict[str, Any] = {"period": period, "at": NOW}
    for engineering in Engineering:
        filters = Filters(engineering=engineering)
        found = reports.overview(replace(question, filters=filters), at=NOW, all_times=True)
        yield ("overview", engineering.value), replace(found, ageing=[])
    for by in Dimension:
        yield ("breakdown", by.value), reports.breakdown(by=by, **scope)
    yield ("breaches",), reports.breaches(**scope, reader=ALL_SEEING)[0]
    yield ("reasons",), reports.breaches_by_reason(**scope, reader=ALL_SEEING)
    for figure in Figure:
        rows, _ = reports.clocks_behind(figure=figure, **scope, reader=ALL_SEEING)
        yield ("behind", figure.value), rows
    key = (factories.priority("P3").pk, "first_response")
    for name, paper in (
        ("blank", Paper()),
        ("longer", Paper(terms={key: OtherTerms(2)})),
        ("no holidays", Paper(without_exceptions=True)),
    ):
        rows = [(row.priority, row.metric, row.moves.tolist(), row.at_goal)
                for row in what_if(paper=paper, **scope)]  # fmt: skip
        yield ("what if", name), rows
        yield ("changes", name), what_if_promises(paper=paper, **scope, reader=ALL_SEEING)


def _without_keys(found: Any) -> Any:
    """Without the numbers of tickets, clocks and tags, which differ when all is told again."""
    if is_dataclass(found) and not isinstance(found, type):
        keys = {"clock_id": 0, "ticket_id": 0, "pk": 0, "key": 0, "reference": ""}
        there = {name: value for name, value in keys.items() if hasattr(found, name)}
        rest = {name: _without_keys(value) for name, value in vars(found).items()}
        return type(found), rest | there
    if isinstance(found, dict):
        return {key: _without_keys(value) for key, value in found.items()}
    if isinstance(found, list | tuple):
        return [_without_keys(one) for one in found]
    return found
