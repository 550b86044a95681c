"""Everybody at the desk reads tags and links; managers and administrators look after the tags."""

from django.apps import apps as installed
from django.contrib.auth.management import create_permissions
from django.db import migrations

EVERYBODY = {"view_tag", "view_ticketlink"}
OFFICE = {*EVERYBODY, "add_tag", "change_tag", "delete_tag"}
NEW = {"Agent": EVERYBODY, "Manager": OFFICE, "Administrator": OFFICE}


def grant(apps, schema_editor):
    group, permission = (apps.get_model("auth", name) for name in ("Group", "Permission"))
    if not group.objects.filter(name__in=NEW).exists():
        return  # A new database: load_policy makes the groups.
    # They are made after all migrations, which is too late for this one.
    create_permissions(installed.get_app_config("tickets"), verbosity=0)
    for found in group.objects.filter(name__in=NEW):
        found.permissions.add(
            *permission.objects.filter(
                codename__in=NEW[found.name], content_type__app_label="tickets"
            )
        )


class Migration(migrations.Migration):
    dependencies = [("tickets", "0017_tags_links_and_merging")]
    operations = [migrations.RunPython(grant, migrations.RunPython.noop)]
