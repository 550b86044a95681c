"""The breaches of a period, why they came about, and the reasons to choose from."""

from __future__ import annotations

from typing import Any

from django import forms
from django.conf import settings
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils import timezone
from django.views.generic import TemplateView
from unfold.views import UnfoldSiteViewMixin
from unfold.widgets import UnfoldAdminSelectWidget, UnfoldAdminTextareaWidget

from sla import reports
from sla.admin.files import links_to_files
from sla.admin.protection import KeptWhileUsed
from sla.admin.questions import Asked, AskingForm
from sla.admin.saved_reports import links_to_saved, saving
from sla.breaches import LONGEST_NOTE, NotBrokenError, NothingSaidError, explain_breaches
from sla.explanation import explain
from sla.models import BreachReason, Clock, SavedReport
from sla.reports.tables import OF_PAGE

WRITE = "sla.add_breachnote"
NO_REASON = "none"
ORDERS = {
    reports.Order.LATENESS: "Latest first, by elapsed time",
    reports.Order.DUE: "First due first",
    reports.Order.DUE_LAST: "Last due first",
}


class BreachesForm(AskingForm):
    """The question, and how its breaches are sorted."""

    order = forms.ChoiceField(
        label="Sorted", choices=[("", "As a rule"), *ORDERS.items()], required=False
    )

    def __init__(self, data: Any, **kwargs: Any) -> None:
        super().__init__(data, **kwargs)
        self.fields["order"].choices = list(ORDERS.items())  # type: ignore[attr-defined]


class WhyForm(forms.Form):
    """What a manager says about the chosen breaches; what is left empty stays as it was."""

    reason = forms.ChoiceField(required=False, widget=UnfoldAdminSelectWidget)
    note = forms.CharField(
        required=False,
        max_length=LONGEST_NOTE,
        widget=UnfoldAdminTextareaWidget(attrs={"rows": 3}),
        help_text="What the root cause was. Left empty, what stands there stays.",
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.reasons = {str(row.pk): row for row in BreachReason.objects.filter(is_active=True)}
        self.fields["reason"].choices = [  # type: ignore[attr-defined]
            ("", "Leave as it is"),
            *((key, row.name) for key, row in self.reasons.items()),
            (NO_REASON, "No reason"),
        ]
        if not self.reasons:
            self.fields[
                "reason"
            ].help_text = "There is none to choose from yet: add breach reasons."

    def save(self, *, clocks: list[int], request: HttpRequest) -> int | None:
        """Write it; None, with the refusal at the form, where that makes no sense."""
        chosen = self.cleaned_data["reason"]
        try:
            return explain_breaches(
                clocks=clocks,
                by=request.user,
                at=timezone.now(),
                reason=self.reasons.get(chosen),
                clears_reason=chosen == NO_REASON,
                note=self.cleaned_data["note"],
            )
        except (NotBrokenError, NothingSaidError) as refusal:
            self.add_error(None, str(refusal))
            return None


class Writing:
    """A page on which managers say why promises were broken."""

    request: HttpRequest

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """Save, and show the page anew; a refusal stands at what was typed."""
        if not request.user.has_perm(WRITE):
            raise PermissionDenied
        form, chosen = WhyForm(request.POST), self.chosen()
        if not chosen:
            form.add_error(None, "Tick the breaches that this is about.")
        if form.is_valid() and (changed := form.save(clocks=chosen, request=request)) is not None:
            is_one = changed == 1
            messages.success(
                request,
                f"Saved for {changed} {'breach' if is_one else 'breaches'}."
                if changed
                else "Nothing changed: that is what was there already.",
            )
            return HttpResponseRedirect(request.get_full_path())
        context = self.get_context_data(why=form, chosen=chosen, **kwargs)  # type: ignore[attr-defined]
        page: HttpResponse = self.render_to_response(context)  # type: ignore[attr-defined]
        return page

    def chosen(self) -> list[int]:
        """The clocks that the form is about; what is no number is none of ours."""
        ticked = self.request.POST.getlist("clock")[: reports.PER_PAGE]
        return [int(key) for key in ticked if key.isascii() and key.isdigit() and len(key) < 19]

    def writing(self, kwargs: dict[str, Any]) -> dict[str, Any]:
        may = self.request.user.has_perm(WRITE)
        why = kwargs.get("why") or (WhyForm() if may else None)
        return {"why": why, "chosen": kwargs.get("chosen", []), "prefix": settings.TICKET_PREFIX}


class BreachesView(Writing, UnfoldSiteViewMixin, TemplateView):
    """The breaches of a period, 50 a page, with a form to say why for several at once."""

    title = "Breaches"
    permission_required = "sla.view_reports"
    template_name = "admin/sla/report/breaches.html"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """The question, and the breaches when it makes sense."""
        context: dict[str, Any] = super().get_context_data(**kwargs)
        now, data = timezone.now(), self.request.GET
        asked = Asked.of(data, at=now, form_class=BreachesForm)
        context.update(self.writing(kwargs), asked=asked, now=now)
        if question := asked.question:
            scope: dict[str, Any] = {
                "period": question.period,
                "at": now,
                "filters": question.filters,
                "reader": self.request.user,
            }
            order = asked.form.cleaned_data["order"] or reports.Order.LATENESS
            rows, page = reports.breaches(
                **scope, order=reports.Order(order), page=data.get("page", "1")
            )
            context.update(
                rows=rows,
                page=page,
                order=ORDERS[reports.Order(order)],
                reasons=reports.breaches_by_reason(**scope),
                saved=links_to_saved(self.request.user),
                saving=saving(SavedReport.Page.BREACHES, question.query(order=order)),
                files=links_to_files(self.request, *OF_PAGE[SavedReport.Page.BREACHES]),
            )
        return context


class BreachView(Writing, UnfoldSiteViewMixin, TemplateView):
    """One breach: its figures, the account of its clock, and all that was said about it."""

    title = "Breach"
    permission_required = "sla.view_reports"
    template_name = "admin/sla/report/breach.html"

    def chosen(self) -> list[int]:
        return [self.kwargs["clock"]]

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """404 for a promise that is not broken, or that the reader does not see."""
        context: dict[str, Any] = super().get_context_data(**kwargs)
        now, number = timezone.now(), self.kwargs["clock"]
        row = reports.breach(clock=number, at=now, reader=self.request.user)
        if row is None:
            raise Http404
        clocks = Clock.objects.select_related("priority", "calendar_version").prefetch_related(
            "pauses"
        )
        explanation = explain(clocks.get(pk=number), at=now)
        rows = explanation.rows()
        context.update(
            self.writing(kwargs),
            row=row,
            now=now,
            said=reports.said_about(number),
            explanation=explanation,
            is_whole=len(rows) == len(explanation.lines),
            rows=explanation.lines if self.request.GET.get("stretches") == "all" else rows,
            title=f"{settings.TICKET_PREFIX}-{row.ticket_id} {row.subject}",
        )
        return context


@admin.register(BreachReason)
class BreachReasonAdmin(KeptWhileUsed):
    """What breaches are put down to."""

    list_display = ["name", "position", "is_active"]
    list_editable = ["position", "is_active"]
    search_fields = ["name"]
    fields = ["name", "position", "is_active"]
