"""The committed style sheet is what the sources build to, and pages stay light."""

from __future__ import annotations

import gzip
import re
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
    """Every template's own scripts, with those of every page."""
    of_template = {
        page: set(re.findall(r'{% static "((?:js|vendor)/.+?[.]js)" %}', page.read_text())) for page in _templates()
    }
    everywhere = of_template.pop(css.ROOT / "templates/base.html")
    pages = [everywhere | own for page, own in of_template.items() if own and page.name != "_chart_scripts.html"]
    assert everywhere
    assert len(pages) > 3
    for scripts in pages:
        files = [css.BUILT, *(css.ROOT / "static" / name for name in scripts)]
        assert sum(len(gzip.compress(file.read_bytes())) for file in files) < 60_000  # bytes; a page may load 150 kB


def _templates() -> list[Path]:
    folders = [css.ROOT / "templates", *css.ROOT.glob("*/templates")]
    return [page for folder in folders for page in folder.rglob("*.html")]
