"""Administrators bring in files."""

from importlib import import_module

from django.db import migrations

NEW = {"Administrator": {"view_importjob", "add_importjob"}}
earlier = import_module("tickets.migrations.0010_permissions_for_the_portal")


def grant(apps, schema_editor):
    earlier.grant(apps, schema_editor, NEW)


class Migration(migrations.Migration):
    dependencies = [("tickets", "0049_imports_schedule")]
    operations = [migrations.RunPython(grant, migrations.RunPython.noop)]
