"""Earning rules as people make them: what is refused and where, what is written down, who may."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, time
from decimal import Decimal

import pytest

from core.actor import Actor
from core.errors import InvalidInput, PermissionRefused
from loyalty.actions import points
from loyalty.actions.rules import (
    RuleValues,
    change_rule,
    create_rule,
    delete_rule,
    place_rule,
    switch_rule,
    values_of,
)
from loyalty.errors import RuleInUse, UnknownRule
from loyalty.models import EarningRule, Tier
from loyalty.tests.given import PHONE
from workspace.models import AuditEntry

DOUBLE = RuleValues(name="Double", effect="multiply", factor=Decimal(2))
BONUS = RuleValues(name="Extra", effect="bonus", points=50)
CAP = RuleValues(name="Cap", effect="cap", points=100, per="day")
REVIEW = RuleValues(name="Review", effect="bonus", trigger="action", action="review", points=5)
WELCOME = RuleValues(name="Welcome", effect="bonus", trigger="join", points=5)


@pytest.fixture
def bound(business):
    """Somebody who is limited to the first business."""
    return Actor(kind="user", id="9", label="Sam", business_id=business.pk)


def test_a_rule_is_kept_as_it_was_said_in_small_letters(actor, business):
    silver = Tier.objects.create(name="Silver", rank=1, threshold=100)
    values = replace(
        DOUBLE,
        name="  Happy hour ",
        categories=["Coffee", " COFFEE", "Café"],
        products=["SKU-1"],
        weekdays=[5, 2, 2],
        from_time=time(22),
        to_time=time(2),
        starts_on=date(2026, 6, 1),
        ends_on=date(2026, 6, 30),
        min_spend=Decimal("9.50"),
        business_id=business.pk,
        tier_id=silver.pk,
        birthday_days=0,
        stacks=True,
    )
    kept = EarningRule.objects.get(pk=create_rule(values=values, actor=actor).pk)
    assert (kept.name, kept.categories, kept.products, kept.weekdays) == (
        "Happy hour",
        ["coffee", "café"],
        ["sku-1"],
        [2, 5],
    )
    assert values_of(kept) == replace(
        values, name="Happy hour", categories=("coffee", "café"), products=("sku-1",), weekdays=(2, 5)
    )


@pytest.mark.parametrize(
    ("values", "field"),
    [
        (replace(DOUBLE, name=" "), "name"),
        (replace(DOUBLE, name="x" * 81), "name"),
        (replace(DOUBLE, name="a\0"), "name"),
        (replace(DOUBLE, trigger="moon"), "trigger"),
        (replace(DOUBLE, effect="divide"), "effect"),
        (replace(DOUBLE, factor=None), "factor"),
        (replace(DOUBLE, factor=Decimal(1)), "factor"),
        (replace(DOUBLE, factor=Decimal("NaN")), "factor"),
        (replace(DOUBLE, factor=Decimal(-1)), "factor"),
        (replace(DOUBLE, factor=Decimal("100.5")), "factor"),
        (replace(DOUBLE, factor=Decimal("1.125")), "factor"),
        (replace(DOUBLE, points=5), "points"),
        (replace(DOUBLE, factor=Decimal("0.5"), min_spend=Decimal(50)), "min_spend"),
        (replace(DOUBLE, min_spend=Decimal("0.001")), "min_spend"),
        (replace(DOUBLE, min_spend=Decimal(-1)), "min_spend"),
        (replace(DOUBLE, trigger="join"), "effect"),
        (replace(BONUS, points=0), "points"),
        (replace(BONUS, points=None), "points"),
        (replace(BONUS, factor=Decimal(2)), "factor"),
        (replace(BONUS, per="day"), "per"),
        (replace(CAP, per=""), "per"),
        (replace(CAP, per="ever"), "per"),
        (replace(CAP, categories=("coffee",)), "categories"),
        (replace(CAP, min_spend=Decimal(1)), "min_spend"),
        (replace(REVIEW, action="two words"), "action"),
        (replace(REVIEW, action=""), "action"),
        (replace(BONUS, action="review"), "action"),
        (replace(REVIEW, per_limit=2), "per"),
        (replace(REVIEW, per="day"), "per_limit"),
        (replace(REVIEW, per="sale", per_limit=2), "per"),
        (replace(REVIEW, weekdays=(1,)), "weekdays"),
        (replace(WELCOME, birthday_days=0), "birthday_days"),
        (replace(WELCOME, business_id=1), "business"),
        (replace(WELCOME, trigger="birthday", is_first_purchase=True), "is_first_purchase"),
        (replace(DOUBLE, weekdays=(0,)), "weekdays"),
        (replace(DOUBLE, weekdays=(8,)), "weekdays"),
        (replace(DOUBLE, from_time=time(8)), "to_time"),
        (replace(DOUBLE, to_time=time(8)), "from_time"),
        (replace(DOUBLE, from_time=time(8), to_time=time(8)), "to_time"),
        (replace(DOUBLE, starts_on=date(2026, 6, 2), ends_on=date(2026, 6, 1)), "ends_on"),
        (replace(DOUBLE, birthday_days=31), "birthday_days"),
        (replace(DOUBLE, categories=("",)), "categories"),
        (replace(DOUBLE, products=("x" * 65,)), "products"),
        (replace(DOUBLE, categories=tuple(f"c{number}" for number in range(51))), "categories"),
        (replace(DOUBLE, business_id=10**9), "business"),
        (replace(DOUBLE, tier_id=10**9), "tier"),
    ],
)
def test_what_no_rule_can_be_is_refused_at_its_field(values, field, actor):
    with pytest.raises(InvalidInput) as refused:
        create_rule(values=values, actor=actor)
    assert refused.value.field == field
    assert not EarningRule.objects.exists()


def test_a_change_is_written_down_with_before_and_after(actor):
    rule = create_rule(values=DOUBLE, actor=actor)
    change_rule(code=rule.code, values=replace(DOUBLE, factor=Decimal(3), categories=("Tea",)), actor=actor)
    switch_rule(code=rule.code, is_active=False, actor=actor)
    switch_rule(code=rule.code, is_active=False, actor=actor)
    switch_rule(code=rule.code, is_active=True, actor=actor)
    delete_rule(code=rule.code, actor=actor)
    entries = AuditEntry.objects.filter(subject=f"rule:{rule.code}").order_by("pk")
    assert [entry.action for entry in entries] == [
        f"loyalty.rule.{what}" for what in ("created", "changed", "switched_off", "switched_on", "deleted")
    ]
    assert entries[1].data["changes"] == {
        "factor": {"before": "2", "after": "3"},
        "categories": {"before": [], "after": ["tea"]},
    }
    assert entries[4].data["before"]["factor"] == "3"


def test_a_rule_does_not_become_another_kind(actor):
    rule = create_rule(values=DOUBLE, actor=actor)
    with pytest.raises(InvalidInput):
        change_rule(code=rule.code, values=BONUS, actor=actor)


def test_a_rule_keeps_a_tier_that_was_switched_off(actor):
    silver = Tier.objects.create(name="Silver", rank=1, threshold=100)
    rule = create_rule(values=replace(DOUBLE, tier_id=silver.pk), actor=actor)
    Tier.objects.update(is_active=False)
    changed = change_rule(code=rule.code, values=replace(DOUBLE, name="New", tier_id=silver.pk), actor=actor)
    assert changed.name == "New"


def test_rules_are_moved_in_their_order(actor):
    codes = [create_rule(values=replace(DOUBLE, name=name), actor=actor).code for name in "abcd"]
    for place, expected in ((1, "dabc"), (3, "abdc"), (99, "abcd"), (-(10**20), "dabc"), (10**20, "abcd")):
        place_rule(code=codes[3], place=place, actor=actor)
        assert "".join(EarningRule.objects.values_list("name", flat=True)) == expected
    assert AuditEntry.objects.filter(action="loyalty.rule.moved").count() == 5
    place_rule(code=codes[3], place=4, actor=actor)
    assert AuditEntry.objects.filter(action="loyalty.rule.moved").count() == 5


def test_a_rule_that_gave_a_bonus_is_not_deleted(add, actor, now):
    review, unused = (
        create_rule(values=replace(REVIEW, action=action), actor=actor).code for action in ("review", "like")
    )
    add("10")
    points.award_bonus(action="review", phone=PHONE, key="a", actor=actor, now=now)
    with pytest.raises(RuleInUse):
        delete_rule(code=review, actor=actor)
    delete_rule(code=unused, actor=actor)
    assert EarningRule.objects.get().code == review


def test_people_limited_to_a_business_make_rules_for_it_alone(actor, bound, business, other_business):
    own, other, everywhere = (
        replace(DOUBLE, business_id=business.pk),
        replace(DOUBLE, business_id=other_business.pk),
        DOUBLE,
    )
    mine = create_rule(values=own, actor=bound)
    assert AuditEntry.objects.get(action="loyalty.rule.created").business_id == business.pk
    of_all = create_rule(values=everywhere, actor=actor)
    theirs = create_rule(values=other, actor=actor)
    for values in (other, everywhere):
        with pytest.raises(PermissionRefused):
            create_rule(values=values, actor=bound)
        with pytest.raises(PermissionRefused):
            change_rule(code=mine.code, values=values, actor=bound)
    for rule, refusal in ((of_all, PermissionRefused), (theirs, UnknownRule)):
        with pytest.raises(refusal):
            change_rule(code=rule.code, values=own, actor=bound)
        with pytest.raises(refusal):
            switch_rule(code=rule.code, is_active=False, actor=bound)
        with pytest.raises(refusal):
            delete_rule(code=rule.code, actor=bound)
    with pytest.raises(PermissionRefused):
        place_rule(code=mine.code, place=3, actor=bound)
    assert change_rule(code=mine.code, values=replace(own, name="Mine"), actor=bound).name == "Mine"
    delete_rule(code=mine.code, actor=bound)


def test_there_is_an_end_to_rules(actor, monkeypatch):
    monkeypatch.setattr("loyalty.actions.rules.MAX_RULES", 2)
    for _number in range(2):
        create_rule(values=DOUBLE, actor=actor)
    with pytest.raises(InvalidInput):
        create_rule(values=DOUBLE, actor=actor)
