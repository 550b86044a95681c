"""Which module speaks for which channel."""

from __future__ import annotations

from tickets.channels import email
from tickets.channels.base import Open

LINES: dict[str, Open] = {"email": email.Line}
