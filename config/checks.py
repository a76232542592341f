"""Unsafe combinations of settings and database, as system checks with ids and hints.

`manage.py check --deploy` looks at settings; `--database default` (which `migrate` and `up` add) at the server.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any

import psycopg
from django.apps.config import AppConfig
from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, Warning, register
from django.db import DatabaseError, connections

OLDEST_POSTGRESQL = 170000
PROBE_SCHEMA = "pg_catalog"
FILES_OF_MAIL = "django.core.mail.backends.filebased.EmailBackend"


@register(Tags.security, deploy=True)
def check_production(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> list[CheckMessage]:
    """What is convenient on a laptop and dangerous on a public host."""
    if settings.PUBLIC_HOST == "localhost":
        return [
            Warning(
                "PUBLIC_HOST is localhost, so links in e-mails and texts lead nowhere.",
                hint="Set PUBLIC_HOST to the host name that people use, and PUBLIC_SCHEME=https.",
                id="regulars.W101",
            )
        ]
    found: list[CheckMessage] = []
    if settings.DEBUG:
        found.append(Error("DEBUG is on.", hint="Unset DEBUG: it shows source and settings.", id="regulars.E101"))
    if settings.DEVELOPMENT:
        hint = "Unset DEVELOPMENT: it opens the page of sent texts, codes included."
        found.append(Error("DEVELOPMENT is on.", hint=hint, id="regulars.E102"))
    if not (os.environ.get("SECRET_KEY") or os.environ.get("SECRET_KEY_FILE")):
        hint = "Set SECRET_KEY (or SECRET_KEY_FILE) to one long random value for all machines and keep it."
        found.append(Error("SECRET_KEY is a file of this machine.", hint=hint, id="regulars.E103"))
    if not (os.environ.get("ENCRYPTION_KEYS") or os.environ.get("ENCRYPTION_KEYS_FILE")):
        hint = "Set ENCRYPTION_KEYS (or ENCRYPTION_KEYS_FILE) to a long random value for all machines and keep it."
        text = "ENCRYPTION_KEYS is a file of this machine: without it no second factor can be read."
        found.append(Error(text, hint=hint, id="regulars.E105"))
    if settings.EMAIL_BACKEND == FILES_OF_MAIL:
        hint = "Set EMAIL_URL=smtp+tls://user:password@host:587."
        text = "E-mails are written to files and reach nobody; nobody can sign up."
        found.append(Warning(text, hint=hint, id="regulars.W103"))
    if not settings.IS_HTTPS:
        hint = "Set PUBLIC_SCHEME=https; behind a proxy that ends TLS also TRUST_PROXY_HEADERS=1."
        found.append(Error("The public address is not https.", hint=hint, id="regulars.E104"))
    return found


@register(Tags.security)
def check_proxy(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> list[CheckMessage]:
    """Whose address a request has. Our server speaks plain HTTP, so https means that a proxy stands before it."""
    if settings.TRUST_PROXY_HEADERS or not settings.IS_HTTPS:
        return []
    hint = "Set TRUST_PROXY_HEADERS=1, and let the proxy set X-Forwarded-For and X-Forwarded-Proto."
    text = "Every visitor has the proxy's address, so a limit that one of them reaches stops all of them."
    return [Warning(text, hint=hint, id="regulars.W102")]


@register(Tags.database)
def check_database(
    app_configs: Sequence[AppConfig] | None, databases: Sequence[str] | None = None, **kwargs: Any
) -> list[CheckMessage]:
    """Version, roles, pooler and template of the server. About 10 ms, four short connections."""
    found: list[CheckMessage] = []
    for alias in databases or []:
        connection = connections[alias]
        try:
            connection.ensure_connection()
        except DatabaseError:
            continue  # the command that needs it says so better
        raw = connection.connection
        found += version_findings(raw.info.server_version)
        found += role_findings(alias)
        found += pooler_findings(connection.get_connection_params())
        found += template_findings()
    return found


def version_findings(server_version: int) -> list[CheckMessage]:
    if server_version >= OLDEST_POSTGRESQL:
        return []
    hint = "Upgrade to PostgreSQL 17 or newer, or unset DATABASE_URL to use the embedded one."
    return [Error(f"PostgreSQL {server_version // 10000} is too old.", hint=hint, id="regulars.E201")]


def role_findings(alias: str) -> list[CheckMessage]:
    """One role for everything may change and delete ledger entries; the application's own role may not."""
    with connections[alias].cursor() as cursor:
        cursor.execute(
            "SELECT pg_has_role(current_user, relowner, 'MEMBER') FROM pg_class WHERE oid = to_regclass(%s)",
            ["public.programs_programme"],
        )
        row = cursor.fetchone()
    if os.environ.get("DATABASE_ROLE") == "owner" or row is None or not row[0]:
        return []
    hint = (
        "Create a role regulars_app with LOGIN, put it into DATABASE_URL and the owning role into DATABASE_OWNER_URL, "
        "then run manage.py migrate."
    )
    return [Warning("The application connects as the owner of its tables.", hint=hint, id="regulars.W201")]


def pooler_findings(parameters: dict[str, Any]) -> list[CheckMessage]:
    """Find a pooler that gives a transaction's backend to somebody else and does not track search_path.

    Such a pooler serves one programme's rows to another. While `second` holds the backend that `first` last used,
    `first` is given a different one; its search_path must have moved along.
    """
    names = {"host", "port", "user", "password", "dbname"}
    plain = {key: value for key, value in parameters.items() if key in names or key.startswith("ssl")}
    try:
        with (
            psycopg.connect(**plain, autocommit=True) as first,
            psycopg.connect(**plain, autocommit=True) as second,
            psycopg.connect(**plain, autocommit=True) as third,
        ):
            first.execute(f"SET search_path TO {PROBE_SCHEMA}")
            for other in (second, third):
                other.execute("BEGIN")
                other.execute("SELECT 1")
            seen = first.execute("SHOW search_path").fetchone()
    except psycopg.Error:
        return []  # too few connections left: nothing can be said
    if seen is not None and seen[0] == PROBE_SCHEMA:
        return []
    hint = (
        "Use session mode, connect directly, or use PgBouncer 1.20 or newer with PostgreSQL 18 and "
        "track_extra_parameters = search_path."
    )
    return [Error("The database is behind a pooler that loses search_path.", hint=hint, id="regulars.E202")]


def template_findings() -> list[CheckMessage]:
    from programs.models import SchemaTemplate
    from programs.schemas import migration_fingerprint

    if os.environ.get("DATABASE_ROLE") == "owner":
        return []  # a migration is about to store it
    try:
        if SchemaTemplate.objects.filter(fingerprint=migration_fingerprint()).exists():
            return []
    except DatabaseError:
        pass
    hint = "Run manage.py migrate: without it no programme can be created."
    return [Warning("The stored template fits another version.", hint=hint, id="regulars.W202")]
