"""Names: plain, unique, at most three words, the same for the same, kept while what they say stays true."""

from __future__ import annotations

from dataclasses import replace
from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from intelligence.engine import words
from intelligence.engine.archetypes import find
from intelligence.engine.assignment import assign
from intelligence.engine.naming import name_archetypes, name_groups
from intelligence.engine.profiles import HABITS, Profile, Trait, profiles
from intelligence.engine.scaling import FEATURES
from intelligence.tests.shops import GROUPS, shop

pytestmark = pytest.mark.usefixtures("one_thread")

CODES = sorted(words.WORDS)


def profile(*traits: tuple[str, float], **medians: float) -> Profile:
    figures = {**dict.fromkeys(FEATURES, 1.0), **medians}
    return Profile(10, figures, figures, {}, tuple(Trait(code, strength) for code, strength in traits))


def test_every_feature_and_habit_has_words() -> None:
    of_features = {feature + sign for feature in FEATURES for sign in "+−"}
    assert set(CODES) == of_features | {f"{habit}+" for habit in HABITS}
    names = [*words.PAIRS.values(), *words.GROUPS.values()]
    names += [f"{a.adjective} {b.noun}" for a, b in product(words.WORDS.values(), repeat=2)]
    assert max(len(name.split()) for name in names) <= 3


def test_the_groups_of_a_shop_get_the_names_of_what_they_do() -> None:
    matrix, _made_from = shop(400)
    archetypes = find(matrix, max_k=6)
    found = name_archetypes(profiles(archetypes, matrix, assign(archetypes, matrix).labels))
    assert [named.name for named in found] == [
        "Choosy regulars",
        "Wholesale buyers",
        "Lapsed occasional visitors",
        "New small spenders",
    ]
    assert found[0].description == (
        "Typically 40 days with an order, the last 10 days ago, 96.49 an order and 4,048.70 in all: "
        "they return much and come often."
    )


def test_a_habit_that_stands_out_leads() -> None:
    matrix, made_from = shop(400)
    archetypes = find(matrix, max_k=6)
    labels = assign(archetypes, matrix).labels
    weekend = np.where(made_from == 1, 0.8, 0.2)
    found = profiles(archetypes, matrix, labels, {"weekend_share": weekend, "evening_share": np.full(400, 0.5)})
    treaters = next(row for row in range(4) if (made_from[labels == row] == 1).all())
    assert found[treaters].traits[0].code == "weekend_share+"
    assert found[treaters].habits["weekend_share"] == pytest.approx(0.8)
    names = [named.name for named in name_archetypes(found)]
    assert names[treaters] == "Weekend occasional visitors"
    assert not any("Evening" in name for name in names)
    small = profile(("weekend_share+", 0.3), ("average_order−", 1.0), ("order_days−", 0.9))
    assert name_archetypes([small])[0].name == "Weekend treaters"


def test_who_comes_in_the_evening_is_named_by_it() -> None:
    matrix, made_from = shop(400)
    archetypes = find(matrix, max_k=6)
    labels = assign(archetypes, matrix).labels
    evening = np.where(made_from == 0, 0.9, 0.1)
    found = profiles(archetypes, matrix, labels, {"evening_share": evening})
    assert found[0].traits[0].code == "evening_share+"
    assert name_archetypes(found)[0].name == "Evening choosy buyers"


def test_a_gap_says_nothing_of_people_who_came_once() -> None:
    matrix, _made_from = shop(400)
    archetypes = find(matrix, max_k=6)
    once = profiles(archetypes, matrix, assign(archetypes, matrix).labels)[-1]
    assert once.medians["order_days"] == 1
    assert not {"mean_gap_days−", "distinct_products−"} & {trait.code for trait in once.traits}
    assert {*FEATURES} - {*once.medians} == {"mean_gap_days"}


def test_two_traits_of_one_family_are_not_one_name() -> None:
    found = name_archetypes([profile(("order_days+", 2.0), ("mean_gap_days−", 1.9), ("returned_share+", 0.5))])
    assert (found[0].name, found[0].leading) == ("Choosy regulars", ("order_days+", "returned_share+"))


def test_the_same_traits_get_different_names() -> None:
    alike = profile(("order_days+", 2.0), ("net_spend+", 1.5), ("recency_days+", 1.0))
    found = name_archetypes([alike] * 7)
    assert [named.name for named in found] == [
        "Best regulars",
        "Drifting regulars",
        "Lapsed big spenders",
        "Loyal customers",
        "High-spending customers",
        "Lapsed customers",
        "Typical customers",
    ]


def test_nothing_stands_out() -> None:
    found = name_archetypes([profile(), profile(order_days=4, recency_days=0, average_order=9.5, net_spend=38.0)])
    assert [named.name for named in found] == ["Typical customers", "Typical customers 2"]
    assert found[0].description == ("Typically 1 day with an order, the last yesterday, 1.00 an order and 1.00 in all.")
    often = profile(order_days=4, recency_days=0, net_spend=38.0)
    euros = name_archetypes([often], money=lambda amount: f"€{amount:.0f}")
    assert euros[0].description == "Typically 4 days with an order, the last today, €1 an order and €38 in all."


def test_a_name_stays_while_its_traits_lead() -> None:
    before = name_archetypes([profile(("order_days+", 2.0), ("net_spend+", 1.5), ("recency_days−", 1.4))])
    moved = profile(("order_days+", 2.0), ("recency_days−", 1.5), ("net_spend+", 1.4))
    assert name_archetypes([moved])[0].name == "Active regulars"
    assert name_archetypes([moved], previous=before)[0].name == before[0].name == "Best regulars"
    other = profile(("order_days+", 2.0), ("recency_days−", 1.9), ("net_spend+", 1.4))
    assert name_archetypes([other], previous=before)[0].name == "Active regulars"
    assert name_archetypes([profile()], previous=before)[0].name == "Typical customers"


def test_a_kept_name_is_not_given_to_another() -> None:
    regular = profile(("order_days+", 2.0), ("net_spend+", 1.5))
    before = name_archetypes([regular])
    found = name_archetypes([regular, replace(regular, people=99)], previous=[None, before[0]])
    assert [named.name for named in found] == ["Loyal customers", "Best regulars"]


@given(rows=st.lists(st.lists(st.sampled_from(CODES), max_size=6, unique=True), min_size=1, max_size=12))
@settings(max_examples=60, deadline=None)
def test_no_name_twice(rows: list[list[str]]) -> None:
    given_profiles = [profile(*((code, 2.0) for code in row)) for row in rows]
    first = name_archetypes(given_profiles)
    assert len({named.name for named in first}) == len(rows)
    assert name_archetypes(given_profiles) == first
    assert name_archetypes(given_profiles, previous=first) == first


def test_groups_by_rules_have_fixed_names() -> None:
    matrix = GROUPS.repeat(5, axis=0)
    archetypes = find(matrix)
    assert archetypes.rules is not None
    labels = assign(archetypes, matrix).labels
    found = name_groups(archetypes.rules.groups, profiles(archetypes, matrix, labels))
    assert [named.name for named in found] == ["Big spenders", "Regulars", "New faces", "Drifted away"]
    assert [int(sum(labels == row)) for row in range(4)] == [5, 5, 5, 5]
    none = name_groups(archetypes.rules.groups, profiles(archetypes, matrix[:0], labels[:0]))
    assert {named.description for named in none} == {"Nobody is like this at the moment."}
