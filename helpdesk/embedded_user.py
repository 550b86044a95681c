"""Whose process the embedded PostgreSQL is: PostgreSQL refuses to run as root."""

import os
import pwd
import shutil
import stat
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

# The name that the wheel uses as well: whoever had used it before finds the same user.
SYSTEM_USER = "pgserver"


class EmbeddedError(Exception):
    """The embedded PostgreSQL cannot be served; the text is one sentence for the person."""


@dataclass(frozen=True)
class Owner:
    """The user that owns the data folder and runs the server."""

    uid: int
    gid: int
    name: str

    @property
    def is_other(self) -> bool:
        """Whether this is another user than the one of this process, which is then root."""
        return self.uid != os.geteuid()

    def take(self, path: Path) -> None:
        """Make ``path`` this user's."""
        if self.is_other:
            os.chown(path, self.uid, self.gid)

    def of_process(self) -> dict[str, Any]:
        """Arguments of `subprocess.Popen` that start a process as this user."""
        common: dict[str, Any] = {"cwd": "/", "umask": 0o077}
        if not self.is_other:
            return common
        return {**common, "user": self.uid, "group": self.gid, "extra_groups": []}


def owner_of(data: Path) -> Owner:
    """Who runs the server: as root the owner of ``data`` or the system user, else this user.

    Raises `EmbeddedError` when the data belongs to somebody else.
    """
    uid = os.geteuid()
    made_by = data.stat().st_uid if data.exists() else None
    if uid == 0:
        return _named(made_by) if made_by else _system_user()
    if made_by not in (None, uid):
        raise EmbeddedError(
            f"{data} belongs to the user {_named(made_by).name}: run as root, as before, "
            "or name another folder in VAR_DIR."
        )
    return _named(uid)


def _named(uid: int) -> Owner:
    try:
        entry = pwd.getpwuid(uid)
    except KeyError:
        return Owner(uid, os.getegid(), str(uid))
    return Owner(uid, entry.pw_gid, entry.pw_name)


def _system_user() -> Owner:
    try:
        entry = pwd.getpwnam(SYSTEM_USER)
    except KeyError:
        _add_system_user()
        entry = pwd.getpwnam(SYSTEM_USER)
    return Owner(entry.pw_uid, entry.pw_gid, entry.pw_name)


def _add_system_user() -> None:
    command = ["useradd", "--system", "--user-group", "--no-create-home", "--shell", "/bin/false"]
    if shutil.which("useradd") is None:
        raise EmbeddedError(
            f"PostgreSQL does not run as root, and useradd is not there to make the user "
            f"{SYSTEM_USER} for it: make that user, run as another user, or set DATABASE_URL."
        )
    done = subprocess.run([*command, SYSTEM_USER], check=False, capture_output=True, text=True)
    # 9 is "exists already": another process was first.
    if done.returncode not in (0, 9):
        raise EmbeddedError(
            f"PostgreSQL does not run as root, and its user {SYSTEM_USER} cannot be made: "
            f"{done.stderr.strip()}."
        )


def open_the_way(owner: Owner, *, folder: Path, programs: Path) -> None:
    """Let ``owner`` reach ``folder`` and run ``programs``; says in one line what was changed."""
    if not owner.is_other:
        return
    ways = [folder, *folder.parents, *programs.parents]
    changed = [str(path) for path in dict.fromkeys(ways) if _grant(path, stat.S_IXOTH)]
    inside = [path for path in [programs, *programs.rglob("*")] if not path.is_symlink()]
    if sum(_grant(path, _to_read(path)) for path in inside):
        changed.append(f"{programs} (and to read)")
    if changed:
        sys.stderr.write(
            f"PostgreSQL runs as the user {owner.name}, so others may now pass through: "
            f"{', '.join(changed)}\n"
        )


def _to_read(path: Path) -> int:
    """What another user needs to use a program, library or folder of the wheel."""
    mine = path.stat().st_mode
    return stat.S_IROTH | (stat.S_IXOTH if mine & stat.S_IXUSR else 0)


def _grant(path: Path, bits: int) -> bool:
    """Add ``bits`` to the mode of ``path``; whether anything had to be changed."""
    mode = stat.S_IMODE(path.stat().st_mode)
    if mode & bits == bits:
        return False
    path.chmod(mode | bits)
    return True
