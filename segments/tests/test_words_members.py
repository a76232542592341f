"""Whom the sentences find, beside SQL that was written by hand: in a small programme of every kind of customer."""

from __future__ import annotations

from collections import Counter

import pytest

from segments.tests.judge import FILES, RIGHT, WRONG, entries_of, results
from segments.tests.shoppers import MOMENT, make_shoppers
from segments.words.names import vocabulary_now


@pytest.fixture
def shoppers(programme, business) -> None:
    make_shoppers(business)


@pytest.mark.parametrize("name", FILES)
def test_the_sentences_find_who_is_meant(shoppers, name):
    entries = [entry for entry in entries_of(name) if "members" in entry]
    judged = {entry["id"]: result for entry, _reading, result in results(entries, MOMENT)}
    assert [name for name, result in judged.items() if result == WRONG] == []
    # Some goods and tiers of the demo are not in this programme: words about them are said not to be understood.
    assert Counter(judged.values())[RIGHT] >= 0.85 * len(entries)


def test_the_vocabulary_takes_one_query_for_each_kind(shoppers, django_assert_max_num_queries):
    with django_assert_max_num_queries(18):
        vocabulary = vocabulary_now()
    assert [name for _code, name in vocabulary.of("tiers")] == ["Bronze", "Silver", "Gold", "Friend", "Harbour Mate"]
    assert vocabulary.sells("CAKE STAND")
    assert not vocabulary.sells("oat milk")
