"""Affiliates: who counts for them, what their customers' sales earn, and what refunds take back."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from itertools import permutations

import pytest
from django_tenants.utils import tenant_context

from core.actor import SYSTEM, Actor
from core.errors import InvalidInput, PermissionRefused
from customers.actions.customers import find_or_create_by_phone
from customers.models import Customer, Event, Order
from loyalty import errors
from loyalty.access_affiliates import affiliate_of_code, affiliate_of_token, report_token
from loyalty.actions.affiliate_commissions import settle_orders
from loyalty.actions.affiliate_customers import (
    decide_customer,
    expire_numbers,
    forget_affiliations,
    note_customer,
    note_number,
)
from loyalty.actions.affiliates import (
    AffiliateValues,
    change_affiliate,
    change_affiliate_settings,
    checked_website,
    create_affiliate,
    renew_report_link,
    switch_affiliate,
    values_of,
)
from loyalty.actions.refunds import refund_order
from loyalty.models import Account, Affiliate, AffiliateCustomer, AffiliateLine, AffiliateSale
from loyalty.tasks import follow_affiliates
from workspace.models import AuditEntry

pytestmark = pytest.mark.usefixtures("audited")
BUYER = "07700 900150"
OTHER = "07700 900151"


@pytest.fixture
def make(actor):
    def call(**changes):
        values = {"name": "Harbour Blog", "link_code": "blog", "percent": Decimal(10), **changes}
        return create_affiliate(values=AffiliateValues(**values), actor=actor)

    return call


@pytest.fixture
def affiliate(make):
    return make()


@pytest.fixture
def come(actor, now):
    def call(phone=BUYER, code="blog", **changes):
        given = {"link_code": code, "phone": phone, "channel": "api", "actor": actor, "now": now, **changes}
        return note_number(**given)

    return call


@pytest.fixture
def buy(add, now):
    """The reader of the stream hears of the sale."""

    def call(amount="20", phone=BUYER, at=timedelta(hours=1), **changes):
        posted = add(amount, phone=phone, now=now + at, placed_at=now + at, **changes)
        settle_orders([Order.objects.get(code=posted.order).pk], now=now + at)
        return posted

    return call


def lines():
    return [(line.kind, line.amount) for line in AffiliateLine.objects.order_by("pk")]


def total():
    return sum((amount for _kind, amount in lines()), Decimal(0))


# -- who they are -----------------------------------------------------------------------------------------------------


def test_a_code_is_chosen_or_made_and_belongs_to_one(make):
    chosen, made = make(link_code=" Blog-1 "), make(link_code="")
    assert chosen.link_code == "BLOG-1"
    assert len(made.link_code) == 8
    assert affiliate_of_code("bLoG-1") == chosen
    assert affiliate_of_code("nobody") is None
    with pytest.raises(errors.AffiliateCodeTaken):
        make(link_code="blog-1")


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"name": " "}, "name"),
        ({"percent": Decimal(0)}, "percent"),
        ({"percent": Decimal("100.01")}, "percent"),
        ({"percent": Decimal("NaN")}, "percent"),
        ({"rule": "sale", "amount": Decimal(0)}, "amount"),
        ({"rule": "nothing"}, "rule"),
        ({"link_code": "a b c d"}, "link_code"),
        ({"link_code": "abc"}, "link_code"),
        ({"email": "nobody"}, "email"),
        ({"website": "javascript:alert(1)"}, "website"),
        ({"website": "https://me@evil.example"}, "website"),
        ({"order_cap": Decimal(0)}, "order_cap"),
        ({"orders_limit": 0}, "orders_limit"),
        ({"hold_days": 999}, "hold_days"),
        ({"window_days": 0}, "window_days"),
    ],
)
def test_what_cannot_be_is_refused_at_its_field(make, changes, field):
    with pytest.raises(InvalidInput) as refused:
        make(**changes)
    assert refused.value.field == field
    assert not Affiliate.objects.exists()


def test_websites_get_their_https():
    assert checked_website("shop.example/x") == "https://shop.example/x"
    with pytest.raises(InvalidInput):
        checked_website("http://shop.example")


def test_there_are_no_more_than_a_page_shows(make, monkeypatch):
    monkeypatch.setattr("loyalty.actions.affiliates.MAX_AFFILIATES", 1)
    make()
    with pytest.raises(InvalidInput):
        make(link_code="second")
    assert Affiliate.objects.count() == 1


def test_changes_are_told_to_the_log_without_who_they_are(affiliate, actor):
    values = values_of(affiliate)
    changed = change_affiliate(
        code=affiliate.code,
        values=AffiliateValues(
            **{**{name: getattr(values, name) for name in values.__dataclass_fields__}, "email": "a@b.example",
               "percent": Decimal(15)}
        ),
        actor=actor,
    )  # fmt: skip
    assert (changed.percent, changed.link_code) == (15, "BLOG")
    entry = AuditEntry.objects.get(action="loyalty.affiliate.changed")
    assert entry.data["changes"]["percent"] == {"before": "10", "after": "15"}
    assert "a@b.example" not in str(entry.data)


def test_people_of_one_business_change_nothing(affiliate, business):
    limited = Actor(kind="user", id="7", label="Sam", business_id=business.pk)
    for act in (
        lambda: switch_affiliate(code=affiliate.code, state="paused", actor=limited),
        lambda: renew_report_link(code=affiliate.code, actor=limited),
        lambda: change_affiliate_settings(website="", daily_review=5, actor=limited),
    ):
        with pytest.raises(PermissionRefused):
            act()


def test_the_link_of_a_report_ends_with_a_new_one_and_is_of_one_programme(affiliate, actor, other_programme):
    first = report_token(affiliate)
    assert affiliate_of_token(first) == affiliate
    second = report_token(renew_report_link(code=affiliate.code, actor=actor))
    assert affiliate_of_token(first) is None
    assert affiliate_of_token(second) == affiliate
    for nonsense in ("", "x", second[:-1], second + "x"):
        assert affiliate_of_token(nonsense) is None
    values = values_of(affiliate)
    with tenant_context(other_programme):
        twin = create_affiliate(values=values, actor=SYSTEM)
        Affiliate.objects.filter(pk=twin.pk).update(code=affiliate.code, report_version=2)
        assert affiliate_of_token(second) is None, "the same code and version, another programme"


# -- who counts -------------------------------------------------------------------------------------------------------


def test_a_number_becomes_a_customer_by_its_first_purchase(affiliate, come, buy, now):
    came = come()
    assert come().pk == came.pk, "the same again is the same"
    assert (came.state, came.phone) == ("waiting", "+447700900150")
    buy("20")
    came.refresh_from_db()
    assert (came.state, came.phone, came.customer.phone) == ("active", "", "+447700900150")
    assert came.bought_at == now + timedelta(hours=1)
    assert lines() == [("earned", 2)]
    told = Event.objects.filter(name__startswith="loyalty.affiliate.").order_by("pk").values_list("name", flat=True)
    assert list(told) == ["loyalty.affiliate.customer_came", "loyalty.affiliate.commission_earned"]


def test_who_came_first_keeps_them(make, come, buy, actor, now):
    for code in ("blog", "other"):
        make(link_code=code)
    come(channel="link")
    with pytest.raises(errors.CustomerBelongs):
        come(code="other", channel="link")
    buy()
    with pytest.raises(errors.CustomerBelongs):
        note_customer(
            link_code="other", customer=Customer.objects.get(), channel="till", actor=actor,
            now=now + timedelta(minutes=5),
        )  # fmt: skip


def test_who_has_bought_is_no_new_customer(affiliate, add, come, now):
    add("10", phone=BUYER)
    with pytest.raises(errors.FriendIsCustomer):
        come(now=now + timedelta(days=1))


def test_by_link_anybody_may_write_a_number_but_it_counts_for_new_people_only(affiliate, come, buy, add, now):
    come(channel="link")
    add("10", phone=BUYER, placed_at=now - timedelta(days=3), reference="older")
    buy()
    assert AffiliateCustomer.objects.get().reason == "not_new"
    assert lines() == []


def test_affiliates_do_not_bring_themselves(make, come, buy, actor, now):
    make(phone=BUYER, email="anna+shop@example.com")
    with pytest.raises(errors.AffiliateIsCustomer):
        come()
    come(OTHER)
    found = find_or_create_by_phone(phone=OTHER, region="GB", source="till", actor=actor, now=now)
    Customer.objects.filter(pk=found.customer.pk).update(email="an.na@example.com")
    buy(phone=OTHER)
    assert AffiliateCustomer.objects.get().reason == "oneself"
    assert lines() == []


def test_paused_takes_nobody_new_and_ended_earns_no_more(affiliate, come, buy, actor):
    come()
    buy()
    switch_affiliate(code=affiliate.code, state="paused", actor=actor)
    with pytest.raises(errors.AffiliateInactive):
        come(OTHER)
    buy(at=timedelta(hours=2))
    assert total() == 4
    switch_affiliate(code=affiliate.code, state="ended", actor=actor)
    buy(at=timedelta(hours=3))
    assert total() == 4
    with pytest.raises(errors.UnknownAffiliate):
        come(code="nobody")


def test_a_number_that_waits_too_long_is_forgotten(affiliate, come, buy, now):
    come(channel="link", address="192.0.2.7")
    assert expire_numbers(now=now) == now + timedelta(days=30)
    assert expire_numbers(now=now + timedelta(days=30)) is None
    came = AffiliateCustomer.objects.get()
    assert (came.state, came.reason, came.phone, came.address_digest) == ("ended", "time", "", None)
    buy()
    assert lines() == []


def test_many_in_a_day_are_looked_at_and_their_sales_wait(affiliate, come, buy, actor, now):
    change_affiliate_settings(website="", daily_review=1, actor=actor)
    come()
    come(OTHER)
    buy(phone=OTHER)
    odd = AffiliateCustomer.objects.get(state="review")
    assert odd.flags == ["velocity"]
    assert lines() == []
    decide_customer(code=odd.code, counts=True, actor=actor, now=now)
    decide_customer(code=odd.code, counts=True, actor=actor, now=now)
    assert lines() == [("earned", 2)]
    decide_customer(code=odd.code, counts=False, actor=actor, now=now)
    assert lines() == [("earned", 2), ("taken", -2)]
    with pytest.raises(errors.ReferralOver):
        decide_customer(code=odd.code, counts=True, actor=actor, now=now)


def test_who_was_refused_by_hand_does_not_count_by_coming_again(affiliate, come, buy, make, actor, now):
    change_affiliate_settings(website="", daily_review=1, actor=actor)
    come(OTHER)
    found = find_or_create_by_phone(phone=BUYER, region="GB", source="till", actor=actor, now=now)
    odd = come()
    assert odd.state == "review"
    decide_customer(code=odd.code, counts=False, actor=actor, now=now)
    tomorrow = now + timedelta(days=2)
    with pytest.raises(errors.CustomerRefused):
        come(now=tomorrow)
    with pytest.raises(errors.CustomerRefused):
        come(now=tomorrow, channel="link")
    buy(at=timedelta(days=3))
    assert lines() == []
    make(link_code="other")
    assert AffiliateCustomer.objects.filter(customer=found.customer).count() == 1


def test_the_name_of_the_affiliate_is_odd(make, come, buy, actor, now):
    make(name="Ann Arbor")
    found = find_or_create_by_phone(phone=BUYER, region="GB", source="till", actor=actor, now=now)
    Customer.objects.filter(pk=found.customer.pk).update(first_name="Ann", last_name="ARBOR")
    come()
    assert AffiliateCustomer.objects.get().flags == ["name"]
    buy()
    assert lines() == []


def test_many_from_one_address_are_looked_at(affiliate, come):
    for number in range(6):
        come(f"07700 9001{50 + number}", channel="link", address="192.0.2.7")
    flags = list(AffiliateCustomer.objects.order_by("pk").values_list("flags", flat=True))
    assert flags == [[]] * 5 + [["address"]]


def test_an_erased_person_leaves_figures_without_a_face(affiliate, come, buy):
    come()
    buy()
    come(OTHER, channel="link", address="192.0.2.7")
    customer = Customer.objects.get()
    forget_affiliations(customer_id=customer.pk, phones=["+447700900151"])
    rows = list(AffiliateCustomer.objects.order_by("pk").values_list("state", "phone", "address_digest"))
    assert rows == [("active", "", None), ("ended", "", None)]
    assert total() == 2


# -- what sales earn --------------------------------------------------------------------------------------------------


def test_the_stream_earns_and_takes_back_and_repeats_nothing(affiliate, come, add, now, undo):
    come()
    posted = add("20", phone=BUYER, placed_at=now)
    for _again in range(2):
        follow_affiliates(list(Event.objects.order_by("pk")))
    assert lines() == [("earned", 2)]
    undo(posted, cancels_order=True)
    for _again in range(2):
        follow_affiliates(list(Event.objects.order_by("pk")))
    assert lines() == [("earned", 2), ("taken", -2)]


def test_any_order_of_refunds_ends_in_the_same_and_takes_its_share_at_once(affiliate, come, buy, actor, now):
    come()
    ends = set()
    for number, parts in enumerate(permutations(["3.33", "0.01", "6.66"])):
        posted = buy("33.33", at=timedelta(hours=number + 1))
        for part in parts:
            refund_order(order=posted.order, amount=Decimal(part), actor=actor, now=now)
        ends.add(AffiliateSale.objects.get(order__code=posted.order).commission)
        refund_order(order=posted.order, everything=True, actor=actor, now=now)
        assert AffiliateSale.objects.get(order__code=posted.order).commission == 0
    assert ends == {Decimal("2.33")}
    assert total() == 0


def test_a_sale_keeps_the_rule_of_its_day(affiliate, come, buy, actor, now):
    come()
    posted = buy("100")
    Affiliate.objects.update(percent=50, order_cap=1)
    refund_order(order=posted.order, amount=Decimal(50), actor=actor, now=now)
    assert total() == 5
    buy("100", at=timedelta(hours=2))
    assert total() == 6


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        ({"percent": Decimal(10), "orders_limit": 1}, "2"),
        ({"rule": "sale", "amount": Decimal(3), "orders_limit": 2}, "6"),
        ({"rule": "customer", "amount": Decimal(7)}, "7"),
        ({"percent": Decimal(10), "months_limit": 1}, "4"),
        ({"percent": Decimal(10), "min_spend": Decimal(21)}, "6"),
    ],
)
def test_how_often_and_how_long_a_customer_earns(make, come, buy, rule, expected):
    make(**{"percent": Decimal(0), **rule})
    come()
    buy("20", at=timedelta(hours=1))
    buy("20", at=timedelta(days=3))
    buy("60" if "min_spend" in rule else "20", at=timedelta(days=40) if "months_limit" in rule else timedelta(days=4))
    assert total() == Decimal(expected)


def test_an_amount_that_was_typed_wrong_and_undone_is_not_the_first_sale(make, come, buy, undo, now):
    make(percent=Decimal(0), rule="customer", amount=Decimal(7))
    come()
    wrong = buy("200")
    undo(wrong, cancels_order=True)
    settle_orders([Order.objects.get(code=wrong.order).pk], now=now)
    assert total() == 0
    buy("20", at=timedelta(hours=2))
    assert total() == 7
    buy("20", at=timedelta(hours=3))
    assert total() == 7, "the first counts, and it alone"


def test_what_earned_nothing_by_the_rule_of_its_day_does_not_begin_with_a_refund(make, come, buy, actor, now):
    affiliate = make(min_spend=Decimal(50))
    come()
    small = buy("40")
    switch_affiliate(code=affiliate.code, state="ended", actor=actor)
    late = buy("100", at=timedelta(hours=2))
    switch_affiliate(code=affiliate.code, state="active", actor=actor)
    Affiliate.objects.update(min_spend=0)
    for posted in (small, late):
        refund_order(order=posted.order, amount=Decimal(1), actor=actor, now=now)
    follow_affiliates(list(Event.objects.filter(name="customers.order.refunded")))
    assert lines() == []


def test_a_month_gives_at_most_its_most_whatever_is_given_back(make, come, buy, actor, now):
    make(percent=Decimal(50), month_cap=Decimal(30))
    come()
    first, second = buy("40"), buy("40", at=timedelta(hours=2))
    assert total() == 30
    refund_order(order=first.order, everything=True, actor=actor, now=now)
    assert total() == 20
    refund_order(order=second.order, amount=Decimal(10), actor=actor, now=now)
    assert total() == 15
    buy("200", at=timedelta(hours=3))
    assert total() == 30
    assert AffiliateLine.objects.filter(kind="cap").count() == 3


def test_what_comes_back_under_the_cap_waits_for_the_last_sale(make, come, buy, actor, now):
    make(percent=Decimal(50), month_cap=Decimal(30), hold_days=10)
    come()
    first = buy("60", at=timedelta(hours=1))
    buy("60", at=timedelta(days=2))
    refund_order(order=first.order, everything=True, actor=actor, now=now + timedelta(days=3))
    soon = AffiliateLine.objects.filter(payable_at__lt=now + timedelta(days=11))
    assert sum(line.amount for line in soon) == 0
    assert total() == 30


def test_sales_before_they_came_earn_nothing(affiliate, come, add, now):
    found = add("10", phone=BUYER, placed_at=now + timedelta(hours=1), now=now)
    come(now=now, channel="link")
    Account.objects.get()
    settle_orders([Order.objects.get(code=found.order).pk], now=now)
    assert total() == 1
    earlier = add("10", phone=BUYER, placed_at=now - timedelta(seconds=1), reference="earlier")
    settle_orders([Order.objects.get(code=earlier.order).pk], now=now)
    assert total() == 1


def test_two_programmes_share_nothing(affiliate, come, buy, other_programme, now):
    come()
    posted = buy()
    order = Order.objects.get(code=posted.order)
    with tenant_context(other_programme):
        assert affiliate_of_code("blog") is None
        settle_orders([order.pk], now=now)
        assert not AffiliateLine.objects.exists()
    assert total() == 2
