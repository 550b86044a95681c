"""Agents look at macros and rules; managers and administrators make them."""

from importlib import import_module

from django.db import migrations

EVERYBODY = {"view_macro", "view_rule", "view_rulerun"}
OFFICE = EVERYBODY | {
    f"{action}_{model}" for action in ("add", "change", "delete") for model in ("macro", "rule")
}
NEW = {"Agent": EVERYBODY, "Manager": OFFICE, "Administrator": OFFICE}
earlier = import_module("tickets.migrations.0010_permissions_for_the_portal")


def grant(apps, schema_editor):
    earlier.grant(apps, schema_editor, NEW)


class Migration(migrations.Migration):
    dependencies = [("tickets", "0023_rules_schedule")]
    operations = [migrations.RunPython(grant, migrations.RunPython.noop)]
