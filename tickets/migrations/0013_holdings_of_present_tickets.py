"""Tickets that are there already: whoever has one now is all that is known of who had it."""

from django.db import migrations

PRESENT = """
    INSERT INTO tickets_holding (ticket_id, team_id, assignee_id, since)
    SELECT id, team_id, assignee_id, submitted_at FROM tickets_ticket
"""


class Migration(migrations.Migration):
    dependencies = [("tickets", "0012_holdings")]
    operations = [migrations.RunSQL(PRESENT, "DELETE FROM tickets_holding")]
