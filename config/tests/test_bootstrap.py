"""The two commands' front door: what it says, and when it installs again."""

from __future__ import annotations

import shutil
import subprocess
import sys
from types import ModuleType

import pytest

from config.database import BASE_DIR

TARGETS = {
    *("demo", "serve", "test", "lint", "types", "fmt", "css", "bench"),
    *("docs", "data", "screenshots", "chaos", "check"),
}


@pytest.fixture
def bootstrap(tmp_path, monkeypatch) -> ModuleType:
    """bootstrap.py in a project of its own with two tiny locks."""
    import bootstrap

    monkeypatch.setattr(bootstrap, "ROOT", str(tmp_path))
    monkeypatch.setattr(bootstrap, "VENV", str(tmp_path / ".venv"))
    monkeypatch.setattr(bootstrap, "VENV_PYTHON", str(tmp_path / ".venv" / "bin" / "python"))
    (tmp_path / "requirements").mkdir()
    (tmp_path / ".venv" / "bin").mkdir(parents=True)
    (tmp_path / ".venv" / "bin" / "python").symlink_to(sys.executable)
    for group in bootstrap.GROUPS:
        (tmp_path / "requirements" / f"{group}.lock").write_text(f"{group}==1")
    return bootstrap


def _mark_installed(bootstrap: ModuleType, tmp_path, group: str) -> None:
    digest = bootstrap.digest_of(str(tmp_path / "requirements" / f"{group}.lock"))
    (tmp_path / ".venv" / f"installed-{group}").write_text(digest)


def test_unchanged_lock_is_not_installed_again_and_a_changed_one_is(bootstrap, tmp_path):
    assert not bootstrap.is_installed("base")
    _mark_installed(bootstrap, tmp_path, "base")
    assert bootstrap.is_installed("base")
    assert not bootstrap.is_installed("test")

    (tmp_path / "requirements" / "base.lock").write_text("base==2")

    assert not bootstrap.is_installed("base")


def test_a_larger_group_contains_the_smaller(bootstrap, tmp_path):
    _mark_installed(bootstrap, tmp_path, "dev")

    assert bootstrap.is_installed("base")
    assert bootstrap.is_installed("test")


def test_old_python_is_told_in_one_line(bootstrap, monkeypatch, capsys):
    monkeypatch.setattr(sys, "version_info", (3, 9, 2))
    monkeypatch.setattr(shutil, "which", lambda name: None)

    with pytest.raises(SystemExit):
        bootstrap.use_a_new_enough_python()

    error = capsys.readouterr().err
    assert error == "Regulars needs Python 3.11 or newer; this is 3.9. Install python3.11 and run this again.\n"


def test_a_newer_python_that_does_not_answer_is_passed_over(bootstrap, monkeypatch, tmp_path):
    """pyenv leaves a script in PATH for every version that it knows, installed for this directory or not."""
    for name, code in (("python3.13", 127), ("python3.12", 0)):
        (tmp_path / name).write_text(f"#!/bin/sh\nexit {code}\n")
        (tmp_path / name).chmod(0o755)
    became = []
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(sys, "version_info", (3, 9, 2))
    monkeypatch.setattr(bootstrap.os, "execv", lambda path, command: became.append(path) or sys.exit(0))

    with pytest.raises(SystemExit):
        bootstrap.use_a_new_enough_python()

    assert became == [str(tmp_path / "python3.12")]


def test_missing_browser_without_the_right_to_install_is_told_in_one_line(bootstrap, monkeypatch, capsys):
    monkeypatch.setattr(shutil, "which", lambda name: None)

    with pytest.raises(SystemExit):
        bootstrap.ensure_browser()

    assert capsys.readouterr().err == "The page tests need Chromium. Debian, Ubuntu: apt-get install chromium\n"


def test_unknown_act_shows_the_help():
    done = subprocess.run(
        [sys.executable, "bootstrap.py", "party"], cwd=BASE_DIR, capture_output=True, text=True, check=False
    )

    assert done.returncode == 1
    assert "python3 bootstrap.py demo" in done.stderr


@pytest.mark.skipif(shutil.which("make") is None, reason="make is optional")
def test_make_lists_its_targets():
    listed = subprocess.check_output(["make", "--no-print-directory"], cwd=BASE_DIR, text=True)

    assert {line.split()[1] for line in listed.splitlines()} >= TARGETS
    assert "exec make test" in (BASE_DIR / ".ci" / "run").read_text()
