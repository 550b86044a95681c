"""Everybody at the desk has bulk actions; managers and administrators may stop those of others."""

from importlib import import_module

from django.db import migrations

EVERYBODY = {"view_bulkjob"}
OFFICE = {*EVERYBODY, "change_bulkjob"}
NEW = {"Agent": EVERYBODY, "Manager": OFFICE, "Administrator": OFFICE}
earlier = import_module("tickets.migrations.0010_permissions_for_the_portal")


def grant(apps, schema_editor):
    earlier.grant(apps, schema_editor, NEW)


class Migration(migrations.Migration):
    dependencies = [("tickets", "0020_bulk_actions_schedule")]
    operations = [migrations.RunPython(grant, migrations.RunPython.noop)]
