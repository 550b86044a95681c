"""Passwords of the demo accounts: generated, written to a file that only its owner may read."""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterable
from pathlib import Path

from tickets.models import User


def hand_out(accounts: Iterable[tuple[str, User]], *, path: Path) -> None:
    """Give each person a password that the file knows; passwords given before stay.

    Lines of the file: role, e-mail and password, separated by tabs. Raises OSError when the file
    cannot be written.
    """
    rows = _read(path)
    for role, user in accounts:
        if user.email not in rows:
            rows[user.email] = (role, secrets.token_urlsafe(12))
            _set_password(user, rows[user.email][1])
        elif not user.has_usable_password():
            # The database is newer than the file: its notes are still good.
            _set_password(user, rows[user.email][1])
    _write(path, rows)


def _set_password(user: User, password: str) -> None:
    user.set_password(password)
    user.save(update_fields=["password"])


def _read(path: Path) -> dict[str, tuple[str, str]]:
    if not path.is_file():
        return {}
    lines = [line.split("\t") for line in path.read_text(encoding="utf-8").splitlines()]
    return {cells[1]: (cells[0], cells[2]) for cells in lines if len(cells) == 3}


def _write(path: Path, rows: dict[str, tuple[str, str]]) -> None:
    """Beside and then in its place: nobody reads half a file, or one with a wider mode."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f"{path.name}.{os.getpid()}")
    draft.unlink(missing_ok=True)
    draft.touch(mode=0o600)
    text = "".join(f"{role}\t{email}\t{password}\n" for email, (role, password) in rows.items())
    draft.write_text(text, encoding="utf-8")
    draft.replace(path)
