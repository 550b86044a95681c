"""Rules: when something happens to a ticket, and it is such a one, then the desk does steps."""
