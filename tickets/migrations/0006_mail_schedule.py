"""Celery beat lets mail be fetched, and what arrived be read."""

from importlib import import_module

from django.db import migrations

TASKS = {
    "Fetch mail": "tickets.tasks.fetch_mail",
    "Read mail that arrived": "tickets.tasks.read_mail",
}
schedule = import_module("tickets.migrations.0002_beat_schedule")


def create(apps, schema_editor):
    schedule.create(apps, schema_editor, TASKS)


def remove(apps, schema_editor):
    schedule.remove(apps, schema_editor, TASKS)


class Migration(migrations.Migration):
    dependencies = [("tickets", "0005_mail")]
    operations = [migrations.RunPython(create, remove)]
