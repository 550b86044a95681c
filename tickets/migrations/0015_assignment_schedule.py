"""Celery beat lets tickets be handed to the agents who are at work."""

from importlib import import_module

from django.db import migrations

TASK = {"Hand out tickets": "tickets.tasks.hand_out"}
schedule = import_module("tickets.migrations.0002_beat_schedule")


def create(apps, schema_editor):
    schedule.create(apps, schema_editor, TASK)


def remove(apps, schema_editor):
    schedule.remove(apps, schema_editor, TASK)


class Migration(migrations.Migration):
    dependencies = [("tickets", "0014_assignment")]
    operations = [migrations.RunPython(create, remove)]
