"""The worked examples of docs/algorithms/stamps.md, executed."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest
from django.conf import settings

from core.errors import DomainError
from customers.actions.refunds import ReturnedLine
from loyalty.actions import points, stamps
from loyalty.actions.refunds import refund_order
from loyalty.actions.stamp_cards import CardValues, create_card
from loyalty.audit import audit
from loyalty.models import Account, StampBook, StampReward
from loyalty.operations import SaleLine

PHONE = "+447700900123"
PAGE = (settings.BASE_DIR / "docs/algorithms/stamps.md").read_text()
EXAMPLES = re.findall(r"```stamps\n(.*?)```", PAGE, re.DOTALL)
TERMS = {
    "day": lambda number: {"day_limit": int(number)},
    "item": lambda number: {"per": "item", "sale_limit": int(number)},
    "from": lambda number: {"min_spend": Decimal(number)},
    "within": lambda number: {"reward_days": int(number)},
}


class Shop:
    """Does what the lines of an example say; `sales` are (order, transaction)."""

    def __init__(self, business, actor, now):
        self.business, self.actor, self.now = business, actor, now
        self.values = CardValues(name="Card", gives="x", stamps=3)
        self.card, self.sales, self.number = "", [], 0

    def asked(self):
        self.number += 1
        return {"key": f"k{self.number}", "actor": self.actor, "now": self.now}

    def do_sell(self, amount, *items):
        lines = [SaleLine(amount=Decimal(amount), quantity=Decimal(items[1]))] if items else []
        shop = {"business": self.business.pk, "phone": PHONE}
        posted = points.add_points(amount=Decimal(amount), lines=lines, **shop, **self.asked())
        self.sales.append((posted.order, posted.transaction))

    def do_give(self, number):
        customer = Account.objects.get().pk
        stamps.give_stamps(card=self.card, customer_id=customer, stamps=int(number), **self.asked())

    def do_use(self):
        stamps.use_reward(reward=self.reward("ready"), **self.asked())

    def do_release(self):
        stamps.release_reward(reward=self.reward("used"), **self.asked())

    def do_cancel(self, number):
        posting = self.sales[int(number) - 1][1]
        points.reverse_transaction(transaction=posting, cancels_order=True, **self.asked())

    def do_refund(self, number, _how, amount=None):
        self.refund(number, **({"amount": Decimal(amount)} if amount else {"everything": True}))

    def do_return(self, number, _x, quantity):
        self.refund(number, lines=[ReturnedLine(position=1, quantity=Decimal(quantity))])

    def refund(self, number, **what):
        refund_order(order=self.sales[int(number) - 1][0], actor=self.actor, now=self.now, **what)

    def reward(self, state):
        codes = StampReward.objects.filter(state=state).order_by("id").values_list("code", flat=True)
        return codes.last() or "none"

    def stands(self):
        book = StampBook.objects.filter(card__code=self.card).first()
        ready = StampReward.objects.filter(book=book, state="ready").count()
        return f"{book.stamps if book else 0} full {book.completed if book else 0} ready {ready}"


@pytest.mark.parametrize("example", EXAMPLES)
def test_example(example, business, actor, now):
    shop = Shop(business, actor, now)
    before = points.add_points(business=business.pk, phone=PHONE, amount=Decimal(1), **shop.asked())
    assert before.points == 1  # a member, before there is a card
    for line in example.strip().splitlines():
        act, _arrow, expected = (part.strip() for part in line.partition("->"))
        word, *rest = act.split()
        if word == "card":
            shop.values = replace(shop.values, **TERMS[rest[0]](rest[1]))
            continue
        if moved := re.fullmatch(r"\+(\d+)d", act):
            shop.now += timedelta(days=int(moved[1]))
            continue
        if not shop.card:
            shop.card = create_card(values=shop.values, actor=actor, now=now).code
        try:
            getattr(shop, f"do_{word}")(*rest)
            result = shop.stands()
        except DomainError as error:
            result = f"refused {error.data.get('state', 'none')}"
        assert result == expected, line
    assert [finding.code for finding in audit() if not finding.is_kept] == []


def test_the_page_has_examples():
    assert len(EXAMPLES) >= 6
