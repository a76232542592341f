"""Every way to deploy runs the same few commands, and they work."""

from __future__ import annotations

import json
import re
import sys

import pytest
import yaml

from config.database import BASE_DIR
from config.supervisor import serve
from config.supervisor.commands import web_command, worker_command

COMMANDS = {
    "manage.py up",
    "manage.py release",
    "-m config.supervisor.serve web",
    "-m config.supervisor.serve worker",
}


def _commands_of(text: str) -> set[str]:
    return set(re.findall(r"(manage\.py (?:up|release)|-m config\.supervisor\.serve \w+)", text))


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        (["Procfile"], COMMANDS - {"manage.py up"}),
        (["compose.yaml"], COMMANDS - {"manage.py up"}),
        (sorted(str(p.relative_to(BASE_DIR)) for p in (BASE_DIR / "deploy/systemd").glob("*.service")), COMMANDS),
    ],
)
def test_deploy_files_use_the_known_commands(files, expected):
    text = "\n".join((BASE_DIR / file).read_text() for file in files if file != "compose.yaml")
    if "compose.yaml" in files:  # comments may speak of other ways
        text = "\n".join(re.findall(r"^\s+command: (.*)$", (BASE_DIR / "compose.yaml").read_text(), re.MULTILINE))

    assert _commands_of(text) == expected


def test_compose_listens_where_the_port_is_mapped():
    """PORT of .env is for people; passed on to the container it would move the server away from its mapping."""
    compose = yaml.safe_load((BASE_DIR / "compose.yaml").read_text())
    assert compose["services"]["web"]["ports"] == ["${PORT:-8000}:8000"]
    for service in ("release", "web", "worker"):
        assert compose["services"][service]["environment"]["PORT"] == 8000
        assert compose["services"][service]["environment"]["HOST_ADDRESS"] == "0.0.0.0"


def test_container_runs_up_as_an_ordinary_user():
    lines = (BASE_DIR / "Dockerfile").read_text().splitlines()
    last_stage = lines[max(number for number, line in enumerate(lines) if line.startswith("FROM")) :]

    assert json.loads(last_stage[-1].removeprefix("CMD ")) == ["python", "manage.py", "up"]
    assert "USER regulars" in last_stage
    assert not [line for line in last_stage if "apt-get" in line or "gcc" in line]
    assert "/health/live" in "\n".join(last_stage)


def test_serve_becomes_the_command_of_the_supervisor(monkeypatch):
    became = []
    monkeypatch.setattr(serve.os, "execv", lambda path, command: became.append(command))
    for name, value in (("PORT", "8123"), ("HOST_ADDRESS", "0.0.0.0"), ("WEB_WORKERS", "3"), ("WEB_THREADS", "2")):
        monkeypatch.setenv(name, value)

    monkeypatch.setattr(sys, "argv", ["serve", "web"])
    serve.main()
    monkeypatch.setattr(sys, "argv", ["serve", "worker"])
    serve.main()

    assert became == [web_command(port=8123, host="0.0.0.0", workers=3, threads=2), worker_command()]
