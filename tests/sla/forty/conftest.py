"""The forty tickets: told once for a session, copied back for each file, undone after each test."""

from __future__ import annotations

from collections.abc import Iterator
from copy import deepcopy
from typing import TYPE_CHECKING, Any

import pytest
from django.db import transaction

from tests.published import Published

if TYPE_CHECKING:
    from pytest_django import DjangoDbBlocker

    from tests.sla.forty.world import World

type Kept = tuple[World, Published]
type Reports = dict[tuple[str, ...], Any]


@pytest.fixture(scope="session")
def kept_settled(published: Published, django_db_blocker: DjangoDbBlocker) -> Kept:
    """The rows before anything happened: policies, calendars and people."""
    from sla.models import Policy
    from tests.sla.forty.world import settle

    with django_db_blocker.unblock(), transaction.atomic():
        published.restore()
        kept = settle(Policy.objects.default()), Published.present()
        transaction.set_rollback(True)
    return kept


@pytest.fixture(scope="session")
def kept_forty(kept_settled: Kept, django_db_blocker: DjangoDbBlocker) -> Kept:
    """The rows after all of it happened, without any sweep."""
    from tests.sla.forty.world import tell

    settled, rows = kept_settled
    with django_db_blocker.unblock(), transaction.atomic():
        rows.restore()
        kept = tell(deepcopy(settled)), Published.present()
        transaction.set_rollback(True)
    return kept


@pytest.fixture(scope="module")
def forty(kept_forty: Kept, django_db_blocker: DjangoDbBlocker) -> Iterator[World]:
    """In a transaction around all tests of a file."""
    world, rows = kept_forty
    with django_db_blocker.unblock(), transaction.atomic():
        rows.restore()
        yield world
        transaction.set_rollback(True)


@pytest.fixture
def world(forty: World, db: None) -> World:
    """The same for one test."""
    return deepcopy(forty)


@pytest.fixture(scope="session")
def unswept(kept_forty: Kept, django_db_blocker: DjangoDbBlocker) -> Reports:
    """All reports where no sweep ever ran."""
    from sla.models import Firing
    from tests.sla.forty.everything import everything

    world, rows = kept_forty
    with django_db_blocker.unblock(), transaction.atomic():
        rows.restore()
        assert not Firing.objects.exists()
        found = everything(deepcopy(world))
        transaction.set_rollback(True)
    return found


@pytest.fixture
def settled(kept_settled: Kept, db: None) -> World:
    """Nothing has happened yet; for a file that does not ask for the forty."""
    world, rows = kept_settled
    rows.restore()
    return deepcopy(world)
