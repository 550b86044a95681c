"""Every table that the reports show, as one that can be written to a file.

A table and its columns have names that stay: other programs read them. What they hold is said once,
at the column, and the desk shows it as a page.
"""

from collections.abc import Sequence

from sla.files import Layout
from sla.models import SavedReport
from sla.reports.tables import ahead, figures, lists, paper
from sla.reports.tables.pages import (
    OF_OVERVIEW,
    breaches_tables,
    breakdown_table,
    overview_table,
    overview_tables,
    tables_for,
)

# What `tables_for` a page has.
OF_PAGE: dict[SavedReport.Page, Sequence[Layout]] = {
    SavedReport.Page.OVERVIEW: tuple(layout for layout, _ in OF_OVERVIEW),
    SavedReport.Page.BREAKDOWN: (figures.BREAKDOWN,),
    SavedReport.Page.BREACHES: (lists.BREACHES, figures.BY_REASON),
}
LAYOUTS: Sequence[Layout] = (
    *(layout for layouts in OF_PAGE.values() for layout in layouts),
    lists.PROMISES,
    lists.TICKETS,
    ahead.DUE_SOON,
    ahead.LOAD,
    ahead.AHEAD,
    paper.WHAT_IF,
    paper.WHAT_IF_PROMISES,
)

__all__ = [
    "LAYOUTS",
    "OF_PAGE",
    "breaches_tables",
    "breakdown_table",
    "overview_table",
    "overview_tables",
    "tables_for",
]
