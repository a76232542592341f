"""A programme's schema: migrated once as a template, then replayed for each new programme in a fraction of a second.

`manage.py migrate` migrates public, the template schema and every programme, then dumps the template and stores its
SQL in public. Creating a programme runs that SQL with the name replaced, inside the caller's transaction, through a
SECURITY DEFINER function of the owner role: the application role may create programmes without owning anything.
"""

from __future__ import annotations

import hashlib
import os
import subprocess
from functools import cache
from pathlib import Path

import psycopg
from django.apps import apps
from django.conf import settings
from django.db import connection
from django.db.migrations.loader import MigrationLoader
from psycopg import sql

from programs.models import SchemaTemplate

TEMPLATE_SCHEMA = "regulars_template_schema"  # unmistakable: the replay replaces this word


class TemplateMissing(RuntimeError):
    """No stored template fits the code's migrations: `manage.py migrate` has not run."""


@cache
def migration_fingerprint() -> str:
    """A digest of every migration's name and of the code of those in this repository."""
    digest = hashlib.sha256()
    for (app_label, name), migration in sorted(
        MigrationLoader(None, ignore_no_migrations=True).disk_migrations.items()
    ):
        digest.update(f"{app_label}.{name}\n".encode())
        path = settings.BASE_DIR / Path(*migration.__module__.split(".")).with_suffix(".py")
        for source in (path, *sorted(path.parent.glob("sql/*.sql"))):
            if source.exists():
                digest.update(source.read_bytes())
    return digest.hexdigest()


def append_only_tables() -> list[str]:
    """Tables that the application role may read and insert only: models that say `append_only = True`."""
    return sorted(m._meta.db_table for m in apps.get_models() if getattr(m, "append_only", False))


def grant_application_rights(schema: str) -> None:
    """Give the application role its rights in `schema`. Called as the owner role after each migration.

    Does nothing where the role does not exist: one role then does everything, and a system check says so.
    """
    role = settings.DATABASE_APP_ROLE
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [role])
        if not cursor.fetchone():
            return
        cursor.execute("SELECT tablename FROM pg_tables WHERE schemaname = %s", [schema])
        present = {row[0] for row in cursor.fetchall()}
        statements = [
            "GRANT USAGE ON SCHEMA {schema} TO {role}",
            # MAINTAIN lets a large import say ANALYZE; it gives no right over a row.
            "GRANT SELECT, INSERT, UPDATE, DELETE, MAINTAIN ON ALL TABLES IN SCHEMA {schema} TO {role}",
            "GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA {schema} TO {role}",
        ]
        names = {"schema": sql.Identifier(schema), "role": sql.Identifier(role)}
        for statement in statements:
            cursor.execute(sql.SQL(statement).format(**names))
        for table in append_only_tables():
            if table in present:
                revoke = sql.SQL("REVOKE UPDATE, DELETE, TRUNCATE ON {schema}.{table} FROM {role}")
                cursor.execute(revoke.format(table=sql.Identifier(table), **names))


def store_template() -> None:
    """Dump the template schema and keep its SQL for `create_schema`; older dumps go."""
    template = SchemaTemplate(fingerprint=migration_fingerprint(), sql=dump(TEMPLATE_SCHEMA))
    SchemaTemplate.objects.all().delete()
    template.save()


def dump(schema: str, *options: str) -> str:
    """A schema as SQL, without its rows, comments and statements about the restoring session.

    `options` go to pg_dump; without --no-privileges the rights are included.
    """
    database = connection.settings_dict
    parts = {"host": database["HOST"], "port": database["PORT"], "user": database["USER"], "dbname": database["NAME"]}
    parts |= {name: value for name, value in database["OPTIONS"].items() if name.startswith("ssl")}
    conninfo = psycopg.conninfo.make_conninfo("", **{key: value for key, value in parts.items() if value})
    dump = subprocess.run(
        [settings.PG_DUMP, "--schema-only", f"--schema={schema}", "--no-owner", "--no-comments", *options, conninfo],
        check=True,
        capture_output=True,
        text=True,
        env={**os.environ, "PGPASSWORD": database["PASSWORD"] or ""},
    ).stdout
    body = dump[dump.index("CREATE ") :]
    # A line that starts with a backslash is for psql (\unrestrict).
    return "\n".join(line for line in body.splitlines() if line and not line.startswith(("--", "\\")))


def create_schema(name: str) -> None:
    """Create the schema `name` from the stored template, in the current transaction (about 0.1 s).

    Raises TemplateMissing, or a database error when the name is taken.
    """
    fingerprint = migration_fingerprint()
    if not SchemaTemplate.objects.filter(fingerprint=fingerprint).exists():
        raise TemplateMissing("No schema template fits this version: run `manage.py migrate`.")
    with connection.cursor() as cursor:
        cursor.execute("SELECT public.regulars_create_schema(%s, %s)", [name, fingerprint])
