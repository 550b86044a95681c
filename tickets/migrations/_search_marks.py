"""Triggers mark the tickets whose words have changed, whoever wrote: a verb, an import, the admin.

The document of a ticket follows from rows of six tables, as an index does from its own. A verb
that forgot to say so would leave a ticket that cannot be found, and nobody would notice.
"""

from django.db import migrations

MARK = """
CREATE FUNCTION tickets_search_mark() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    CASE TG_ARGV[0]
        WHEN 'new' THEN
            IF TG_TABLE_NAME = 'tickets_ticket' THEN
                INSERT INTO tickets_searchmark (ticket_id) SELECT id FROM added;
            ELSE
                INSERT INTO tickets_searchmark (ticket_id) SELECT DISTINCT ticket_id FROM added;
            END IF;
        WHEN 'gone' THEN
            INSERT INTO tickets_searchmark (ticket_id) SELECT DISTINCT ticket_id FROM removed;
        WHEN 'ticket' THEN
            INSERT INTO tickets_searchmark (ticket_id) VALUES (NEW.id);
        WHEN 'message' THEN
            INSERT INTO tickets_searchmark (ticket_id)
                SELECT DISTINCT unnest(ARRAY[OLD.ticket_id, NEW.ticket_id]);
        WHEN 'requester' THEN
            INSERT INTO tickets_searchmark (ticket_id)
                SELECT id FROM tickets_ticket WHERE requester_id = NEW.id ORDER BY id;
        WHEN 'organization' THEN
            INSERT INTO tickets_searchmark (ticket_id)
                SELECT id FROM tickets_ticket WHERE organization_id = NEW.id ORDER BY id;
        WHEN 'tag' THEN
            INSERT INTO tickets_searchmark (ticket_id)
                SELECT ticket_id FROM tickets_ticket_tags WHERE tag_id = NEW.id ORDER BY ticket_id;
    END CASE;
    RETURN NULL;
END
$$
"""
NEW = """
CREATE TRIGGER tickets_search_new AFTER INSERT ON {table} REFERENCING NEW TABLE AS added
FOR EACH STATEMENT EXECUTE FUNCTION tickets_search_mark('new')
"""
GONE = """
CREATE TRIGGER tickets_search_gone AFTER DELETE ON {table} REFERENCING OLD TABLE AS removed
FOR EACH STATEMENT EXECUTE FUNCTION tickets_search_mark('gone')
"""
CHANGED = """
CREATE TRIGGER tickets_search_changed AFTER UPDATE ON {table} FOR EACH ROW
WHEN ({condition}) EXECUTE FUNCTION tickets_search_mark('{what}')
"""
TABLES = {
    "tickets_ticket": ("ticket", ("subject", "requester_id", "organization_id")),
    "tickets_message": ("message", ("text", "ticket_id")),
    "tickets_user": ("requester", ("name", "email")),
    "tickets_organization": ("organization", ("name",)),
    "tickets_tag": ("tag", ("name",)),
}
ADDED = ("tickets_ticket", "tickets_message", "tickets_ticket_tags")
REMOVED = ("tickets_message", "tickets_ticket_tags")


def changed(table):
    what, columns = TABLES[table]
    old, new = (", ".join(f"{row}.{column}" for column in columns) for row in ("OLD", "NEW"))
    condition = f"({old}) IS DISTINCT FROM ({new})"
    return CHANGED.format(table=table, condition=condition, what=what)


OPERATIONS = [
    migrations.RunSQL(MARK, "DROP FUNCTION tickets_search_mark()"),
    *(
        migrations.RunSQL(
            NEW.format(table=table), f"DROP TRIGGER tickets_search_new ON {table}"
        )
        for table in ADDED
    ),
    *(
        migrations.RunSQL(
            GONE.format(table=table), f"DROP TRIGGER tickets_search_gone ON {table}"
        )
        for table in REMOVED
    ),
    *(
        migrations.RunSQL(changed(table), f"DROP TRIGGER tickets_search_changed ON {table}")
        for table in TABLES
    ),
]
