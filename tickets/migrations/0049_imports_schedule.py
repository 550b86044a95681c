"""Celery beat lets imports go on."""

from importlib import import_module

from django.db import migrations

TASK = {"Bring in files": "tickets.tasks.bring_in"}
schedule = import_module("tickets.migrations.0002_beat_schedule")


def create(apps, schema_editor):
    schedule.create(apps, schema_editor, TASK)


def remove(apps, schema_editor):
    schedule.remove(apps, schema_editor, TASK)


class Migration(migrations.Migration):
    dependencies = [("tickets", "0048_imports")]
    operations = [migrations.RunPython(create, remove)]
