"""Celery beat lets recalculations go on; and the team of engineers is known as such."""

from importlib import import_module

from django.db import migrations

TASK = {"Reckon deadlines anew": "tickets.tasks.recalculate"}
schedule = import_module("tickets.migrations.0002_beat_schedule")


def create(apps, schema_editor):
    schedule.create(apps, schema_editor, TASK)


def remove(apps, schema_editor):
    schedule.remove(apps, schema_editor, TASK)


def know_engineering(apps, schema_editor):
    apps.get_model("tickets", "Team").objects.filter(name="Engineering").update(
        is_engineering=True
    )


class Migration(migrations.Migration):
    dependencies = [("tickets", "0003_escalations")]
    operations = [
        migrations.RunPython(create, remove),
        migrations.RunPython(know_engineering, migrations.RunPython.noop),
    ]
