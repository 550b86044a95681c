"""Events that are there already: whether each brought its ticket in, solved or reopened it.

What an event left of the ticket says it; earlier events kept nothing of it, and their kind says it.
"""

from django.db import migrations

PAST = """
    WITH told AS (
        SELECT id, ticket_id, at, kind, CASE
            WHEN state IS NOT NULL THEN state->>'status' IN ('resolved', 'closed')
            WHEN kind IN ('resolved', 'closed', 'spam', 'merged') THEN true
            WHEN kind IN ('opened', 'split_from', 'reopened', 'not_spam') THEN false
            WHEN kind = 'customer_replied' AND detail = 'The ticket is open again.' THEN false
        END AS solved
        FROM tickets_event
    ), turned AS (
        SELECT id, kind, solved, lag(solved) OVER (PARTITION BY ticket_id ORDER BY at, id) AS was
        FROM told WHERE solved IS NOT NULL
    ), turns AS (
        SELECT id, CASE
            WHEN kind IN ('opened', 'split_from') THEN 'in'
            WHEN solved AND NOT was THEN 'out'
            WHEN was AND NOT solved THEN 'again'
        END AS turn
        FROM turned
    )
    UPDATE tickets_event AS event SET turn = turns.turn
    FROM turns WHERE turns.id = event.id AND turns.turn IS NOT NULL
"""


class Migration(migrations.Migration):
    dependencies = [("tickets", "0046_turns")]
    operations = [migrations.RunSQL(PAST, migrations.RunSQL.noop)]
