"""Triggers mark the tickets whose words have changed."""

from django.db import migrations

from tickets.migrations import _search_marks


class Migration(migrations.Migration):
    dependencies = [("tickets", "0025_search")]
    operations = [
        *_search_marks.OPERATIONS,
        # The workers write the words of what is there, beginning with the newest.
        migrations.RunSQL(
            "INSERT INTO tickets_searchmark (ticket_id) SELECT id FROM tickets_ticket ORDER BY id",
            migrations.RunSQL.noop,
        ),
    ]
