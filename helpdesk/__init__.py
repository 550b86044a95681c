"""The composition: settings, addresses, processes. Decides nothing about tickets."""

from helpdesk.celery import app as celery_app

__all__ = ["celery_app"]
