"""Rules on real sales: what they give, what the posting says, and that the till's preview says the same."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from decimal import Decimal

import pytest

from core.actor import SYSTEM
from customers.models import Customer, OrderLine, Product
from loyalty import earning
from loyalty.actions import points
from loyalty.actions.tiers import set_tier
from loyalty.errors import BonusLimitReached, NoSuchAction
from loyalty.models import Account, EarningRule, Tier, Transaction
from loyalty.operations import SaleLine
from loyalty.tests.given import PHONE

pytestmark = pytest.mark.usefixtures("audited")

TUESDAY = datetime(2026, 6, 16, 11, tzinfo=UTC)  # noon in London


def rule(effect="multiply", **values):
    defaults = {"name": "Rule", "factor": Decimal(2) if effect == "multiply" else None}
    return EarningRule.objects.create(effect=effect, **{**defaults, **values})


def line(amount, category="", sku=""):
    return SaleLine(amount=Decimal(amount), category=category, sku=sku)


def test_a_category_multiplies_only_its_lines(add):
    rule(categories=["coffee"])
    posted = add("20", lines=[line("8", "Coffee"), line("7", "Cake")])
    assert posted.points == 8 * 2 + 7 + 5
    assert earning.earning_of(posted.terms).points == posted.points
    assert list(OrderLine.objects.order_by("position").values_list("total", flat=True)) == [8, 7]


def test_a_product_brings_its_category(add):
    Product.objects.create(sku="BEANS-1", title="Beans", category="Coffee")
    rule(categories=["coffee"])
    assert add("10", lines=[line("10", sku="BEANS-1")]).points == 20
    assert OrderLine.objects.get().product.sku == "BEANS-1"


def test_a_stock_code_that_is_new_becomes_a_product(add):
    rule(products=["new-1"], factor=Decimal(3))
    assert add("10", lines=[line("10", "Tea", "NEW-1")]).points == 30
    assert Product.objects.get(sku="NEW-1").category == "Tea"


def test_double_points_on_tuesday_in_programme_time(add):
    rule(weekdays=[2])
    assert add("10", now=TUESDAY).points == 20
    # 23:30 UTC on Monday is half past midnight on Tuesday in London in summer.
    assert add("10", now=datetime(2026, 6, 15, 23, 30, tzinfo=UTC)).points == 20
    assert add("10", now=datetime(2026, 6, 16, 23, 30, tzinfo=UTC)).points == 10


def test_happy_hours_past_midnight_belong_to_the_day_they_began(add):
    rule(weekdays=[5], from_time=time(22), to_time=time(2))  # Friday night
    friday = datetime(2026, 6, 19, 22, 0, tzinfo=UTC)  # 23:00 in London
    assert add("10", now=friday).points == 20
    assert add("10", now=friday + timedelta(hours=2)).points == 20  # 1:00 on Saturday
    assert add("10", now=friday + timedelta(hours=3)).points == 10  # 2:00
    assert add("10", now=friday - timedelta(hours=23)).points == 10  # 0:00 on Friday is Thursday's night


def test_days_are_the_programmes(add):
    rule(starts_on=TUESDAY.date(), ends_on=TUESDAY.date())
    assert add("10", now=TUESDAY).points == 20
    assert add("10", now=TUESDAY + timedelta(hours=12)).points == 10  # midnight in London
    assert add("10", now=TUESDAY - timedelta(hours=13)).points == 10


def test_a_bonus_from_an_amount_on(add):
    rule("bonus", points=50, min_spend=Decimal(30))
    assert add("29.99").points == 29
    assert add("30").points == 80


def test_the_amount_of_a_category_counts_its_lines_alone(add):
    rule("bonus", points=50, min_spend=Decimal(10), categories=["coffee"])
    assert add("30", lines=[line("9", "coffee")]).points == 30
    assert add("30", lines=[line("10", "coffee")]).points == 80


def test_a_first_purchase_counts_once(add):
    rule("bonus", points=100, is_first_purchase=True)
    assert add("10").points == 110
    assert add("10").points == 10


def test_a_first_purchase_that_was_cancelled_was_none(add, undo):
    rule("bonus", points=100, is_first_purchase=True)
    undo(add("10"), cancels_order=True)
    assert add("10").points == 110


def test_a_birthday_is_a_week(add):
    add("10")
    Customer.objects.update(birthday=datetime(1990, 6, 19).date())
    rule(birthday_days=3)
    assert add("10", now=TUESDAY).points == 20
    assert add("10", now=TUESDAY + timedelta(days=6)).points == 20
    assert add("10", now=TUESDAY + timedelta(days=7)).points == 10


def test_a_leap_day_is_kept_on_the_28th(add):
    add("10")
    Customer.objects.update(birthday=datetime(1992, 2, 29).date())
    rule(birthday_days=0)
    assert add("10", now=datetime(2027, 2, 28, 12, tzinfo=UTC)).points == 20
    assert add("10", now=datetime(2027, 3, 1, 12, tzinfo=UTC)).points == 10
    assert add("10", now=datetime(2028, 2, 29, 12, tzinfo=UTC)).points == 20


def test_a_cap_holds_for_the_day_and_knows_what_was_taken_back(add, undo, now):
    rule("cap", points=50, per="day")
    first = add("40")
    assert add("40").points == 10
    assert add("40").points == 0
    undo(first)
    assert add("100").points == 40
    assert add("40", now=now + timedelta(days=1)).points == 40


def test_a_cap_of_a_sale(add):
    rule("cap", points=25, per="sale")
    assert [add("40").points, add("40").points] == [25, 25]


def test_a_rule_of_one_business(add, business):
    other = type(business).objects.create(name="Other")
    rule(business=other)
    assert add("10").points == 10
    assert add("10", business=other.pk).points == 20


def test_a_tier_multiplies_and_opens_rules(add, now):
    def give(tier):
        member = Account.objects.get().pk
        set_tier(customer_id=member, tier=tier.code, until=None, reason="", actor=SYSTEM, now=now)

    silver = Tier.objects.create(name="Silver", rank=1, threshold=100, factor=Decimal("1.5"))
    gold = Tier.objects.create(name="Gold", rank=2, threshold=200, factor=Decimal(2))
    rule("bonus", points=7, tier=gold)
    add("10")
    give(silver)
    assert add("10").points == 15
    give(gold)
    assert add("10").points == 27


def test_an_inactive_rule_gives_nothing(add):
    rule(is_active=False)
    assert add("10").points == 10


def test_a_repeated_sale_keeps_the_terms_of_its_day(add, business, actor, now):
    double = rule()
    posted = add("10", reference="R1")
    double.delete()
    again = add("10", reference="R1")
    assert (again.points, again.is_replayed, again.terms) == (20, True, posted.terms)


# -- without a sale ---------------------------------------------------------------------------------------------------


def test_who_joins_gets_the_welcome_bonus_once(add):
    rule("bonus", trigger="join", points=25, name="Welcome")
    assert add("10").balance == 35
    assert add("10").balance == 45
    bonus = Transaction.objects.get(kind="bonus")
    assert (bonus.points, bonus.reason) == (25, "Welcome")


def test_an_action_is_paid_as_often_as_its_rule_says(add, actor, now):
    add("10")
    rule("bonus", trigger="action", action="review", points=5, per="month", per_limit=2, name="Review")

    def award(key, moment=now):
        return points.award_bonus(action="Review", phone=PHONE, key=key, actor=actor, now=moment)

    assert [award("a").balance, award("b").balance, award("b").balance] == [15, 20, 20]
    with pytest.raises(BonusLimitReached):
        award("c")
    assert award("d", now + timedelta(days=32)).balance == 25
    with pytest.raises(NoSuchAction):
        points.award_bonus(action="like", phone=PHONE, key="e", actor=actor, now=now)
