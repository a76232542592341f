"""The preview of a sale: what it says is what the sale then gives, line by line."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal

import pytest
from django.db import transaction
from django_tenants.utils import tenant_context
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core.actor import SYSTEM
from customers.models import Customer, Identifier, Order, Product
from loyalty.actions import points
from loyalty.actions.rules import RuleValues, create_rule
from loyalty.actions.settings import set_earning_rate
from loyalty.balances import balance_of
from loyalty.explain import explanation_lines, explanation_of
from loyalty.models import Account, EarningRule, LoyaltySettings, Tier
from loyalty.operations import SaleLine
from loyalty.preview import preview_sale
from loyalty.tests.given import E164, PHONE
from workspace.models import Business

CATEGORIES = {"": "", "BEANS": "Coffee", "CUP": "Ware", "NEW": "Cake"}  # of stock codes; NEW is no product yet
SALE_KINDS = {"rate", "multiply", "bonus", "cap"}
MOMENT = datetime(2026, 6, 19, 21, 30, tzinfo=UTC)  # a Friday, half past ten in London


@st.composite
def rules(draw):
    """Rules that people can make, most of which meet the sales below."""
    effect = draw(st.sampled_from(["multiply", "multiply", "bonus", "cap"]))
    values = {
        "name": draw(st.sampled_from(["Double", "Happy hour", "Coffee week"])),
        "effect": effect,
        "factor": draw(st.sampled_from([Decimal(text) for text in ("0", "0.5", "1.25", "2", "3")])),
        "points": None,
        "stacks": draw(st.booleans()),
        "weekdays": draw(st.sampled_from([(), (), (5,), (1, 6)])),
        "is_first_purchase": draw(st.sampled_from([False, False, True])),
        "birthday_days": draw(st.sampled_from([None, None, 0, 3])),
        "starts_on": draw(st.sampled_from([None, date(2026, 6, 19), date(2026, 6, 20)])),
    }
    if draw(st.booleans()):
        values |= {"from_time": time(22), "to_time": draw(st.sampled_from([time(2), time(23)]))}
    if effect != "multiply":
        values |= {"factor": None, "points": draw(st.integers(1, 80))}
    if effect == "cap":
        values["per"] = draw(st.sampled_from(["sale", "day", "month"]))
    else:
        values["categories"] = draw(st.sampled_from([(), (), ("coffee",), ("cake", "ware")]))
        values["products"] = draw(st.sampled_from([(), (), ("beans",), ("new",)]))
        if values["factor"] is None or values["factor"] > 1:
            values["min_spend"] = draw(st.sampled_from([Decimal(0), Decimal(0), Decimal(10)]))
    return RuleValues(**values), draw(st.sampled_from(["", "", "business", "tier"]))


amounts = st.integers(1, 2500).map(lambda pence: Decimal(pence) / 100)
lines = st.lists(
    st.tuples(amounts, st.sampled_from(sorted(CATEGORIES)), st.sampled_from(["", "Coffee", "cake"])), max_size=3
)
sales = st.tuples(amounts, lines, st.sampled_from([0, -30, 120, -60 * 24]))


@pytest.mark.usefixtures("programme")
@settings(max_examples=120, deadline=None, database=None, suppress_health_check=list(HealthCheck))
@given(
    made=st.lists(rules(), max_size=4),
    rate=st.sampled_from([Decimal(text) for text in ("1", "0.1", "2.5")]),
    rounding=st.sampled_from(["down", "nearest", "up"]),
    tier=st.sampled_from([None, "Silver", "Gold"]),
    birthday=st.sampled_from([None, date(1990, 6, 19), date(1988, 6, 21)]),
    welcome=st.booleans(),
    pending_days=st.sampled_from([0, 0, 3]),
    rest=amounts,
    baskets=st.lists(sales, min_size=1, max_size=3),
)
def test_what_is_previewed_is_what_the_sale_gives(
    made, rate, rounding, tier, birthday, welcome, pending_days, rest, baskets
):
    with transaction.atomic():
        shop = Business.objects.create(name="Quayside")
        set_earning_rate(business_id=shop.pk, points_per_unit=rate, rounding=rounding, actor=SYSTEM)
        LoyaltySettings.objects.update_or_create(pk=1, defaults={"pending_days": pending_days})
        for number, (name, factor) in enumerate((("Silver", "1.5"), ("Gold", "2")), 1):
            Tier.objects.create(name=name, rank=number, threshold=number * 100, factor=Decimal(factor))
        for sku in ("BEANS", "CUP"):
            Product.objects.create(sku=sku, title=sku, category=CATEGORIES[sku])
        for values, limit in made:
            place = {"business": {"business_id": shop.pk}, "tier": {"tier_id": Tier.objects.get(name="Silver").pk}}
            chosen = {
                **{name: getattr(values, name) for name in RuleValues.__dataclass_fields__},
                **place.get(limit, {}),
            }
            create_rule(values=RuleValues(**chosen), actor=SYSTEM)
        if welcome:
            EarningRule.objects.create(name="Welcome", trigger="join", effect="bonus", points=25)
        customer = Customer.objects.create(phone=E164, birthday=birthday)
        Identifier.objects.create(kind="phone", value=E164, customer=customer)
        for number, (_amount, parts, minutes) in enumerate(baskets):
            sold = [SaleLine(amount=part, sku=sku, category=CATEGORIES[sku] or own) for part, sku, own in parts]
            sale = {
                "business": shop.pk,
                "amount": rest + sum(part for part, _sku, _own in parts),
                "now": MOMENT + timedelta(hours=number),
                "lines": sold,
                "placed_at": MOMENT + timedelta(minutes=minutes) if minutes else None,
            }
            before = balance_of(customer.pk, now=sale["now"])
            preview = preview_sale(customer_id=customer.pk, **sale)
            posting = points.add_points(customer_id=customer.pk, key=f"k{number}", actor=SYSTEM, **sale)
            assert preview.points == posting.points
            assert sum(line.points for line in preview.lines if line.kind in SALE_KINDS) == preview.points
            assert preview.balance_after == posting.balance
            assert preview.balance_after - before.points == sum(line.points for line in preview.lines) - preview.pending
            assert (preview.pending, preview.available_at) == (posting.pending, posting.available_at)
            told = [line for line in preview.lines if line.kind in SALE_KINDS]
            assert list(explanation_lines(posting)) in (told, [])
            Account.objects.update(tier=Tier.objects.filter(name=tier).first())
        transaction.set_rollback(True)


@pytest.fixture
def preview(business, now):
    """preview("10", lines=[…]) → the preview of a sale to nobody yet."""
    return lambda amount="10", **changes: preview_sale(
        **{"business": business.pk, "amount": Decimal(amount), "now": now, **changes}
    )


def told(found):
    return [(line.text, line.points) for line in found.lines]


def test_each_line_says_what_it_is_about(preview, actor, add):
    for values in (
        RuleValues(name="Double on coffee", effect="multiply", factor=Decimal(2), categories=["coffee"]),
        RuleValues(name="Wednesday", effect="multiply", factor=Decimal("1.5"), stacks=True, weekdays=[3]),
        RuleValues(name="Big basket", effect="bonus", points=5, min_spend=Decimal(20)),
        RuleValues(name="First visit", effect="bonus", points=3, is_first_purchase=True),
        RuleValues(name="Fair share", effect="cap", points=40, per="day"),
    ):
        create_rule(values=values, actor=actor)
    basket = [SaleLine(amount=Decimal(8), category="Coffee")]
    assert told(preview("20.50", lines=basket)) == [
        ("£20.50 × 1 = 20.5 points, rounded down", 20),
        ("Double on coffee: ×2 on £8.00", 8),
        ("Wednesday: ×1.5 on £20.50, on top of other multipliers", 10),
        ("Big basket: a bonus from £20.00 on", 5),
        ("First visit: a bonus", 3),
        ("Fair share: at most 40 points in a day, 40 of them left before this sale", -6),
    ]
    posting = add("20.50", lines=basket)
    assert explanation_of(posting) == (
        "£20.50 × 1 = 20.5 points, rounded down; Double on coffee: ×2 on £8.00 (+8); "
        "Wednesday: ×1.5 on £20.50, on top of other multipliers (+10); Big basket: a bonus from £20.00 on (+5); "
        "First visit: a bonus (+3); Fair share: at most 40 points in a day, 40 of them left before this sale (−6)"
    )


def test_who_is_new_is_told_the_welcome_bonus(preview, add, now):
    EarningRule.objects.create(name="Welcome", trigger="join", effect="bonus", points=25)
    found = preview("10")
    assert told(found)[1:] == [("Welcome: for joining", 25)]
    assert (found.points, found.welcome, found.balance_after) == (10, 25, None)
    add("10")
    again = preview("10", customer_id=Customer.objects.get().pk)
    assert (again.points, again.welcome, again.balance_after) == (10, 0, 45)


def test_debt_is_repaid_first(preview, add, redeem, undo):
    first = add("10")
    redeem(8)
    undo(first)
    found = preview("20", customer_id=Customer.objects.get().pk)
    assert (told(found)[1:], found.balance_after) == ([("8 points repay what was taken back before", -8)], 12)


def test_points_that_wait_say_until_when(preview, add):
    LoyaltySettings.objects.update_or_create(pk=1, defaults={"pending_days": 14})
    add("10")
    found = preview("20", customer_id=Customer.objects.get().pk)
    assert told(found)[1:] == [("20 points can be spent from 1 July 2026 on", 0)]
    assert (found.points, found.pending, found.balance_after) == (20, 20, 0)


def test_nothing_is_written(preview, add):
    def state():
        versions = list(Account.objects.values_list("version", flat=True))
        return Customer.objects.count(), Order.objects.count(), Product.objects.count(), versions

    add("10")
    before = state()
    preview("10", lines=[SaleLine(amount=Decimal(5), sku="SOMETHING")], customer_id=Customer.objects.get().pk)
    assert state() == before


def test_rules_of_one_programme_leave_the_other_alone(programme, other_programme, actor, now):
    create_rule(values=RuleValues(name="Double", effect="multiply", factor=Decimal(2)), actor=actor)
    create_rule(values=RuleValues(name="Welcome", effect="bonus", trigger="join", points=9), actor=actor)
    with tenant_context(other_programme):
        shop = Business.objects.create(name="Meadow café")
        found = preview_sale(business=shop.pk, amount=Decimal(10), now=now)
        posting = points.add_points(
            business=shop.pk, phone=PHONE.replace("07700", "+447700"), amount=Decimal(10), key="k", actor=actor, now=now
        )
        assert (found.points, found.welcome, posting.points, posting.balance) == (10, 0, 10, 10)
        assert not EarningRule.objects.exists()
