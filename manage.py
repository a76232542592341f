#!/usr/bin/env python
"""Django's command line, with two conveniences: the embedded database answers, and `migrate` has the right role."""

import os
import sys

# These change schemas, so they connect as the owner role; everything else runs with the rights of the application.
OWNER_COMMANDS = {"migrate", "migrate_schemas"}
# These need no database.
OFFLINE_COMMANDS = {"help", "makemessages", "compilemessages", "collectstatic", "makemigrations", "up", "postgres"}


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings.base")
    command = sys.argv[1] if len(sys.argv) > 1 else "help"
    if command in OWNER_COMMANDS:
        os.environ.setdefault("DATABASE_ROLE", "owner")
    if command not in OFFLINE_COMMANDS:
        from config.database import ensure_running

        ensure_running()

    from django.core.management import execute_from_command_line

    execute_from_command_line(sys.argv)


if __name__ == "__main__":
    main()
