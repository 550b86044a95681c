"""Celery beat lets rules be followed; open tickets have been idle since their last change."""

from importlib import import_module

from django.db import migrations

TASK = {"Follow the rules": "tickets.tasks.follow_rules"}
schedule = import_module("tickets.migrations.0002_beat_schedule")

BEGIN = """
    UPDATE tickets_ticket SET acted_at = updated_at
    WHERE status IN ('new', 'open', 'pending') AND acted_at IS NULL
"""


def create(apps, schema_editor):
    schedule.create(apps, schema_editor, TASK)


def remove(apps, schema_editor):
    schedule.remove(apps, schema_editor, TASK)


class Migration(migrations.Migration):
    dependencies = [("tickets", "0022_automation")]
    operations = [
        migrations.RunPython(create, remove),
        migrations.RunSQL(BEGIN, migrations.RunSQL.noop),
    ]
