"""The worked examples of docs/algorithms/affiliates.md, executed."""

from __future__ import annotations

import re
from datetime import timedelta
from decimal import Decimal

import pytest
from django.conf import settings

from core.actor import SYSTEM
from customers.models import Order
from loyalty.actions.affiliate_commissions import settle_orders
from loyalty.actions.affiliate_customers import note_number
from loyalty.actions.affiliate_payouts import make_payout, mark_paid
from loyalty.actions.affiliates import AffiliateValues, create_affiliate
from loyalty.actions.points import add_points
from loyalty.actions.refunds import refund_order
from loyalty.models import AffiliateLine
from loyalty.reports_affiliates import money_of

PAGE = (settings.BASE_DIR / "docs/algorithms/affiliates.md").read_text()
EXAMPLES = re.findall(r"```affiliates\n(.*?)```", PAGE, re.DOTALL)
BUYER = "07700 900150"


def values_in(words):
    """`percent 10`, `sale 6 least 20 orders 2 month 30` as the rule that an owner types."""
    said = dict(zip(words[::2], map(Decimal, words[1::2]), strict=True))
    kind = words[0]
    return AffiliateValues(
        name="Blog",
        link_code="blog",
        rule=kind,
        percent=said.get("percent", Decimal(0)),
        amount=said.get("sale", Decimal(0)),
        min_spend=said.get("least", Decimal(0)),
        orders_limit=int(said["orders"]) if "orders" in said else None,
        month_cap=said.get("month"),
        hold_days=0,
    )


@pytest.mark.usefixtures("audited")
@pytest.mark.parametrize("example", EXAMPLES)
def test_examples_of_the_page(example, business, actor, now):
    affiliate, sales, later = None, [], now + timedelta(hours=1)
    for number, line in enumerate(example.strip().splitlines()):
        act, _arrow, expected = (part.strip() for part in line.partition("->"))
        verb, *words = act.split()
        if verb == "rule":
            affiliate = create_affiliate(values=values_in(words), actor=actor)
            note_number(link_code="blog", phone=BUYER, channel="api", actor=actor, now=now)
        elif verb == "sell":
            posted = add_points(
                business=business.pk, phone=BUYER, amount=Decimal(words[0]), key=f"k{number}", actor=actor, now=now
            )
            Order.objects.filter(code=posted.order).update(tax=Decimal(words[2]) if len(words) > 1 else 0)
            sales.append(posted.order)
            settle_orders([Order.objects.get(code=posted.order).pk], now=now)
        elif verb == "back":
            refund_order(order=sales[int(words[2]) - 1], amount=Decimal(words[0]), actor=actor, now=now)
        else:
            assert verb == "pay"
            mark_paid(code=make_payout(affiliate=affiliate.code, actor=actor, now=later).code, actor=actor, now=later)
        lines = sum(AffiliateLine.objects.values_list("amount", flat=True), Decimal(0))
        money = money_of(affiliate, actor=SYSTEM, now=later)
        assert f"lines {lines:.2f} paid {money.paid:.2f} open {money.payable:.2f}" == expected, line


def test_the_page_has_examples():
    assert len(EXAMPLES) >= 4
