"""The supervisor's parts, on real processes and a real queue."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from django.conf import settings
from django.utils import timezone
from django_q.models import OrmQ

from config.supervisor import child as child_module
from config.supervisor import heartbeat, orphans, port, preparation, watchdog
from config.supervisor.child import PAUSES_SECONDS, Child, trim_log
from config.supervisor.supervisor import Supervisor
from config.supervisor.welcome import welcome

SLEEPER = [sys.executable, "-c", "import time; time.sleep(300)"]
# A leader that starts a worker of its own and says its pid.
LEADER = [
    sys.executable,
    "-c",
    "import subprocess, sys, time\n"
    "worker = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(300)'])\n"
    "print(worker.pid, flush=True)\n"
    "time.sleep(300)",
]


@pytest.fixture
def make_child(tmp_path: Path) -> Iterator:
    made: list[Child] = []

    def make(command: list[str]) -> Child:
        made.append(Child("child", command, tmp_path / "child.log", dict(os.environ), tmp_path))
        return made[-1]

    yield make
    for child in made:
        child.stop(patience_seconds=0)


def _is_alive(pid: int) -> bool:
    try:
        return (Path("/proc") / str(pid) / "stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def _wait_until(condition, seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_dead_child_starts_again_after_a_growing_pause(make_child):
    child = make_child([sys.executable, "-c", "raise SystemExit(3)"])
    child.start()
    pauses = []
    for _ in range(2):
        _wait_until(lambda: not child.is_running)
        pauses.append(child.tend())
        assert child.last_code == 3
        _wait_until(lambda: child.tend() is None and child.process is not None)

    assert pauses == list(PAUSES_SECONDS[:2])


def test_workers_of_a_dead_leader_are_ended_before_it_starts_again(make_child):
    child = make_child(LEADER)
    child.start()
    _wait_until(lambda: child.log.exists() and child.log.read_text().strip())
    worker = int(child.log.read_text())
    assert _is_alive(worker)
    assert child.process is not None

    os.kill(child.process.pid, signal.SIGKILL)
    _wait_until(lambda: not child.is_running)
    child.tend()

    _wait_until(lambda: not _is_alive(worker))


def test_a_log_that_grows_is_put_aside_while_its_process_writes_on(make_child, monkeypatch):
    monkeypatch.setattr(child_module, "LOG_MAX_BYTES", 5_000)
    talker = "import itertools, time\nfor n in itertools.count(): print(f'line {n}', flush=True); time.sleep(0.0005)"
    child = make_child([sys.executable, "-c", talker])
    child.start()
    _wait_until(lambda: child.log.stat().st_size > 6_000)

    trim_log(child.log)

    old = child.log.with_suffix(".old.log")
    assert old.read_bytes().startswith(b"line 0\n")
    assert old.stat().st_size > 6_000
    begins_at = child.log.stat().st_size
    _wait_until(lambda: child.log.stat().st_size > begins_at)
    assert b"\0" not in child.log.read_bytes()


def test_stop_is_gentle_then_firm(make_child):
    stubborn = make_child(
        [
            sys.executable,
            "-c",
            "import signal, time; signal.signal(15, signal.SIG_IGN); print(1, flush=True); time.sleep(300)",
        ]
    )
    stubborn.start()
    _wait_until(stubborn.log.read_text)
    assert stubborn.process is not None
    pid = stubborn.process.pid

    stubborn.ask_to_stop()
    stubborn.stop(patience_seconds=0.3)

    assert not _is_alive(pid)
    stubborn.stop(patience_seconds=0)  # twice is harmless


@pytest.mark.skipif(sys.platform != "linux", reason="the kernel's parent-death signal")
def test_children_end_with_a_killed_supervisor(tmp_path):
    script = (
        "import os, sys, time; from pathlib import Path; from config.supervisor.child import Child\n"
        f"child = Child('c', {SLEEPER!r}, Path('log'), dict(os.environ), Path('.')); child.start()\n"
        "print(child.process.pid, flush=True); time.sleep(300)"
    )
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
    with subprocess.Popen(
        [sys.executable, "-c", script], cwd=tmp_path, env=environment, stdout=subprocess.PIPE, text=True
    ) as supervisor:
        assert supervisor.stdout is not None
        pid = int(supervisor.stdout.readline())
        assert _is_alive(pid)

        supervisor.kill()

    _wait_until(lambda: not _is_alive(pid))


def test_sweep_ends_marked_processes_of_this_installation_only(tmp_path):
    ours, theirs = (
        subprocess.Popen(SLEEPER, env={**os.environ, orphans.MARK: str(tmp_path / name)}) for name in ("ours", "theirs")
    )
    try:
        _wait_until(lambda: orphans.MARK.encode() in Path(f"/proc/{ours.pid}/environ").read_bytes())

        assert orphans.sweep(tmp_path / "ours") == 1

        assert ours.wait(timeout=60) == -signal.SIGTERM
        assert theirs.poll() is None
        assert orphans.sweep(tmp_path / "ours") == 0
    finally:
        for process in (ours, theirs):
            process.kill()
            process.wait()


def test_a_port_is_waited_for_while_whoever_had_it_ends():
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        number = other.getsockname()[1]
        assert not port.becomes_free("127.0.0.1", number, patience=0.2)
        closing = threading.Timer(0.5, other.close)
        closing.start()
        assert port.becomes_free("127.0.0.1", number, patience=30)
        closing.join()


def test_a_port_of_the_other_family_is_seen():
    with socket.socket(socket.AF_INET6) as other:
        other.bind(("::1", 0))
        other.listen()
        assert not port.becomes_free("::1", other.getsockname()[1], patience=0)
    assert port.becomes_free("::1", 0, patience=0)


@pytest.mark.parametrize(
    ("environment", "url"),
    [
        ({}, "http://localhost:8123"),
        ({"PUBLIC_PORT": "443"}, "http://localhost:443"),
        ({"PUBLIC_PORT": "80"}, "http://localhost"),
    ],
)
def test_links_have_the_port_that_people_see(monkeypatch, environment, url):
    monkeypatch.delenv("PUBLIC_PORT", raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    supervisor = Supervisor(port=8123, host="127.0.0.1", with_demo=False)
    assert supervisor._url() == url
    assert supervisor.web.environment["PUBLIC_PORT"] == environment.get("PUBLIC_PORT", "8123")


def test_a_step_that_is_stopped_ends_with_all_it_started(tmp_path):
    """The demo loads in two processes; Ctrl-C must not leave one of them at work."""
    log = tmp_path / "start.log"
    steps = preparation.Steps(dict(os.environ), log, lambda: bool(log.read_text().strip()))
    with pytest.raises(preparation.PreparationFailed):
        steps.run("shell", "--no-imports", "-c", LEADER[-1])
    _wait_until(lambda: not _is_alive(int(log.read_text())))


def _age(run_dir: Path, seconds: float, *, has_worked: bool = True) -> None:
    then = time.time() - seconds
    os.utime(run_dir / heartbeat.HEARTBEAT, (then, then))
    start = then - 10 if has_worked else then
    os.utime(run_dir / heartbeat.CLUSTER_START, (start, start))


def test_silence_while_idle_is_a_hang(db, tmp_path):
    heartbeat.reset(tmp_path)
    assert watchdog.reason_to_restart(tmp_path, now=timezone.now()) == ""

    _age(tmp_path, watchdog.SILENCE_LIMIT_SECONDS + 10)

    assert "no task began" in watchdog.reason_to_restart(tmp_path, now=timezone.now())


def test_task_that_waits_for_idle_workers_is_a_hang(db, tmp_path):
    now = timezone.now()
    heartbeat.reset(tmp_path)
    _age(tmp_path, watchdog.WAITING_LIMIT_SECONDS + 5)
    assert watchdog.reason_to_restart(tmp_path, now=now) == ""

    OrmQ.objects.create(key="regulars", payload="x", lock=now - timedelta(seconds=90))

    assert watchdog.reason_to_restart(tmp_path, now=now) == "a task waits for 90 s while the workers are idle"


def test_a_cluster_that_is_still_starting_is_given_its_time(db, tmp_path):
    """On a loaded machine it takes longer than a task may wait: restarting it then would never end."""
    now = timezone.now()
    OrmQ.objects.create(key="regulars", payload="x", lock=now - timedelta(seconds=90))
    heartbeat.reset(tmp_path)
    assert not heartbeat.has_worked(tmp_path)
    _age(tmp_path, watchdog.WAITING_LIMIT_SECONDS + 5, has_worked=False)
    assert watchdog.reason_to_restart(tmp_path, now=now) == ""

    _age(tmp_path, watchdog.SILENCE_LIMIT_SECONDS + 5, has_worked=False)

    assert "no task began" in watchdog.reason_to_restart(tmp_path, now=now)


def test_a_worker_at_work_excuses_the_silence_and_a_killed_one_does_not(db, tmp_path):
    heartbeat.reset(tmp_path)
    _age(tmp_path, watchdog.SILENCE_LIMIT_SECONDS + 10)
    with subprocess.Popen(SLEEPER) as worker:
        (tmp_path / f"busy-{worker.pid}").touch()
        assert watchdog.reason_to_restart(tmp_path, now=timezone.now()) == ""
        worker.kill()

    assert watchdog.reason_to_restart(tmp_path, now=timezone.now()) != ""
    assert list(tmp_path.glob("busy-*")) == []


def test_a_pid_with_a_new_owner_is_no_worker_at_work(db, tmp_path):
    """A worker was killed and its pid given away: to somebody else's process, or to one of ours that lives on."""
    heartbeat.reset(tmp_path)
    _age(tmp_path, watchdog.SILENCE_LIMIT_SECONDS + 10)
    busy = tmp_path / f"busy-{os.getpid()}"
    busy.touch()
    assert watchdog.reason_to_restart(tmp_path, now=timezone.now()) == ""
    long_ago = time.time() - settings.JOB_TIMEOUT_SECONDS - 120
    os.utime(busy, (long_ago, long_ago))
    assert watchdog.reason_to_restart(tmp_path, now=timezone.now()) != ""
    assert not busy.exists()


def test_tasks_of_a_dead_cluster_are_given_back(db):
    now = timezone.now()
    waiting = OrmQ.objects.create(key="regulars", payload="x", lock=now - timedelta(seconds=5))
    taken = OrmQ.objects.create(key="regulars", payload="y", lock=now + timedelta(minutes=30))

    assert watchdog.release_tasks() == 1

    taken.refresh_from_db()
    assert taken.lock <= timezone.now()
    assert OrmQ.objects.get(pk=waiting.pk).lock == waiting.lock


def test_welcome_names_the_demo_programmes(db):
    from programs.models import Programme

    Programme.objects.filter(slug="harbour").update(is_demo=True)

    lines = welcome(
        base=lambda slug="": f"http://{slug + '.' if slug else ''}localhost:8000", with_demo=True, is_development=True
    )

    assert "Sign up or log in   http://localhost:8000/" in lines
    assert "Harbour             http://harbour.localhost:8000/" in lines
    assert "Points page         http://harbour.localhost:8000/p/" in lines
    assert "Sent texts          http://harbour.localhost:8000/dev/messages/" in lines
    assert "Sent e-mails        http://localhost:8000/dev/mail/" in lines
    assert not any("meadow" in line for line in lines)
