"""Beat's schedule, in the look of the desk."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django_celery_beat.admin import (
    ClockedScheduleAdmin,
    CrontabScheduleAdmin,
    PeriodicTaskAdmin,
    PeriodicTaskForm,
    TaskSelectWidget,
)
from django_celery_beat.models import (
    ClockedSchedule,
    CrontabSchedule,
    IntervalSchedule,
    PeriodicTask,
    SolarSchedule,
)
from unfold.admin import ModelAdmin
from unfold.widgets import UnfoldAdminSelectWidget, UnfoldAdminTextInputWidget


class TaskSelect(UnfoldAdminSelectWidget, TaskSelectWidget):
    """Beat's list of tasks, as the desk draws a choice."""


class ScheduledTaskForm(PeriodicTaskForm):
    """Beat's form, as the desk draws fields."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["task"].widget = UnfoldAdminTextInputWidget()
        self.fields["regtask"].widget = TaskSelect()


for _model in (PeriodicTask, IntervalSchedule, CrontabSchedule, SolarSchedule, ClockedSchedule):
    admin.site.unregister(_model)


@admin.register(PeriodicTask)
class ScheduledTaskAdmin(PeriodicTaskAdmin, ModelAdmin):
    """What beat wakes up, and how often."""

    form = ScheduledTaskForm
    list_display = ["name", "enabled", "interval", "crontab", "last_run_at"]
    list_filter = ["enabled"]
    date_hierarchy = None
    # Beat's own template has an inline script, which our content security policy forbids.
    change_form_template = None


@admin.register(IntervalSchedule, SolarSchedule)
class ScheduleAdmin(ModelAdmin):
    """A schedule that tasks share."""


@admin.register(CrontabSchedule)
class DeskCrontabScheduleAdmin(CrontabScheduleAdmin, ModelAdmin):
    """Beat's own columns."""

    inlines: list[Any] = []


@admin.register(ClockedSchedule)
class DeskClockedScheduleAdmin(ClockedScheduleAdmin, ModelAdmin):
    """Beat's own columns."""

    inlines: list[Any] = []
