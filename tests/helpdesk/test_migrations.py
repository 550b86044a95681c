"""What a new desk begins with, beside the migrations of which older desks may have a part.

Goes with those, when `tickets/migrations/0001_squashed_tickets_and_sla.py` says that they may go.
"""

from importlib import import_module

import pytest
from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from django.db.migrations.graph import MigrationGraph
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.recorder import MigrationRecorder

Key = tuple[str, str]

SQUASHED = ("tickets", "0001_squashed_tickets_and_sla")
REPLACED: list[Key] = import_module(f"tickets.migrations.{SQUASHED[1]}").Migration.replaces
BELOW = {"auth", "contenttypes", "django_celery_beat"}

STATES: dict[str, list[Key]] = {
    "the very first": [("sla", "0001_initial")],
    "circles begun": [("sla", "0003_versions_and_recalculations")],
    "the middle": [("tickets", "0030_permissions_for_saved_views")],
    "the middle of tickets, and of sla as far as it goes": [
        ("tickets", "0016_permissions_for_availability"),
        ("sla", "0012_breaches_are_a_page_to_save"),
    ],
    "all but the last of sla": [
        ("sla", "0011_reports_by_mail"),
        ("tickets", "0056_notices_in_the_bell"),
    ],
    "all but the last of tickets": [
        ("sla", "0012_breaches_are_a_page_to_save"),
        ("tickets", "0055_permissions_for_reports_by_mail"),
    ],
}


def _old() -> MigrationGraph:
    """The migrations one by one, as they were before any was replaced."""
    loader = MigrationLoader(None, replace_migrations=False)
    graph: MigrationGraph = loader.graph
    graph.remove_replacement_node(SQUASHED, REPLACED)
    return graph


def _plan(applied: set[Key]) -> set[Key]:
    """What `migrate` would apply to a desk that has these and what is below them."""
    recorder = MigrationRecorder(connection)
    recorder.migration_qs.exclude(app__in=BELOW).delete()
    for key in applied:
        recorder.record_applied(*key)
    executor = MigrationExecutor(connection)
    executor.loader.check_consistent_history(connection)
    plan = executor.migration_plan(executor.loader.graph.leaf_nodes())
    return {(one.app_label, one.name) for one, _ in plan if one.app_label in {"sla", "tickets"}}


@pytest.mark.django_db
@pytest.mark.parametrize("state", STATES)
def test_a_desk_in_the_middle_of_the_old_migrations_goes_on_with_the_rest(state: str) -> None:
    graph = _old()
    applied = {key for leaf in STATES[state] for key in graph.forwards_plan(leaf)}
    own = {key for key in graph.nodes if key[0] in {"sla", "tickets"}}
    assert _plan({key for key in applied if key in own}) == own - applied


@pytest.mark.django_db
def test_a_new_desk_makes_everything_at_once_and_one_that_has_it_all_is_left_alone() -> None:
    later = {key for key in _old().nodes if key[0] in {"sla", "tickets"}} - set(REPLACED)
    assert _plan(set()) == {SQUASHED, *later}
    assert _plan(set(REPLACED)) == later


def test_a_new_desk_has_the_schedule_that_was_made_bit_by_bit() -> None:
    tasks: dict[str, str] = {}
    for app, name in REPLACED:
        if name.endswith("_schedule"):
            migration = import_module(f"{app}.migrations.{name}")
            tasks |= getattr(migration, "TASKS", None) or migration.TASK
    at_once = import_module("tickets.migrations._squashed_schedule").TASKS
    assert list(at_once.items()) == list(tasks.items())
