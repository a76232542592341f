"""What must be true before the first request: schemas migrated, static files collected, the demo loaded. Each step
asks first whether it is needed, because a later start should take seconds."""

from __future__ import annotations

import hashlib
import os
import signal
import subprocess
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from django.conf import settings
from django.contrib.staticfiles.finders import get_finders
from django.db import DatabaseError, connection
from psycopg import sql

from config.database import BASE_DIR
from config.supervisor.child import die_with, signal_group
from config.supervisor.commands import manage_command
from programs.models import Programme, SchemaTemplate
from programs.schemas import TEMPLATE_SCHEMA, migration_fingerprint


class PreparationFailed(RuntimeError):
    """A step ended with an error; the message says which and where its output is."""


@dataclass(frozen=True, slots=True)
class Steps:
    """Runs `manage.py` commands for the supervisor, which may be told to stop meanwhile."""

    environment: Mapping[str, str]
    log: Path
    is_stopping: Callable[[], bool]

    def run(self, *arguments: str, is_shown: bool = False, **environment: str) -> None:
        """Run `manage.py <arguments>` to its end. Output goes to the terminal (`is_shown`) or to the log.

        Raises PreparationFailed, also when the supervisor is told to stop: the command is then ended.
        """
        self.log.parent.mkdir(parents=True, exist_ok=True)
        with self.log.open("ab") as output:
            process = subprocess.Popen(
                manage_command(*arguments),
                cwd=BASE_DIR,
                env={**self.environment, **environment},
                stdin=subprocess.DEVNULL,
                stdout=None if is_shown else output,
                stderr=None if is_shown else output,
                start_new_session=True,
                preexec_fn=partial(die_with, os.getpid()),  # noqa: PLW1509 (the supervisor has one thread)
            )
        while True:
            try:
                code = process.wait(timeout=0.1)
                break
            except subprocess.TimeoutExpired:
                if self.is_stopping():
                    signal_group(process.pid, signal.SIGTERM)  # the demo loads in two processes
        if code != 0:
            tail = "" if is_shown else "\n" + "\n".join(self.log.read_text(errors="replace").splitlines()[-12:])
            raise PreparationFailed(f"manage.py {' '.join(arguments)} failed (exit code {code}).{tail}")


def is_migrated() -> bool:
    """Whether the stored template fits the code and no programme lags behind it. Two or three queries in all."""
    try:
        if not SchemaTemplate.objects.filter(fingerprint=migration_fingerprint()).exists():
            return False
        schemas = [TEMPLATE_SCHEMA, *Programme.objects.values_list("schema_name", flat=True)]
        counts = sql.SQL(" UNION ALL ").join(
            sql.SQL("SELECT count(*) FROM {}").format(sql.Identifier(schema, "django_migrations")) for schema in schemas
        )
        with connection.cursor() as cursor:
            cursor.execute(sql.SQL("SELECT min(count), max(count) FROM ({}) AS applied").format(counts))
            fewest, most = cursor.fetchone()
    except DatabaseError:
        return False
    return bool(fewest == most)


def static_digest() -> str:
    """Names, sizes and times of every static file; changes when one of them does."""
    digest = hashlib.sha256()
    for finder in get_finders():
        for name, storage in finder.list([]):
            stat = os.stat(storage.path(name))
            digest.update(f"{name}\0{stat.st_size}\0{stat.st_mtime_ns}\n".encode())
    return digest.hexdigest()


def collect_static(steps: Steps) -> bool:
    """Collect and compress static files unless nothing changed. Returns whether there was work."""
    if not settings.STATICFILES_FINDERS:
        return False
    stamp = Path(settings.STATIC_ROOT) / ".digest"
    digest = static_digest()
    if stamp.exists() and stamp.read_text() == digest:
        return False
    steps.run("collectstatic", "--noinput", "--clear", "--verbosity", "0")
    stamp.write_text(digest)
    return True


def demo_mark() -> str:
    """Identifies the database that the demo was loaded into and the programmes that it then had."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT (SELECT system_identifier FROM pg_control_system()), current_database()")
        cluster, database = cursor.fetchone()
    programmes = Programme.objects.filter(is_demo=True).order_by("slug").values_list("slug", flat=True)
    return f"{cluster} {database} {' '.join(programmes)}".strip()


def load_demo(steps: Steps, *, stamp: Path) -> bool:
    """Load the demo unless this very database has it whole. Returns whether there was work.

    The command is safe to repeat, so a load that was interrupted is completed by the next start.
    """
    if stamp.exists() and stamp.read_text() == demo_mark():
        return False
    steps.run("demo", is_shown=True, LOG_LEVEL="WARNING")  # a person reads the progress, not the log
    stamp.write_text(demo_mark())
    return True
