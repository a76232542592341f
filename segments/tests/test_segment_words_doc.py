"""docs/algorithms/segment-words.md says how sentences are read: every row of its tables. No database."""

from __future__ import annotations

import re

import pytest
from django.conf import settings

from segments.tests.said import said

PAGE = (settings.BASE_DIR / "docs" / "algorithms" / "segment-words.md").read_text()
ROWS = re.findall(r"^\| (.+?) \| `(.+)` \|$", PAGE, re.MULTILINE)


def test_there_are_examples_of_every_part():
    assert len(ROWS) > 40


@pytest.mark.parametrize(("sentence", "meant"), ROWS)
def test_a_row_of_the_page(sentence, meant):
    assert said(sentence) == meant
