"""What is in the files that lists and reports are written to: every table, column by column."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.views.generic import TemplateView
from unfold.views import UnfoldSiteViewMixin

from sla.files import Layout
from sla.reports import tables
from tickets.admin import customer_files, export

LAYOUTS: Sequence[Layout] = (
    *tables.LAYOUTS,
    *customer_files.LAYOUTS,
    export.TICKETS,
    export.PEOPLE,
)


class ExportColumnsView(UnfoldSiteViewMixin, TemplateView):
    """The page beside every export."""

    title = "Columns of the exports"
    permission_required = ()
    template_name = "admin/tickets/export_columns.html"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """The tables as they are written, so the page cannot say anything else."""
        return super().get_context_data(layouts=LAYOUTS, **kwargs)
