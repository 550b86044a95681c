"""The monthly report of a customer's organization: by signed link, or signed in.

The page is on its own, without navigation, so that it can be printed or kept as a PDF as it is.
"""

from __future__ import annotations

from datetime import datetime

from django.contrib.auth.views import redirect_to_login
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_safe

from tickets import customer_reports, links
from tickets.models import CustomerReport
from tickets.portal.conversation import confidential
from tickets.portal.pages import viewer_of

GONE = 410


@confidential
@require_safe
def by_link(request: HttpRequest, key: str) -> HttpResponse:
    """The report of a signed link. A forged or foreign one is not found; an old one says so."""
    link, at = links.read_report(key), timezone.now()
    if link is None:
        raise Http404
    if link.is_over(at=at):
        own_page = reverse("portal:own_report", args=[link.report.pk])
        if viewer_of(request) == link.user:
            return redirect(own_page)
        return render(request, "portal/report/expired.html", {"own_page": own_page}, status=GONE)
    return _page(request, link.report, at=at)


@confidential
@require_safe
def signed_in(request: HttpRequest, pk: int) -> HttpResponse:
    """The same page for a customer who gets the report; staff go to the desk's."""
    viewer = viewer_of(request)
    if viewer is None:
        return redirect_to_login(request.get_full_path(), reverse("account_request_login_code"))
    found = CustomerReport.objects.select_related("organization__spoc").filter(pk=pk).first()
    if found is not None and viewer.is_staff:
        question = f"organization={found.organization_id}&month={found.month:%Y-%m}"
        return redirect(f"{reverse('admin:customer_report')}?{question}")
    if found is None or not links.may_read_report(viewer, found):
        raise Http404
    return _page(request, found, at=timezone.now())


def _page(request: HttpRequest, row: CustomerReport, *, at: datetime) -> HttpResponse:
    """The report in the language and the zone of its organization."""
    report = customer_reports.report_on(organization=row.organization, month=row.month, at=at)
    with customer_reports.speaking(report):
        response = render(request, "portal/report/page.html", {"report": report})
        response.headers["Content-Language"] = report.language
    return response
