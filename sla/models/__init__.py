"""Rows of the service level agreement: calendars, policies, clocks, saved reports and sweeps."""

from sla.models.breaches import BreachNote, BreachReason
from sla.models.calendars import Calendar, CalendarVersion, Holiday, OpeningHours, hours_of
from sla.models.clocks import Clock, ClockEvent, Firing, Pause
from sla.models.policies import (
    Condition,
    Metric,
    PastDefault,
    PauseRule,
    Policy,
    PolicyVersion,
    Priority,
    Target,
)
from sla.models.recalculations import Recalculation
from sla.models.report_schedules import ReportSchedule, SentReport
from sla.models.saved_reports import SavedReport
from sla.models.steps import EscalationStep, Role
from sla.models.sweeps import Sweep

__all__ = [
    "BreachNote",
    "BreachReason",
    "Calendar",
    "CalendarVersion",
    "Clock",
    "ClockEvent",
    "Condition",
    "EscalationStep",
    "Firing",
    "Holiday",
    "Metric",
    "OpeningHours",
    "PastDefault",
    "Pause",
    "PauseRule",
    "Policy",
    "PolicyVersion",
    "Priority",
    "Recalculation",
    "ReportSchedule",
    "Role",
    "SavedReport",
    "SentReport",
    "Sweep",
    "Target",
    "hours_of",
]
