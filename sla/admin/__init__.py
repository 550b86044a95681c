"""The service level agreement in the admin: calendars, policies, clocks, sweeps, and the report."""

from sla.admin.breaches import BreachesView, BreachReasonAdmin, BreachView
from sla.admin.calendars import CalendarAdmin
from sla.admin.clocks import ClockAdmin
from sla.admin.policies import PolicyAdmin, PriorityAdmin
from sla.admin.recalculations import RecalculationAdmin
from sla.admin.reports import ClocksBehindView, ReportView
from sla.admin.saved_reports import SavedReportAdmin
from sla.admin.sweeps import SweepAdmin

__all__ = [
    "BreachReasonAdmin",
    "BreachView",
    "BreachesView",
    "CalendarAdmin",
    "ClockAdmin",
    "ClocksBehindView",
    "PolicyAdmin",
    "PriorityAdmin",
    "RecalculationAdmin",
    "ReportView",
    "SavedReportAdmin",
    "SweepAdmin",
]
