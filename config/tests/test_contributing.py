"""README.md and CONTRIBUTING.md against the repository: what they name is there."""

from __future__ import annotations

import re

import pytest
from django.core.management import get_commands

from config.database import BASE_DIR

PAGES = ["README.md", "CONTRIBUTING.md"]
FILES = re.compile(r"`((?:[\w.-]+/)*[\w.-]+\.(?:py|html|md|yaml|toml|css|js)|(?:[\w.-]+/)+)`")


@pytest.mark.parametrize("page", PAGES)
def test_links_lead_somewhere(page):
    links = re.findall(r"\]\((?!https?:)([^)#]+)", (BASE_DIR / page).read_text())

    assert links
    assert [link for link in links if not (BASE_DIR / link).exists()] == []


def test_recipes_name_files_that_are_there():
    homes = [BASE_DIR, BASE_DIR / "templates", *(path.parent for path in BASE_DIR.glob("*/apps.py"))]
    named = set(FILES.findall((BASE_DIR / "CONTRIBUTING.md").read_text()))

    def is_there(name: str) -> bool:
        return any((home / name).exists() for home in homes)

    assert len(named) > 15
    assert sorted(name for name in named if not is_there(name)) == []


def test_recipes_name_commands_that_are_there():
    ours = set(re.findall(r"manage\.py (\w+)", (BASE_DIR / "CONTRIBUTING.md").read_text()))
    targets = set(re.findall(r"`?make (\w+)", (BASE_DIR / "CONTRIBUTING.md").read_text()))
    makefile = (BASE_DIR / "Makefile").read_text()

    assert ours <= set(get_commands())
    assert [target for target in targets if not re.search(rf"^{target}:", makefile, re.MULTILINE)] == []
