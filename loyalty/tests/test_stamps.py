"""Stamps by sales and by hand: what a card counts, what refunds take, full cards and their use."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from itertools import permutations

import pytest
from django.utils import timezone

from core.actor import SYSTEM
from core.idempotency import IdempotencyKeyReused
from customers.actions.customers import find_or_create_by_phone
from customers.actions.refunds import ReturnedLine
from customers.models import Event, Order, Product, Refund
from loyalty.actions import stamp_cards, stamps
from loyalty.actions.refunds import refund_order
from loyalty.actions.stamp_cards import CardValues
from loyalty.errors import (
    AlreadyReversed,
    NotReversible,
    StampCardClosed,
    StampCardElsewhere,
    StampRewardNotUsed,
    StampRewardOver,
    UndoWindowPassed,
    UnknownMember,
)
from loyalty.models import Account, EarningRule, StampAct, StampBook, StampEntry, StampReward, StampSale
from loyalty.operations import SaleLine
from loyalty.tasks import follow_stamps
from loyalty.tests.given import PHONE, rows
from programs.models import Programme
from workspace.models import AuditEntry

pytestmark = pytest.mark.usefixtures("audited")


@pytest.fixture
def make_card(actor, now):
    def make(**changes):
        values = replace(CardValues(name="Coffee card", gives="A free coffee", stamps=3), **changes)
        return stamp_cards.create_card(values=values, actor=actor, now=now)

    return make


@pytest.fixture
def give(actor, now):
    numbers = iter(range(1000))

    def call(card, number=1, **changes):
        given = {"card": card.code, "stamps": number, "key": f"give-{next(numbers)}", "actor": actor, "now": now}
        given["customer_id"] = Account.objects.values_list("pk", flat=True).first()
        return stamps.give_stamps(**{**given, **changes})

    return call


@pytest.fixture
def use(actor, now):
    numbers = iter(range(1000))

    def call(reward=None, **changes):
        code = reward or StampReward.objects.filter(state="ready").values_list("code", flat=True).first()
        return stamps.use_reward(
            **{"reward": code, "key": f"use-{next(numbers)}", "actor": actor, "now": now, **changes}
        )

    return call


@pytest.fixture
def refund(actor, now):
    def call(posting, *lines, **changes):
        said = {"lines": [ReturnedLine(*line) for line in lines], "everything": not lines and "amount" not in changes}
        return refund_order(**{"order": posting.order, "actor": actor, "now": now, **said, **changes})

    return call


def line(amount, category="", quantity=1, sku=""):
    return SaleLine(amount=Decimal(amount), quantity=Decimal(quantity), category=category, sku=sku, title="x")


def on(card):
    """(on the card, full ones in all, ready ones)"""
    book = StampBook.objects.filter(card=card).first()
    return (book.stamps, book.completed, book.rewards.filter(state="ready").count()) if book else (0, 0, 0)


# -- sales ------------------------------------------------------------------------------------------------------------


def test_each_sale_gives_a_stamp_and_the_last_one_fills_the_card(add, make_card):
    card = make_card()
    seen = []
    for _sale in range(4):
        add("4")
        seen.append(on(card))
    assert seen == [(1, 0, 0), (2, 0, 0), (0, 1, 1), (1, 1, 1)]
    assert StampReward.objects.get().gives == "A free coffee"
    names = list(Event.objects.filter(name__startswith="loyalty.stamps").order_by("id").values_list("name", flat=True))
    assert names == ["loyalty.stamps.given"] * 3 + ["loyalty.stamps.completed", "loyalty.stamps.given"]


def test_a_sale_that_is_told_twice_gives_one(add, make_card):
    card = make_card()
    add("4", key="once")
    add("4", key="once")
    add("4", reference="R1")
    add("4", reference="R1")
    assert on(card) == (2, 0, 0)


def test_items_are_counted_by_their_category_or_stock_code(add, make_card):
    card = make_card(per="item", categories=["Coffee"], products=["BEAN-1"], stamps=20)
    Product.objects.create(sku="known-1", title="Espresso", category="COFFEE")
    add("20", lines=[line(6, "coffee", 2), line(5, "Tea"), line(3, "", 1, "bean-1"), line(3, "tea", 3, "known-1")])
    assert on(card)[0] == 6  # a known stock code brings its own category


def test_parts_of_items_and_untold_lines_give_nothing(add, make_card):
    card = make_card(per="item", categories=["coffee"], stamps=20)
    add("10", lines=[line(3, "coffee", "1.6"), line(3, "coffee", "0.5")])
    add("10")
    assert on(card)[0] == 2  # of 2.1


def test_an_item_card_without_conditions_counts_every_item(add, make_card):
    card = make_card(per="item", stamps=20)
    add("10", lines=[line(6, "coffee", 2), line(2)])
    assert on(card)[0] == 3


def test_a_card_of_a_category_gives_one_for_a_sale_with_it(add, make_card):
    card = make_card(categories=["coffee"], min_spend=Decimal(5))
    add("10", lines=[line(4, "coffee"), line(6, "tea")])
    assert on(card)[0] == 0  # the coffee alone is below the amount
    add("10", lines=[line("2.50", "coffee"), line("2.50", "coffee")])
    assert on(card)[0] == 1


def test_an_amount_is_asked_of_the_whole_sale(add, make_card):
    card = make_card(min_spend=Decimal(5))
    add("4.99")
    assert on(card)[0] == 0
    add("5")
    assert on(card)[0] == 1


def test_a_card_of_one_business_counts_there(add, make_card, business, other_business):
    here, there = make_card(business_id=business.pk), make_card(business_id=other_business.pk)
    add("4")
    assert (on(here)[0], on(there)[0]) == (1, 0)


def test_a_sale_has_as_many_stamps_as_the_card_allows(add, make_card):
    card = make_card(per="item", sale_limit=4, stamps=20)
    add("10", lines=[line(9, "coffee", 9)])
    assert on(card)[0] == 4


def test_only_sales_of_its_days_count_and_only_while_it_is_offered(add, make_card, actor, now):
    today = now.date()
    past, future = make_card(ends_on=today - timedelta(days=1)), make_card(starts_on=today + timedelta(days=1))
    late = add("4", placed_at=now - timedelta(days=1))
    assert (on(past)[0], on(future)[0]) == (1, 0)  # a sale that came in late counts on its own day
    stamp_cards.switch_card(code=past.code, is_active=False, actor=actor)
    add("4", placed_at=now - timedelta(days=1))
    assert on(past)[0] == 1
    assert late.points == 4


def test_a_sale_before_the_card_was_made_never_counts(add, make_card, refund):
    sale = add("10")
    card = make_card()
    refund(sale, amount=Decimal(1))
    assert not StampBook.objects.filter(card=card).exists()


def test_imported_history_gives_no_stamps(make_card, business, add, now):
    card = make_card()
    add("4")
    customer = Account.objects.get().customer
    Order.objects.create(
        business=business, source="import", reference="A", placed_at=now, total=Decimal(10), customer=customer
    )
    assert on(card)[0] == 1


# -- the day's limit --------------------------------------------------------------------------------------------------


def test_a_day_has_as_many_stamps_as_the_card_allows_in_the_programmes_zone(add, make_card, now):
    card = make_card(day_limit=2, stamps=20)
    evening = datetime(2026, 6, 1, 22, 30, tzinfo=UTC)  # half past eleven in London
    for minutes in (0, 5, 10, 40, 50):
        add("4", placed_at=evening + timedelta(minutes=minutes), now=evening + timedelta(hours=1))
    assert on(card)[0] == 4
    assert sorted(StampSale.objects.values_list("day", "given")) == [
        (date(2026, 6, 1), 0),
        (date(2026, 6, 1), 1),
        (date(2026, 6, 1), 1),
        (date(2026, 6, 2), 1),
        (date(2026, 6, 2), 1),
    ]


@pytest.mark.parametrize(
    ("first", "last"),
    [
        (datetime(2026, 3, 29, 0, 30, tzinfo=UTC), datetime(2026, 3, 29, 22, 30, tzinfo=UTC)),  # 23 hours
        (datetime(2026, 10, 24, 23, 30, tzinfo=UTC), datetime(2026, 10, 25, 23, 30, tzinfo=UTC)),  # 25 hours
    ],
)
def test_days_when_clocks_change_are_one_day(first, last, add, make_card):
    card = make_card(day_limit=1, stamps=20)
    now = last + timedelta(days=2)
    add("4", placed_at=first, now=now)
    add("4", placed_at=last, now=now)
    assert on(card)[0] == 1
    add("4", placed_at=last + timedelta(hours=1), now=now)
    assert on(card)[0] == 2


def test_giving_back_the_first_sale_of_a_day_makes_room_for_the_next(add, make_card, refund, undo):
    card = make_card(day_limit=1)
    first, _second, third = add("4"), add("4"), add("4")
    refund(first)
    assert on(card)[0] == 1
    undo(third, "u", cancels_order=True)
    assert on(card)[0] == 1


# -- refunds and undoing ----------------------------------------------------------------------------------------------


def test_lines_given_back_take_their_stamps(add, make_card, refund):
    card = make_card(per="item", categories=["coffee"], stamps=4)
    sale = add("20", lines=[line(10, "coffee", 5), line(10, "tea", 2)])
    assert on(card) == (1, 1, 1)
    refund(sale, (1, Decimal(2)))
    assert on(card) == (3, 0, 0)
    refund(sale, (2,))
    assert on(card) == (3, 0, 0)
    refund(sale)
    assert on(card) == (0, 0, 0)


def test_what_is_left_of_a_sale_decides(add, make_card, refund):
    card = make_card(min_spend=Decimal(5))
    sale = add("10")
    refund(sale, amount=Decimal(5))
    assert on(card)[0] == 1
    refund(sale, amount=Decimal("0.01"))
    assert on(card)[0] == 0


STEPS = [{"lines": [(1, Decimal(2))]}, {"lines": [(1, Decimal(1))]}, {"lines": [(2,)]}, {"amount": Decimal("2.50")}]


@pytest.mark.parametrize("order", list(permutations(range(4))))
def test_any_order_of_refunds_ends_at_the_same_cards(order, add, make_card, refund):
    items, sales = make_card(per="item", categories=["coffee"]), make_card(min_spend=Decimal(6))
    sale = add("20", lines=[line(10, "coffee", 5), line(6, "tea", 2)])
    for number in order:
        step = STEPS[number]
        refund(sale, *step.get("lines", []), amount=step.get("amount"))
    assert (on(items), on(sales)) == ((2, 0, 0), (0, 0, 0))


def test_an_undone_sale_takes_its_stamps_and_undoing_that_gives_them_again(add, make_card, undo):
    card = make_card()
    first, second = add("4"), add("4")
    undo(first, "u1", cancels_order=True)
    assert on(card)[0] == 1
    by_hand = undo(second, "u2")
    assert on(card)[0] == 0
    undo(by_hand, "u3")
    assert on(card)[0] == 1


def test_points_taken_back_in_part_leave_the_stamp(add, make_card, undo):
    card = make_card()
    sale = add("10")
    undo(sale, "part", points=4)
    assert on(card)[0] == 1
    undo(sale, "rest")
    assert on(card)[0] == 0


def test_a_sale_without_points_counts_and_can_be_undone(add, make_card, undo):
    card = make_card()
    sale = add("0.40")
    assert (sale.points, on(card)[0]) == (0, 1)
    undo(sale, "u")
    assert on(card)[0] == 0


def test_a_sale_whose_points_a_rule_took_away_counts_by_what_is_left(add, make_card, refund):
    """A refund takes all points below the amount of a bonus; the stamp goes by the money."""
    EarningRule.objects.create(name="Nothing", effect="multiply", factor=Decimal(0))
    EarningRule.objects.create(name="Spend 10", effect="bonus", points=5, min_spend=Decimal(10))
    card = make_card()
    sale = add("10")
    assert refund(sale, amount=Decimal(1)).posting.points == -5
    assert on(card)[0] == 1


def test_a_full_card_falls_apart_with_a_refund_unless_it_was_used(add, make_card, refund, use):
    card = make_card(stamps=2)
    sales = [add("4") for _sale in range(4)]
    use()
    assert on(card) == (0, 2, 1)
    refund(sales[3])
    assert (on(card), StampReward.objects.filter(state="void").count()) == ((1, 1, 0), 1)
    refund(sales[2])
    refund(sales[1])
    assert on(card) == (-1, 1, 0)  # the next stamp makes up for it
    add("4")
    assert on(card) == (0, 1, 0)
    add("4")
    add("4")
    assert on(card) == (0, 2, 1)


def test_a_refund_that_an_import_brings_takes_its_stamps_once(add, make_card, business, now):
    card = make_card()
    order = Order.objects.get(code=add("10").order)
    order.refunded_total, order.status = Decimal(10), Order.Status.REFUNDED
    order.save()
    given_back = Refund.objects.create(
        business=business, source="import", reference="X", order=order, refunded_at=now, total=Decimal(10)
    )
    Event.objects.create(
        name="customers.order.refunded",
        occurred_at=now,
        actor="system:x",
        data={"refund": given_back.code, "total": ""},
    )
    for _again in range(2):
        follow_stamps(list(Event.objects.all()))
    assert on(card)[0] == 0
    assert StampEntry.objects.count() == 2


def test_an_order_that_a_store_cancels_takes_its_stamps(add, make_card, now):
    card = make_card()
    order = Order.objects.get(code=add("10").order)
    Order.objects.filter(pk=order.pk).update(status="cancelled")
    Event.objects.create(
        name="customers.order.cancelled", occurred_at=now, actor="system:x", data={"order": order.code, "total": ""}
    )
    follow_stamps(list(Event.objects.all()))
    assert on(card)[0] == 0


# -- by hand ----------------------------------------------------------------------------------------------------------


def test_stamps_by_hand_come_and_go_with_a_reason(add, make_card, give):
    card = make_card()
    add("4")
    answer = give(card, 4, reason="  Old paper   card ")
    assert (answer.on_card, answer.completed, answer.ready, answer.reason) == (2, 1, 1, "Old paper card")
    assert give(card, -3).on_card == 2
    assert on(card) == (2, 0, 0)
    acts = AuditEntry.objects.filter(action__startswith="loyalty.stamps").values_list("action", flat=True)
    assert sorted(acts) == ["loyalty.stamps.given", "loyalty.stamps.taken"]


def test_a_key_is_one_act(add, make_card, give):
    card = make_card()
    add("4")
    first, again = give(card, key="k"), give(card, key="k")
    assert (first.is_replayed, again.is_replayed) == (False, True)
    assert replace_replayed(again) == first
    assert on(card)[0] == 2
    with pytest.raises(IdempotencyKeyReused):
        give(card, 2, key="k")


def replace_replayed(answer):
    return type(answer)(**{name: getattr(answer, name) for name in answer.__struct_fields__ if name != "is_replayed"})


def test_a_refusal_is_kept_with_its_key(add, make_card, give, actor):
    card = make_card()
    add("4")
    stamp_cards.switch_card(code=card.code, is_active=False, actor=actor)
    with pytest.raises(StampCardClosed):
        give(card, key="k")
    stamp_cards.switch_card(code=card.code, is_active=True, actor=actor)
    with pytest.raises(StampCardClosed):
        give(card, key="k")
    assert on(card)[0] == 1


def test_taking_from_an_archived_card_goes_on(add, make_card, give, actor):
    card = make_card()
    add("4")
    stamp_cards.switch_card(code=card.code, is_active=False, actor=actor)
    assert give(card, -1).on_card == 0


def test_who_gets_a_stamp_is_a_member(make_card, give, actor, now):
    EarningRule.objects.create(name="Welcome", trigger="join", effect="bonus", points=25)
    card = make_card()
    customer = find_or_create_by_phone(phone=PHONE, region="GB", source="till", actor=actor, now=now).customer
    with pytest.raises(UnknownMember):
        give(card, -1, customer_id=customer.pk)
    assert give(card, customer_id=customer.pk).on_card == 1
    assert Account.objects.get(pk=customer.pk).available == 25


def test_a_refusal_makes_nobody_a_member(make_card, give, actor, now, business, other_business):
    """As with points: nothing is stored, so the key is free, and the same call is judged again."""
    EarningRule.objects.create(name="Welcome", trigger="join", effect="bonus", points=50)
    over, there = make_card(), make_card(business_id=other_business.pk)
    stamp_cards.switch_card(code=over.code, is_active=False, actor=actor)
    customer = find_or_create_by_phone(phone=PHONE, region="GB", source="till", actor=actor, now=now).customer
    before = rows()
    with pytest.raises(StampCardClosed):
        give(over, key="k", customer_id=customer.pk)
    with pytest.raises(StampCardElsewhere):
        give(there, customer_id=customer.pk, business=business.pk)
    assert (rows(), StampAct.objects.count()) == (before, 0)
    stamp_cards.switch_card(code=over.code, is_active=True, actor=actor)
    assert give(over, key="k", customer_id=customer.pk).on_card == 1
    assert Account.objects.get(pk=customer.pk).available == 50


def test_stamps_by_hand_are_undone_once_and_at_a_till_for_a_minute(add, make_card, give, actor, now):
    card = make_card()
    add("4")
    asked = {"actor": actor}
    entry = give(card, 2).entry
    with pytest.raises(UndoWindowPassed):
        stamps.undo_stamps(entry=entry, key="a", now=now + timedelta(seconds=61), within_undo_window=True, **asked)
    assert stamps.undo_stamps(entry=entry, key="b", now=now, within_undo_window=True, **asked).on_card == 1
    with pytest.raises(AlreadyReversed):
        stamps.undo_stamps(entry=entry, key="c", now=now, **asked)
    of_sale = StampEntry.objects.filter(kind="sale").values_list("code", flat=True).get()
    with pytest.raises(NotReversible):
        stamps.undo_stamps(entry=of_sale, key="d", now=now, **asked)


def test_a_card_of_another_business_is_not_stamped_here(add, make_card, give, business, other_business):
    card = make_card(business_id=other_business.pk)
    add("4")
    with pytest.raises(StampCardElsewhere):
        give(card, business=business.pk)


# -- full cards -------------------------------------------------------------------------------------------------------


def test_a_full_card_is_used_once_and_its_use_undone(add, make_card, use, actor, now, business):
    make_card(stamps=2)
    add("4")
    add("4")
    code = StampReward.objects.get().code
    answer = use(code, key="k", business=business.pk)
    assert (answer.reward, answer.ready, use(code, key="k", business=business.pk).is_replayed) == (code, 0, True)
    with pytest.raises(StampRewardOver) as refused:
        use(code)
    assert refused.value.data == {"reward": code, "state": "used"}
    assert StampReward.objects.get().business_id == business.pk
    asked = {"reward": code, "actor": actor}
    with pytest.raises(UndoWindowPassed):
        stamps.release_reward(key="late", now=now + timedelta(minutes=2), within_undo_window=True, **asked)
    assert stamps.release_reward(key="r", now=now, **asked).ready == 1
    with pytest.raises(StampRewardNotUsed):
        stamps.release_reward(key="r2", now=now, **asked)
    assert use(code.upper()).ready == 0


def test_releasing_a_card_whose_stamps_are_gone_takes_it_back(add, make_card, use, refund, actor, now):
    card = make_card(stamps=2)
    add("4")
    sale = add("4")
    code = use().reward
    refund(sale)
    assert on(card) == (-1, 1, 0)
    stamps.release_reward(reward=code, key="r", actor=actor, now=now)
    assert (on(card), StampReward.objects.get().state) == ((1, 0, 0), "void")


def test_a_full_card_runs_out_at_the_end_of_its_last_day(add, make_card, use, refund):
    card = make_card(stamps=2, reward_days=30)
    sold = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
    add("4", now=sold)
    sale = add("4", now=sold)
    assert StampReward.objects.get().expires_at == datetime(2026, 3, 31, 23, 0, tzinfo=UTC)  # summer time by then
    with pytest.raises(StampRewardOver) as refused:
        use(now=datetime(2026, 3, 31, 23, 0, tzinfo=UTC))
    assert refused.value.data["state"] == "expired"
    refund(sale, now=datetime(2026, 4, 2, tzinfo=UTC))
    assert on(card) == (-1, 1, 0)  # it counts as had: buying the same again does not bring it back


def test_a_full_card_of_another_business_is_not_used_here(add, make_card, use, business, other_business):
    make_card(stamps=2, business_id=business.pk)
    add("4")
    add("4")
    with pytest.raises(StampCardElsewhere):
        use(business=other_business.pk)


def test_the_programmes_do_not_share_cards(add, make_card, other_programme):
    from django.db import connection

    make_card()
    add("4")
    harbour = connection.tenant
    connection.set_tenant(Programme.objects.get(slug="meadow"))
    assert not StampBook.objects.exists()
    connection.set_tenant(harbour)
    assert StampBook.objects.count() == 1


def test_nothing_that_was_written_survives_erasing(add, make_card, give):
    card = make_card()
    add("4")
    give(card, reason="Priya forgot her phone", key="k")
    customer = Account.objects.get().customer
    customer.state = "erased"
    customer.save()
    stamps.forget_stamp_reasons(customer_id=customer.pk)
    written = [*StampEntry.objects.values_list("reason"), *StampAct.objects.values_list("response")]
    written += AuditEntry.objects.values_list("data")
    assert "Priya" not in str(written)
    assert on(card)[0] == 2
    assert give(card, reason="Priya forgot her phone", key="k").is_replayed


def test_settling_again_changes_nothing(add, make_card):
    make_card()
    order = Order.objects.get(code=add("4").order)
    for _again in range(3):
        stamps.settle_stamps([order.pk], actor=SYSTEM, now=timezone.now())
    assert StampEntry.objects.count() == 1
