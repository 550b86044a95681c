"""Saved reports that are sent by mail: when, to whom, and what became of those that were."""

from __future__ import annotations

from typing import Any, cast

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.template.loader import render_to_string
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.safestring import SafeString
from unfold.admin import ModelAdmin
from unfold.decorators import display
from unfold.widgets import INPUT_CLASSES, UnfoldAdminCheckboxSelectMultipleWidget

from sla.models import ReportSchedule, SavedReport
from tickets import report_mails, scheduled_reports
from tickets.admin.zones import zone_field, zone_of
from tickets.models import User
from tickets.templatetags.desk import local_time

MOST_SENT = 10
MOST_NAMES = 3
NO_REPORT = "None is saved yet: each report has “Save this report” on its page."


class ScheduleForm(forms.ModelForm):  # type: ignore[type-arg]
    """Which report, when, and to whom of those who may read reports."""

    user: User

    class Meta:
        model = ReportSchedule
        fields = [
            "report", "recipients", "every", "weekday", "day", "time", "time_zone", "is_active",
        ]  # fmt: skip

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        held = SavedReport.objects.filter(pk=self.instance.report_id)
        if "report" in self.fields:
            reports = SavedReport.objects.visible_to(self.user) | held
            self.fields["report"].queryset = reports  # type: ignore[attr-defined]
            if not reports.exists():
                self.fields["report"].help_text = NO_REPORT
            people = self.fields["recipients"]
            people.queryset = report_mails.readers()  # type: ignore[attr-defined]

    def clean_report(self) -> SavedReport:
        """In whose name it is sent may read it."""
        report: SavedReport = self.cleaned_data["report"]
        owner = self.instance.owner if self.instance.owner_id else self.user
        if not SavedReport.objects.visible_to(owner).filter(pk=report.pk).exists():
            raise forms.ValidationError(f"{owner}, who has it sent, may not read this report.")
        return report


