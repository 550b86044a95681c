"""What the product keeps under its folder of variable data."""

import os
import secrets
from contextlib import suppress
from pathlib import Path

from django.core.exceptions import ImproperlyConfigured

NOT_YOURS = "belongs to another user: run as that user, or name another folder in VAR_DIR."


def writable(folder: Path) -> Path:
    """Make ``folder`` when it is not there, and return it.

    Raises `ImproperlyConfigured`, with a sentence for the person, when it cannot be written.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise _refusal(folder, error.strerror) from error
    if not os.access(folder, os.W_OK | os.X_OK):
        raise _refusal(folder, "permission denied")
    return folder


def kept_secret(path: Path) -> str:
    """The secret in the file ``path``, made once, readable by its owner only.

    Raises `ImproperlyConfigured` when it cannot be read or made.
    """
    try:
        return path.read_text(encoding="ascii")
    except (FileNotFoundError, NotADirectoryError):
        _make_secret(path)
        return path.read_text(encoding="ascii")
    except OSError as error:
        raise ImproperlyConfigured(f"{path} {NOT_YOURS}") from error


def _make_secret(path: Path) -> None:
    draft = writable(path.parent) / f"{path.name}.{os.getpid()}"
    draft.touch(mode=0o600)
    draft.write_text(secrets.token_urlsafe(50), encoding="ascii")
    # A link is atomic and fails when another process was first: that one's secret counts.
    with suppress(FileExistsError):
        os.link(draft, path)
    draft.unlink()


def _refusal(folder: Path, reason: str | None) -> ImproperlyConfigured:
    return ImproperlyConfigured(
        f"{folder} cannot be written ({reason}): make it writable, "
        "or name another folder in VAR_DIR."
    )
