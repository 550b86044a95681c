"""People: users, their organizations, teams, and the groups that say what staff may do."""

from __future__ import annotations

import re
from datetime import time
from typing import Any, cast

from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from django import forms
from django.contrib import admin, messages
from django.contrib.auth.admin import GroupAdmin, UserAdmin
from django.contrib.auth.models import Group
from django.core.exceptions import PermissionDenied, ValidationError
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from unfold.admin import ModelAdmin
from unfold.contrib.filters.admin import AutocompleteSelectFilter, BooleanRadioFilter
from unfold.decorators import display
from unfold.forms import AdminPasswordChangeForm, UserChangeForm, UserCreationForm
from unfold.widgets import UnfoldAdminTextInputWidget

from sla.admin.protection import ReadOnlyInline
from tickets import factors, monthly_reports, terms
from tickets.admin.blocking import Blocking
from tickets.admin.export import PEOPLE, ExportPages
from tickets.admin.factor.forms import PasswordForm
from tickets.admin.own_page import OwnPage
from tickets.admin.zones import zone_field
from tickets.models import Organization, PastTerms, Team, User
from tickets.models.people import UserManager
from tickets.templatetags.desk import local_time_and_year

SECRET = "password"  # noqa: S105 - the name of a field


class EmailInLowerCase:
    """Addresses are stored in lower case, however they are typed."""

    cleaned_data: dict[str, Any]

    def clean_email(self) -> str:
        return UserManager.clean_email(self.cleaned_data["email"])


class NewUserForm(EmailInLowerCase, UserCreationForm):
    """For members of staff; customers need no password, they use links."""

    class Meta:
        model = User
        fields = ["email"]


class UserForm(EmailInLowerCase, UserChangeForm):
    """All but the password, which has a page of its own."""

    class Meta:
        model = User
        fields = "__all__"
        field_classes: dict[str, type[forms.Field]] = {}


