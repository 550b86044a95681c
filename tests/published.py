"""Rows that are made once for a session, such as those of `load_policy`, and copied back later."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

from django.apps import apps
from django.contrib.auth.models import Group, Permission
from django.core.management import call_command
from django.db import connection, transaction

# The numbers of permissions change when a test has flushed the database: they go by their names.
GRANT = """
    INSERT INTO auth_group_permissions (group_id, permission_id)
    SELECT granted.group_id, permission.id
    FROM unnest(%s::int[], %s::text[], %s::text[]) AS granted (group_id, app_label, codename)
    JOIN django_content_type kind ON kind.app_label = granted.app_label
    JOIN auth_permission permission
        ON permission.content_type_id = kind.id AND permission.codename = granted.codename
"""


@dataclass(frozen=True)
class Published:
    """The lines of each table, and who was granted what."""

    lines: dict[str, bytes]
    grants: list[tuple[int, str, str]]

    @classmethod
    def made(cls) -> Self:
        """Load the policy, look at its rows, and take it back.

        Sequences are not taken back: no later row of any test gets one of these numbers.
        """
        with transaction.atomic():
            call_command("load_policy", country="", verbosity=0)
            made = cls.present()
            transaction.set_rollback(True)
        return made

    @classmethod
    def present(cls) -> Self:
        """What the tables hold now."""
        models = [*apps.get_app_config("sla").get_models(include_auto_created=True)]
        models += apps.get_app_config("tickets").get_models(include_auto_created=True)
        tables = [model._meta.db_table for model in [*models, Group]]
        lines = {table: found for table in tables if (found := _copied(table))}
        grants = Permission.objects.filter(group__isnull=False).values_list(
            "group", "content_type__app_label", "codename"
        )
        return cls(lines, list(grants))

    def restore(self) -> None:
        """Put the rows into the empty tables."""
        with transaction.atomic(), connection.cursor() as cursor:
            for table, lines in self.lines.items():
                with cursor.copy(f"COPY {table} FROM STDIN") as copy:
                    copy.write(lines)
            cursor.execute(GRANT, [list(column) for column in zip(*self.grants, strict=True)])


def _copied(table: str) -> bytes:
    with connection.cursor() as cursor, cursor.copy(f"COPY {table} TO STDOUT") as copy:
        return b"".join(bytes(part) for part in copy)
