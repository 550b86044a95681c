"""A database with all migrations in it, which each test database is a copy of.

Migrating takes longer than a hundred tests. So what the migrations make is kept as SQL in pytest's
own cache, under a name that changes with any of them.
"""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from pathlib import Path

import django
import psycopg
import pytest
from django.apps import apps

from helpdesk import embedded
from helpdesk.embedded import USER, Cluster

NAME = "migrated"


def kept(config: pytest.Config) -> Path:
    """The folder in pytest's cache."""
    return Path(config.cache.mkdir("migrated"))


def prepare(cluster: Cluster, cache: Path) -> None:
    """Make the database NAME in this running cluster, from the SQL kept here if there is any."""
    host = str(cluster.socket_folder)
    with psycopg.connect(host=host, user=USER, dbname="postgres", autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {NAME}")
    script = cache / f"{_fingerprint()}.sql"
    programs, to = embedded._programs(), ["-h", host, "-U", USER, "-d", NAME]
    if script.exists():
        run = ["-q", "-1", "-v", "ON_ERROR_STOP=1", "-o", os.devnull, "-f", str(script)]
        subprocess.run([programs / "psql", *to, *run], check=True)
        return
    environment = {**os.environ, "DATABASE_URL": cluster.url(NAME)}
    migrate = [sys.executable, "manage.py", "migrate", "--verbosity=0"]
    subprocess.run(migrate, check=True, env=environment, cwd=Path(__file__).parents[1])
    for old in cache.glob("*.sql"):
        old.unlink(missing_ok=True)
    draft = script.with_suffix(f".{os.getpid()}")
    subprocess.run([programs / "pg_dump", *to, "-f", str(draft)], check=True)
    draft.replace(script)


def _fingerprint() -> str:
    """Changes with any migration of any application, and with the versions that they run on."""
    digest = hashlib.sha256(f"{django.__version__} {sys.version} {NAME}".encode())
    for app in sorted(apps.get_app_configs(), key=lambda app: app.name):
        for path in sorted(Path(app.path).glob("migrations/*.py")):
            digest.update(f"{app.name}/{path.name}".encode())
            digest.update(path.read_bytes())
    return digest.hexdigest()[:32]
