"""Every address of the site."""

from django.conf import settings
from django.contrib import admin
from django.urls import include, path

from helpdesk.health import health

handler500 = "tickets.portal.errors.server_error"
urlpatterns = [
    path("admin/", admin.site.urls),
    path("health/", health, name="health"),
    path("", include("tickets.portal.accounts.urls")),
    path("", include("tickets.portal.urls")),
]
if settings.ANYMAIL_WEBHOOK_SECRET:
    urlpatterns.insert(0, path("anymail/", include("tickets.webhooks")))
