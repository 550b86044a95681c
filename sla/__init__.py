"""Service levels: business time, policies, calendars, clocks, the sweep and the reports."""
