"""System checks that need more than the environment: `manage.py check --database default`."""

from collections.abc import Sequence
from typing import Any

from django.core.checks import CheckMessage, Error, Tags, register
from django.db import DatabaseError, connections

OLDEST_POSTGRESQL = 15


@register(Tags.database)
def postgresql_is_recent(
    databases: Sequence[str] | None = None, **kwargs: Any
) -> list[CheckMessage]:
    """PostgreSQL must answer and be at least version 15."""
    return [error for alias in databases or [] for error in _check(alias)]


def _check(alias: str) -> list[CheckMessage]:
    try:
        with connections[alias].cursor() as cursor:
            cursor.execute("SHOW server_version_num")
            version = int(cursor.fetchone()[0]) // 10_000
    except DatabaseError as error:
        return [
            Error(
                f"The database does not answer: {error}".strip(),
                hint="See DATABASE_URL.",
                id="helpdesk.E001",
            )
        ]
    if version < OLDEST_POSTGRESQL:
        return [
            Error(
                f"PostgreSQL {OLDEST_POSTGRESQL} or newer is needed; this is {version}.",
                hint="See DATABASE_URL.",
                id="helpdesk.E002",
            )
        ]
    return []
