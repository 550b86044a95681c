#!/usr/bin/env python
"""Django's command line; starts the embedded PostgreSQL around commands that need one."""

import os
import sys
from contextlib import ExitStack

# Run by mail servers. These codes of theirs (sysexits.h) are decisions about the message; any other
# may make them lose it, or send it back.
RECEIVING, DECISIONS = "receive_mail", {None, os.EX_OK, os.EX_DATAERR, os.EX_TEMPFAIL}

# Commands that never open a database connection; they must not pay for a server.
WITHOUT_DATABASE = {
    "collectstatic",
    "compilemessages",
    "diffsettings",
    "findstatic",
    "help",
    "makemessages",
    "startapp",
    "version",
}


def needs_database(arguments: list[str]) -> bool:
    """Whether the command line ``arguments`` (without the program) will talk to PostgreSQL."""
    if not arguments or {"-h", "--help", "--version"} & set(arguments):
        return False
    if arguments[0] == "check":
        return any(argument.startswith("--database") for argument in arguments)
    return arguments[0] not in WITHOUT_DATABASE


def main() -> None:
    """Run one management command."""
    if sys.argv[1:2] == [RECEIVING]:
        receive()
    else:
        run()


def receive() -> None:
    """Whatever hinders the command, and be it a signal, makes the mail server keep the message."""
    try:
        run()
    except SystemExit as end:
        if end.code in DECISIONS:
            raise
        words = str(end.code) if isinstance(end.code, str) else f"It ended with {end.code}."
    except BaseException as trouble:  # noqa: BLE001 - the message is worth more
        words = f"{type(trouble).__name__}: {trouble}"
    else:
        return
    sys.stderr.write(f"Not stored, try again: {words}\n")
    sys.exit(os.EX_TEMPFAIL)


def run() -> None:
    """Run one management command; a wrong environment ends in sentences, not in a traceback."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "helpdesk.settings")
    from django.conf import settings
    from django.core.exceptions import ImproperlyConfigured
    from django.core.management import execute_from_command_line

    from helpdesk import embedded

    try:
        with ExitStack() as stack:
            if needs_database(sys.argv[1:]) and settings.EMBEDDED_DATABASE is not None:
                stack.enter_context(settings.EMBEDDED_DATABASE.serving())
            execute_from_command_line(sys.argv)
    except (ImproperlyConfigured, embedded.EmbeddedError) as refusal:
        sys.exit(str(refusal))


if __name__ == "__main__":
    main()
