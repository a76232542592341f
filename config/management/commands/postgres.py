"""`manage.py postgres start|stop|status|url|psql`: the embedded database by hand."""

from __future__ import annotations

import os
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from config.database import embedded
from config.embedded_postgres import OWNER_ROLE, PostgresNotStarted, binaries


class Command(BaseCommand):
    help = "Starts, stops or shows the embedded PostgreSQL, says its address, or opens psql on it."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("act", choices=["start", "stop", "status", "url", "psql"])

    def handle(self, *args: Any, **options: Any) -> None:
        server = embedded()
        if server is None:
            raise CommandError("DATABASE_URL names a server of your own; there is no embedded one to control.")
        match options["act"]:
            case "start":
                try:
                    self.stdout.write(f"PostgreSQL {server.start()}: {server.url()}")
                except PostgresNotStarted as error:
                    raise CommandError(str(error)) from error
            case "stop":
                server.stop()
                self.stdout.write("PostgreSQL stopped.")
            case "status":
                self.stdout.write("answers" if server.is_ready() else "does not answer")
            case "url":
                self.stdout.write(server.url(OWNER_ROLE))
            case "psql":
                psql = str(binaries() / "psql")
                server.start()
                os.execlp(psql, psql, server.url(OWNER_ROLE))  # noqa: S606
