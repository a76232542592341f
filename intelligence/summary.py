"""The short form of an analysis for a language model: aggregates and names of products, nothing about one person.

Tokens are reckoned as half of the UTF-8 bytes of the compact JSON, rounded up: a tokenizer makes one of three or four
bytes of words, and of two where short numbers stand between marks.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from intelligence.analysis.findings import Concentration, Findings, Sold
from intelligence.insights.registry import insights_of

BYTES_PER_TOKEN = 2
FEWEST_TOKENS = 100  # the days and the currency alone need about forty
# What is left out first, the least telling part first. A list loses its last entries one by one before it goes.
LEFT_OUT: Sequence[str] = (
    "categories_percent", "products_hold_percent", "customers_hold_percent", "discount_percent", "season",
    "bought_together", "orders_by_weekday", "second_purchase_percent", "customers_by_risk",
    "year_ago", "before", "insights", "now",
)  # fmt: skip

Summary = dict[str, Any]


def summary_of(found: Findings, currency: str) -> Summary:
    """Everything that is worth telling, in the active language. Season is a month against its year, 1 as usual."""
    told = insights_of(found, currency)
    whole: Summary = {
        "as_of": found.as_of.isoformat(),
        "from": found.first_day.isoformat(),
        "currency": currency,
        "now": _sold(found.sales.now),
        "insights": [
            {"title": one.said.title, "why": one.said.text, "money_90_days": _whole(one.said.money)}
            for one in told.insights
        ],
        "before": _sold(found.sales.before),
        "year_ago": _sold(found.sales.year),
        "customers_by_risk": {band.band: band.customers for band in found.risk.bands} if found.risk else None,
        "second_purchase_percent": {
            f"within_{horizon.days}_days": _percent(horizon.people.now.share)
            for horizon in found.second.horizons
            if horizon.people.now.people
        },
        "orders_by_weekday": {
            str(day.weekday): round(sum(day.orders) / len(day.orders), 1) for day in found.hours.weekdays
        },
        "bought_together": [[pair.product, pair.other, round(pair.lift, 1)] for pair in found.basket.pairs],
        "season": {str(one.month): round(one.index, 2) for one in found.season.index},
        "discount_percent": _percent(found.sales.now.discount_share),
        "customers_hold_percent": _concentration(found.held.customers),
        "products_hold_percent": _concentration(found.held.products),
        "categories_percent": [[one.name, _percent(one.share)] for one in found.basket.categories],
    }
    return {name: value for name, value in whole.items() if value not in (None, {}, [])}


def compact(summary: Mapping[str, Any], budget_tokens: int) -> Summary:
    """As much of a summary as fits, by LEFT_OUT; the days and the currency always stay.

    Raises ValueError below FEWEST_TOKENS.
    """
    if budget_tokens < FEWEST_TOKENS:
        raise ValueError(f"a summary needs at least {FEWEST_TOKENS} tokens")
    kept: Summary = dict(summary)
    for name in LEFT_OUT:
        while name in kept and tokens_of(kept) > budget_tokens:
            value = kept[name]
            if isinstance(value, list) and len(value) > 1:
                kept[name] = value[:-1]
            else:
                del kept[name]
    return kept


def tokens_of(summary: Mapping[str, Any]) -> int:
    """What a model will count, or more."""
    return -(-len(written(summary).encode()) // BYTES_PER_TOKEN)


def written(summary: Mapping[str, Any]) -> str:
    return json.dumps(summary, ensure_ascii=False, separators=(",", ":"))


def _sold(sold: Sold | None) -> Summary | None:
    if sold is None:
        return None
    return {
        "revenue": _whole(sold.revenue),
        "orders": sold.orders,
        "average_order": sold.average,
        "buyers": sold.buyers,
        "new_buyers": sold.new,
        "bought_before_percent": _percent(sold.repeat_rate),
        "refunds_percent": _percent(sold.refund_share),
    }


def _concentration(held: Concentration | None) -> Summary | None:
    if held is None:
        return None
    shares = {"top_1": held.top_1, "top_10": held.top_10, "top_20": held.top_20}
    return {"count": held.count, **{name: _percent(share) for name, share in shares.items() if share is not None}}


def _whole(amount: float | None) -> int | None:
    return None if amount is None else round(amount)


def _percent(share: float | None) -> float | None:
    return None if share is None else round(share * 100, 1)
