"""Laws of the rule tree: what SQL finds is what the specification says, of random trees over people at every edge."""

from __future__ import annotations

import os

import pytest
from django.db import connection
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from segments.compiler import Query, check, counts, judged, members
from segments.fields.registry import FIELDS
from segments.rules import All, Any, Condition, Everyone, Node, Not, Rules, conditions
from segments.statement import Moment
from segments.tests.oracle import Oracle, Person
from segments.tests.people import NOW, ZONE, make_people
from segments.tests.trees import conditions as conditions_of
from segments.tests.trees import trees

# Those that `people` gives something to.
ASKED = {
    key: FIELDS[key]
    for key in (
        "first_name", "email", "city", "country", "birthday", "created", "tags", "orders", "spent", "average_order",
        "items", "orders_with", "first_order", "last_order", "member", "points", "archetype", "churn", "churn_band",
        "value_12", "next_purchase", "first_order_day", "last_order_was", "first_order_was", "bought_at",
        "favourite_shop", "main_channel",
    )
}  # fmt: skip
MOMENT = Moment(NOW, ZONE)


@pytest.fixture
def world(business, other_business) -> tuple[dict[int, Person], st.SearchStrategy[Node]]:
    people, codes = make_people(business, other_business)
    return people, trees(ASKED, codes)


def found(node: Node, *, left_out: tuple[Node, ...] = (), chosen: list[int] | None = None) -> set[int]:
    rules = Rules(1, node, left_out)
    check(rules, FIELDS)
    rows = asked(members(rules, FIELDS, MOMENT, chosen=chosen))
    assert len(rows) == len(set(rows))  # nobody twice
    return {pk for (pk,) in rows}


def asked(query: Query) -> list[tuple[object, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(query.sql, query.params)
        return cursor.fetchall()


def examples(number: int) -> settings:
    """So many, always the same ones; with SEGMENT_EXAMPLES as many, others each time."""
    many = os.environ.get("SEGMENT_EXAMPLES")
    checks = list(HealthCheck)
    return settings(max_examples=int(many or number), deadline=None, suppress_health_check=checks, derandomize=not many)


def test_sql_finds_whom_the_specification_means(world):
    people, strategy = world
    oracle = Oracle(NOW, ZONE)

    @examples(400)
    @given(strategy, st.lists(strategy, max_size=2).map(tuple))
    def law(node: Node, left_out: tuple[Node, ...]) -> None:
        rules = Rules(1, node, left_out)
        assert found(node, left_out=left_out) == {pk for pk, one in people.items() if oracle.is_in(rules, one)}

    law()


def test_sql_finds_who_bought_what_the_specification_means(business, other_business):
    people, codes = make_people(business, other_business)
    oracle = Oracle(NOW, ZONE)
    bought = st.one_of(*(conditions_of(FIELDS[key], codes) for key in ("items", "orders_with", "last_order_was")))

    @examples(200)
    @given(bought.filter(lambda one: bool(one.where)))
    def law(one: Condition) -> None:
        assert found(one) == {pk for pk, person in people.items() if oracle.is_in(Rules(1, one), person)}

    law()


def test_a_tree_and_its_negation_are_everyone_and_nobody_twice(world):
    people, strategy = world

    @examples(100)
    @given(strategy)
    def law(node: Node) -> None:
        inside, outside = found(node), found(Not(node))
        assert inside | outside == set(people)
        assert not inside & outside

    law()


def test_de_morgan(world):
    _people, strategy = world

    @examples(100)
    @given(strategy, strategy)
    def law(one: Node, other: Node) -> None:
        assert found(Not(All((one, other)))) == found(Any((Not(one), Not(other))))
        assert found(Not(Any((one, other)))) == found(All((Not(one), Not(other))))

    law()


def test_some_people_alone_are_judged_as_among_all(world):
    people, strategy = world

    @examples(100)
    @given(strategy, st.sets(st.sampled_from(sorted(people))).map(sorted))
    def law(node: Node, chosen: list[int]) -> None:
        assert found(node, chosen=chosen) == found(node) & set(chosen)

    law()


def test_each_condition_is_counted_and_judged_by_itself(world):
    people, strategy = world
    oracle = Oracle(NOW, ZONE)

    @examples(60)
    @given(strategy, st.lists(strategy, max_size=1).map(tuple))
    def law(node: Node, left_out: tuple[Node, ...]) -> None:
        rules = Rules(1, node, left_out)
        leaves = [one for _path, one in conditions(rules)]
        expected = {
            pk: (oracle.is_in(rules, one), *(oracle.holds(leaf, one) for leaf in leaves)) for pk, one in people.items()
        }
        assert {pk: tuple(row) for pk, *row in asked(judged(rules, FIELDS, MOMENT, chosen=list(people)))} == expected
        (row,) = asked(counts(rules, FIELDS, MOMENT))
        assert row == tuple(map(sum, zip(*expected.values(), strict=True)))

    law()


def test_everyone_is_who_is_active(world):
    people, _strategy = world
    assert found(Everyone()) == set(people)
