"""Customers sign in by a code that is sent to their address: django-allauth's login by code.

Nobody learns here whose addresses we know: each address is answered alike, after the same work.
Staff are answered like strangers; they sign in at the desk, with a password.
"""
