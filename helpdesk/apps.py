"""The app config, so that Django finds the ``start`` command and the checks."""

from django.apps import AppConfig


class HelpdeskConfig(AppConfig):
    """Holds no models."""

    name = "helpdesk"

    def ready(self) -> None:
        """Register the checks of the database server."""
        from helpdesk import checks  # noqa: F401
