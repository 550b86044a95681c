"""Tests run on a PostgreSQL of their own, made for the run and gone after it.

Settings read the environment when they are imported, so it is arranged here, at import.
``DATABASE_URL`` and ``CELERY_BROKER_URL`` given from outside are respected.
"""

import atexit
import os
import shutil
import tempfile
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

import django
import hypothesis
import pytest
from django.conf import settings

if TYPE_CHECKING:
    from pytest_django import DjangoDbBlocker

    from sla.models import Policy
    from tests.published import Published

_stack = ExitStack()
_is_worker = "PYTEST_XDIST_WORKER" in os.environ

if not _is_worker:
    # Tests never touch the var/ of the project. PostgreSQL, run as root, passes through as another
    # user: hence 0711.
    _var = Path(tempfile.mkdtemp(prefix="helpdesk-tests-"))
    _var.chmod(0o711)
    atexit.register(shutil.rmtree, _var, ignore_errors=True)
    os.environ["VAR_DIR"] = str(_var)
    os.environ["DJANGO_SETTINGS_MODULE"] = "helpdesk.settings"
    os.environ["DEBUG"] = ""
    os.environ.setdefault("CELERY_BROKER_URL", "memory://localhost")
    os.environ["CELERY_QUEUE"] = "helpdesk_tests"
    os.environ.setdefault("LOG_LEVEL", "WARNING")

from helpdesk.embedded import TEST_SETTINGS, Cluster  # noqa: E402
from tests import migrated  # noqa: E402

# Playwright keeps an event loop running in the thread of the tests, which makes Django refuse every
# query after a browser test. Nothing here is asynchronous.
os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"

_own_cluster = None
if "DATABASE_URL" not in os.environ:
    _own_cluster = Cluster(Path(os.environ["VAR_DIR"]) / "test-postgres", TEST_SETTINGS)
    os.environ["DATABASE_URL"] = _own_cluster.url()
    os.environ["TEST_TEMPLATE"] = migrated.NAME

# pytest-django looked for settings before this file was read; it goes on from here.
django.setup()
# Workers learn from the controlling process whether there is one.
if "TEST_TEMPLATE" in os.environ:
    settings.DATABASES["default"].setdefault("TEST", {})["TEMPLATE"] = os.environ["TEST_TEMPLATE"]
# Hashing a password is slow on purpose; a suite that makes hundreds of agents has no need of it.
settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]

hypothesis.settings.register_profile(
    "helpdesk", deadline=None, derandomize=True, print_blob=True, database=None
)
hypothesis.settings.load_profile("helpdesk")


@pytest.hookimpl(tryfirst=True)
def pytest_configure(config: pytest.Config) -> None:
    """Start the server, in the controlling process alone; workers inherit its address."""
    if _own_cluster is not None and not config.option.collectonly:
        _stack.enter_context(_own_cluster.serving())


@pytest.hookimpl(tryfirst=True)
def pytest_sessionstart(session: pytest.Session) -> None:
    """Make what the test databases are copied from, before any worker begins."""
    if _own_cluster is not None and not session.config.option.collectonly:
        migrated.prepare(_own_cluster, migrated.kept(session.config))


def pytest_unconfigure() -> None:
    """Stop the server."""
    _stack.close()


@pytest.fixture(scope="session")
def published(django_db_setup: None, django_db_blocker: "DjangoDbBlocker") -> "Published":
    """What `load_policy` makes."""
    from tests.published import Published

    with django_db_blocker.unblock():
        return Published.made()


@pytest.fixture
def policy(db: None, published: "Published") -> "Policy":
    """The published policy, request types and groups, as `load_policy` makes them."""
    from sla.models import Policy

    published.restore()
    return Policy.objects.default()
