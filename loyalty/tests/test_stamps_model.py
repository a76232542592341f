"""Refund algebra of stamp cards: any happenings in any order end where a few lines of Python say."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from decimal import Decimal

import pytest
from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from customers.actions.refunds import ReturnedLine
from loyalty.actions import points, stamps
from loyalty.actions.refunds import refund_order
from loyalty.actions.stamp_cards import CardValues, create_card
from loyalty.audit import audit
from loyalty.models import Account, StampBook, StampReward
from loyalty.operations import SaleLine
from loyalty.tests.given import PHONE

CARDS = {
    "sale": CardValues(name="Visits", gives="x", stamps=3, min_spend=Decimal(6)),
    "item": CardValues(name="Coffee", gives="x", stamps=4, per="item", categories=("coffee",), sale_limit=5),
    "day": CardValues(name="Days", gives="x", stamps=2, day_limit=1),
    "few": CardValues(name="Cake", gives="x", stamps=5, per="item", categories=("cake",), day_limit=3),
}


@dataclass
class Sale:
    """What is left of it: pieces of coffee and of cake at 2 each, and money besides."""

    code: str
    posting: str
    day: int
    coffee: int
    cake: int
    besides: int
    is_over: bool = False

    def stamps(self, card: str) -> int:
        money = 2 * self.coffee + 2 * self.cake + self.besides
        if self.is_over or money == 0:
            return 0
        return {"sale": int(money >= 6), "item": min(self.coffee, 5), "day": 1, "few": self.cake}[card]


@dataclass
class Model:
    sales: list[Sale] = field(default_factory=list)
    by_hand: dict[str, int] = field(default_factory=lambda: dict.fromkeys(CARDS, 0))
    used: dict[str, int] = field(default_factory=lambda: dict.fromkeys(CARDS, 0))

    def of(self, card: str) -> tuple[int, int, int]:
        """(on the card, full ones, ready ones)"""
        limit = {"day": 1, "few": 3}.get(card)
        total = self.by_hand[card]
        for day in {sale.day for sale in self.sales}:
            deserved = sum(sale.stamps(card) for sale in self.sales if sale.day == day)
            total += deserved if limit is None else min(deserved, limit)
        size = CARDS[card].stamps
        full = max(total // size, self.used[card])
        return total - size * full, full, full - self.used[card]


small = st.integers(0, 4)
happening = st.one_of(
    st.tuples(st.just("sell"), st.integers(0, 3), small, small, small),
    st.tuples(st.just("return"), st.integers(0, 9), st.sampled_from(["coffee", "cake", "besides"]), st.integers(1, 3)),
    st.tuples(st.sampled_from(["refund", "cancel", "undo"]), st.integers(0, 9)),
    st.tuples(st.just("hand"), st.sampled_from(list(CARDS)), st.sampled_from([-3, -1, 1, 2])),
    st.tuples(st.sampled_from(["use", "release"]), st.sampled_from(list(CARDS))),
)


@settings(max_examples=60, deadline=None, database=None, suppress_health_check=list(HealthCheck))
@given(happenings=st.lists(happening, min_size=4, max_size=25))
def test_cards_are_where_the_model_says(happenings, business, actor, now):
    with transaction.atomic():
        cards = {name: create_card(values=values, actor=actor, now=now).code for name, values in CARDS.items()}
        model = Model()
        shop = Shop(business.pk, cards, actor, now, model)
        for number, (act, *rest) in enumerate(happenings):
            getattr(shop, f"do_{act}")(str(number), *rest)
            for name, code in cards.items():
                book = StampBook.objects.filter(card__code=code).first()
                ready = StampReward.objects.filter(book=book, state="ready").count() if book else 0
                found = (book.stamps, book.completed, ready) if book else (0, 0, 0)
                assert found == model.of(name), (name, act)
        findings = [(found.code, found.samples) for found in audit() if not found.is_kept]
        transaction.set_rollback(True)
    assert findings == []


@dataclass
class Shop:
    """Does what the model is told, with the programme's own acts."""

    business: int
    cards: dict[str, str]
    actor: object
    now: object
    model: Model

    def do_sell(self, key, day, coffee, cake, besides):
        if coffee + cake + besides == 0:
            return
        lines = [
            SaleLine(amount=Decimal(2 * number), quantity=Decimal(number), category=what)
            for what, number in (("coffee", coffee), ("cake", cake))
            if number
        ]
        posting = points.add_points(
            business=self.business,
            phone=PHONE,
            amount=Decimal(2 * coffee + 2 * cake + besides),
            lines=lines,
            placed_at=self.now - timedelta(days=day),
            key=key,
            actor=self.actor,
            now=self.now,
        )
        self.model.sales.append(Sale(posting.order, posting.transaction, day, coffee, cake, besides))

    def do_return(self, key, number, what, pieces):
        sale = self._sale(number)
        pieces = min(pieces, getattr(sale, what)) if sale else 0
        if not pieces or (sale.is_over and sale.is_over != "undone"):
            return
        if what == "besides":
            asked = {"amount": Decimal(pieces)}
        else:
            asked = {"lines": [ReturnedLine(position=self._position(sale, what), quantity=Decimal(pieces))]}
        refund_order(order=sale.code, actor=self.actor, now=self.now, **asked)
        setattr(sale, what, getattr(sale, what) - pieces)

    def _position(self, sale, what):
        from customers.models import OrderLine

        lines = OrderLine.objects.filter(order__code=sale.code).order_by("position")
        return 1 if what == "coffee" or lines.count() == 1 else 2

    def do_refund(self, key, number):
        sale = self._sale(number)
        if sale and sale.is_over is not True and sale.coffee + sale.cake + sale.besides:
            refund_order(order=sale.code, everything=True, actor=self.actor, now=self.now)
            sale.coffee = sale.cake = sale.besides = 0

    def do_cancel(self, key, number):
        self._reverse(key, number, cancels_order=True)

    def do_undo(self, key, number):
        self._reverse(key, number)

    def _reverse(self, key, number, **how):
        sale = self._sale(number)
        whole = sale and sale.coffee + sale.cake + sale.besides
        if not whole or sale.is_over:
            return
        points.reverse_transaction(transaction=sale.posting, key=key, actor=self.actor, now=self.now, **how)
        sale.is_over = True if how else "undone"

    def do_hand(self, key, card, number):
        customer = Account.objects.values_list("pk", flat=True).first()
        if customer is None:
            return
        stamps.give_stamps(
            card=self.cards[card], customer_id=customer, stamps=number, key=key, actor=self.actor, now=self.now
        )
        self.model.by_hand[card] += number

    def do_use(self, key, card):
        self._end(key, card, "ready", stamps.use_reward, 1)

    def do_release(self, key, card):
        self._end(key, card, "used", stamps.release_reward, -1)

    def _end(self, key, card, state, act, change):
        found = StampReward.objects.filter(book__card__code=self.cards[card], state=state).order_by("id").last()
        if found is not None:
            act(reward=found.code, key=key, actor=self.actor, now=self.now)
            self.model.used[card] += change

    def _sale(self, number):
        return self.model.sales[number % len(self.model.sales)] if self.model.sales else None


def test_the_model_counts():
    """A model that says nothing would agree with everything."""
    model = Model([Sale("a", "b", 0, coffee=5, cake=4, besides=0), Sale("c", "d", 0, coffee=0, cake=2, besides=0)])
    assert [model.of(name) for name in CARDS] == [(1, 0, 0), (1, 1, 1), (1, 0, 0), (3, 0, 0)]
    model.used["item"] = 1
    model.sales[0].coffee = 0
    assert model.of("item") == (-4, 1, 0)


@pytest.fixture(autouse=True)
def _programme(programme):
    return programme
