"""Workers that bring in a file side by side, and one that dies in the middle."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from django.db import connection, transaction

from tests import factories
from tests.factories import MONDAY
from tests.tickets.test_imports import FACTS, looked
from tests.together import at_once
from tickets.failpoints import KILLED
from tickets.imports import jobs
from tickets.models import Event, ImportJob, ImportRow, Team, Ticket

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("policy")]

ROWS = 24
ROOT = Path(__file__).parents[2]

GO_ON = """
import sys; from datetime import datetime
import django; django.setup()
from django.db import connections
connections["default"].settings_dict["NAME"] = sys.argv[1]
from tickets.imports import jobs
jobs.go_on(at=datetime.fromisoformat(sys.argv[2]))
"""


def begun(**cells: str) -> ImportJob:
    lines = [{**FACTS, "external_reference": f"OLD-{number}", **cells} for number in range(ROWS)]
    job = looked(*lines)
    return jobs.begin(job=job, by=job.by, at=MONDAY)


def references() -> list[str]:
    return sorted(Ticket.objects.values_list("external_reference", flat=True))


def each_row_came_once(job: ImportJob) -> None:
    job.refresh_from_db()
    assert (job.done, job.same, job.refused, job.finished_at) == (ROWS, 0, 0, MONDAY)
    assert references() == sorted(f"OLD-{number}" for number in range(ROWS))
    assert Event.objects.count() == ROWS


def test_workers_side_by_side_bring_each_row_once() -> None:
    job = begun()
    settled = at_once(*[lambda: jobs.go_on(at=MONDAY)] * 3)
    assert sum(number for number in settled if isinstance(number, int)) == ROWS
    each_row_came_once(job)


def test_a_row_that_another_worker_holds_is_left_to_it() -> None:
    job = begun()
    with transaction.atomic():
        held = ImportRow.objects.select_for_update().get(number=2)
        assert at_once(lambda: jobs.go_on(at=MONDAY)) == [ROWS - 1]
        job.refresh_from_db()
        assert (job.done, job.finished_at) == (ROWS - 1, None)
    assert held.values["external_reference"] not in references()
    assert jobs.go_on(at=MONDAY) == 1
    each_row_came_once(job)


@pytest.mark.parametrize(
    ("place", "before"),
    [
        # In the middle of a row: it is rolled back with all that it brought.
        ("import.row", 0),
        ("import.row:10", 9),
        (f"import.row:{ROWS}", ROWS - 1),
        # All rows are in, and nobody has counted them.
        ("import.settled", ROWS),
    ],
)
def test_a_worker_that_dies_loses_nothing_and_the_next_one_goes_on(
    place: str, before: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = begun()
    monkeypatch.setenv("FAILPOINT", place)
    died = subprocess.run(
        [sys.executable, "-c", GO_ON, connection.settings_dict["NAME"], MONDAY.isoformat()],
        cwd=ROOT,
        check=False,
    )
    assert died.returncode == KILLED
    assert Ticket.objects.count() == Event.objects.count() == before

    assert jobs.go_on(at=MONDAY) == ROWS - before
    each_row_came_once(job)


def test_what_does_not_fit_any_more_is_told_row_by_row_and_stops_no_other() -> None:
    factories.team("Second line")
    job = begun(team="Second line")
    ImportRow.objects.filter(number=5).update(values={**FACTS, "external_reference": "OLD-3"})
    Team.objects.filter(name="Second line").delete()
    at_once(*[lambda: jobs.go_on(at=MONDAY)] * 2)
    job.refresh_from_db()
    assert (job.done, job.refused, job.finished_at) == (1, ROWS - 1, MONDAY)
    refused = job.rows.filter(state="refused")
    assert set(refused.values_list("words", flat=True)) == {
        "team names a team that is not here: “Second line”."
    }