@admin.register(User)
class DeskUserAdmin(UserAdmin, ExportPages, Blocking, OwnPage, ModelAdmin):  # type: ignore[type-arg]
    """Customers and staff. A superuser can be changed by superusers only."""

    form = UserForm
    add_form = NewUserForm
    change_password_form = AdminPasswordChangeForm
    export_layout = PEOPLE
    list_display = ["email", "name", "organization", "is_staff", "is_active", "seen"]
    list_filter = [
        ("is_staff", BooleanRadioFilter),
        ("is_active", BooleanRadioFilter),
        ("organization", AutocompleteSelectFilter),
    ]
    list_filter_submit = True
    list_select_related = ["organization"]
    search_fields = ["email", "name", "organization__name"]
    ordering = ["email"]
    autocomplete_fields = ["organization"]
    filter_horizontal = ["groups"]
    readonly_fields = ["seen", "joined", "second_factor"]
    change_form_template = "admin/tickets/user/change_form.html"
    fieldsets = [
        (None, {"fields": ["email", "password"]}),
        ("Person", {"fields": ["name", "organization", "time_zone", "gets_report", "signature"]}),
        ("Work", {"fields": ["capacity"]}),
        (
            "Rights",
            {"fields": ["is_active", "is_staff", "is_superuser", "groups", "second_factor"]},
        ),
        ("Dates", {"fields": ["seen", "joined"]}),
    ]
    add_fieldsets = [
        (None, {"fields": ["email", "name", "organization", "is_staff", "groups"]}),
        ("Password", {"fields": ["usable_password", "password1", "password2"]}),
    ]

    def get_fieldsets(self, request: HttpRequest, obj: User | None = None) -> Any:
        """Who only looks at a person is not shown the password's hash."""
        fieldsets = super().get_fieldsets(request, obj)
        if obj is None or self.has_change_permission(request, obj):
            return fieldsets
        return [
            (title, {**options, "fields": [each for each in options["fields"] if each != SECRET]})
            for title, options in fieldsets
        ]

    def get_readonly_fields(self, request: HttpRequest, obj: User | None = None) -> list[str]:
        fields = list(super().get_readonly_fields(request, obj))
        return fields if request.user.is_superuser else [*fields, "is_superuser"]

    def has_change_permission(self, request: HttpRequest, obj: User | None = None) -> bool:
        return super().has_change_permission(request, obj) and _is_within_reach(request, obj)

    def has_delete_permission(self, request: HttpRequest, obj: User | None = None) -> bool:
        return super().has_delete_permission(request, obj) and _is_within_reach(request, obj)

    def get_urls(self) -> list[URLPattern]:
        reset = path(
            "<int:user_id>/second-factor/reset/",
            self.admin_site.admin_view(self.reset_factor),
            name="tickets_user_reset_factor",
        )
        return [reset, *super().get_urls()]

    def has_export_permission(self, request: HttpRequest) -> bool:
        """Everybody looks people up; all of them in one file are for administrators."""
        return bool(request.user.has_perm("tickets.change_user"))

    def reset_factor(self, request: HttpRequest, user_id: int) -> HttpResponse:
        """Take somebody's second factor away: another person's, who lost it."""
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        user = get_object_or_404(User, pk=user_id)
        if not self.has_change_permission(request, user):
            raise PermissionDenied
        by = cast("User", request.user)
        if by.pk == user.pk:
            messages.error(request, "Ask another administrator to take away your own factor.")
        elif factors.reset(user=user, by=by, at=timezone.now()):
            self.log_change(request, user, "The second factor was taken away.")
            messages.success(request, f"{user} sets up another factor, and is told by mail.")
        else:
            messages.warning(request, f"{user} has no second factor.")
        return HttpResponseRedirect(reverse("admin:tickets_user_change", args=[user.pk]))

    @display(description="Second factor", empty_value="None")
    def second_factor(self, user: User) -> str | None:
        since = local_time_and_year(user.second_factor_at)
        return f"Since {since}" if since else None

    @display(description="Last signed in", ordering="last_login", empty_value="Never")
    def seen(self, user: User) -> str | None:
        return local_time_and_year(user.last_login) or None

    @display(description="Joined")
    def joined(self, user: User) -> str:
        return local_time_and_year(user.joined_at)

    def formfield_for_dbfield(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        """Time zones are chosen from a list, not typed."""
        if db_field.name == "time_zone":
            return zone_field(db_field)
        return super().formfield_for_dbfield(db_field, request, **kwargs)


def _is_within_reach(request: HttpRequest, obj: User | None) -> bool:
    """Nobody but a superuser takes over a superuser's account, by its password or otherwise."""
    return obj is None or not obj.is_superuser or bool(request.user.is_superuser)


DOMAIN = re.compile(r"(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z][a-z0-9-]*[a-z0-9]")


class OrganizationForm(forms.ModelForm):  # type: ignore[type-arg]
    """A company, its domains as a list with commas."""

    domains = forms.CharField(
        required=False,
        widget=UnfoldAdminTextInputWidget,
        help_text="Who writes from an address there belongs to it: acme.example, acme.test. Not "
        "those of mail providers, where everybody may have an address.",
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.initial["domains"] = ", ".join(self.instance.domains)
        if "report_time" in self.fields:  # Not where the row is only looked at.
            self.fields["report_time"].required = False

    def clean_report_time(self) -> time:
        """Left empty, it is the usual hour."""
        chosen: time | None = self.cleaned_data["report_time"]
        return chosen or Organization._meta.get_field("report_time").get_default()

    def clean_domains(self) -> list[str]:
        """In lower case, each once; a domain belongs to one company."""
        typed = re.split(r"[\s,;]+", self.cleaned_data["domains"].lower())
        domains = list(dict.fromkeys(domain.lstrip("@") for domain in typed if domain))
        for domain in domains:
            if not DOMAIN.fullmatch(domain):
                raise ValidationError(f"“{domain}” is no domain such as acme.example.")
        others = Organization.objects.exclude(pk=self.instance.pk)
        if taken := others.filter(domains__overlap=domains).first():
            raise ValidationError(f"One of them belongs to {taken} already.")
        return domains


class PastTermsInline(ReadOnlyInline):
    """What held before: the reports on months that are over go by it."""

    model = PastTerms
    verbose_name_plural = "before"
    fields = ["had_policy", "had_zone", "ended"]
    readonly_fields = fields

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Whoever sees the organization."""
        return True

    def get_queryset(self, request: HttpRequest) -> QuerySet[PastTerms]:
        rows: QuerySet[PastTerms] = super().get_queryset(request)
        return rows.select_related("policy").order_by("-until", "-pk")

    @display(description="Policy")
    def had_policy(self, past: PastTerms) -> str:
        return str(past.policy or "The default one")

    @display(description="Time zone")
    def had_zone(self, past: PastTerms) -> str:
        return past.time_zone or "That of the calendar"

    @display(description="Until")
    def ended(self, past: PastTerms) -> str:
        return local_time_and_year(past.until)


@admin.register(Organization)
class OrganizationAdmin(ModelAdmin):
    """Customers' companies with their single point of contact."""

    form = OrganizationForm
    fieldsets = [
        (None, {"fields": ["name", "spoc", "policy", "domains", "cc_follows"]}),
        ("Monthly report", {"fields": ["sends_report", "report_time", "time_zone", "language"]}),
    ]
    list_display = ["name", "spoc", "policy", "sends_report"]
    list_select_related = ["spoc", "policy"]
    search_fields = ["name"]
    ordering = ["name"]
    inlines = [PastTermsInline]

    def get_inlines(self, request: HttpRequest, obj: Organization | None) -> list[Any]:
        """The table of what held before, where there is anything in it."""
        has_past = obj is not None and obj.past_terms.exists()
        return list(super().get_inlines(request, obj)) if has_past else []

    def save_model(self, request: HttpRequest, obj: Organization, form: Any, change: bool) -> None:
        """Save it, with when its next report goes out; what it had before stays on record."""
        at = timezone.now()
        monthly_reports.schedule(obj, at=at)
        terms.change(obj, at=at)

    def formfield_for_dbfield(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        """Time zones are chosen from a list, not typed."""
        if db_field.name == "time_zone":
            return zone_field(db_field)
        return super().formfield_for_dbfield(db_field, request, **kwargs)


@admin.register(Team)
class TeamAdmin(ModelAdmin):
    """Groups of staff that tickets are handed to."""

    list_display = ["name", "lead", "assignment", "member_names"]
    list_select_related = ["lead"]
    search_fields = ["name"]
    filter_horizontal = ["members"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Team]:
        teams: QuerySet[Team] = super().get_queryset(request)
        return teams.prefetch_related("members")

    @display(description="Members")
    def member_names(self, team: Team) -> str:
        return ", ".join(str(member) for member in team.members.all())


# Of allauth: addresses are not used, and authenticators hold secrets.
admin.site.unregister([Group, EmailAddress, Authenticator])
admin.site.login_form = PasswordForm


@admin.register(Group)
class DeskGroupAdmin(GroupAdmin, ModelAdmin):
    """What the members of a group may do."""
