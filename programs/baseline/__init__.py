"""Where an empty database starts: the schemas as their migrations made them, instead of replaying the history.

`manage.py baseline` runs every migration into an empty database and writes what they made beside this file;
`manage.py migrate` gives that to an empty database and runs the migrations that came after (ADR 0020).
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import TypedDict

from django.conf import settings
from django.db import connection, transaction
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.recorder import MigrationRecorder
from psycopg import sql

from programs import schemas

FOLDER = Path(__file__).parent
MIGRATIONS = FOLDER / "migrations.json"
SCHEMAS = {"public": FOLDER / "public.sql", schemas.TEMPLATE_SCHEMA: FOLDER / "programme.sql"}


class Contents(TypedDict):
    """What the baseline stands for: migrations by app and name, with a digest of those that this repository holds."""

    migrations: list[tuple[str, str]]
    digests: dict[str, str]


def write() -> None:
    """Write the schemas of the database connected to, which every migration has run in and nothing else."""
    migrations = sorted(MigrationRecorder(connection).applied_migrations())
    contents = Contents(migrations=migrations, digests=_digests(migrations))
    MIGRATIONS.write_text(json.dumps(contents, indent=1) + "\n")
    for schema, text in dumped().items():
        SCHEMAS[schema].write_text(text)


def dumped() -> dict[str, str]:
    """Both schemas of the database connected to, as SQL; the rights are given by each migration anew."""
    dumps = {schema: schemas.dump(schema, "--no-privileges") + "\n" for schema in SCHEMAS}
    return {schema: text.removeprefix("CREATE SCHEMA public;\n") for schema, text in dumps.items()}


def contents() -> Contents:
    found = json.loads(MIGRATIONS.read_text())
    return Contents(migrations=[(app, name) for app, name in found["migrations"]], digests=found["digests"])


def changed_migrations() -> list[str]:
    """Files of migrations that differ from those the baseline was made from, so that it may not be used."""
    baseline = contents()
    now = _digests(baseline["migrations"])
    return sorted(path for path, digest in baseline["digests"].items() if now.get(path) != digest)


def load() -> None:
    """Give the empty database both schemas and their records of migrations, or nothing."""
    migrations = contents()["migrations"]
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("CREATE EXTENSION IF NOT EXISTS pg_trgm SCHEMA public")
        cursor.execute("SET LOCAL search_path TO ''; SET LOCAL check_function_bodies TO off")
        for schema, path in SCHEMAS.items():
            cursor.execute(path.read_text())
            record = sql.SQL("INSERT INTO {} (app, name, applied) VALUES (%s, %s, now())")
            cursor.executemany(record.format(sql.Identifier(schema, "django_migrations")), migrations)
        cursor.execute("RESET search_path; RESET check_function_bodies")


def is_empty() -> bool:
    """Whether nothing was ever migrated here."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT to_regclass('public.django_migrations') IS NULL")
        return bool(cursor.fetchone()[0])


def _digests(migrations: list[tuple[str, str]]) -> dict[str, str]:
    """The digest of each migration's code, for those of this repository.

    SQL files are left out on purpose: one that changes is run again by a new migration, which comes after the baseline.
    """
    on_disk = MigrationLoader(None, ignore_no_migrations=True).disk_migrations
    digests = {}
    for key in migrations:
        if key in on_disk:
            path = Path(*on_disk[key].__module__.split(".")).with_suffix(".py")
            if (settings.BASE_DIR / path).exists():
                digests[path.as_posix()] = hashlib.sha256((settings.BASE_DIR / path).read_bytes()).hexdigest()[:16]
    return digests
