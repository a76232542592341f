"""What a sale gives an affiliate, for any amounts; where a link may lead; who opened it."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.money import minor_units
from loyalty.affiliate_rules import Terms, commission_of, is_robot, may_earn, month_correction, target_of

money = st.decimals(min_value=0, max_value=1_000_000, places=2)
percents = st.decimals(min_value="0.01", max_value=100, places=2)
caps = st.none() | st.decimals(min_value="0.01", max_value=500, places=2)
terms = st.builds(
    Terms,
    rule=st.sampled_from(["percent", "sale", "customer"]),
    percent=percents,
    amount=st.decimals(min_value="0.01", max_value=500, places=2),
    min_spend=st.sampled_from([Decimal(0), Decimal(5), Decimal("19.99")]),
    order_cap=caps,
)
currencies = st.sampled_from(["GBP", "JPY", "KWD"])


def of(terms, total, tax="0", refunded="0", currency="GBP"):
    return commission_of(terms, total=Decimal(total), tax=Decimal(tax), refunded=Decimal(refunded), currency=currency)


@given(terms=terms, total=money, tax=money, currency=currencies, data=st.data())
def test_any_split_and_order_of_refunds_ends_in_the_same_commission(terms, total, tax, currency, data):
    parts = data.draw(st.lists(st.decimals(min_value=0, max_value=total, places=2), max_size=6))
    lines, refunded, kept = [], Decimal(0), Decimal(0)
    for part in [Decimal(0), *parts]:
        refunded += min(part, total - refunded)
        now = of(terms, total, tax, refunded, currency)
        lines.append(now - kept)
        kept = now
    assert sum(lines) == of(terms, total, tax, min(sum(parts, Decimal(0)), total), currency)


@given(terms=terms, total=money, tax=money, currency=currencies, some=money, more=money)
def test_giving_more_back_never_earns_more(terms, total, tax, currency, some, more):
    assert of(terms, total, tax, some + more, currency) <= of(terms, total, tax, some, currency)


@given(terms=terms, total=money, tax=money, refunded=money, currency=currencies)
def test_a_commission_is_money_within_its_bounds(terms, total, tax, refunded, currency):
    found = of(terms, total, tax, refunded, currency)
    assert found >= 0
    assert -found.as_tuple().exponent <= minor_units(currency)
    step = Decimal(1).scaleb(-minor_units(currency))
    if terms.order_cap is not None:
        assert found <= terms.order_cap + step / 2
    if terms.rule == "percent":
        assert found <= max(total - tax, Decimal(0)) + step / 2
    if refunded >= total:
        assert found == 0


def test_it_is_of_the_goods_without_tax_and_rounded_half_up_once():
    tenth = Terms(rule="percent", percent=Decimal(10))
    assert of(tenth, "120", tax="20") == Decimal("10.00")
    assert of(tenth, "120", tax="20", refunded="60") == Decimal("5.00")
    assert of(tenth, "0.05") == Decimal("0.01"), "half a penny is a penny"
    assert of(tenth, "0.04") == Decimal("0.00")
    assert of(tenth, "5", currency="JPY") == 1
    assert of(tenth, "10", tax="99") == 0, "tax that is more than the sale leaves no goods"


def test_an_amount_shrinks_with_the_sale_and_a_small_rest_earns_nothing():
    flat = Terms(rule="sale", amount=Decimal(5), min_spend=Decimal(20))
    assert of(flat, "80") == 5
    assert of(flat, "80", refunded="20") == Decimal("3.75")
    assert of(flat, "80", refunded="60.01") == 0
    capped = Terms(rule="percent", percent=Decimal(50), order_cap=Decimal(10))
    assert of(capped, "80") == 10
    assert of(capped, "80", refunded="40") == 10, "what is left would have earned as much"
    assert of(capped, "80", refunded="70") == 5


@given(st.lists(money, max_size=8), caps)
def test_a_month_never_gives_more_than_its_most(sales, cap):
    earned = sum(sales, Decimal(0))
    given_in_all = earned + month_correction(earned, cap)
    assert given_in_all == (earned if cap is None else min(earned, cap))


@pytest.mark.parametrize(
    ("bought", "before", "orders", "months", "expected"),
    [
        (date(2026, 6, 1), 0, 1, None, True),
        (date(2026, 6, 1), 1, 1, None, False),
        (date(2026, 6, 1), 99, None, None, True),
        (date(2026, 4, 29), 0, None, 3, True),
        (date(2026, 4, 30), 0, None, 3, False),  # three months after 31 January
    ],
)
def test_how_long_a_customer_earns(bought, before, orders, months, expected):
    found = may_earn(bought=bought, came=date(2026, 1, 31), before=before, orders=orders, months=months)
    assert found is expected


SITE = "https://shop.example/home"


@pytest.mark.parametrize(
    ("wanted", "target"),
    [
        ("/p/", "/p/"),
        ("/p/rewards/?show=all", "/p/rewards/?show=all"),
        ("https://shop.example/beans?x=1", "https://shop.example/beans?x=1&affiliate=ANNA"),
        ("https://SHOP.example", "https://SHOP.example?affiliate=ANNA"),
        ("https://shop.example/?affiliate=EVE", "https://shop.example/?affiliate=ANNA"),
        ("", None),
        ("//evil.example/p/", None),
        ("/\\evil.example", None),
        ("/p/\\..\\evil", None),
        ("/p/../settings/", None),
        ("/settings/", None),
        ("http://shop.example/", None),
        ("https://shop.example.evil.example/", None),
        ("https://shop.example@evil.example/", None),
        ("https://evil.example/https://shop.example/", None),
        ("javascript:alert(1)", None),
        ("data:text/html,x", None),
        ("/p/\r\nSet-Cookie: a=b", None),
        ("/p/%2e%2e/settings/", None),
        ("/p/.%2E/settings/", None),
        ("https:/p/", None),
        ("//[", None),
        ("https://[::1", None),
        ("https://shop.example\u2100/", None),
        ("https:///p/", None),
    ],
)
def test_a_link_leads_home_or_nowhere(wanted, target):
    assert target_of(wanted, website=SITE, code="ANNA") == target


def test_without_a_website_no_link_leads_away():
    assert target_of("https://shop.example/", website="", code="ANNA") is None
    assert target_of("https:///p/", website="", code="ANNA") is None


@pytest.mark.parametrize(
    ("agent", "purpose", "expected"),
    [
        (
            "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/130.0 Safari/537.36",
            "",
            False,
        ),
        ("Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 Mobile/15E148", "", False),
        ("Mozilla/5.0 (X11; Linux x86_64) Chrome/130.0", "prefetch;prerender", True),
        ("Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)", "", True),
        ("facebookexternalhit/1.1", "", True),
        ("curl/8.5", "", True),
        ("", "", True),
    ],
)
def test_who_opens_a_link(agent, purpose, expected):
    assert is_robot(agent, purpose) is expected