@admin.register(ReportSchedule)
class ReportScheduleAdmin(ModelAdmin):
    """One's own, those of one's own reports, and those by which one gets mail."""

    form = ScheduleForm
    list_display = ["report_name", "timing", "next_time", "to", "owner", "trouble"]
    list_display_links = ["report_name"]
    list_filter = ["is_active", "every"]
    search_fields = ["report__name"]
    search_help_text = "Name of the report"
    actions = None
    fieldsets = [
        (None, {"fields": ["report", "recipients"]}),
        ("When", {"fields": ["every", "weekday", "day", "time", "time_zone", "is_active"]}),
    ]
    how_it_goes = ("How it goes", {"fields": ["owner", "next_time", "trouble", "latest"]})
    readonly_fields = ["owner", "next_time", "trouble", "latest"]
    conditional_fields = {"weekday": "every == 'week'", "day": "every == 'month'"}
    change_form_template = "admin/tickets/reportschedule/change_form.html"

    def get_queryset(self, request: HttpRequest) -> QuerySet[ReportSchedule]:
        rows = ReportSchedule.objects.visible_to(request.user)
        return rows.select_related("report", "owner").prefetch_related("recipients")

    def get_fieldsets(self, request: HttpRequest, obj: ReportSchedule | None = None) -> Any:
        return [*self.fieldsets, self.how_it_goes] if obj else self.fieldsets

    def get_form(self, request: HttpRequest, obj: Any = None, **kwargs: Any) -> Any:
        """The form, which knows who saves."""
        base = super().get_form(request, obj, **kwargs)
        return type("Form", (base,), {"user": request.user})

    def get_changeform_initial_data(self, request: HttpRequest) -> dict[str, Any]:
        """To oneself, in one's own zone."""
        user = cast("User", request.user)
        asked = {"report": request.GET.get("report", "")}
        return {**asked, "recipients": [user.pk], "time_zone": zone_of(user)}

    def formfield_for_dbfield(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        """Time zones are chosen from a list, people ticked off in one, and times are of a day."""
        if db_field.name == "time_zone":
            return zone_field(db_field)
        if db_field.name == "recipients":
            return db_field.formfield(widget=UnfoldAdminCheckboxSelectMultipleWidget())
        if db_field.name == "time":
            # Django's own field compares the server's clock with that of who looks.
            look = {"type": "time", "class": " ".join(INPUT_CLASSES)}
            return db_field.formfield(widget=forms.TimeInput(look, format="%H:%M"))
        field = super().formfield_for_dbfield(db_field, request, **kwargs)
        if db_field.name == "report" and field is not None:
            # The wrapper draws links to add, change and delete what is chosen.
            field.widget = field.widget.widget
        return field

    def has_change_permission(
        self, request: HttpRequest, obj: ReportSchedule | None = None
    ) -> bool:
        may = bool(super().has_change_permission(request, obj))
        return may and (obj is None or obj.is_editable_by(request.user))

    def has_delete_permission(
        self, request: HttpRequest, obj: ReportSchedule | None = None
    ) -> bool:
        may = bool(super().has_delete_permission(request, obj))
        return may and (obj is None or obj.is_editable_by(request.user))

    def save_model(
        self, request: HttpRequest, obj: ReportSchedule, form: Any, change: bool
    ) -> None:
        """Save it, with when it is sent next: what is awaited stays awaited, whatever else changes.

        Meanwhile it may have been sent, or switched off: what the desk wrote itself is kept.
        """
        timing = not change or bool({*form.changed_data} & {*ReportSchedule.TIMING})
        if change:
            held = ReportSchedule.objects.select_for_update(no_key=True).get(pk=obj.pk)
            obj.next_at, obj.test_to, obj.problem = held.next_at, held.test_to, held.problem
            timing = timing or obj.is_active != held.is_active
        else:
            obj.owner = cast("User", request.user)
        if timing:
            obj.reschedule(at=timezone.now())
            obj.problem = ""
        super().save_model(request, obj, form, change)

    # --- Buttons -------------------------------------------------------------------------------

    def get_urls(self) -> list[URLPattern]:
        own = [
            path(
                f"<int:schedule_id>/{name}/",
                self.admin_site.admin_view(view),
                name=f"sla_reportschedule_{name}",
            )
            for name, view in (("test", self.test), ("leave", self.leave))
        ]
        return [*own, *cast("list[URLPattern]", super().get_urls())]

    def test(self, request: HttpRequest, schedule_id: int) -> HttpResponse:
        """Send it to oneself, now."""
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        schedule, user = self._one(request, schedule_id), cast("User", request.user)
        if not self.has_change_permission(request, schedule):
            raise PermissionDenied
        scheduled_reports.want_test(schedule, reader=user)
        messages.success(request, f"A test goes to {user.email} in a moment.")
        return _page(schedule)

    def leave(self, request: HttpRequest, schedule_id: int) -> HttpResponse:
        """Get it no more."""
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        schedule, user = self._one(request, schedule_id), cast("User", request.user)
        schedule.recipients.remove(user)
        self.log_change(request, schedule, "Gets it no more.")
        messages.success(request, f"You get “{schedule.report}” no more.")
        if self.get_queryset(request).filter(pk=schedule.pk).exists():
            return _page(schedule)
        return HttpResponseRedirect(reverse("admin:sla_reportschedule_changelist"))

    def _one(self, request: HttpRequest, schedule_id: int) -> ReportSchedule:
        if not self.has_view_permission(request):
            raise PermissionDenied
        return get_object_or_404(self.get_queryset(request), pk=schedule_id)

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any
    ) -> HttpResponse:
        """The page, which knows whether who looks gets this mail."""
        obj: ReportSchedule | None = context.get("original")
        context["gets_it"] = obj is not None and request.user in obj.recipients.all()
        answer = super().render_change_form(request, context, *args, **kwargs)
        return cast("HttpResponse", answer)

    # --- Columns and fields --------------------------------------------------------------------

    @display(description="Report", ordering="report__name")
    def report_name(self, schedule: ReportSchedule) -> str:
        return str(schedule.report)

    @display(description="Sent")
    def timing(self, schedule: ReportSchedule) -> str:
        return schedule.timing

    @display(description="Next time", ordering="next_at", empty_value="Switched off")
    def next_time(self, schedule: ReportSchedule) -> str | None:
        return local_time(schedule.next_at) or None

    @display(description="To")
    def to(self, schedule: ReportSchedule) -> str:
        names = [str(user) for user in schedule.recipients.all()]
        more = len(names) - MOST_NAMES
        shown = ", ".join(names[:MOST_NAMES]) or "Nobody"
        return f"{shown} and {more} more" if more > 0 else shown

    @display(description="Trouble", empty_value="None")
    def trouble(self, schedule: ReportSchedule) -> str | None:
        return schedule.problem or None

    @display(description="Sent last")
    def latest(self, schedule: ReportSchedule) -> SafeString:
        """The last occasions, and what became of each mail."""
        sent = list(schedule.sent.all()[:MOST_SENT])
        mails = scheduled_reports.mails_of(schedule, sent)
        rows = [(row, mails[row.pk]) for row in sent]
        return render_to_string("admin/tickets/reportschedule/sent.html", {"rows": rows})


def _page(schedule: ReportSchedule) -> HttpResponse:
    return HttpResponseRedirect(reverse("admin:sla_reportschedule_change", args=[schedule.pk]))
