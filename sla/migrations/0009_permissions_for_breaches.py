"""Managers and administrators say why promises were broken, and set the reasons to choose from."""

from django.apps import apps as installed
from django.contrib.auth.management import create_permissions
from django.db import migrations

GROUPS = ["Manager", "Administrator"]
NEW = [
    *[f"{act}_breachreason" for act in ("view", "add", "change", "delete")],
    "view_breachnote",
    "add_breachnote",
]


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
    dependencies = [("sla", "0008_breaches"), ("auth", "0012_alter_user_first_name_max_length")]
    operations = [migrations.RunPython(grant, migrations.RunPython.noop)]
