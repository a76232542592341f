"""Payouts: what can be paid, frozen in a statement, paid or cancelled; against refunds and second clicks."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal

import pytest
from django.db import connection

from core.actor import SYSTEM
from core.errors import InvalidInput, PermissionRefused
from customers.models import Order, StreamReader
from loyalty import errors
from loyalty.actions.affiliate_commissions import settle_orders
from loyalty.actions.affiliate_customers import count_click, note_number
from loyalty.actions.affiliate_payouts import cancel_payout, make_payout, mark_paid
from loyalty.actions.affiliates import AffiliateValues, create_affiliate
from loyalty.actions.points import add_points
from loyalty.actions.refunds import refund_order
from loyalty.audit import audit
from loyalty.models import AffiliateCustomer, AffiliateDay, AffiliateLine, AffiliatePayout
from loyalty.reports_affiliates import days_of, money_of, months_of, overview
from loyalty.tests.given import interleaved
from programs import api_limits
from programs.models import Programme
from workspace.models import Business

BUYER = "07700 900150"
BROWSER = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 Chrome/130.0 Safari/537.36"
HOLD = timedelta(days=10)


def world(actor, now, business, code="blog"):
    """An affiliate whose customer has bought for 100 (of which 10 are theirs); the order's code."""
    affiliate = create_affiliate(
        values=AffiliateValues(name="Blog", link_code=code, percent=Decimal(10), hold_days=HOLD.days), actor=actor
    )
    phone = f"07700 9001{AffiliateCustomer.objects.count() + 50}"
    note_number(link_code=code, phone=phone, channel="api", actor=actor, now=now)
    return affiliate, sell(actor, now, business, phone)


def sell(actor, now, business, phone=BUYER, amount=100, key="one"):
    posted = add_points(
        business=business.pk, phone=phone, amount=Decimal(amount), key=f"{phone}-{key}", placed_at=now, actor=actor,
        now=now,
    )  # fmt: skip
    settle_orders([Order.objects.get(code=posted.order).pk], now=now)
    return posted.order


def broken():
    return [(found.code, found.samples) for found in audit() if not found.is_kept]


def test_only_what_is_past_its_hold_is_paid_and_is_in_one_statement(business, actor, now):
    affiliate, _order = world(actor, now, business)
    with pytest.raises(errors.NothingToPay):
        make_payout(affiliate=affiliate.code, actor=actor, now=now)
    sell(actor, now + timedelta(days=2), business, key="two")
    payout = make_payout(affiliate=affiliate.code, actor=actor, now=now + HOLD)
    assert (payout.number, payout.amount, payout.line_count, payout.state) == (1, 10, 1, "open")
    with pytest.raises(errors.NothingToPay):
        make_payout(affiliate=affiliate.code, actor=actor, now=now + HOLD)
    money = money_of(affiliate, actor=actor, now=now + HOLD)
    assert (money.on_hold, money.payable, money.in_payouts, money.paid, money.balance) == (10, 0, 10, 0, 20)
    mark_paid(code=payout.code, reference="SEPA 7", actor=actor, now=now + HOLD)
    money = money_of(affiliate, actor=actor, now=now + HOLD)
    assert (money.in_payouts, money.paid, money.balance) == (0, 10, 10)
    assert broken() == []


def test_what_goes_after_it_was_paid_is_taken_off_the_next(business, actor, now):
    affiliate, order = world(actor, now, business)
    first = make_payout(affiliate=affiliate.code, actor=actor, now=now + HOLD)
    refund_order(order=order, amount=Decimal(40), actor=actor, now=now + HOLD)
    first.refresh_from_db()
    assert first.amount == 10, "a statement never changes"
    with pytest.raises(errors.NothingToPay):
        make_payout(affiliate=affiliate.code, actor=actor, now=now + HOLD)
    sell(actor, now + timedelta(days=1), business, key="two")
    second = make_payout(affiliate=affiliate.code, actor=actor, now=now + HOLD + timedelta(days=1))
    assert (second.number, second.amount, second.line_count) == (2, 6, 2)
    assert broken() == []


