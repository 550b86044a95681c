"""Everybody at the desk sees who is at work; managers and administrators set it for others."""

from importlib import import_module

from django.db import migrations

EVERYBODY = {"view_availability"}
OFFICE = {*EVERYBODY, "change_availability"}
NEW = {"Agent": EVERYBODY, "Manager": OFFICE, "Administrator": OFFICE}
earlier = import_module("tickets.migrations.0010_permissions_for_the_portal")


def grant(apps, schema_editor):
    earlier.grant(apps, schema_editor, NEW)


class Migration(migrations.Migration):
    dependencies = [("tickets", "0015_assignment_schedule")]
    operations = [migrations.RunPython(grant, migrations.RunPython.noop)]
