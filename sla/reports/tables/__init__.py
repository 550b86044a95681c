"""Every table that the reports show, as one that can be written to a file.

A table and its columns have names that stay: other programs read them. What they hold is said once,
at the column, and the desk shows it as a page.
"""

from sla.reports.tables import figures
from sla.reports.tables.pages import breakdown_table, overview_tables, tables_for

LAYOUTS = (
    figures.ATTAINMENT,
    figures.TOTALS,
    figures.ENGINEERING,
    figures.OVER_TIME,
    figures.HEAT_MAP,
    figures.TIME_USED,
    figures.VOLUME,
    figures.TICKET_FIGURES,
    figures.AGEING,
    figures.SATISFACTION,
    figures.BREAKDOWN,
)

__all__ = [
    "LAYOUTS",
    "breakdown_table",
    "overview_tables",
    "tables_for",
]
