"""The table of the cache, which every process shares."""

from django.core.management import call_command
from django.db import migrations


def create(apps, schema_editor):
    call_command("createcachetable", database=schema_editor.connection.alias, verbosity=0)


OPERATIONS = [migrations.RunPython(create, migrations.RunPython.noop)]
