"""Addresses of the customers' pages."""

from __future__ import annotations

from django.urls import path, register_converter

from tickets.portal import (
    brand,
    conversation,
    downloads,
    escalations,
    language,
    mine,
    pages,
    profile,
    promises,
    reports,
    submission,
    work,
)


class Reference:
    """A ticket's reference, such as HD-123; the number is one that the database can hold."""

    regex = "[^/]+-[0-9]{1,18}"

    def to_python(self, value: str) -> str:
        return value

    def to_url(self, value: str) -> str:
        return value


register_converter(Reference, "reference")

app_name = "portal"
urlpatterns = [
    path("", pages.start, name="start"),
    path("policy/", pages.policy, name="policy"),
    path("profile/", profile.profile, name="profile"),
    path("language/", language.choose, name="language"),
    path("brand.css", brand.css, name="brand_css"),
    path("brand/logo", brand.logo, name="brand_logo"),
    path("tickets/", mine.tickets, name="tickets"),
    path("tickets/new/", submission.new, name="new"),
    path("tickets/new/work/", work.fresh, name="work"),
    path("tickets/<reference:reference>/", conversation.signed_in, name="own_ticket"),
    path("tickets/<reference:reference>/news/", conversation.news_signed_in, name="own_news"),
    path("tickets/<reference:reference>/<str:key>/", conversation.by_link, name="ticket"),
    path("tickets/<reference:reference>/<str:key>/news/", conversation.news_by_link, name="news"),
    path(
        "tickets/<reference:reference>/<str:key>/files/<int:pk>/",
        downloads.by_link,
        name="file_by_link",
    ),
    path(
        "tickets/<reference:reference>/<str:key>/promises/<int:pk>/",
        promises.by_link,
        name="promise",
    ),
    path(
        "tickets/<reference:reference>/promises/<int:pk>/", promises.signed_in, name="own_promise"
    ),
    path("reports/<int:pk>/", reports.signed_in, name="own_report"),
    path("reports/<str:key>/", reports.by_link, name="report"),
    path("escalations/<str:key>/", escalations.acknowledge, name="acknowledge"),
    path("files/<int:pk>/", downloads.signed_in, name="file"),
]