def test_a_cancelled_statement_frees_its_lines_and_keeps_its_number(business, actor, now):
    affiliate, _order = world(actor, now, business)
    first = make_payout(affiliate=affiliate.code, actor=actor, now=now + HOLD)
    for _again in range(2):
        assert cancel_payout(code=first.code, actor=actor, now=now + HOLD).state == "cancelled"
    with pytest.raises(errors.PayoutOver):
        mark_paid(code=first.code, actor=actor, now=now + HOLD)
    second = make_payout(affiliate=affiliate.code, actor=actor, now=now + HOLD)
    assert (second.number, second.amount) == (2, 10)
    paid = mark_paid(code=second.code, paid_on=date(2026, 1, 2), reference="A 1", actor=actor, now=now + HOLD)
    assert mark_paid(code=second.code, paid_on=date(2026, 1, 2), reference="A 1", actor=actor, now=now).pk == paid.pk
    for act in (
        lambda: mark_paid(code=second.code, reference="B", actor=actor, now=now + HOLD),
        lambda: cancel_payout(code=second.code, actor=actor, now=now + HOLD),
    ):
        with pytest.raises(errors.PayoutOver):
            act()
    with pytest.raises(errors.UnknownPayout):
        cancel_payout(code="nothing", actor=actor, now=now)
    assert broken() == []


def test_nobody_is_paid_tomorrow_or_by_people_of_one_business(business, actor, now):
    affiliate, _order = world(actor, now, business)
    payout = make_payout(affiliate=affiliate.code, actor=actor, now=now + HOLD)
    with pytest.raises(InvalidInput):
        mark_paid(code=payout.code, paid_on=(now + HOLD + timedelta(days=2)).date(), actor=actor, now=now + HOLD)
    limited = replace(actor, business_id=business.pk)
    for act in (
        lambda: make_payout(affiliate=affiliate.code, actor=limited, now=now + HOLD),
        lambda: mark_paid(code=payout.code, actor=limited, now=now + HOLD),
        lambda: cancel_payout(code=payout.code, actor=limited, now=now + HOLD),
    ):
        with pytest.raises(PermissionRefused):
            act()


def test_the_auditor_sees_a_line_that_was_moved_or_made_up(business, actor, now):
    affiliate, order = world(actor, now, business)
    payout = make_payout(affiliate=affiliate.code, actor=actor, now=now + HOLD)
    assert broken() == []
    AffiliatePayout.objects.filter(pk=payout.pk).update(amount=11)
    assert {code for code, _samples in broken()} == {"A1"}
    AffiliatePayout.objects.filter(pk=payout.pk).update(amount=10)
    AffiliateLine.objects.update(amount=9)
    assert {code for code, _samples in broken()} == {"A1", "A2"}
    AffiliateLine.objects.update(amount=10)
    AffiliateLine.objects.create(affiliate=affiliate, kind="cap", month=date(2026, 6, 1), amount=-1, at=now,
                                 payable_at=now)  # fmt: skip
    Order.objects.filter(code=order).update(refunded_total=100)
    StreamReader.objects.update_or_create(name="loyalty.affiliates", defaults={"transaction_id": 2**60})
    assert "A2" in {code for code, _samples in broken()}


def test_months_add_up_to_what_is_owed(business, other_business, actor, now, programme):
    affiliate, order = world(actor, now, business)
    zone = programme.zone
    count_click(affiliate=affiliate, address="192.0.2.1", agent=BROWSER, purpose="", now=now)
    later = now + timedelta(days=40)
    payout = make_payout(affiliate=affiliate.code, actor=actor, now=later)
    mark_paid(code=payout.code, actor=actor, now=later)
    refund_order(order=order, amount=Decimal(50), actor=actor, now=later)
    rows = months_of(affiliate, actor=actor, zone=zone, now=later)
    assert rows[0].taken == -5
    assert rows[0].paid == 10
    assert rows[0].balance == money_of(affiliate, actor=actor, now=later).balance == -5
    first = rows[-1]
    assert (first.clicks, first.customers, first.first_purchases, first.sales, first.earned) == (1, 1, 1, 1, 10)
    assert len(days_of(affiliate, actor=actor, zone=zone, now=now).clicks) == 30
    elsewhere = replace(actor, business_id=other_business.pk)
    (row,) = overview(actor=elsewhere, now=now, zone=zone)
    assert (row.clicks, row.sales, row.earned, row.money.balance) == (0, 0, 0, 0)
    (row,) = overview(actor=actor, now=now, zone=zone)
    assert (row.clicks, row.customers, row.sales, row.earned) == (1, 1, 1, 5)
    assert months_of(affiliate, actor=elsewhere, zone=zone, now=later) == []
    here = replace(actor, business_id=business.pk)
    own = months_of(affiliate, actor=here, zone=zone, now=later)
    assert (own[0].paid, own[0].balance) == (10, money_of(affiliate, actor=here, now=later).balance)


# -- clicks -----------------------------------------------------------------------------------------------------------


