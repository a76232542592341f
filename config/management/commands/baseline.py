"""`manage.py baseline`: writes programs/baseline/ anew, from every migration run into an empty database."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import connection

from config.database import embedded
from config.embedded_postgres import OWNER_ROLE, EmbeddedPostgres
from programs import baseline

SCRATCH = "regulars_baseline"


class Command(BaseCommand):
    help = "Writes the schemas with which an empty database starts, from every migration run into one."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--check", action="store_true", help="write nothing; fail unless the short way ends where the long one does"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        server = embedded()
        if server is None:
            raise CommandError("The baseline is made on the embedded server: unset DATABASE_URL.")
        if not options["check"]:
            with _migrated(server, "--replay"):
                baseline.write()
            self.stdout.write(f"Wrote {len(baseline.contents()['migrations'])} migrations.")
            return
        with _migrated(server):
            short = baseline.dumped()
        with _migrated(server, "--replay"):
            long = baseline.dumped()
        different = [schema for schema in long if _comparable(long[schema]) != _comparable(short[schema])]
        if different:
            raise CommandError(f"From the baseline another schema comes than from every migration: {different}.")
        self.stdout.write("The baseline and every migration end in the same schemas.")


@contextmanager
def _migrated(server: EmbeddedPostgres, *options: str) -> Iterator[None]:
    """Connect to a new database that `manage.py migrate` has filled; it is dropped afterwards."""
    with psycopg.connect(server.url("postgres", "postgres"), autocommit=True) as administration:
        administration.execute(f"DROP DATABASE IF EXISTS {SCRATCH} WITH (FORCE)")
        administration.execute(f"CREATE DATABASE {SCRATCH} OWNER {OWNER_ROLE}")
        try:
            subprocess.run(
                [sys.executable, "manage.py", "migrate", "--verbosity", "0", *options],
                cwd=settings.BASE_DIR,
                env={**os.environ, "DATABASE_URL": server.url(OWNER_ROLE, SCRATCH)},
                stdout=subprocess.DEVNULL,
                check=True,
            )
            connection.close()
            connection.settings_dict.update(NAME=SCRATCH, USER=OWNER_ROLE)
            yield
        finally:
            connection.close()
            administration.execute(f"DROP DATABASE {SCRATCH} WITH (FORCE)")


def _comparable(text: str) -> str:
    """Without casts and brackets: PostgreSQL prints those of a list in another way once it has read its own print."""
    return re.sub(r"::character varying|::text|\[\]|[()]", "", text)
