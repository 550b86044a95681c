"""Pages of long lists."""

from __future__ import annotations

from typing import Any

from django.core.paginator import Paginator
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.functional import cached_property
from unfold.views import ChangeList


class CappedPaginator(Paginator):  # type: ignore[type-arg]
    """Counts no further than MOST rows, so that the count costs the same in any desk.

    Nobody turns to page 200: who looks for an older row filters or searches.
    """

    MOST = 10_000
    object_list: QuerySet[Any]

    @property
    def template_name(self) -> str:
        """What unfold shows below the list."""
        is_capped = self.count == self.MOST
        return (
            "admin/tickets/capped.html" if is_capped else "unfold/helpers/pagination_default.html"
        )

    @cached_property
    def count(self) -> int:
        return self.object_list[: self.MOST].count()


class UncountedList(ChangeList):
    """Says how many rows were found, and not out of how many: that count would take longer."""

    def get_results(self, request: HttpRequest) -> None:
        super().get_results(request)
        self.full_result_count = self.result_count
