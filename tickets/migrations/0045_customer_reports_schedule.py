"""Celery beat lets the monthly reports of customers go out."""

from importlib import import_module

from django.db import migrations

TASK = {"Send the monthly reports of customers": "tickets.tasks.send_reports"}
schedule = import_module("tickets.migrations.0002_beat_schedule")


def create(apps, schema_editor):
    schedule.create(apps, schema_editor, TASK)


def remove(apps, schema_editor):
    schedule.remove(apps, schema_editor, TASK)


class Migration(migrations.Migration):
    dependencies = [("tickets", "0044_customer_reports")]
    operations = [migrations.RunPython(create, remove)]
