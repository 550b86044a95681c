"""Rows into tables by COPY: which columns are written, and indexes that are made afterwards."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

NULL = "\\N"

TABLES = {
    "tickets_ticket": (
        "id", "subject", "requester_id", "organization_id", "priority_id", "status",
        "with_engineering", "team_id", "assignee_id", "channel", "submitted_at", "updated_at",
        "first_responded_at", "resolved_at", "next_due_at", "closed_as", "engineering_reason",
    ),
    "tickets_message": (
        "id", "ticket_id", "author_id", "by_staff", "is_public", "text", "channel", "sent_at",
        "is_automatic", "is_accepted", "mail_message_id", "whole_text", "html", "remarks",
    ),
    "tickets_event": ("ticket_id", "kind", "at", "by_id", "detail", "turn"),
    "tickets_holding": ("ticket_id", "team_id", "assignee_id", "since"),
    "tickets_rating": ("ticket_id", "by_id", "stars", "comment", "at"),
    "sla_clock": (
        "id", "ticket_id", "policy_id", "policy_version_id", "priority_id", "metric",
        "target_amount", "target_unit", "goal_amount", "kept_by_lowering", "calendar_version_id",
        "started_at", "stopped_at", "goal_at", "due_at", "next_step_at", "counted_seconds",
        "business_seconds",
    ),
    "sla_clockevent": ("clock_id", "kind", "at", "reason", "due_after"),
}  # fmt: skip
"""Table -> the columns that are written; the others may be empty."""

EMPTY = {"text": "''", "character varying": "''", "boolean": "false", "jsonb": "'{}'"}


def ask(question: str, *values: Any) -> list[tuple[Any, ...]]:
    """What the database answers; no rows where it has nothing to say."""
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute(question, values)
        return list(cursor.fetchall()) if cursor.description else []


def let_the_rest_be_empty() -> None:
    """Give columns that are not written, and must not be null, the empty value of their type."""
    columns = ask(
        "SELECT table_name, column_name, data_type FROM information_schema.columns "
        "WHERE table_schema = current_schema() AND table_name = ANY(%s) AND is_nullable = 'NO' "
        "AND column_default IS NULL AND is_identity = 'NO'",
        list(TABLES),
    )
    for table, column, kind in columns:
        if column not in TABLES[table]:
            ask(f'ALTER TABLE {table} ALTER COLUMN "{column}" SET DEFAULT {EMPTY[kind]}')


def copy(rows: Mapping[str, Sequence[str]]) -> None:
    """Write the lines of each table."""
    from django.db import connection

    with connection.cursor() as cursor:
        for table, lines in rows.items():
            into = f"COPY {table} ({', '.join(TABLES[table])}) FROM STDIN"
            with cursor.copy(into) as written:
                written.write("".join(f"{line}\n" for line in lines))


@contextmanager
def without_indexes(*tables: str) -> Iterator[None]:
    """Drop what is no constraint, and the foreign keys; make them again when the rows are there."""
    keys = ask(
        "SELECT conrelid::regclass::text, conname, pg_get_constraintdef(oid) FROM pg_constraint "
        "WHERE contype = 'f' AND conrelid::regclass::text = ANY(%s)",
        list(tables),
    )
    indexes = ask(
        "SELECT indexname, indexdef FROM pg_indexes WHERE tablename = ANY(%s) AND indexname NOT IN "
        "(SELECT conname FROM pg_constraint WHERE contype IN ('p', 'u'))",
        list(tables),
    )
    for table, name, _ in keys:
        ask(f'ALTER TABLE {table} DROP CONSTRAINT "{name}"')
    for name, _ in indexes:
        ask(f'DROP INDEX "{name}"')
    yield
    ask("SET maintenance_work_mem = '256MB'")
    for _, definition in indexes:
        ask(definition)
    for table, name, definition in keys:
        ask(f'ALTER TABLE {table} ADD CONSTRAINT "{name}" {definition}')
