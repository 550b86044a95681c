"""Celery beat lets agents be written to of their tickets."""

from importlib import import_module

from django.db import migrations

TASK = {"Write to agents of their tickets": "tickets.tasks.notify"}
schedule = import_module("tickets.migrations.0002_beat_schedule")


def create(apps, schema_editor):
    schedule.create(apps, schema_editor, TASK)


def remove(apps, schema_editor):
    schedule.remove(apps, schema_editor, TASK)


class Migration(migrations.Migration):
    dependencies = [("tickets", "0042_notifications")]
    operations = [migrations.RunPython(create, remove)]
