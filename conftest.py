"""One template database per state of the migrations, cloned for each worker; two programmes; people with roles.

A test that needs the database takes `programme` (rolled back afterwards) or, when it needs real commits (threads,
other processes, a browser), `committed_database` (a clone of its own, dropped afterwards).
"""

from __future__ import annotations

import fcntl
import os
import re
import secrets
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
import pytest
from playwright.sync_api import Browser, sync_playwright

from config.database import VAR_DIR, embedded
from config.embedded_postgres import APP_ROLE, OWNER_ROLE

pytest_plugins = [
    "programs.tests.fixtures",
    "workspace.tests.fixtures",
    "customers.tests.databases_fixtures",
    "config.tests.listening",
]

FIRST, SECOND = "harbour", "meadow"  # the two programmes that every test may use


def _administrate(statement: str, *parameters: object) -> list[tuple[Any, ...]]:
    server = embedded()
    assert server is not None
    with psycopg.connect(server.url("postgres", "postgres"), autocommit=True) as connection:
        cursor = connection.execute(statement, parameters or None)  # type: ignore[call-overload]
        return cursor.fetchall() if cursor.description else []


def _connect_to(database: str, role: str) -> None:
    from django.db import connection

    connection.close()
    connection.settings_dict["NAME"] = database
    connection.settings_dict["USER"] = role


def _template_database() -> str:
    """The name of the template database for the migrations as they are now; built by the first process that asks."""
    from programs.schemas import migration_fingerprint

    name = f"regulars_test_template_{migration_fingerprint()[:12]}"
    with (VAR_DIR / "test-template.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not _administrate("SELECT 1 FROM pg_database WHERE datname = %s", name):
            building = "regulars_test_building"
            _administrate(f"DROP DATABASE IF EXISTS {building} WITH (FORCE)")
            _administrate(f"CREATE DATABASE {building} OWNER {OWNER_ROLE}")
            _fill_template(building)
            _administrate(f"ALTER DATABASE {building} RENAME TO {name}")
    return name


def _fill_template(database: str) -> None:
    from django.core.management import call_command
    from django.utils import timezone

    from programs.actions.programmes import create_programme

    _connect_to(database, OWNER_ROLE)
    call_command("migrate", verbosity=0)
    _connect_to(database, APP_ROLE)
    for slug, currency, country, zone in (
        (FIRST, "GBP", "GB", "Europe/London"),
        (SECOND, "EUR", "DE", "Europe/Berlin"),
    ):
        create_programme(
            name=slug.capitalize(),
            slug=slug,
            currency=currency,
            country=country,
            time_zone=zone,
            owner=None,
            now=timezone.now(),
        )
    _connect_to(database, APP_ROLE)


@contextmanager
def _clone() -> Iterator[str]:
    worker = re.sub(r"\W", "", os.environ.get("PYTEST_XDIST_WORKER", "main"))
    name = f"regulars_test_{worker}_{os.getpid()}_{secrets.token_hex(3)}"
    _administrate(f"CREATE DATABASE {name} TEMPLATE {_template_database()} OWNER {OWNER_ROLE}")
    _administrate(f"ALTER DATABASE {name} SET synchronous_commit = off")  # nobody kills this server
    try:
        yield name
    finally:
        _administrate(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")


@pytest.fixture(scope="session")
def django_db_setup(django_test_environment: None, django_db_blocker: Any) -> Iterator[None]:
    """Replaces pytest-django's: a clone of the template instead of running every migration."""
    server = embedded()
    assert server is not None
    server.start()
    with django_db_blocker.unblock(), _clone() as name:
        _connect_to(name, APP_ROLE)
        yield
        _connect_to(name, APP_ROLE)


@pytest.fixture(autouse=True)
def _start_in_public(request: pytest.FixtureRequest) -> None:
    """Each test begins in the public schema, whatever the one before left."""
    from django.db import connection

    connection.set_schema_to_public()


@pytest.fixture
def committed_database(django_db_setup: None, django_db_blocker: Any) -> Iterator[str]:
    """A database of this test's own, where commits are real; gives its URL for other processes."""
    from django.db import connection, connections

    shared = connection.settings_dict["NAME"]
    server = embedded()
    assert server is not None
    with django_db_blocker.unblock(), _clone() as name:
        _connect_to(name, APP_ROLE)
        connection.set_schema_to_public()
        try:
            yield server.url(APP_ROLE, name)
        finally:
            connections.close_all()
            _connect_to(shared, APP_ROLE)


@pytest.fixture
def in_threads(committed_database: str) -> Callable[[list[Callable[[], Any]]], list[Any]]:
    """Run functions at the same time, each in a thread with its own connection, in the programme active now.

    Returns their results in order; an exception is returned as the result.
    """
    import threading

    from django.db import connection, connections

    def run(functions: list[Callable[[], Any]]) -> list[Any]:
        tenant = connection.tenant
        barrier = threading.Barrier(len(functions))
        results: list[Any] = [None] * len(functions)

        def one(index: int) -> None:
            try:
                connection.set_tenant(tenant)
                connection.ensure_connection()
                barrier.wait()
                results[index] = functions[index]()
            except Exception as error:
                results[index] = error
            finally:
                connections.close_all()

        threads = [threading.Thread(target=one, args=[index]) for index in range(len(functions))]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return results

    return run


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    """Module by module: while Playwright runs, this thread may not use the database."""
    binary = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    assert binary, "Chromium is missing: apt install chromium"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=binary, args=["--disable-dev-shm-usage"])
        yield browser
        browser.close()
