"""Managers and administrators keep reports."""

from django.apps import apps as installed
from django.contrib.auth.management import create_permissions
from django.db import migrations

NEW = {f"{action}_savedreport" for action in ("view", "add", "change", "delete")}
GROUPS = ["Manager", "Administrator"]


def grant(apps, schema_editor):
    group, permission = (apps.get_model("auth", name) for name in ("Group", "Permission"))
    if not group.objects.filter(name__in=GROUPS).exists():
        return  # A new database: load_policy makes the groups.
    # They are made after all migrations, which is too late for this one.
    create_permissions(installed.get_app_config("sla"), verbosity=0)
    for found in group.objects.filter(name__in=GROUPS):
        found.permissions.add(
            *permission.objects.filter(codename__in=NEW, content_type__app_label="sla")
        )


class Migration(migrations.Migration):
    dependencies = [("tickets", "0040_permissions_for_canned_replies"), ("sla", "0007_saved_reports")]
    operations = [migrations.RunPython(grant, migrations.RunPython.noop)]
