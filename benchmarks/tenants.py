"""A programme's schema: created in under half a second, beside a raw replay of the same SQL; 20 programmes migrated."""

from __future__ import annotations

import itertools
import os
import subprocess
import sys
import time

import psycopg
from django.utils import timezone

from benchmarks.harness import compare, limit
from config.database import BASE_DIR
from programs.actions.programmes import create_programme
from programs.models import Programme, SchemaTemplate
from programs.schemas import TEMPLATE_SCHEMA

PROGRAMMES = 20
_numbers = itertools.count(1)


def create() -> float:
    """Seconds for a programme with schema, host and audit entry, committed."""
    started = time.perf_counter()
    create_programme(
        name="Bench",
        slug=f"bench-{next(_numbers)}",
        currency="GBP",
        country="GB",
        time_zone="Europe/London",
        owner=None,
        now=timezone.now(),
    )
    return time.perf_counter() - started


def replay() -> float:
    """Seconds for the same schema SQL sent to the server as one script by a bare driver, committed."""
    script = SchemaTemplate.objects.get().sql.replace(TEMPLATE_SCHEMA, f"raw_{next(_numbers)}")
    script = f"SET check_function_bodies = off; {script}"  # as the product does: bodies name tables that follow
    with psycopg.connect(os.environ["DATABASE_OWNER_URL"]) as connection:
        started = time.perf_counter()
        connection.execute(script)
        connection.commit()
        return time.perf_counter() - started


def migrate() -> float:
    """Seconds of `manage.py migrate` when every programme lacks the tables of one app."""
    with psycopg.connect(os.environ["DATABASE_OWNER_URL"], autocommit=True) as connection:
        schemas = [row[0] for row in connection.execute("SELECT schema_name FROM programs_programme ORDER BY id")]
        for schema in schemas[:PROGRAMMES]:
            connection.execute(f"DELETE FROM {schema}.django_migrations WHERE app = 'sessions'")
            connection.execute(f"DROP TABLE {schema}.django_session")
    started = time.perf_counter()
    command = [sys.executable, "manage.py", "migrate", "--verbosity", "0"]
    subprocess.run(
        command, cwd=BASE_DIR, env={**os.environ, "DATABASE_ROLE": "owner"}, stdout=subprocess.DEVNULL, check=True
    )
    return time.perf_counter() - started


def main() -> None:
    limit("tenants.create", value=create, unit="s", at_most=0.5)
    compare("tenants.create_vs_replay", value=create, baseline=replay, unit="s", at_most=2)
    while Programme.objects.count() < PROGRAMMES:
        create()
    limit("tenants.migrate_20", value=migrate, unit="s", at_most=60, runs=3, warm_up=False)
