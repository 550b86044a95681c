"""Managers and administrators go on seeing all tickets; agents see those of their teams."""

from importlib import import_module

from django.db import migrations

OFFICE = {"view_every_ticket"}
NEW = {"Manager": OFFICE, "Administrator": OFFICE}
earlier = import_module("tickets.migrations.0010_permissions_for_the_portal")


def grant(apps, schema_editor):
    earlier.grant(apps, schema_editor, NEW)


class Migration(migrations.Migration):
    dependencies = [("tickets", "0031_permission_to_see_every_ticket")]
    operations = [migrations.RunPython(grant, migrations.RunPython.noop)]
