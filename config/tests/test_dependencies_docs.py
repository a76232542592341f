"""docs/dependencies.md against pyproject.toml, the locks and the licences in this repository."""

from __future__ import annotations

import re

from config.database import BASE_DIR
from docs import reference


def test_every_direct_dependency_has_a_reason_and_no_other():
    direct = {name for names in reference.direct().values() for name in names}

    assert direct == set(reference.REASONS)


def test_the_page_lists_the_pinned_versions():
    page = (BASE_DIR / "docs" / "dependencies.md").read_text()
    shown = dict(re.findall(r"^\| ([\w.-]+) \| ([\w.]+) \|", page, re.MULTILINE))
    versions = reference.pinned()

    for names in reference.direct().values():
        for name in names:
            assert shown.get(name) == versions[name], f"{name}: run make docs"


def test_locks_agree_and_hold_no_addresses():
    def pins(group: str) -> dict[str, str]:
        text = (BASE_DIR / "requirements" / f"{group}.lock").read_text()
        assert "://" not in text
        assert "--index-url" not in text
        return dict(re.findall(r"^([\w.\[\]-]+)==([\w.]+)", text, re.MULTILINE))

    base, test, dev = pins("base"), pins("test"), pins("dev")

    assert base.items() <= test.items() <= dev.items()
    assert len(base) > 30


def test_vendored_files_come_with_their_licence():
    for name, _terms, where in reference.VENDORED:
        folder = BASE_DIR / where
        assert any((folder / file).exists() for file in ("LICENSE", "LICENCE.md")), name
