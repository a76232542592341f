"""Words that say something only beside a figure: “high-value customers with LTV over $500”."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from segments.words import notes
from segments.words.context import ARTICLES
from segments.words.items import JOINTS, Kind
from segments.words.text import Phrases, Text
from segments.words.tree import Part, conditions_of

_IN_A_TIME = "orders in a time"
_MEASURED = Phrases(
    {
        ("value_12", "value_6", "value_3", "spent", "average_order"): [
            "high value", "highvalue", "valuable", "high spending", "big spending", "big spenders", "high spenders",
            "best", "top", "most valuable", "high worth", "low value", "low spending", "vip", "premium", "big",
            "small", "rich", "high ltv", "spenders", "high rollers", "worthwhile", "lucrative",
        ],
        ("orders", "points"): ["loyal", "frequent", "regular", "heavy", "occasional", "keen", "devoted", "faithful"],
        ("last_order", _IN_A_TIME, "churn", "churn_band"): [
            "lapsed", "inactive", "dormant", "sleeping", "recent", "active", "lost", "idle",
        ],
        ("churn", "churn_band"): ["at risk", "risky"],
    }
)  # fmt: skip


def said_by_figures(text: Text, unknown: set[int], parts: Sequence[Part]) -> Iterator[tuple[set[int], str]]:
    """“High-value customers with LTV over $500”: the figure says what high value means. Words, and a note."""
    asked = [one for part in parts for one in conditions_of(part)]
    fields = {one.field for one in asked}
    fields |= {_IN_A_TIME for one in asked if one.field == "orders" and one.window is not None}
    for at in sorted(unknown):
        measured = _MEASURED.at(text, at)
        if measured is None:
            continue
        words = set(range(at, measured[1]))
        is_alone = words <= unknown and not {at - 1, measured[1]} & unknown and not _is_apart(text, at, measured[1])
        if is_alone and not fields.isdisjoint(measured[0]):
            yield words, notes.figure_says(text.slice(at, measured[1]))


def _is_apart(text: Text, at: int, end: int) -> bool:
    """“except big spenders”, “big spenders or …”, “in Big spenders”: no word for those with the figure."""
    while text.word(at - 1) in ARTICLES | {"those", "all"}:
        at -= 1
    before = [one[0] for start in range(max(at - 4, 0), at) if (one := JOINTS.at(text, start)) and one[1] == at]
    return not _APART.isdisjoint(before) or text.word(at - 1) in ("in", "from") or text.word(end) == "or"


_APART = {Kind.EXCEPT, Kind.NOT, Kind.OR, Kind.NOR, Kind.NEITHER}
