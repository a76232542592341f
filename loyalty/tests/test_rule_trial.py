"""A rule that is not saved yet, tried on an example sale: nothing of it stays."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from core.errors import InvalidInput
from customers.models import Customer, Order
from loyalty.actions.rule_trial import ExampleSale, try_rule
from loyalty.actions.rules import RuleValues, create_rule, values_of
from loyalty.models import Account, EarningRule, Tier
from loyalty.operations import SaleLine
from workspace.models import AuditEntry

TUESDAY = datetime(2027, 6, 15, 11, tzinfo=UTC)
DOUBLE = RuleValues(name="Double", effect="multiply", factor=Decimal(2), categories=("Coffee",), weekdays=(2,))


@pytest.fixture
def sale(business):
    lines = [SaleLine(amount=Decimal(8), category="coffee"), SaleLine(amount=Decimal(4), category="cake")]
    return ExampleSale(business_id=business.pk, lines=lines, placed_at=TUESDAY)


def state():
    models = (Customer, Account, Order, EarningRule, AuditEntry)
    return [model.objects.count() for model in models], list(EarningRule.objects.order_by("pk").values())


def test_a_new_rule_is_tried_and_nothing_stays(sale, actor):
    before = state()
    found = try_rule(values=DOUBLE, sale=sale, actor=actor)
    assert (found.points, found.difference) == (20, 8)
    assert [line.points for line in found.with_rule.lines if line.rule == found.rule_code] == [8]
    assert try_rule(values=replace(DOUBLE, weekdays=(3,)), sale=sale, actor=actor).difference == 0
    assert state() == before


def test_a_change_is_tried_beside_the_other_rules(sale, actor):
    rule = create_rule(values=DOUBLE, actor=actor)
    create_rule(values=RuleValues(name="Triple", effect="multiply", factor=Decimal(3)), actor=actor)
    before = state()
    assert try_rule(values=values_of(rule), code=rule.code, sale=sale, actor=actor).difference == 0
    better = replace(values_of(rule), factor=Decimal(4))
    found = try_rule(values=better, code=rule.code, sale=sale, actor=actor)
    assert (found.points, found.difference) == (8 * 4 + 4 * 3, 8)
    assert state() == before


def test_the_member_of_the_example(sale, actor):
    silver = Tier.objects.create(name="Silver", rank=1, threshold=100, factor=Decimal("1.5"))
    first = RuleValues(name="First", effect="bonus", points=50, is_first_purchase=True)
    birthday = RuleValues(name="Birthday", effect="bonus", points=30, birthday_days=0)
    tier = RuleValues(name="Silver's", effect="bonus", points=20, tier_id=silver.pk)
    welcome = RuleValues(name="Welcome", effect="bonus", trigger="join", points=10)

    def difference(values, **changes):
        return try_rule(values=values, sale=replace(sale, **changes), actor=actor).difference

    assert [difference(first, is_first=is_first) for is_first in (True, False)] == [50, 0]
    assert [difference(birthday, is_birthday=is_birthday) for is_birthday in (True, False)] == [30, 0]
    assert [difference(tier, tier_id=tier_id) for tier_id in (silver.pk, None)] == [20, 0]
    assert [difference(welcome, is_first=is_first) for is_first in (True, False)] == [10, 0]
    assert try_rule(values=first, sale=replace(sale, tier_id=silver.pk), actor=actor).points == 18


def test_a_birthday_on_a_leap_day(sale, actor):
    leap_day = datetime(2028, 2, 29, 12, tzinfo=UTC)
    values = RuleValues(name="Birthday", effect="bonus", points=30, birthday_days=0)
    example = replace(sale, placed_at=leap_day, is_birthday=True)
    assert leap_day.date() == date(2028, 2, 29)
    assert try_rule(values=values, sale=example, actor=actor).difference == 30


def test_what_no_rule_can_be_is_refused(sale, actor):
    with pytest.raises(InvalidInput):
        try_rule(values=replace(DOUBLE, factor=Decimal(1)), sale=sale, actor=actor)
    with pytest.raises(InvalidInput):
        try_rule(values=DOUBLE, sale=replace(sale, lines=()), actor=actor)
