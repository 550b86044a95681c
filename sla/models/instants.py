"""Instants as the bulk functions of `sla.core` take them: epoch microseconds."""

from django.db.models import BigIntegerField, F, Func


def microseconds(name: str) -> Func:
    """The column as whole microseconds since the epoch; null stays null."""
    template = "(EXTRACT(EPOCH FROM %(expressions)s) * 1000000)::bigint"
    return Func(F(name), template=template, output_field=BigIntegerField())
