"""Every word that the engine says about archetypes, in the language of a shop's owner."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple


class Word(NamedTuple):
    """How a trait is said before a noun, as a noun, and in a sentence after "they"."""

    adjective: str
    noun: str
    phrase: str


WORDS: Mapping[str, Word] = {
    "recency_days+": Word("Lapsed", "drifters", "have not come for a long time"),
    "recency_days−": Word("Active", "recent visitors", "came lately"),
    "order_days+": Word("Loyal", "regulars", "come often"),
    "order_days−": Word("Rarely-seen", "one-timers", "came hardly more than once"),
    "net_spend+": Word("High-spending", "big spenders", "spend much in all"),
    "net_spend−": Word("Low-spending", "small spenders", "spend little in all"),
    "average_order+": Word("Big-ticket", "splurgers", "spend much at a time"),
    "average_order−": Word("Small-ticket", "treaters", "spend little at a time"),
    "tenure_days+": Word("Long-standing", "old hands", "have been customers for a long time"),
    "tenure_days−": Word("New", "newcomers", "are new"),
    "lines_per_order+": Word("Full-basket", "stockers-up", "take many different things at a time"),
    "lines_per_order−": Word("Small-basket", "quick shoppers", "take few different things at a time"),
    "items_per_order+": Word("Bulk", "bulk buyers", "take many pieces at a time"),
    "items_per_order−": Word("Single-item", "pickers", "take few pieces at a time"),
    "distinct_products+": Word("Curious", "explorers", "try many products"),
    "distinct_products−": Word("Same-again", "habitual buyers", "stay with few products"),
    "mean_gap_days+": Word("Occasional", "occasional visitors", "take long between visits"),
    "mean_gap_days−": Word("Frequent", "frequent visitors", "come back soon"),
    "returned_share+": Word("Choosy", "choosy buyers", "return much"),
    "returned_share−": Word("Content", "keepers", "return nothing"),
    "weekend_share+": Word("Weekend", "weekenders", "come at weekends"),
    "evening_share+": Word("Evening", "evening visitors", "come in the evening"),
}

# Two traits that have a name of their own.
PAIRS: Mapping[frozenset[str], str] = {
    frozenset(pair): name
    for *pair, name in (
        ("recency_days+", "order_days+", "Drifting regulars"),
        ("recency_days+", "order_days−", "Lapsed one-timers"),
        ("recency_days+", "net_spend−", "Drifted away"),
        ("recency_days−", "order_days−", "New faces"),
        ("tenure_days−", "order_days−", "New faces"),
        ("recency_days−", "order_days+", "Active regulars"),
        ("tenure_days−", "recency_days−", "New faces"),
        ("items_per_order+", "average_order+", "Wholesale buyers"),
        ("items_per_order+", "net_spend+", "Wholesale buyers"),
        ("mean_gap_days−", "order_days+", "Frequent regulars"),
        ("order_days+", "net_spend+", "Best regulars"),
        ("items_per_order−", "average_order−", "Small-basket treaters"),
        ("lines_per_order−", "net_spend−", "Small-basket buyers"),
        ("items_per_order−", "net_spend−", "Small-basket buyers"),
        ("net_spend+", "average_order+", "Big spenders"),
        ("net_spend−", "average_order−", "Small spenders"),
    )
}
# Traits that say much the same; a name never has two of one family.
FAMILIES: tuple[frozenset[str], ...] = (
    frozenset({"order_days", "mean_gap_days"}),
    frozenset({"lines_per_order", "items_per_order"}),
    frozenset({"net_spend", "distinct_products"}),
)
# Of two traits, the one that is earlier here gives the noun.
NOUN_FIRST = (
    *("order_days", "average_order", "net_spend", "distinct_products", "items_per_order", "lines_per_order"),
    *("mean_gap_days", "tenure_days", "recency_days", "returned_share"),
    *("evening_share", "weekend_share"),
)

ALONE = "{adjective} customers"
TYPICAL = "Typical customers"
NUMBERED = "{name} {number}"
GROUPS: Mapping[str, str] = {
    "big": "Big spenders",
    "regular": "Regulars",
    "new": "New faces",
    "lapsed": "Drifted away",
}
TIERS: Mapping[int, tuple[str, ...]] = {
    1: ("All customers",),
    2: ("High value", "Low value"),
    3: ("High value", "Middle value", "Low value"),
}

DESCRIPTION = "Typically {days} with an order, the last {ago}, {average} an order and {spend} in all{traits}."
BOTH = "{first} and {second}"
NOBODY = "Nobody is like this at the moment."
STANDS_OUT = ": they {first} and {second}"
STANDS_OUT_BY_ONE = ": they {first}"
DAY, DAYS = "1 day", "{count} days"
TODAY, YESTERDAY, AGO = "today", "yesterday", "{count} days ago"

BECAUSE: Mapping[str, str] = {
    "best_rank": "This many groups lie furthest apart and are found again most surely.",
    "none_agrees": "No number of groups is found again as surely as we ask for; this one comes nearest.",
    "none_large_enough": "Every number of groups has one with few people; this one has the largest smallest group.",
    "usual_k": "As many groups as before; another number would be hardly better.",
    "kept": "The groups of the last run, moved to where people are now.",
    "few_buyers": "Fewer than 50 people have bought: rules of thumb divide them until there are more.",
    "too_alike": "People differ too little for groups of their own: rules of thumb divide them.",
}
