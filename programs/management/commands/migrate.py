"""`manage.py migrate`: public, the template schema, then every programme; and the template's SQL for new ones."""

from __future__ import annotations

import time
from typing import Any

from django.core.management.base import CommandError, CommandParser
from django.core.management.commands.migrate import Command as DjangoMigrate
from django.db import connection
from django_tenants.migration_executors.base import run_migrations
from psycopg import sql

from programs import baseline, schemas
from programs.models import Programme


class Command(DjangoMigrate):
    help = "Migrates the public schema, the template schema and every programme, and stores the template's SQL."

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument(
            "--replay", action="store_true", help="Run every migration, also where an empty database has a shorter way."
        )

    def handle(self, *args: Any, **options: Any) -> None:
        if options["app_label"]:
            raise CommandError("Every schema is migrated to the newest state; an app or a migration cannot be chosen.")
        verbosity = int(options["verbosity"])
        if not options["replay"] and baseline.is_empty() and not baseline.changed_migrations():
            baseline.load()
        self._migrate("public", verbosity)
        with connection.cursor() as cursor:
            cursor.execute(sql.SQL("CREATE SCHEMA IF NOT EXISTS {}").format(sql.Identifier(schemas.TEMPLATE_SCHEMA)))
        self._migrate(schemas.TEMPLATE_SCHEMA, verbosity)
        schemas.store_template()

        programmes = list(Programme.objects.order_by("pk").values_list("schema_name", flat=True))
        wanted = _applied(schemas.TEMPLATE_SCHEMA)
        behind = [schema for schema in programmes if _applied(schema) != wanted]
        for number, schema in enumerate(behind, start=1):
            started = time.monotonic()
            self._migrate(schema, verbosity)
            self.stdout.write(f"{number} of {len(behind)}: {schema} in {time.monotonic() - started:.1f} s")
        self.stdout.write(f"Migrated. {len(programmes)} programmes, {len(behind)} of them changed.")

    def _migrate(self, schema: str, verbosity: int) -> None:
        parser = DjangoMigrate().create_parser("manage.py", "migrate")
        options = vars(parser.parse_args([]))
        options.update(verbosity=verbosity - 1, interactive=False)
        run_migrations([], options, "standard", schema)
        schemas.grant_application_rights(schema)


def _applied(schema: str) -> set[tuple[str, str]]:
    """The migrations that `schema` has, so that a programme which is up to date costs one query."""
    with connection.cursor() as cursor:
        table = sql.Identifier(schema, "django_migrations")
        cursor.execute(sql.SQL("SELECT app, name FROM {}").format(table))
        return set(cursor.fetchall())
