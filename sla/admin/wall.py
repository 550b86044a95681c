"""The live wall: a page for a screen that everybody sees, which keeps itself up to date."""

from __future__ import annotations

from hashlib import sha256
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.views.generic import TemplateView
from unfold.views import UnfoldSiteViewMixin

from sla.reports.questions import default_zone
from sla.reports.wall import MOST_LATE, wall


class WallView(UnfoldSiteViewMixin, TemplateView):
    """Open by priority, the next deadlines, late ones, today's attainment."""

    title = "Live wall"
    permission_required = "sla.view_reports"
    template_name = "admin/sla/wall/page.html"

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """The page; to a page that asks for what is new, the figures, or nothing (204)."""
        now, zone = timezone.now(), default_zone()
        figures = wall(at=now, zone=zone)
        seen = sha256(repr(figures).encode()).hexdigest()[:16]
        asked = request.GET.get("seen")
        if asked == seen:
            return HttpResponse(status=204)
        context = {
            "figures": figures,
            "late": f"{MOST_LATE}+" if figures.late > MOST_LATE else str(figures.late),
            "seen": seen,
            "now": now,
            "zone": zone,
            "prefix": settings.TICKET_PREFIX,
            "brand": settings.BRAND_NAME,
            "title": self.title,
        }
        if asked is not None:
            self.template_name = "admin/sla/wall/figures.html"
        return self.render_to_response(context)
