"""Every address of the site."""

from django.contrib import admin
from django.urls import include, path

from helpdesk.health import health

handler500 = "tickets.portal.errors.server_error"
urlpatterns = [
    path("admin/", admin.site.urls),
    path("health/", health, name="health"),
    path("", include("tickets.portal.urls")),
]
