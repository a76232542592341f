"""The arithmetic of a sale's points: Python and SQL agree on any terms, whatever was given back in whatever steps."""

from __future__ import annotations

from decimal import Decimal

import msgspec
import pytest
from django.db import connection
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from loyalty.earning import ANY, Terms, TermsPart, TermsRule, earning_of, plain_terms

money = st.integers(0, 9_999).map(lambda pence: Decimal(pence) / 100)
factors = st.sampled_from([Decimal(text) for text in ("0", "0.5", "0.75", "1", "1.25", "2", "3")])
effects = st.sampled_from(["multiply", "bonus", "cap"])


@st.composite
def terms(draw):
    rules = [
        TermsRule(
            code=f"r{number}",
            name=f"Rule {number}",
            effect=draw(effects),
            factor=draw(factors),
            points=draw(st.integers(1, 500)),
            stacks=draw(st.booleans()),
            min_spend=draw(st.sampled_from([Decimal(0), Decimal(10), Decimal("50.5")])),
            left=draw(st.integers(0, 400)),
        )
        for number in range(draw(st.integers(0, 5)))
    ]
    parts = [
        TermsPart(
            position=position,
            amount=draw(money),
            by=[number for number, rule in enumerate(rules) if rule.effect != "cap" and draw(st.booleans())],
        )
        for position in range(draw(st.integers(1, 4)))
    ]
    rate = draw(st.sampled_from([Decimal(text) for text in ("0", "0.1", "1", "1.5", "12.3456")]))
    return Terms(rate, draw(st.sampled_from(["down", "nearest", "up"])), parts, rules)


given_backs = st.dictionaries(st.sampled_from(["0", "1", "2", "3", ANY]), money, max_size=3)


def points_in_sql(of, given_back):
    def decimals(value):
        return str(value)

    text = msgspec.json.encode(of, enc_hook=decimals).decode()
    back = msgspec.json.encode(given_back).decode()
    with connection.cursor() as cursor:
        cursor.execute("SELECT loyalty_points_of(%s::text::jsonb, %s::text::jsonb)", [text, back])
        return cursor.fetchone()[0]


@pytest.mark.usefixtures("programme")
@settings(max_examples=300, deadline=None, database=None, suppress_health_check=list(HealthCheck))
@given(of=terms(), given_back=given_backs)
def test_sql_and_python_count_the_same(of, given_back):
    earning = earning_of(of, given_back)
    assert earning.points == points_in_sql(of, given_back)
    assert earning.points == sum(step.points for step in earning.steps)


@settings(max_examples=200, deadline=None, database=None)
@given(of=terms(), steps=st.lists(st.tuples(st.sampled_from(["0", "1", "2", "3", ANY]), money), max_size=6))
def test_giving_back_more_never_gives_points(of, steps):
    """Each step of a refund takes points or none: what is taken in all depends on the sum, so no order wins."""
    if any(rule.effect == "multiply" and rule.factor < 1 and rule.min_spend for rule in of.rules):
        return  # "spend 50 and get fewer points" is refused by the form
    back, points = {}, earning_of(of).points
    for where, amount in steps:
        back[where] = back.get(where, Decimal(0)) + amount
        after = earning_of(of, back).points
        assert after <= points
        points = after


def test_everything_given_back_leaves_nothing():
    rules = [TermsRule("a", "Welcome", "bonus", points=50), TermsRule("b", "Double", "multiply", factor=Decimal(2))]
    of = Terms(Decimal(1), "up", [TermsPart(1, Decimal("9.99"), (0, 1))], rules)
    assert earning_of(of).points == 70
    assert earning_of(of, {"1": Decimal("9.99")}).points == 0


def test_a_sale_without_rules_is_amount_times_rate():
    earning = earning_of(plain_terms(Decimal("12.40"), Decimal("1.5"), "down"))
    assert (earning.points, [step.points for step in earning.steps]) == (18, [18])


def test_the_order_of_rules_is_fixed():
    """The best exclusive multiplier, then what stacks, then what lowers; rounding once; bonus; cap."""
    rules = [
        TermsRule("a", "Double", "multiply", factor=Decimal(2)),
        TermsRule("b", "Triple", "multiply", factor=Decimal(3)),
        TermsRule("c", "Tier", "multiply", factor=Decimal("1.25"), stacks=True),
        TermsRule("d", "Half on sale goods", "multiply", factor=Decimal("0.5")),
        TermsRule("e", "Extra", "bonus", points=10),
        TermsRule("f", "Cap", "cap", left=40, limit=40, per="day"),
    ]
    of = Terms(Decimal(1), "down", [TermsPart(0, Decimal("21.50"), (0, 1, 2, 3, 4))], rules)
    steps = earning_of(of).steps
    # 21.50 × (3 + 0.25) × 0.5 = 34.9375 → 34, and 10 make 44, of which 40 are left.
    assert [step.points for step in steps] == [21, 22, 21, 5, -35, 10, -4]
    assert earning_of(of).points == 40
