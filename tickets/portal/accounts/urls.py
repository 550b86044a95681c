"""Addresses for signing in and out: those of django-allauth's names that exist here."""

from __future__ import annotations

from django.urls import path

from tickets.portal.accounts import views

urlpatterns = [
    path("sign-in/", views.ask_for_code, name="account_request_login_code"),
    # Where allauth and Django send whoever is not signed in: the same page.
    path("sign-in/", views.ask_for_code, name="account_login"),
    path("sign-in/code/", views.type_code, name="account_confirm_login_code"),
    path("sign-out/", views.sign_out, name="account_logout"),
]
