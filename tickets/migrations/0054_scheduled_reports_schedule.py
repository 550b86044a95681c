"""Celery beat lets saved reports go out by mail."""

from importlib import import_module

from django.db import migrations

TASK = {"Send saved reports by mail": "tickets.tasks.send_scheduled_reports"}
schedule = import_module("tickets.migrations.0002_beat_schedule")


def create(apps, schema_editor):
    schedule.create(apps, schema_editor, TASK)


def remove(apps, schema_editor):
    schedule.remove(apps, schema_editor, TASK)


class Migration(migrations.Migration):
    dependencies = [("tickets", "0053_parcels")]
    operations = [migrations.RunPython(create, remove)]
