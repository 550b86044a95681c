"""What a new desk starts with, beside the policy: its teams, and what customers may ask for.

Loaded by `manage.py load_policy`; afterwards the rows are the truth, edited in the admin.
"""

from __future__ import annotations

from typing import Any

SUPPORT = "Support"
ENGINEERING = "Engineering"
TEAMS = [SUPPORT, ENGINEERING]

# In the order of the form. The priorities are those of the policy's table; P1 holds only above
# the threshold, in percent of the users (policy, reading 5).
REQUEST_TYPES: list[dict[str, Any]] = [
    {
        "name": "System down",
        "sentence": "Your users cannot work: the interface does not open or does not respond.",
        "priority": "P1",
        "share_threshold": 20,
        "priority_below": "P2",
    },
    {
        "name": "Campaign update request",
        "sentence": "Change something in a campaign that is running.",
        "priority": "P2",
    },
    {
        "name": "Report shows incorrect data",
        "sentence": "The numbers in a report do not match what you know to be true.",
        "priority": "P2",
    },
    {
        "name": "New campaign launch request",
        "sentence": "Tell us about a campaign that you would like to start.",
        "priority": "P3",
    },
    {
        "name": "Report not refreshed on time",
        "sentence": "A report still shows yesterday's numbers, or has not arrived.",
        "priority": "P3",
    },
    {
        "name": "Minor dashboard issue",
        "sentence": "Something looks odd or is a little in the way, but you can work.",
        "priority": "P4",
    },
    {
        "name": "Product enhancement or feature request",
        "sentence": "An idea that would make the product better for you.",
        "priority": "P4",
    },
]
