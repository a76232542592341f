"""docs/algorithms/segments.md and docs/segment-fields.md say what the product does."""

from __future__ import annotations

import json
import re
from datetime import date

import msgspec
from django.conf import settings

from segments.compiler import check
from segments.fields.document import written_into
from segments.fields.registry import FIELDS
from segments.rules import Window, read, span

FOLDER = settings.BASE_DIR / "docs"
PAGE = (FOLDER / "algorithms" / "segments.md").read_text()
TODAY = date(2026, 11, 22)


def test_the_fields_are_current():
    page = (FOLDER / "segment-fields.md").read_text()
    assert written_into(page) == page, "run `manage.py segment_fields_doc`"


def test_the_tree_of_the_page_can_be_used():
    (tree,) = re.findall(r"```json\n(.+?)```", PAGE, re.DOTALL)
    check(read(json.loads(tree)), FIELDS)


def test_the_windows_of_the_page_are_those_days():
    rows = re.findall(r"^\| `(\{.+?\})` \| (.+?) \|", PAGE, re.MULTILINE)
    assert len(rows) == 6
    for written, said in rows:
        first, last = span(msgspec.json.decode(written, type=Window), TODAY)
        assert said == _said(first, last), written


def _said(first: date | None, last: date | None) -> str:
    assert last is not None
    year = f" {last.year}" if last.month == 3 else ""
    end = f"{last.day} {last:%B}{year}"
    if first is None:
        return f"up to {end}"
    return f"{first.day} to {end}" if first.month == last.month else f"{first.day} {first:%B} to {end}"
