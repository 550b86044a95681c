"""Celery beat lets bulk actions go on."""

from importlib import import_module

from django.db import migrations

TASK = {"Act on many tickets": "tickets.tasks.act_in_bulk"}
schedule = import_module("tickets.migrations.0002_beat_schedule")


def create(apps, schema_editor):
    schedule.create(apps, schema_editor, TASK)


def remove(apps, schema_editor):
    schedule.remove(apps, schema_editor, TASK)


class Migration(migrations.Migration):
    dependencies = [("tickets", "0019_bulk_actions")]
    operations = [migrations.RunPython(create, remove)]
