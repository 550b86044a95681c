"""Everybody at the desk uses canned replies; managers and administrators write them."""

from importlib import import_module

from django.db import migrations

EVERYBODY = {"view_cannedreply"}
OFFICE = {*EVERYBODY, "add_cannedreply", "change_cannedreply", "delete_cannedreply"}
NEW = {"Agent": EVERYBODY, "Manager": OFFICE, "Administrator": OFFICE}
earlier = import_module("tickets.migrations.0010_permissions_for_the_portal")


def grant(apps, schema_editor):
    earlier.grant(apps, schema_editor, NEW)


class Migration(migrations.Migration):
    dependencies = [("tickets", "0039_canned_replies")]
    operations = [migrations.RunPython(grant, migrations.RunPython.noop)]
