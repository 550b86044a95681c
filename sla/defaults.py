"""The published support policy as plain data: what `manage.py load_policy` puts into the database.

The only place that knows the policy's numbers. Once loaded, the rows are the truth, and everything
here is edited in the admin.
"""

from __future__ import annotations

from typing import Any

from sla.models import Condition, Metric, Role
from sla.models.policies import Unit

COUNTRY = "IN"
TIME_ZONE = "Asia/Kolkata"

CALENDAR = "Business hours"
# Monday to Friday, 9:00 to 17:00 (Monday is 0).
WEEK = [(weekday, "09:00", "17:00") for weekday in range(5)]

PRIORITIES: list[dict[str, Any]] = [
    {
        "code": "P1",
        "name": "Critical",
        "definition": "The end-user interface is not working for many users: "
        "more than 20 % of them.",
        "examples": "System down",
    },
    {
        "code": "P2",
        "name": "High",
        "definition": "The system works, but something that your users rely on is wrong "
        "or must change now.",
        "examples": "Campaign update request\nReport shows incorrect data",
    },
    {
        "code": "P3",
        "name": "Normal",
        "definition": "Something new to set up, or something that is late but not wrong.",
        "examples": "New campaign launch request\nReport not refreshed on time",
        "is_default": True,
    },
    {
        "code": "P4",
        "name": "Low",
        "definition": "Small flaws, and wishes for the product.",
        "examples": "Minor dashboard issue\nProduct enhancement or feature request",
    },
]

POLICY = "Support policy"

# Readings 1 to 3 of the policy: amount and unit are never converted; a goal comes before its limit.
TARGETS: list[dict[str, Any]] = [
    {
        "priority": "P1",
        "metric": Metric.FIRST_RESPONSE,
        "amount": 2,
        "unit": Unit.HOURS,
    },
    {
        "priority": "P1",
        "metric": Metric.RESOLUTION,
        "amount": 12,
        "unit": Unit.HOURS,
        "kept_by_lowering": True,
        "note": "a workaround that reduces it to P2 keeps this promise",
    },
    {
        "priority": "P2",
        "metric": Metric.FIRST_RESPONSE,
        "amount": 8,
        "unit": Unit.BUSINESS_HOURS,
    },
    {
        "priority": "P2",
        "metric": Metric.RESOLUTION,
        "amount": 72,
        "unit": Unit.HOURS,
        "note": "resolution or workaround",
    },
    {
        "priority": "P3",
        "metric": Metric.FIRST_RESPONSE,
        "amount": 1,
        "unit": Unit.BUSINESS_DAYS,
        "note": "by e-mail",
    },
    {
        "priority": "P3",
        "metric": Metric.RESOLUTION,
        "amount": 5,
        "unit": Unit.BUSINESS_DAYS,
    },
    {
        "priority": "P4",
        "metric": Metric.FIRST_RESPONSE,
        "amount": 2,
        "unit": Unit.BUSINESS_DAYS,
        "note": "by e-mail; updates as necessary",
    },
    {
        "priority": "P4",
        "metric": Metric.RESOLUTION,
        "amount": 10,
        "unit": Unit.BUSINESS_DAYS,
        "goal_amount": 5,
    },
]

# Reading 6: waiting for engineering pauses nothing, and nothing pauses the first response.
PAUSE_RULES = [(Metric.RESOLUTION, Condition.WAITING_FOR_CUSTOMER)]

# A step without a priority or metric holds for every one.
ESCALATION_STEPS: list[dict[str, Any]] = [
    {"percent": 75, "roles": [Role.ASSIGNEE]},
    {
        "percent": 100,
        "roles": [Role.ASSIGNEE, Role.TEAM_LEAD, Role.SPOC, Role.ESCALATION_ADDRESS],
        # The escalation that the policy speaks of: to the SPOC and the published address.
        "marks_escalated": True,
    },
    {
        "percent": 50,
        "priority": "P1",
        "metric": Metric.FIRST_RESPONSE,
        "roles": [Role.ASSIGNEE],
    },
]
