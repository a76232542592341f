"""The coffee demo with a part of its guests; the load itself compares the books with the plan."""

from collections import Counter
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal

import pytest
from django.utils import timezone
from django_tenants.utils import tenant_context

from config.demo import coffee
from config.demo.coffee_plan import DAYS, SHOPS, Plan, make_plan
from core.clock import local_day
from customers.models import (
    ConsentRecord,
    Customer,
    CustomerFacts,
    DailySales,
    Order,
    Product,
    StockLevel,
    StockMovement,
)
from intelligence.models import RfmRun
from loyalty.audit import audit
from loyalty.models import Account, EarningRate, Reward, StampBook, Tier, Transaction
from programs.models import Programme, User

GUESTS = 25


@pytest.fixture(autouse=True)
def _media(settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path


@pytest.fixture
def plan(monkeypatch):
    """The first guests of the whole plan, with all they do."""

    def part(first_month):
        whole = make_plan(first_month)
        kept = [index for index, sale in enumerate(whole.sales) if sale.member < GUESTS]
        place = {index: position for position, index in enumerate(kept)}
        return Plan(
            whole.members[:GUESTS],
            tuple(whole.sales[index] for index in kept),
            tuple(
                replace(redemption, after_sale=place[redemption.after_sale])
                for redemption in whole.redemptions
                if redemption.after_sale in place
            ),
        )

    monkeypatch.setattr(coffee, "make_plan", part)
    return part


def test_the_demo_is_the_plan_and_goes_on_after_a_kill(committed_database, plan):
    owner = User.objects.create_user("owner@example.com", None)
    now = timezone.now()

    class KilledError(Exception):
        pass

    def kill(phase, done, total):
        if done > total // 2:
            raise KilledError

    with pytest.raises(KilledError):
        coffee.load_coffee(kill, owner=owner, now=now)
    programme = coffee.load_coffee(lambda *_: None, owner=owner, now=now + timedelta(days=9))
    demo = Programme.objects.get(slug="coffee").onboarding["demo"]
    first, last = date.fromisoformat(demo["first_monday"]), date.fromisoformat(demo["last_day"])
    assert (first.strftime("%A"), last.strftime("%A")) == ("Monday", "Sunday")
    assert last - first == timedelta(days=DAYS - 1)
    assert timedelta(days=1) <= local_day(now, coffee.ZONE) - last <= timedelta(days=7), "of the load that was killed"
    planned = plan(first.month)
    with tenant_context(programme):
        pence = sum(sale.pence for sale in planned.sales)
        assert sum(Order.objects.values_list("total", flat=True)) == Decimal(pence) / 100
        days = {local_day(at, coffee.ZONE) for at in Order.objects.values_list("placed_at", flat=True)}
        assert days == {first + timedelta(days=sale.day) for sale in planned.sales}
        rates = EarningRate.objects.values_list("business__name", "points_per_unit")
        assert dict(rates) == {shop.name: shop.points_per_unit for shop in SHOPS}
        assert CustomerFacts.objects.filter(is_member=True).count() == GUESTS
        assert Customer.objects.exclude(first_name="").count() == sum(bool(m.index % 3) for m in planned.members)
        assert ConsentRecord.objects.count() == sum(m.agrees_to_texts for m in planned.members)
        redeemed = Transaction.objects.done().filter(kind="redeem").values_list("points", flat=True)
        assert sorted(-points for points in redeemed) == sorted(r.points for r in planned.redemptions)
        assert Reward.objects.count() == len(coffee.CATALOGUE), "a load that goes on makes none twice"
        what = Counter(Transaction.objects.done().filter(kind="redeem").values_list("reward__name", flat=True))
        assert what == Counter(redemption.what for redemption in planned.redemptions)
        assert sum(DailySales.objects.values_list("orders", flat=True)) == len(planned.sales)
        assert RfmRun.objects.get().customers == GUESTS
        stocked = set(StockLevel.objects.values_list("product__sku", flat=True))
        assert stocked == set(Product.objects.values_list("sku", flat=True)) <= set(coffee.SHELF.values())
        assert StockMovement.objects.filter(kind="received").count() == 1
        assert StampBook.objects.filter(card__name="Coffee card", total__gt=0).count() > 1
        assert [found.code for found in audit() if not found.is_kept] == []
        tiers = list(Tier.objects.values_list("name", flat=True))
        assert tiers == [tier.name for tier in coffee.TIERS], "a load that goes on makes none twice"
        in_tier = Counter(Account.objects.values_list("tier__name", flat=True))
        assert sorted(in_tier, key=lambda name: -in_tier[name])[0] is None, "most are on their way"
        assert 1 <= in_tier[tiers[-1]] <= GUESTS // 5
        assert Counter(CustomerFacts.objects.values_list("tier", flat=True)) == {
            name or "": number for name, number in in_tier.items()
        }
    coffee.load_coffee(lambda *_: pytest.fail("loaded twice"), owner=owner, now=now)


def test_books_that_differ_from_the_plan_are_an_error(committed_database, plan):
    owner = User.objects.create_user("owner@example.com", None)
    now = timezone.now()

    def kill(phase, done, total):
        if phase != "coffee: sales":
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        coffee.load_coffee(kill, owner=owner, now=now)
    with tenant_context(Programme.objects.get(slug="coffee")):
        Order.objects.filter(pk=Order.objects.earliest("pk").pk).update(total=1)
    with pytest.raises(RuntimeError, match="planned were"):
        coffee.load_coffee(lambda *_: None, owner=owner, now=now)
    assert "is_loaded" not in Programme.objects.get(slug="coffee").onboarding["demo"]
