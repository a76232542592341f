"""`manage.py up`: database, migrations, web server, job cluster and their watchdog, in one process tree."""

from __future__ import annotations

import os
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from config.supervisor.supervisor import AlreadyRunning, Supervisor


class Command(BaseCommand):
    help = "Starts everything that Regulars needs on this machine and keeps it running until Ctrl-C."
    requires_system_checks: list[str] = []  # the database is not there yet

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--demo", action="store_true", help="load two programmes with customers, once")
        parser.add_argument("--port", type=int, default=int(os.environ.get("PORT") or 8000))
        parser.add_argument(
            "--host", default=os.environ.get("HOST_ADDRESS") or "127.0.0.1", help="address to listen on"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            Supervisor(port=options["port"], host=options["host"], with_demo=options["demo"]).run()
        except AlreadyRunning as already:
            where = f" at {already}" if str(already) else ", and is just starting"
            self.stdout.write(f"Regulars is already running{where}. Stop it there with Ctrl-C first.")
