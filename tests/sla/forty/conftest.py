"""The forty tickets: told once for a session, copied back for each file, undone after each test."""

from __future__ import annotations

from collections.abc import Iterator
from copy import deepcopy
from typing import TYPE_CHECKING

import pytest
from django.db import transaction

from tests.published import Published

if TYPE_CHECKING:
    from pytest_django import DjangoDbBlocker

    from tests.sla.forty.world import World

type Kept = tuple[World, Published]


@pytest.fixture(scope="session")
def kept_forty(published: Published, django_db_blocker: DjangoDbBlocker) -> Kept:
    """The rows after all of it happened, without any sweep."""
    from sla.models import Policy
    from tests.sla.forty.world import settle, tell

    with django_db_blocker.unblock(), transaction.atomic():
        published.restore()
        world = tell(settle(Policy.objects.default()))
        rows = Published.present()
        transaction.set_rollback(True)
    return world, rows


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
