"""The environment as operators write it: what is wrong stops the start by name, what is right arrives whole."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest
from django.core.exceptions import ImproperlyConfigured

from config.database import BASE_DIR, connection_settings
from config.environment import Environment, local_secret

env = Environment()


@pytest.mark.parametrize(
    ("read", "text"),
    [
        (lambda: env.bool("A_SETTING", default=False), "ture"),
        (lambda: env.int("A_SETTING", default=1), "many"),
        (lambda: env.choice("A_SETTING", ("http", "https"), default="http"), "htps"),
        (lambda: env.host("A_SETTING", default="localhost"), "https://regulars.example"),
        (lambda: env.host("A_SETTING", default="localhost"), "regulars.example:8000"),
        (lambda: env.rate("A_SETTING", default="10/60"), "10 per minute"),
        (lambda: env.rate("A_SETTING", default="10/60"), "0/60"),
        (lambda: env.email_url("A_SETTING", default="filemail://"), "mail.example"),
        (lambda: env.str("A_SETTING"), ""),
    ],
)
def test_a_value_that_cannot_be_read_stops_the_start_by_name(monkeypatch, read, text):
    monkeypatch.setenv("A_SETTING", text)
    with pytest.raises(ImproperlyConfigured, match="A_SETTING"):
        read()


@pytest.mark.parametrize(
    ("read", "text", "value"),
    [
        (lambda: env.bool("A_SETTING", default=False), "Yes", True),
        (lambda: env.bool("A_SETTING", default=True), "off", False),
        (lambda: env.bool("A_SETTING", default=True), "", True),
        (lambda: env.int("A_SETTING", default=8000), "", 8000),
        (lambda: env.list("A_SETTING", default=[]), "one, two,", ["one", "two"]),
        (lambda: env.host("A_SETTING", default="localhost"), "Regulars.Example", "regulars.example"),
        (lambda: env.rate("A_SETTING", default="10/60"), "3000/60", (3000, 60)),
        (lambda: env.str("A_SETTING"), "$ecret#1", "$ecret#1"),
    ],
)
def test_a_value_arrives_as_it_was_written(monkeypatch, read, text, value):
    monkeypatch.setenv("A_SETTING", text)
    assert read() == value


def test_the_line_end_of_a_secrets_file_is_no_part_of_the_secret(monkeypatch, tmp_path):
    (tmp_path / "secret").write_text("kept well\n")
    monkeypatch.setenv("A_SETTING_FILE", str(tmp_path / "secret"))
    assert Environment().str("A_SETTING") == "kept well"


def test_the_query_of_a_database_url_is_kept():
    found = connection_settings("postgresql://app:p%40ss@db.example:5433/shop?sslmode=verify-full&connect_timeout=5")
    assert found == {
        "NAME": "shop",
        "USER": "app",
        "PASSWORD": "p@ss",
        "HOST": "db.example",
        "PORT": 5433,
        "OPTIONS": {"sslmode": "verify-full", "connect_timeout": 5},
    }


def test_a_socket_directory_is_the_host():
    found = connection_settings("postgresql://app@/shop?host=/run/pg&port=5433")
    assert (found["HOST"], found["PORT"], found["OPTIONS"]) == ("/run/pg", 5433, {})


@pytest.mark.parametrize("url", ["db.example", "mysql://a:b@c/d", "postgresql://a:b@c:port/d"])
def test_what_is_no_database_url_is_refused(url):
    with pytest.raises(ImproperlyConfigured, match="postgresql://"):
        connection_settings(url)


def _database(**environment: str) -> dict[str, object]:
    """DATABASES["default"] as a process with this environment sees it."""
    script = (
        "import json; from config.settings import base;"
        "print(json.dumps(base.DATABASES['default'] | {'ROLE': base.DATABASE_ROLE}))"
    )
    kept = {name: value for name, value in os.environ.items() if not name.startswith("DATABASE")}
    done = subprocess.check_output([sys.executable, "-c", script], cwd=BASE_DIR, env=kept | environment, text=True)
    found: dict[str, object] = json.loads(done)
    return found


def test_tls_of_a_database_url_reaches_the_connection():
    options = _database(DATABASE_URL="postgresql://app:secret@db.example/shop?sslmode=require")["OPTIONS"]
    assert options == {
        "sslmode": "require",
        "server_side_binding": True,
        "prepare_threshold": 3,
        "application_name": "regulars",
    }


def test_five_parts_need_no_escapes():
    found = _database(DATABASE_HOST="db.example", DATABASE_USER="app", DATABASE_PASSWORD="p@ss/w#rd:%20$x")
    assert (found["USER"], found["PASSWORD"], found["HOST"]) == ("app", "p@ss/w#rd:%20$x", "db.example")
    assert (found["PORT"], found["NAME"]) == (5432, "regulars")


def test_the_owner_role_has_its_own_url():
    urls = {
        "DATABASE_URL": "postgresql://app@one.example/shop",
        "DATABASE_OWNER_URL": "postgresql://boss@two.example/shop",
    }
    assert _database(**urls)["USER"] == "app"
    owner = _database(**urls, DATABASE_ROLE="owner")
    assert (owner["USER"], owner["HOST"], owner["ROLE"]) == ("boss", "two.example", "owner")


def test_racing_first_starts_share_one_secret(tmp_path):
    """Also with a file that a killed start left empty."""
    path = tmp_path / "var" / "secret"
    path.parent.mkdir()
    path.touch(mode=0o600)
    script = (
        "import sys; from pathlib import Path; from config.environment import local_secret;"
        "print(local_secret(Path(sys.argv[1])))"
    )
    racing = [
        subprocess.Popen([sys.executable, "-c", script, str(path)], cwd=BASE_DIR, stdout=subprocess.PIPE, text=True)
        for _ in range(4)
    ]
    seen = {process.communicate()[0].strip() for process in racing}
    assert seen == {local_secret(path)}
    assert len(local_secret(path)) >= 50
    assert path.stat().st_mode & 0o077 == 0
