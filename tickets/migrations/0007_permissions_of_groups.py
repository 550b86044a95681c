"""Groups that are there already get the permissions for what is new; those they lost stay lost."""

from django.apps import apps as installed
from django.contrib.auth.management import create_permissions
from django.db import migrations

EVERYBODY = {
    "view_escalation",
    "view_follower",
    "view_inboundmessage",
    "change_inboundmessage",
    "view_undeliverableaddress",
    "delete_undeliverableaddress",
}
OFFICE = {*EVERYBODY, "view_recalculation", "view_policyversion"}
NEW = {
    "Agent": EVERYBODY,
    "Manager": OFFICE,
    "Administrator": {
        *OFFICE, "view_mailbox", "add_mailbox", "change_mailbox", "delete_mailbox",
    },
}


def grant(apps, schema_editor):
    group, permission = (apps.get_model("auth", name) for name in ("Group", "Permission"))
    if not group.objects.filter(name__in=NEW).exists():
        return  # A new database: load_policy makes the groups.
    # They are made after all migrations, which is too late for this one.
    for label in ("sla", "tickets"):
        create_permissions(installed.get_app_config(label), verbosity=0)
    for found in group.objects.filter(name__in=NEW):
        found.permissions.add(
            *permission.objects.filter(
                codename__in=NEW[found.name], content_type__app_label__in=["sla", "tickets"]
            )
        )


class Migration(migrations.Migration):
    dependencies = [
        ("tickets", "0006_mail_schedule"),
        ("sla", "0005_clocks_name_their_version"),
        ("auth", "0012_alter_user_first_name_max_length"),
    ]
    operations = [migrations.RunPython(grant, migrations.RunPython.noop)]
