"""The committed style sheet is what the sources build to, and pages stay light."""

from __future__ import annotations

import gzip
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


def test_what_a_page_loads_without_charts_is_light() -> None:
    static = css.ROOT / "static"
    files = [css.BUILT, *static.glob("vendor/htmx/*.js"), *static.glob("js/*.js")]
    assert len(files) > 3
    assert sum(len(gzip.compress(file.read_bytes())) for file in files) < 60_000  # bytes; a page may load 150 kB
