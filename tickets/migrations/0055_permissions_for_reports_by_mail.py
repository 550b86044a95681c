"""Managers and administrators have saved reports sent by mail."""

from django.apps import apps as installed
from django.contrib.auth.management import create_permissions
from django.db import migrations

NEW = {f"{action}_reportschedule" for action in ("view", "add", "change", "delete")}
NEW |= {"view_sentreport"}
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
    dependencies = [
        ("tickets", "0054_scheduled_reports_schedule"),
        ("sla", "0011_reports_by_mail"),
    ]
    operations = [migrations.RunPython(grant, migrations.RunPython.noop)]
