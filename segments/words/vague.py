"""Words that say something only beside others: “lapsed” beside a time without orders, “high-value” beside a figure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from segments.words import notes
from segments.words.items import Item, Kind
from segments.words.text import Phrases, Text
from segments.words.tree import Part, conditions_of

_MEASURED = Phrases(
    {
        ("value_12", "value_6", "value_3", "spent", "average_order"): [
            "high value", "highvalue", "valuable", "high spending", "big spending", "big spenders", "high spenders",
            "best", "top", "most valuable", "high worth", "low value", "low spending", "vip", "premium", "big", "small",
            "rich", "high ltv", "spenders", "high rollers", "worthwhile", "lucrative",
        ],
        ("orders", "points"): [
            "loyal", "frequent", "regular", "heavy", "occasional", "keen", "devoted", "faithful",
        ],
        ("last_order", "orders", "churn", "churn_band"): [
            "lapsed", "inactive", "dormant", "sleeping", "recent", "active", "lost", "idle",
        ],
        ("churn", "churn_band"): ["at risk", "risky"],
    }
)  # fmt: skip


def settled(items: Sequence[Item]) -> Sequence[Item]:
    """“Lapsed” says something beside a time without orders only."""
    is_quiet = any(_is_quiet(item) or _denies_orders(items[at : at + 4]) for at, item in enumerate(items))
    return [
        Item(Kind.UNKNOWN, item.start, item.end) if item.found and item.found.needs_quiet and not is_quiet else item
        for item in items
    ]


def _is_quiet(item: Item) -> bool:
    if item.found is None or item.found.part is None or item.found.needs_quiet:
        return False
    return any(
        one.field == "last_order"
        or (one.field == "orders" and one.window is not None and (one.op, one.value) == ("is", 0))
        for one in conditions_of(item.found.part)
    )


def _denies_orders(items: Sequence[Item]) -> bool:
    """A "not", and behind it orders in some time."""
    if items[0].kind is not Kind.NOT:
        return False
    following = next((item for item in items[1:] if item.kind is not Kind.CLAUSE), None)
    if following is None or following.found is None or following.found.part is None:
        return False
    return any(one.field == "orders" and one.window is not None for one in conditions_of(following.found.part))


def said_by_figures(text: Text, unknown: set[int], parts: Sequence[Part]) -> Iterator[tuple[set[int], str]]:
    """“High-value customers with LTV over $500”: the figure says what high value means. Words, and a note."""
    fields = {one.field for part in parts for one in conditions_of(part)}
    for at in sorted(unknown):
        measured = _MEASURED.at(text, at)
        if measured is None:
            continue
        words = set(range(at, measured[1]))
        is_alone = words <= unknown and not {at - 1, measured[1]} & unknown
        if is_alone and not fields.isdisjoint(measured[0]):
            yield words, notes.figure_says(text.slice(at, measured[1]))
