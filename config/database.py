"""Which database the project uses: a server named by the environment, or the embedded one under `var/`."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import environ
from django.core.exceptions import ImproperlyConfigured

from config.embedded_postgres import OWNER_ROLE, EmbeddedPostgres

BASE_DIR = Path(__file__).resolve().parent.parent
# Here and not in the settings: manage.py decides about the embedded server before it loads them.
environ.Env.read_env(BASE_DIR / ".env")
# Absolute: the processes that `manage.py up` starts have another working directory.
VAR_DIR = Path(os.environ.get("REGULARS_VAR_DIR") or BASE_DIR / "var").absolute()


def embedded() -> EmbeddedPostgres | None:
    """The embedded server, or None when the environment names a server."""
    if any(os.environ.get(name) for name in ("DATABASE_URL", "DATABASE_URL_FILE", "DATABASE_HOST")):
        return None
    return EmbeddedPostgres(VAR_DIR / "postgres")


def ensure_running() -> None:
    """Start the embedded server unless it answers or the environment names another one."""
    server = embedded()
    if server is not None:
        server.start()


def embedded_urls() -> tuple[str, str]:
    """URLs for the application role and for the owner role of the embedded server."""
    server = EmbeddedPostgres(VAR_DIR / "postgres")
    return server.url(), server.url(OWNER_ROLE)


def connection_settings(url: str) -> dict[str, Any]:
    """What Django needs to know of a `postgresql://` URL. Its query stays, as options: `sslmode` must not get lost.

    A `host` in the query is the directory of a Unix socket. Raises ImproperlyConfigured.
    """
    try:
        found = environ.Env.db_url_config(url) if url.startswith(("postgresql://", "postgres://")) else None
    except ValueError:
        found = None
    if found is None:
        raise ImproperlyConfigured("A database URL must look like postgresql://user:password@host:5432/name.")
    del found["ENGINE"]
    options = found.pop("OPTIONS", {})
    place = {"HOST": options.pop("host", found["HOST"]), "PORT": options.pop("port", found["PORT"])}
    return {**found, **place, "OPTIONS": options}
