"""Typed reading of environment variables that finds every mistake before it complains."""

import re
from collections.abc import Mapping
from email.utils import parseaddr
from pathlib import Path
from pkgutil import iter_modules
from typing import Any
from urllib.parse import urlsplit

import anymail.backends
import environ
from django.core.exceptions import ImproperlyConfigured, ValidationError
from django.core.validators import validate_email

_YES = {"1", "true", "yes", "on"}
_NO = {"0", "false", "no", "off"}
_BROKERS = {"amqp", "amqps", "redis", "rediss", "filesystem", "memory"}
_LOG_LEVELS = {"DEBUG", "INFO", "WARNING", "ERROR"}
_DATABASES = {"postgres", "postgresql", "psql", "pgsql"}


class Environment:
    """The process environment, plus an optional ``.env`` file that never overrides it.

    Each reader returns a usable value even when the variable is wrong and remembers one
    sentence about it; `refuse` raises them all together.
    """

    def __init__(self, variables: Mapping[str, str]) -> None:
        self._variables = variables
        self.problems: list[str] = []

    @classmethod
    def of_process(cls, dotenv: Path) -> "Environment":
        """Read ``dotenv`` when it exists, then the process environment, which wins."""
        if dotenv.is_file():
            environ.Env.read_env(dotenv)
        return cls(environ.Env.ENVIRON)

    def text(self, name: str, default: str = "") -> str:
        """The variable without blanks around it, or ``default`` when it is unset or empty."""
        return self._variables.get(name, "").strip() or default

    def words(self, name: str, default: str = "") -> list[str]:
        """A comma-separated list."""
        return [word.strip() for word in self.text(name, default).split(",") if word.strip()]

    def flag(self, name: str, *, default: bool) -> bool:
        """True or false, written in one of the usual ways."""
        value = self.text(name).lower()
        if value and value not in _YES | _NO:
            self.problems.append(f"{name} must be true or false, not {value!r}.")
        return value in _YES if value in _YES | _NO else default

    def number(self, name: str, default: int, *, least: int = 1) -> int:
        """A whole number, not below `least`."""
        value = self.text(name, str(default))
        if value.isascii() and value.isdigit() and int(value) >= least:
            return int(value)
        above = "above zero" if least else "from zero on"
        self.problems.append(f"{name} must be a whole number {above}, not {value!r}.")
        return default

    def address(self, name: str, default: str) -> str:
        """One e-mail address, with a display name or without."""
        value = self.text(name, default)
        try:
            validate_email(parseaddr(value)[1])
        except ValidationError:
            self.problems.append(f"{name} must be an e-mail address, not {value!r}.")
        return value

    def color(self, name: str, default: str) -> str:
        """A colour as ``#1d5c63``: it becomes part of a stylesheet."""
        value = self.text(name, default)
        if value and not re.fullmatch(r"#[0-9a-fA-F]{6}", value):
            self.problems.append(f"{name} must look like #1d5c63, not {value!r}.")
            return default
        return value

    def picture(self, name: str) -> str:
        """The path of a picture that a browser shows, and that is there; "" for none."""
        value = self.text(name)
        if value and not re.search(r"(?i)\.(svg|png|webp)$", value):
            self.problems.append(f"{name} must be an SVG, PNG or WebP file, not {value!r}.")
        elif value and not Path(value).is_file():
            self.problems.append(f"{name} must name a file that is there, not {value!r}.")
        return value

    def log_level(self, name: str, default: str) -> str:
        """What is logged, in capital letters."""
        value = self.text(name, default).upper()
        if value not in _LOG_LEVELS:
            self.problems.append(f"{name} must be DEBUG, INFO, WARNING or ERROR, not {value!r}.")
        return value

    def base_url(self, name: str, default: str) -> str:
        """An address such as ``https://help.example.com``, without a slash at its end."""
        value = self.text(name, default)
        parts = urlsplit(value)
        if parts.scheme not in {"http", "https"} or not parts.hostname or parts.path.strip("/"):
            self.problems.append(
                f"{name} must look like https://help.example.com (scheme and host, no path), "
                f"not {value!r}."
            )
        return value.rstrip("/")

    def database(self, name: str, default: str) -> dict[str, Any]:
        """Django's database settings for a PostgreSQL address."""
        value = self.text(name, default)
        if urlsplit(value).scheme in _DATABASES:
            return dict(environ.Env.db_url_config(value))
        self.problems.append(
            f"{name} must be a PostgreSQL address (postgres://user:password@host:5432/name); "
            "other databases are not supported."
        )
        return {}

    def broker(self, name: str, default: str) -> str:
        """The address of Celery's broker."""
        value = self.text(name, default)
        if urlsplit(value).scheme not in _BROKERS:
            self.problems.append(
                f"{name} must begin with amqp://, amqps://, redis://, rediss:// or filesystem://."
            )
        return value

    def email(self, name: str, default: str) -> dict[str, Any]:
        """Django's ``EMAIL_*`` settings for an address such as ``smtp+tls://user:pw@host:587``.

        Or ``anymail+postmark://`` for a mail provider that django-anymail knows.
        """
        value = self.text(name, default)
        kind, _, provider = urlsplit(value).scheme.partition("+")
        if kind == "anymail":
            return self._provider(name, provider)
        if urlsplit(value).scheme in environ.Env.EMAIL_SCHEMES:
            return dict(environ.Env.email_url_config(value))
        known = ", ".join(f"{scheme}://" for scheme in environ.Env.EMAIL_SCHEMES)
        self.problems.append(f"{name} must begin with one of {known}, anymail+PROVIDER://.")
        return {"EMAIL_BACKEND": ""}

    def below(self, prefix: str) -> dict[str, str]:
        """Every variable that begins with ``prefix`` and is not empty, by the rest of its name."""
        return {
            name.removeprefix(prefix): self.text(name)
            for name in self._variables
            if name.startswith(prefix) and self.text(name)
        }

    def logins(self, name: str) -> list[str]:
        """A comma-separated list of ``user:password``."""
        logins = self.words(name)
        if not all(user and password for user, _, password in (x.partition(":") for x in logins)):
            self.problems.append(f"{name} must be user:password, or several with commas between.")
        return logins

    def _provider(self, name: str, provider: str) -> dict[str, Any]:
        providers = sorted(
            module.name
            for module in iter_modules(anymail.backends.__path__)
            if module.name.partition("_")[0] not in {"base", "console", "test"}
        )
        provider = provider.replace("-", "_")  # A scheme has no underscores (RFC 3986, 3.1).
        if provider in providers:
            return {"EMAIL_BACKEND": f"anymail.backends.{provider}.EmailBackend"}
        known = ", ".join(f"anymail+{one.replace('_', '-')}://" for one in providers)
        self.problems.append(f"{name} must name a mail provider in one of these ways: {known}.")
        return {"EMAIL_BACKEND": ""}

    def require(self, names: Mapping[str, str]) -> None:
        """Every name must be set; the value is what an administrator puts there."""
        for name, what in names.items():
            if not self.text(name):
                self.problems.append(f"{name} is not set: {what}.")

    def refuse(self) -> None:
        """Raise one `ImproperlyConfigured` that names everything missing or wrong so far."""
        if self.problems:
            raise ImproperlyConfigured(
                "The environment is not complete:\n  " + "\n  ".join(self.problems)
            )
