"""Managers and administrators set the customers' pages; everybody at the desk reads ratings."""

from django.apps import apps as installed
from django.contrib.auth.management import create_permissions
from django.db import migrations

EVERYBODY = {"view_rating"}
OFFICE = {*EVERYBODY, "view_portalsettings", "change_portalsettings"}
NEW = {"Agent": EVERYBODY, "Manager": OFFICE, "Administrator": OFFICE}


def grant(apps, schema_editor, new=NEW):
    group, permission = (apps.get_model("auth", name) for name in ("Group", "Permission"))
    if not group.objects.filter(name__in=new).exists():
        return  # A new database: load_policy makes the groups.
    # They are made after all migrations, which is too late for this one.
    create_permissions(installed.get_app_config("tickets"), verbosity=0)
    for found in group.objects.filter(name__in=new):
        found.permissions.add(
            *permission.objects.filter(
                codename__in=new[found.name], content_type__app_label="tickets"
            )
        )


class Migration(migrations.Migration):
    dependencies = [("tickets", "0009_cache")]
    operations = [migrations.RunPython(grant, migrations.RunPython.noop)]
