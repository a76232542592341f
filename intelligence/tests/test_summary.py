"""The short form keeps to its budget, stays JSON, and is about nobody."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from customers.actions.rollups import rebuild_rollups
from customers.models import Customer
from customers.tests.test_actions_facts import sale
from intelligence.actions.analysis import analyse_sales
from intelligence.actions.features import rebuild_features
from intelligence.summary import BYTES_PER_TOKEN, FEWEST_TOKENS, LEFT_OUT, compact, summary_of, tokens_of, written
from intelligence.tests.findings import changed, quiet
from workspace.models import Business

WHOLE = summary_of(changed("second", waiting=75), "GBP")
NOW = datetime(2026, 6, 17, 10, 30, tzinfo=UTC)


@given(st.integers(FEWEST_TOKENS, 2_000))
def test_it_never_exceeds_the_budget_and_stays_valid(budget: int) -> None:
    kept = compact(WHOLE, budget)
    text = written(kept)
    assert len(text.encode()) <= budget * BYTES_PER_TOKEN
    assert json.loads(text) == kept
    assert {"as_of", "from", "currency"} <= kept.keys() <= WHOLE.keys()


@given(st.text(max_size=400))
def test_names_of_products_may_be_anything(name: str) -> None:
    long = {**WHOLE, "bought_together": [[name, name, 2.0]] * 10}
    assert tokens_of(compact(long, FEWEST_TOKENS)) <= FEWEST_TOKENS
    assert json.loads(written(long)) == long


def test_the_least_telling_goes_first() -> None:
    assert compact(WHOLE, 100_000) == WHOLE
    assert set(WHOLE) == {*LEFT_OUT, "as_of", "from", "currency"}
    sizes = [compact(WHOLE, budget).keys() for budget in range(tokens_of(WHOLE), FEWEST_TOKENS, -5)]
    gone = [name for name in LEFT_OUT if name not in sizes[-1]]
    assert gone == list(LEFT_OUT[: len(gone)])
    assert "now" in sizes[-1]
    categories = compact(WHOLE, tokens_of(WHOLE) - 1)["categories_percent"]
    assert categories == WHOLE["categories_percent"][:1]  # a list loses its end before it goes


def test_too_small_a_budget_is_refused() -> None:
    with pytest.raises(ValueError, match="at least 100"):
        compact(WHOLE, FEWEST_TOKENS - 1)


def test_what_cannot_be_told_is_not_there() -> None:
    young = changed("sales", before=None, year=None)
    assert not {"before", "year_ago", "insights"} & summary_of(young, "GBP").keys()
    assert "insights" not in summary_of(quiet(), "GBP")


def test_it_names_nobody(business: Business) -> None:
    person = {"first_name": "Xanthippe", "last_name": "Quill", "email": "xq@example.com", "phone": "+447700900123"}
    customer = Customer.objects.create(**person, external_id="EXT-77", country="GB", region="Yonder")
    for number in range(4):
        sale(business, customer, f"REF-{number}", "10.00", placed_at=NOW - timedelta(days=10 * number + 1), discount=1)
    rebuild_rollups(now=NOW)
    rebuild_features(now=NOW)
    run = analyse_sales(now=NOW)
    assert run is not None
    kept = json.dumps([run.findings, run.summary])
    for told in (*person.values(), customer.code, "EXT-77", "REF-1", "Yonder"):
        assert told not in kept
