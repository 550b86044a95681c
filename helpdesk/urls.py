"""Every address of the site."""

from django.conf import settings
from django.contrib import admin
from django.urls import include, path

from helpdesk.health import health
from tickets.admin.palette import palette

handler500 = "tickets.portal.errors.server_error"
urlpatterns = [
    # Before the admin's own: it keeps answers for minutes, whatever somebody may see by then.
    path("admin/search/", admin.site.admin_view(palette), name="palette"),
    path("admin/second-factor/", include("tickets.admin.factor.views")),
    path("admin/", admin.site.urls),
    path("health/", health, name="health"),
    path("", include("tickets.portal.accounts.urls")),
    path("", include("tickets.portal.urls")),
]
if settings.ANYMAIL_WEBHOOK_SECRET:
    urlpatterns.insert(0, path("anymail/", include("tickets.webhooks")))
