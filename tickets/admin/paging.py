"""Pages of long lists."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from django.core.paginator import Paginator
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.functional import cached_property
from django.utils.http import urlencode
from unfold.views import ChangeList

type View = dict[str, Any]
"""A link above a list: its title, its query, and whether it is the present one."""


class CappedPaginator(Paginator):  # type: ignore[type-arg]
    """Counts no further than MOST rows, so that the count costs the same in any desk.

    Nobody turns to page 200: who looks for an older row filters or searches.
    """

    MOST = 10_000
    object_list: QuerySet[Any]

    # What unfold shows below the list.
    template_name = "admin/tickets/pages.html"

    @property
    def is_capped(self) -> bool:
        """Whether there may be more than were counted."""
        return self.count == self.MOST

    @cached_property
    def count(self) -> int:
        return self.object_list[: self.MOST].count()


class UncountedList(ChangeList):
    """Says how many rows were found, and not out of how many: that count would take longer."""

    def get_results(self, request: HttpRequest) -> None:
        super().get_results(request)
        self.full_result_count = self.result_count


def views_of(changelist: ChangeList, views: Iterable[tuple[str, Mapping[str, str]]]) -> list[View]:
    """The links above this list, from titles and what the filters are then set to."""
    present = {name: values[-1] for name, values in changelist.filter_params.items()}
    return [
        {
            "title": title,
            "query": f"?{urlencode(params)}",
            "is_current": not changelist.query and present == params,
        }
        for title, params in views
    ]
