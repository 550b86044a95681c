"""One operation that makes the tables of several applications."""

from django.db.migrations.operations.base import Operation


class CreateTogether(Operation):
    """Every CreateModel of several applications, by label; they may refer to each other in circles.

    The models are rendered once, when all are known. Made one by one, each that refers to others has
    all of them rendered again: most of what a migration of a hundred tables costs.
    """

    reduces_to_sql = True

    def __init__(self, **tables):
        self.tables = tables

    def state_forwards(self, app_label, state):
        state.__dict__.pop("apps", None)
        for label, operation in self._each():
            operation.state_forwards(label, state)

    def database_forwards(self, app_label, schema_editor, from_state, to_state):
        for label, operation in self._each():
            operation.database_forwards(label, schema_editor, from_state, to_state)
        # Foreign keys and indexes, which the editor keeps until every table is there. Left to the
        # editor's end, Django would record the migration after its transaction, not within: a crash
        # between the two would leave tables of which nobody knows that they are there.
        for statement in schema_editor.deferred_sql:
            schema_editor.execute(statement, None)
        schema_editor.deferred_sql.clear()

    def database_backwards(self, app_label, schema_editor, from_state, to_state):
        for label, operation in reversed(self._each()):
            operation.database_backwards(label, schema_editor, from_state, to_state)

    def describe(self):
        return f"Create the tables of {' and '.join(self.tables)}"

    def _each(self):
        return [(label, one) for label, tables in self.tables.items() for one in tables]
