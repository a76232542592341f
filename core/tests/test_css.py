"""The committed style sheet is what the sources build to."""

from __future__ import annotations

from pathlib import Path

import pytest

from core import css


def test_committed_style_sheet_is_current() -> None:
    assert css.is_current(), "run `make css` and commit static/css/app.css"


def test_stale_style_sheet_fails_the_check(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    old = tmp_path / "app.css"
    old.write_text(".gone{}")
    monkeypatch.setattr(css, "BUILT", old)
    assert css.main(["--check"]) == 1
    assert old.read_text() == ".gone{}"
