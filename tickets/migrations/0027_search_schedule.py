"""Celery beat lets the words of tickets be written."""

from importlib import import_module

from django.db import migrations

TASK = {"Write the words that search reads": "tickets.tasks.index_search"}
schedule = import_module("tickets.migrations.0002_beat_schedule")


def create(apps, schema_editor):
    schedule.create(apps, schema_editor, TASK)


def remove(apps, schema_editor):
    schedule.remove(apps, schema_editor, TASK)


class Migration(migrations.Migration):
    dependencies = [("tickets", "0026_search_marks")]
    operations = [migrations.RunPython(create, remove)]
