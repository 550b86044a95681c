"""Customers sign in by a code that is sent to their address: what django-allauth asks of us."""

from __future__ import annotations

from allauth.account.adapter import DefaultAccountAdapter
from allauth.account.forms import RequestLoginCodeForm


class Adapter(DefaultAccountAdapter):
    """How allauth works here."""


class CodeForm(RequestLoginCodeForm):
    """The address that a code is sent to."""
