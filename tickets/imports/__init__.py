"""Tickets and people from files: read, look, and only then bring in."""
