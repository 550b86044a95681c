#!/usr/bin/env python
"""Django's command line; starts the embedded PostgreSQL around commands that need one."""

import os
import sys
from contextlib import ExitStack

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
