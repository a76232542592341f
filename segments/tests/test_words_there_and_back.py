"""What the product itself says of rows is read as rows that find the same people, or it says what it leaves out."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import pytest
from django.db import connection
from hypothesis import assume, given
from hypothesis import strategies as st

from segments.choices import labels_of
from segments.compiler import members
from segments.describe import Describer
from segments.rules import All, Any, Condition, Node, Not, Rules
from segments.tests.shoppers import MOMENT, make_shoppers
from segments.tests.test_laws import examples
from segments.tests.trees import conditions as conditions_of
from segments.words.engine import engine
from segments.words.names import vocabulary_now
from segments.words.vocabulary import Vocabulary

# When no goods are named, “bought a product” is read as “ordered”: an order may have no lines.
_OF_LINES = frozenset({"items", "orders_with"})
_GOODS = frozenset({"product", "title", "category", "vendor"})
# “Spent less than £50 an order on average whose total is …” is said of the orders, and read of the average.
_OF_ORDERS = ("average_order", "total")
# “Not more than 50 points away” is at most 50 to a reader; to the rule it is everybody else.
_NOT_ASKED = frozenset({"points_to_reward"})


@pytest.fixture
def vocabulary(programme, business) -> Vocabulary:
    make_shoppers(business)
    return vocabulary_now()


def test_a_description_means_its_rows(vocabulary):
    fields = vocabulary.fields
    leaves = st.one_of(*(conditions_of(field, codes_of(vocabulary)) for field in fields.values())).filter(_is_asked)
    pairs = st.tuples(leaves, leaves)
    nodes = st.one_of(
        leaves, leaves, pairs.map(All), pairs.map(Any),
        st.builds(lambda one, other: All((one, Not(other))), leaves, leaves),
        st.builds(lambda one, more: All((one, Any(more))), leaves, pairs),
        st.builds(lambda one, more: Any((one, All(more))), leaves, pairs),
    )  # fmt: skip
    read_whole = []

    @examples(400)
    @given(nodes)
    def law(node: Node) -> None:
        rules = Rules(1, node)
        sentence = Describer(fields, labels_of(rules, fields), "GBP").sentence(rules)
        assume(len(sentence) <= 300)
        reading = engine().read(sentence, vocabulary, MOMENT)
        if reading.rules is not None and not reading.not_understood:
            read_whole.append(sentence)
            assert found(reading.rules, vocabulary) == found(rules, vocabulary), sentence

    law()
    assert len(read_whole) > 100


def codes_of(vocabulary: Vocabulary) -> Mapping[str, list[str]]:
    return {kind: [code for code, _label in vocabulary.of(kind)] for kind in vocabulary.named}


def found(rules: Rules, vocabulary: Vocabulary) -> set[int]:
    query = members(rules, vocabulary.fields, MOMENT)
    with connection.cursor() as cursor:
        cursor.execute(query.sql, query.params)
        return {pk for (pk,) in cursor.fetchall()}


def _is_asked(one: Condition) -> bool:
    """Of names that are there, and not one of those that are said in other words."""
    is_said_otherwise = one.field in _NOT_ASKED or (
        one.field in _OF_LINES and not any(narrowing.property in _GOODS for narrowing in one.where)
    )
    is_said_otherwise |= any((one.field, narrowing.property) == _OF_ORDERS for narrowing in one.where)
    return not is_said_otherwise and all(map(_is_said, _values(one)))


def _is_said(value: object) -> bool:
    return value != "nothing" and (not isinstance(value, str) or any(sign.isalnum() for sign in value))


def _values(one: Condition) -> Iterator[object]:
    for value in (one.value, *(narrowing.value for narrowing in one.where)):
        yield from value if isinstance(value, list) else [value]
