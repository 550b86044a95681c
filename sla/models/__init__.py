"""Rows of the service level agreement: calendars, policies, clocks and the sweeps' records."""

from sla.models.calendars import Calendar, CalendarVersion, Holiday, OpeningHours, hours_of
from sla.models.clocks import Clock, ClockEvent, Firing, Pause
from sla.models.policies import (
    Condition,
    EscalationStep,
    Metric,
    PauseRule,
    Policy,
    Priority,
    Role,
    Target,
)
from sla.models.sweeps import Sweep

__all__ = [
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
    "Pause",
    "PauseRule",
    "Policy",
    "Priority",
    "Role",
    "Sweep",
    "Target",
    "hours_of",
]
