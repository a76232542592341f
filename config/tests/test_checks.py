"""The system checks, and `check --deploy` under the environment of docs/operations."""

from __future__ import annotations

import os
import re
import subprocess
import sys

import pytest
from django.db import connection

from config import checks
from config.database import BASE_DIR
from config.embedded_postgres import OWNER_ROLE

PRODUCTION = {
    "PUBLIC_HOST": "regulars.example",
    "PUBLIC_SCHEME": "https",
    "SECRET_KEY": "0123456789-abcdefghijklmnopqrstuvwxyz-ABCDEFGHIJKLMNOPQRSTUVWXYZ",
    "ENCRYPTION_KEYS": "abcdefghijklmnopqrstuvwxyz-0123456789",
    "TRUST_PROXY_HEADERS": "1",
    "EMAIL_URL": "smtp+tls://user:password@mail.example",
    "DJANGO_SETTINGS_MODULE": "config.settings.base",
}


def _deploy_check(**changes: str) -> subprocess.CompletedProcess[str]:
    hidden = ("DEBUG", "DEVELOPMENT", "REGULARS_SUPERVISED")
    inherited = {name: value for name, value in os.environ.items() if name not in hidden}
    return subprocess.run(
        [sys.executable, "manage.py", "check", "--deploy", "--fail-level", "WARNING"],
        cwd=BASE_DIR,
        env={**inherited, **PRODUCTION, **changes},
        capture_output=True,
        text=True,
        check=False,
    )


def test_deploy_check_is_clean_with_a_production_environment():
    done = _deploy_check()

    assert re.findall(r"^\?: \(([\w.]+)\)", done.stdout + done.stderr, re.MULTILINE) == [], done.stderr
    assert done.returncode == 0


@pytest.mark.parametrize(
    ("changes", "identifier"),
    [
        ({"DEBUG": "1"}, "regulars.E101"),
        ({"DEVELOPMENT": "1"}, "regulars.E102"),
        ({"SECRET_KEY": ""}, "regulars.E103"),
        ({"ENCRYPTION_KEYS": ""}, "regulars.E105"),
        ({"EMAIL_BACKEND": checks.FILES_OF_MAIL}, "regulars.W103"),
        ({"PUBLIC_SCHEME": "http"}, "regulars.E104"),
        ({"PUBLIC_HOST": "localhost"}, "regulars.W101"),
    ],
)
def test_deploy_check_names_what_is_unsafe(monkeypatch, settings, changes, identifier):
    for name in ("DEBUG", "DEVELOPMENT"):
        setattr(settings, name, bool(changes.get(name)))
    settings.PUBLIC_HOST = changes.get("PUBLIC_HOST", "regulars.example")
    settings.IS_HTTPS = changes.get("PUBLIC_SCHEME", "https") == "https"
    settings.EMAIL_BACKEND = changes.get("EMAIL_BACKEND", "django.core.mail.backends.smtp.EmailBackend")
    for name in ("SECRET_KEY", "ENCRYPTION_KEYS"):
        monkeypatch.setenv(name, changes.get(name, "a long one"))
        monkeypatch.delenv(f"{name}_FILE", raising=False)

    assert [found.id for found in checks.check_production(None)] == [identifier]
    assert all(found.hint for found in checks.check_production(None))


@pytest.mark.parametrize(
    ("is_https", "trusts_proxy", "ids"), [(True, False, ["regulars.W102"]), (True, True, []), (False, False, [])]
)
def test_a_proxy_that_is_not_believed_is_named(settings, is_https, trusts_proxy, ids):
    settings.IS_HTTPS, settings.TRUST_PROXY_HEADERS = is_https, trusts_proxy
    assert [found.id for found in checks.check_proxy(None)] == ids


def test_every_command_of_a_server_says_so():
    done = _deploy_check(TRUST_PROXY_HEADERS="0")
    assert "regulars.W102" in done.stderr


@pytest.mark.parametrize(("version", "ids"), [(160004, ["regulars.E201"]), (170000, []), (180006, [])])
def test_old_servers_are_refused(version, ids):
    assert [found.id for found in checks.version_findings(version)] == ids


def test_the_embedded_server_passes(db):
    assert checks.check_database(None, databases=["default"]) == []


def test_one_role_for_everything_is_said(committed_database):
    from conftest import _connect_to

    assert checks.role_findings("default") == []
    _connect_to(connection.settings_dict["NAME"], OWNER_ROLE)

    assert [found.id for found in checks.role_findings("default")] == ["regulars.W201"]


def test_missing_template_is_said(db, monkeypatch):
    from programs.models import SchemaTemplate

    SchemaTemplate.objects.all().delete()

    assert [found.id for found in checks.template_findings()] == ["regulars.W202"]
