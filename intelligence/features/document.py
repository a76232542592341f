"""docs/features.md: the tables between its marks are made of the registry."""

from __future__ import annotations

from collections.abc import Iterator

from intelligence.features.families import FAMILIES, Family
from intelligence.features.registry import FEATURES

BEGIN, END = "<!-- features -->", "<!-- end of features -->"


def written_into(page: str) -> str:
    """`page` with the tables between the marks made again."""
    before, _begin, rest = page.partition(BEGIN)
    _old, _end, after = rest.partition(END)
    tables = "\n\n".join(map(_table, FAMILIES))
    return f"{before}{BEGIN}\n\n{tables}\n\n{END}{after}"


def _table(family: Family) -> str:
    head = (f"## {family.label}", "", "| key | feature | unit | example | made of |", "|---|---|---|---|---|")
    return "\n".join([*head, *_rows(family)])


def _rows(family: Family) -> Iterator[str]:
    for feature in FEATURES.values():
        if feature.family is family:
            sources = ", ".join(f"`{source}`" for source in feature.sources)
            what = f"**{feature.label}.** {feature.about}"
            yield f"| `{feature.key}` | {what} | {feature.unit} | {feature.example} | {sources} |"