def test_a_browser_counts_once_a_day_and_programs_never(business, actor, now):
    api_limits.forget()
    affiliate, _order = world(actor, now, business)
    again = {"affiliate": affiliate, "purpose": "", "now": now}
    counted = [
        count_click(address=address, agent=agent, **again)
        for address, agent in (
            ("192.0.2.1", BROWSER), ("192.0.2.1", BROWSER), ("192.0.2.2", BROWSER), ("192.0.2.1", f"{BROWSER} Edg/1"),
            ("192.0.2.3", "curl/8"), ("192.0.2.3", ""),
        )
    ]  # fmt: skip
    assert counted == [True, False, True, True, False, False]
    assert AffiliateDay.objects.get().clicks == 3


# -- two at once ------------------------------------------------------------------------------------------------------


@pytest.fixture
def committed(committed_database):
    connection.set_tenant(Programme.objects.get(slug="harbour"))
    return SYSTEM, Business.objects.create(name="Quayside")


def test_of_two_clicks_at_once_one_payout_comes(committed, in_threads, now):
    actor, business = committed
    affiliate, _order = world(actor, now, business)

    def pay():
        return make_payout(affiliate=affiliate.code, actor=actor, now=now + HOLD).amount

    results = in_threads([pay] * 4)
    assert [one for one in results if isinstance(one, Decimal)] == [10]
    assert sum(isinstance(one, errors.NothingToPay) for one in results) == 3
    assert broken() == []


def test_payouts_of_several_affiliates_at_once_have_numbers_of_their_own(committed, in_threads, now):
    actor, business = committed
    codes = [world(actor, now, business, code=f"blog-{number}")[0].code for number in range(4)]
    results = in_threads(
        [lambda code=code: make_payout(affiliate=code, actor=actor, now=now + HOLD).number for code in codes]
    )
    assert sorted(results) == [1, 2, 3, 4]


def test_a_payout_and_a_refund_at_once_lose_and_double_nothing(committed, now):
    actor, business = committed
    affiliate, order = world(actor, now, business)

    def give_back():
        refund_order(order=order, amount=Decimal(30), actor=actor, now=now + HOLD)

    def pay():
        return make_payout(affiliate=affiliate.code, actor=actor, now=now + HOLD)

    payout = interleaved(give_back, pay)
    assert (payout.amount, payout.line_count) == (7, 2), "it waited for the refund"
    cancel_payout(code=payout.code, actor=actor, now=now + HOLD)
    assert interleaved(pay, give_back) is None
    assert AffiliatePayout.objects.get(state="open").amount == 7
    assert [line.amount for line in AffiliateLine.objects.open()] == [-3]
    assert broken() == []


def test_paying_and_cancelling_at_once_ends_in_one_of_them(committed, in_threads, now):
    actor, business = committed
    affiliate, _order = world(actor, now, business)
    payout = make_payout(affiliate=affiliate.code, actor=actor, now=now + HOLD)
    results = in_threads(
        [
            lambda: mark_paid(code=payout.code, actor=actor, now=now + HOLD).state,
            lambda: cancel_payout(code=payout.code, actor=actor, now=now + HOLD).state,
        ]
    )
    payout.refresh_from_db()
    assert [one for one in results if isinstance(one, str)] == [payout.state]
    assert broken() == []


def test_a_number_that_is_noted_by_many_at_once_is_noted_once(committed, in_threads, now):
    actor, _business = committed
    values = AffiliateValues(name="Blog", link_code="blog", percent=Decimal(10))
    create_affiliate(values=values, actor=actor)
    given = {"link_code": "blog", "phone": BUYER, "channel": "api", "actor": actor, "now": now}
    results = in_threads([lambda: note_number(**given).pk] * 6)
    assert set(results) == {AffiliateCustomer.objects.get().pk}


def test_sales_of_one_customer_settled_at_once_earn_once_each(committed, in_threads, now):
    actor, business = committed
    _affiliate, first = world(actor, now, business)
    more = [
        add_points(
            business=business.pk, phone=BUYER, amount=Decimal(50), key=f"more-{number}", placed_at=now, actor=actor,
            now=now,
        ).order
        for number in range(2)
    ]  # fmt: skip
    ids = list(Order.objects.filter(code__in=[first, *more]).values_list("pk", flat=True))
    results = in_threads([lambda: settle_orders(ids, now=now)] * 4)
    assert results == [None] * 4
    assert sorted(AffiliateLine.objects.values_list("amount", flat=True)) == [5, 5, 10]
    assert broken() == []
