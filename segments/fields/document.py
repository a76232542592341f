"""docs/segment-fields.md: the tables between its marks are made of the registry."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import msgspec

from segments.fields.base import Field
from segments.fields.registry import FIELDS

BEGIN, END = "<!-- fields -->", "<!-- end of fields -->"


def written_into(page: str) -> str:
    """`page` with the tables between the marks made again."""
    before, _begin, rest = page.partition(BEGIN)
    _old, _end, after = rest.partition(END)
    groups = dict.fromkeys(str(field.group) for field in FIELDS.values())
    tables = "\n\n".join(_table(group) for group in groups)
    return f"{before}{BEGIN}\n\n{tables}\n\n{END}{after}"


def _table(group: str) -> str:
    head = (
        f"## {group}",
        "",
        "| field | what it is | kind | operators | narrowed by | example |",
        "|---|---|---|---|---|---|",
    )
    return "\n".join([*head, *_rows(group)])


def _rows(group: str) -> Iterator[str]:
    for key, field in FIELDS.items():
        if str(field.group) == group:
            cells = [f"`{key}`", str(field.label), _kind(field), _listed(field.operators), _narrowed(field)]
            yield f"| {' | '.join(cells)} | `{msgspec.json.encode(field.example).decode()}` |"


def _kind(field: Field) -> str:
    return f"{field.kind} of {field.unit}" if field.unit else str(field.kind)


def _narrowed(field: Field) -> str:
    names = [*(["a window"] if field.source.takes_window else []), *(f"`{name}`" for name in field.source.properties)]
    return ", ".join(names)


def _listed(words: Sequence[str]) -> str:
    return ", ".join(f"`{word}`" for word in words)
