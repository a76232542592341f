"""Trees in words: every sentence here is meant to be read aloud."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from customers.models import AttributeDefinition, TrackedName
from segments.compiler import check
from segments.describe import Describer
from segments.fields.events import fields_of_events
from segments.fields.own import fields_of_customers
from segments.fields.registry import FIELDS
from segments.rules import Node, Rules, read
from segments.tests.people import NOW
from segments.tests.test_laws import examples
from segments.tests.trees import trees

LABELS = {
    ("countries", "DE"): "Germany",
    ("countries", "GB"): "United Kingdom",
    ("countries", "IE"): "Ireland",
    ("tags", "t1"): "VIP",
    ("tags", "t2"): "press",
    ("archetypes", "a1"): "Weekend regulars",
    ("tiers", "g1"): "Gold",
    ("rfm_groups", "champions"): "Champions",
    ("businesses", "b1"): "Quayside",
    ("businesses", "b2"): "Mill Lane",
    ("channels", "online"): "online",
    ("channels", "fair"): "Fair",
    ("products", "p1"): "Green tea",
    ("categories", "Coffee"): "Coffee",
    ("stamp_cards", "s1"): "Coffee card",
    ("segments", "x1"): "Summer",
    ("rewards", "r1"): "A coffee",
    ("weekdays", "6"): "Saturday",
    ("weekdays", "7"): "Sunday",
}
WORDS = Describer(FIELDS, LABELS, "GBP")
LAST_90 = {"type": "last", "count": 90}


def condition(
    field: str, op: str, value: object = None, window: object = None, where: object = ()
) -> dict[str, object]:
    return {"type": "condition", "field": field, "op": op, "value": value, "window": window, "where": where}


def said(match: object, *left_out: object, words: Describer = WORDS) -> str:
    rules = read({"version": 1, "match": match, "leave_out": left_out})
    check(rules, words.fields)
    return words.sentence(rules)


def that(*asked: object, words: Describer = WORDS) -> str:
    """How "customers who" goes on, of a condition; and of the others."""
    return said(condition(*asked), words=words).removeprefix("Customers who ")


def others(*asked: object) -> str:
    rules = read({"version": 1, "match": condition(*asked)})
    return WORDS.condition(rules.match, is_so=False)


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        (("first_name", "is", "Ada"), "are called Ada"),
        (("first_name", "contains", "da"), "have a first name with “da” in it"),
        (("last_name", "is", "Byron"), "have “Byron” as a last name"),
        (("last_name", "is_not", "Byron"), "do not have “Byron” as a last name"),
        (("email", "does_not_contain", "test"), "do not have an e-mail address with “test” in it"),
        (("email", "ends_with", ".edu"), "have an e-mail address that ends with “.edu”"),
        (("phone", "starts_with", "+44"), "have a phone number that starts with “+44”"),
        (("phone", "exists"), "have a phone number"),
        (("email", "missing"), "do not have an e-mail address"),
        (("city", "is", "Leeds"), "live in Leeds"),
        (("country", "is_one_of", ["IE", "GB"]), "live in Ireland or the United Kingdom"),
        (("country", "is_none_of", ["DE"]), "do not live in Germany"),
        (("tags", "has_one_of", ["t1", "t2"]), "are tagged press or VIP"),
        (("tags", "has_all_of", ["t1", "t2"]), "are tagged press and VIP"),
        (("tags", "has_none_of", ["t1", "t3"]), "are not tagged (gone) or VIP"),
        (("archetype", "is_one_of", ["a1"]), "belong to the archetype Weekend regulars"),
        (("tier", "missing"), "do not have a tier"),
        (("member", "is", False), "are not members"),
        (("texts", "is", True), "can get offers by text"),
        (("orders", "is", 1), "placed exactly 1 order"),
        (("orders", "is", 0), "placed no order"),
        (("orders", "is_not", 2), "placed more or fewer than 2 orders"),
        (("orders", "at_least", 1), "placed an order"),
        (("orders", "less", 3), "placed fewer than 3 orders"),
        (("orders", "between", [2, 5]), "placed between 2 and 5 orders"),
        (("orders", "more", 1_500), "placed more than 1,500 orders"),
        (("points", "at_least", 1), "have at least 1 point"),
        (("points", "more", 0), "have points"),
        (("spent", "more", 50), "spent more than £50"),
        (("spent", "at_most", "49.9"), "spent at most £49.90"),
        (("spent", "is", 0), "spent nothing"),
        (("average_order", "less", 20), "spent less than £20 an order on average"),
        (("average_order", "is_not", 20), "did not spend exactly £20 an order on average"),
        (("churn", "more", 62.5), "have a churn risk of more than 62.5%"),
        (("churn", "between", [20, 60]), "have a churn risk between 20% and 60%"),
        (("churn", "is_not", 50), "do not have a churn risk of exactly 50%"),
        (("value_12", "at_least", 500), "have an expected value of at least £500 in 12 months"),
        (("value_12", "missing"), "have no forecast"),
        (("items", "less", 2.5), "bought fewer than 2.5 items"),
        (("first_order", "missing"), "never placed an order"),
        (("bought_at", "has_all_of", ["b1", "b2"]), "bought at Mill Lane and Quayside"),
        (("bought_at", "has_none_of", ["b1"]), "never bought at Quayside"),
        (("favourite_shop", "is_one_of", ["b1"]), "buy most often at Quayside"),
        (("main_channel", "is_none_of", ["online"]), "do not buy most often online"),
        (("in_segment", "has_one_of", ["x1"]), "are in the segment Summer"),
        (("points_earned", "at_least", 1_000), "earned at least 1,000 points"),
        (("points_spent", "is", 0, LAST_90), "spent no points in the last 90 days"),
        (
            ("points_expiring", "at_least", 50, {"type": "next", "count": 30}),
            "have at least 50 points that run out in the next 30 days",
        ),
        (("rewards", "stopped", 60), "took a reward but not in the last 60 days"),
        (("friends", "at_least", 1), "brought a friend"),
        (("was_brought", "is", False), "were not brought by a friend"),
        (
            ("first_order_day", "within", None, {"type": "next", "count": 7}),
            "have the anniversary of their first order in the next 7 days",
        ),
        (("archetype_before", "is_one_of", ["a1"]), "belonged to the archetype Weekend regulars before"),
    ],
)
def test_operators_of_each_kind(asked, expected):
    assert that(*asked) == expected


@pytest.mark.parametrize(
    ("window", "expected"),
    [
        ({"type": "last", "count": 90}, "in the last 90 days"),
        ({"type": "last", "count": 1}, "today"),
        ({"type": "last", "count": 1, "unit": "month"}, "in the last month"),
        ({"type": "last", "count": 2, "unit": "hour"}, "in the last 2 hours"),
        ({"type": "over", "count": 21}, "more than 21 days ago"),
        ({"type": "over", "count": 1, "unit": "year"}, "more than a year ago"),
        ({"type": "next", "count": 1}, "tomorrow"),
        ({"type": "next", "count": 2, "unit": "week"}, "in the next 2 weeks"),
        ({"type": "dates", "first": "2026-03-01", "last": "2026-03-31"}, "between 1 March and 31 March 2026"),
        ({"type": "dates", "first": "2025-12-24", "last": "2026-01-06"}, "between 24 December 2025 and 6 January 2026"),
        ({"type": "dates", "first": "2026-03-01", "last": "2026-03-01"}, "on 1 March 2026"),
        ({"type": "dates", "first": "2026-03-01"}, "since 1 March 2026"),
        ({"type": "dates", "last": "2026-03-01"}, "until 1 March 2026"),
        ({"type": "calendar", "unit": "day"}, "today"),
        ({"type": "calendar", "unit": "day", "offset": -1}, "yesterday"),
        ({"type": "calendar", "unit": "week", "offset": 1}, "next week"),
        ({"type": "calendar", "unit": "year"}, "this year"),
        ({"type": "calendar", "unit": "month", "offset": -3}, "in the month 3 months ago"),
        ({"type": "calendar", "unit": "day", "offset": 3}, "3 days from now"),
    ],
)
def test_windows(window, expected):
    assert that("created", "within", None, window) == f"were added {expected}"
    assert that("created", "not_within", None, window) == f"were not added {expected}"


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        (("orders", "first_time", None, LAST_90), "placed their first order in the last 90 days"),
        (("orders", "stopped", 21, LAST_90), "placed an order in the last 90 days but not in the last 21 days"),
        (("orders", "stopped", 1), "placed an order but not today"),
        (("orders", "restarted", 60, LAST_90), "placed an order in the last 90 days after a break of 60 days"),
    ],
)
def test_how_it_goes_on(asked, expected):
    assert that(*asked) == expected


@pytest.mark.parametrize(
    ("asked", "where", "expected"),
    [
        ("orders", [("business", "is_one_of", ["b1", "b2"])], "placed an order at Mill Lane or Quayside"),
        ("orders", [("business", "is_none_of", ["b1"])], "placed an order anywhere but at Quayside"),
        (
            "orders",
            [("channel", "is_one_of", ["online"]), ("total", "at_least", 30)],
            "placed an order whose total is at least £30 online",
        ),
        ("orders", [("channel", "is_none_of", ["store"])], "placed an order elsewhere than in the shop"),
        ("orders", [("channel", "is_one_of", ["fair"])], "placed an order by way of “Fair”"),
        ("orders_with", [("product", "is_one_of", ["p1"])], "bought a product called Green tea"),
        (
            "orders_with",
            [("category", "is_none_of", ["Coffee"]), ("title", "does_not_contain", "decaf")],
            "bought a product whose category is not Coffee and whose title does not contain “decaf”",
        ),
        (
            "orders",
            [("hour", "between", [7, 9]), ("weekday", "is_one_of", ["6", "7"]), ("business", "is_one_of", ["b1"])],
            "placed an order whose hour of the day is between 7 and 9 on a Saturday or Sunday at Quayside",
        ),
        ("rewards", [("reward", "is_one_of", ["r1"])], "took a reward called A coffee"),
        ("orders_with", [("vendor", "missing")], "bought a product whose vendor is not known"),
        (
            "full_cards",
            [("card", "is_one_of", ["s1"])],
            "ever filled at least 1 card with stamps on the card Coffee card",
        ),
    ],
)
def test_what_narrows_is_said_with_it(asked, where, expected):
    filters = [dict(zip(("property", "op", "value"), one, strict=False)) for one in where]
    assert that(asked, "at_least", 1, None, filters) == expected


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        (("orders", "at_least", 2), "placed fewer than 2 orders"),
        (("orders", "at_least", 1), "placed no order"),
        (("orders", "between", [2, 5]), "placed fewer than 2 or more than 5 orders"),
        (("churn", "more", 60), "do not have a churn risk of more than 60%"),
        (("city", "is_not", "Leeds"), "live in Leeds"),
        (("member", "is", False), "are members"),
        (("orders", "stopped", 9), "are not among those who placed an order but not in the last 9 days"),
    ],
)
def test_the_others(asked, expected):
    assert others(*asked) == expected


def test_one_order():
    where = [{"property": "category", "op": "is_one_of", "value": ["Coffee"]}]
    asked = ("last_order_was", "is", True, LAST_90, where)
    assert that(*asked) == "placed their last order whose product category is Coffee in the last 90 days"
    assert others("first_order_was", "is", True, None, where) == (
        "did not place their first order whose product category is Coffee"
    )


SPENT = condition("spent", "more", 50, LAST_90)
QUIET = condition("orders", "is", 0, {"type": "last", "count": 21})
GERMANY = condition("country", "is_one_of", ["DE"])
VIP = condition("tags", "has_one_of", ["t1"])
GOLD = condition("tier", "is_one_of", ["g1"])


def test_whole_sentences():
    both = {"type": "all", "of": [SPENT, QUIET]}
    assert said(both, GERMANY) == (
        "Customers who spent more than £50 in the last 90 days and placed no order in the last 21 days, "
        "but not those who live in Germany"
    )
    assert said({"type": "everyone"}) == "All customers"
    assert said({"type": "everyone"}, VIP, GOLD) == (
        "All customers, but not those who are tagged VIP, nor those who are in the tier Gold"
    )
    assert said({"type": "all", "of": []}) == "Nobody"
    assert said(VIP, {"type": "everyone"}) == "Nobody"
    assert said({"type": "all", "of": [{"type": "everyone"}, {"type": "not", "of": GOLD}]}) == (
        "Customers who are not in the tier Gold"
    )


def test_a_denial_ends_before_an_or():
    german, gold = condition("country", "is_one_of", ["DE"]), condition("tier", "is_one_of", ["g1"])
    away = condition("country", "is_none_of", ["DE"])
    quiet = condition("orders", "stopped", 90)
    told = "Customers who either do not live in Germany or are in the tier Gold"
    assert said({"type": "any", "of": [away, gold]}) == told
    assert said(gold, {"type": "any", "of": [away, quiet]}) == (
        "Customers who are in the tier Gold, but not those who either do not live in Germany or placed an order but "
        "not in the last 90 days"
    )
    assert said({"type": "any", "of": [german, gold]}) == "Customers who live in Germany or are in the tier Gold"


def test_groups_in_groups_say_where_they_begin():
    either = {"type": "any", "of": [GERMANY, VIP]}
    assert said({"type": "all", "of": [either, GOLD]}) == (
        "Customers who are in the tier Gold and either live in Germany or are tagged VIP"
    )
    both = {"type": "all", "of": [GERMANY, VIP]}
    assert said({"type": "any", "of": [GOLD, both]}) == (
        "Customers who are in the tier Gold or both live in Germany and are tagged VIP"
    )
    assert said({"type": "any", "of": [both, {"type": "all", "of": [GOLD, QUIET, VIP]}]}) == (
        "Customers who both live in Germany and are tagged VIP, or at once are in the tier Gold, placed no order in "
        "the last 21 days and are tagged VIP"
    )
    assert said({"type": "all", "of": [QUIET, {"type": "not", "of": both}]}) == (
        "Customers who placed no order in the last 21 days and either do not live in Germany or are not tagged VIP"
    )
    assert said({"type": "all", "of": [QUIET, {"type": "all", "of": [VIP, GOLD]}]}) == (
        "Customers who placed no order in the last 21 days, are tagged VIP and are in the tier Gold"
    )


def test_of_many_choices_the_first_are_named():
    labels = {("categories", f"C{number}"): f"C{number}" for number in range(9)}
    where = [{"property": "category", "op": "is_one_of", "value": [f"C{number}" for number in range(9)]}]
    words = Describer(FIELDS, labels, "GBP")
    assert that("orders_with", "at_least", 1, None, where, words=words) == (
        "bought a product whose category is C0, C1, C2, C3, C4, C5 or 3 others"
    )


def test_a_field_that_is_gone_does_not_break_the_sentence():
    rules = read({"version": 1, "match": {"type": "all", "of": [condition("attribute:milk", "is", "oat"), VIP]}})
    assert WORDS.sentence(rules) == "Customers who fit a field that is gone and are tagged VIP"
    rules = read({"version": 1, "match": condition("orders", "at_least", "many")})
    assert WORDS.sentence(rules) == "Customers who fit “Orders”"


def test_own_fields_and_events(programme):
    kinds = {"milk": "text", "cups": "number", "since": "date", "vegan": "yes_no", "size": "choice"}
    for key, kind in kinds.items():
        AttributeDefinition.objects.create(key=key, label=key.title(), kind=kind)
    TrackedName.objects.create(
        name="Ad %(is)s {is}", properties={"stars": "number", "is_mobile": "yes_no"}, first_at=NOW, last_at=NOW
    )
    fields = {field.key: field for family in (fields_of_customers(), fields_of_events()) for field in family}
    words = Describer(fields, {("attribute:size", "large"): "large"}, "GBP")
    event, last = "event:Ad %(is)s {is}", "last_event:Ad %(is)s {is}"
    few = [{"property": "stars", "op": "less", "value": 4}]
    mobile = {"property": "is_mobile", "op": "is", "value": False}
    table = [
        (("attribute:milk", "is", "oat"), "have “Milk” set to “oat”"),
        (("attribute:milk", "contains", "oat"), "have “oat” in “Milk”"),
        (("attribute:milk", "missing"), "do not have “Milk” filled in"),
        (("attribute:cups", "at_least", 3), "have “Cups” set to at least 3"),
        (("attribute:since", "within", None, LAST_90), "have “Since” in the last 90 days"),
        (("attribute:vegan", "is", True), "have “Vegan” set to yes"),
        (("attribute:vegan", "is", False), "do not have “Vegan” set to yes"),
        (("attribute:size", "is_one_of", ["large"]), "have “Size” set to large"),
        ((event, "at_least", 3, LAST_90), "did “Ad %(is)s {is}” at least 3 times in the last 90 days"),
        ((event, "is", 0), "did not do “Ad %(is)s {is}”"),
        (
            (event, "at_least", 1, None, [*few, mobile]),
            "did “Ad %(is)s {is}” where “stars” is less than 4 and where “is_mobile” is no",
        ),
        ((event, "first_time", None, LAST_90), "did “Ad %(is)s {is}” for the first time in the last 90 days"),
        ((last, "is", True), "did “Ad %(is)s {is}”"),
        ((last, "is", True, None, few), "did “Ad %(is)s {is}”, the last time where “stars” is less than 4"),
        (
            (last, "is", False, None, few),
            "are not among those who did “Ad %(is)s {is}”, the last time where “stars” is less than 4",
        ),
    ]
    assert [that(*asked, words=words) for asked, _expected in table] == [expected for _asked, expected in table]


def test_every_tree_has_a_sentence_and_no_sentence_shows_a_code():
    named = ("tags", "archetypes", "businesses", "products", "tiers", "stamp_cards", "rewards", "segments")
    codes = {name: [f"zq{number}{name}" for number in range(2)] for name in named}
    labels = {(name, of[0]): name.title() for name, of in codes.items()}
    words = Describer(FIELDS, labels, "EUR")
    strategy = trees(FIELDS, codes)

    @examples(300)
    @given(strategy, st.lists(strategy, max_size=2).map(tuple))
    def law(node: Node, left_out: tuple[Node, ...]) -> None:
        sentence = words.sentence(Rules(1, node, left_out))
        assert sentence
        assert not any(sign in sentence for sign in ("zq", "%(", "None", "  ", " ,"))

    law()
