"""What each feature says, and the laws of reading as of a day: nothing that is written later changes it."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from django.db import connection, transaction
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from customers.models import Customer, OrderLine, Product
from customers.tests.test_actions_facts import refund, sale
from customers.tests.test_analytics_identities import SALES, START, Shops
from intelligence.features.arrays import features_as_of, matrix_as_of
from intelligence.features.families import features_sql, values_for
from intelligence.features.registry import FEATURES, reading_sql
from programs.models import Programme
from workspace.models import Business

LONDON = ZoneInfo("Europe/London")
EVERY = list(FEATURES)
UNHURRIED = {
    "deadline": None,
    "database": None,
    "suppress_health_check": list(HealthCheck),
    "phases": [Phase.generate, Phase.shrink],  # tracing each line to explain a failure takes a minute
}


def read(as_of: date, zone: ZoneInfo = LONDON, **chosen) -> dict[int, dict[str, object]]:
    """Every feature of everybody, by customer id."""
    with connection.cursor() as cursor:
        query = reading_sql(EVERY, f"({features_sql(only_chosen=bool(chosen))})")
        cursor.execute(query, {**values_for(as_of, zone, **chosen), "today": as_of})
        return {row[0]: dict(zip(EVERY, row[1:], strict=True)) for row in cursor.fetchall()}


def at(day: str) -> datetime:
    return datetime.fromisoformat(f"{day}+00:00")


def shown(value: object) -> str:
    if isinstance(value, float | Decimal):
        return f"{float(value):.2f}".rstrip("0").rstrip(".")
    return str(value)


def example(business: Business, other_business: Business) -> Customer:
    """Whom the examples of the registry are about."""
    ann = Customer.objects.create(first_name="Ann")
    goods = [
        Product.objects.create(sku=sku, title=sku, category="Drinks") for sku in ("Tea", "Milk", "Bun", "Espresso")
    ]
    first = sale(business, ann, "1", "30.00", placed_at=at("2026-03-01T09:00"))
    second = sale(other_business, ann, "2", "20.00", placed_at=at("2026-03-11T14:00"))
    third = sale(business, ann, "3", "10.00", placed_at=at("2026-03-21T15:00"))
    baskets = [(first, goods[3], 2), (first, goods[0], 2), (first, goods[1], 1), (second, goods[3], 2)]
    for place, (order, product, pieces) in enumerate([*baskets, (third, goods[3], 1), (third, goods[2], 1)]):
        OrderLine.objects.create(
            order=order, position=place, product=product, quantity=pieces, unit_price=1, total=pieces
        )
    refund(business, ann, "r", "6.00", order=first, refunded_at=at("2026-03-22T10:00"))
    return ann


def test_the_examples_of_the_dictionary(business: Business, other_business: Business) -> None:
    ann = example(business, other_business)
    found = read(date(2026, 3, 31))[ann.pk]
    assert {key: shown(value) for key, value in found.items()} == {
        key: feature.example for key, feature in FEATURES.items()
    }


def test_the_arrays_that_models_are_fitted_on(business: Business, other_business: Business) -> None:
    ann = example(business, other_business)
    ben = Customer.objects.create(first_name="Ben")
    sale(business, ben, "b", "9.00", placed_at=at("2026-03-24T12:00"))
    refund(business, ben, "rb", "2.00", refunded_at=at("2026-03-24T18:00"))
    found = features_as_of(date(2026, 3, 31))
    assert found.customer_ids.tolist() == [ann.pk, ben.pk]
    assert found.frequency.tolist() == [2, 0]
    assert found.recency.tolist() == [20 / 7, 0]
    assert found.age.tolist() == [30 / 7, 1]
    assert found.monetary.tolist() == [12, 0], "(20 + 10 - 6) / 2"
    assert found.first_value.tolist() == [30, 7]
    ids, matrix = matrix_as_of(date(2026, 3, 31), ["mean_gap_days", "net_spend"])
    assert ids.tolist() == [ann.pk, ben.pk]
    np.testing.assert_array_equal(matrix, [[10, 54], [np.nan, 7]])
    with pytest.raises(ValueError, match="favourite_product"):
        matrix_as_of(date(2026, 3, 31), ["orders", "favourite_product"])
    assert features_as_of(date(2026, 2, 28)).customer_ids.tolist() == []


def test_cancelled_orders_and_their_refunds_count_nowhere(business: Business, other_business: Business) -> None:
    ann = example(business, other_business)
    nobody = Customer.objects.create(first_name="Nobody")
    before = read(date(2026, 3, 31))
    for customer in (ann, nobody):
        order = sale(
            business, customer, f"c{customer.pk}", "99.00", placed_at=at("2026-03-02T12:00"), status="cancelled"
        )
        OrderLine.objects.create(order=order, position=0, quantity=9, unit_price=1, total=9)
        refund(business, customer, f"rc{customer.pk}", "99.00", order=order, refunded_at=at("2026-03-03T12:00"))
    assert read(date(2026, 3, 31)) == before


def test_who_was_erased_or_merged_has_none(business: Business, other_business: Business) -> None:
    ann = example(business, other_business)
    for state, rows in (("archived", 1), ("erased", 0), ("merged", 0)):
        Customer.objects.filter(pk=ann.pk).update(state=state)
        assert len(read(date(2026, 3, 31))) == rows


def test_a_refund_counts_on_its_own_day(business: Business, other_business: Business) -> None:
    ann = example(business, other_business)
    assert read(date(2026, 3, 21))[ann.pk]["net_spend"] == 60
    assert read(date(2026, 3, 22))[ann.pk]["net_spend"] == 54


def test_days_are_those_of_the_programmes_zone(business: Business, programme: Programme) -> None:
    """Half past eleven at night in London is the next day in Kathmandu, where the day after is no weekend."""
    ann = Customer.objects.create(first_name="Ann")
    sale(business, ann, "1", "5.00", placed_at=at("2026-01-11T23:30"))  # a Sunday
    london = read(date(2026, 1, 12))[ann.pk]
    kathmandu = read(date(2026, 1, 12), ZoneInfo("Asia/Kathmandu"))[ann.pk]
    assert (london["last_order_on"], london["weekend_share"], london["evening_share"]) == (date(2026, 1, 11), 1, 1)
    assert (kathmandu["last_order_on"], kathmandu["weekend_share"], kathmandu["morning_share"]) == (
        date(2026, 1, 12),
        0,
        1,
    )
    assert read(date(2026, 1, 11), ZoneInfo("Asia/Kathmandu")) == {}
    Programme.objects.filter(pk=programme.pk).update(time_zone="Asia/Kathmandu")
    assert features_as_of(date(2026, 1, 13)).age.tolist() == [1 / 7]


@settings(max_examples=12, **UNHURRIED)
@given(
    sales=SALES,
    zone=st.sampled_from(["Europe/London", "America/Havana", "Asia/Kathmandu"]).map(ZoneInfo),
    day=st.integers(0, 110),
    order=st.randoms(use_true_random=False),
)
def test_as_of_a_day_is_the_same_whenever_it_is_asked(programme, business, other_business, sales, zone, day, order):
    """What is placed or given back after the day, and the order in which rows were written, change nothing."""
    as_of = START.date() + timedelta(days=day)
    end = values_for(as_of, zone)["until"]
    # Nothing is given back before it is sold.
    sales = [{**one, "back": one["back"] and (max(one["at"], one["back"][0]), *one["back"][1:])} for one in sales]
    on_the_day = [
        {**one, "back": one["back"] if one["back"] and one["back"][0] < end else None}
        for one in sales
        if one["at"] < end
    ]
    with transaction.atomic():
        shops = Shops([business, other_business])
        people, found = [one.pk for one in shops.customers if one], []
        for written in (on_the_day, sales, order.sample(sales, len(sales))):
            point = transaction.savepoint()
            for number, values in enumerate(written):
                shops.sell(number, values)
            found.append(read(as_of, zone))
            assert found[-1] == read(as_of, zone, customers=people), "the chosen are counted as everybody is"
            transaction.savepoint_rollback(point)
        assert found[0] == found[1] == found[2]
        transaction.set_rollback(True)


@settings(max_examples=8, **UNHURRIED)
@given(sales=SALES)
def test_another_currency_moves_amounts_and_nothing_else(programme, business, other_business, sales):
    """A hundred times the amounts, as pence or yen are: money a hundredfold, the rest as it was."""
    as_of = START.date() + timedelta(days=200)

    def hundredfold(lines):
        return [(product, quantity, price * 100) for product, quantity, price in lines]

    larger = [
        {
            **one,
            "lines": hundredfold(one["lines"]),
            "more": one["more"] * 100,
            "back": (one["back"][0], hundredfold(one["back"][1]), one["back"][2] * 100, one["back"][3])
            if one["back"]
            else None,
        }
        for one in sales
    ]
    with transaction.atomic():
        shops, found = Shops([business, other_business]), []
        for written in (sales, larger):
            point = transaction.savepoint()
            for number, values in enumerate(written):
                shops.sell(number, values)
            found.append(read(as_of))
            transaction.savepoint_rollback(point)
        assert found[0].keys() == found[1].keys()
        for customer, features in found[0].items():
            for key, value in features.items():
                seen, factor = found[1][customer][key], 100 if FEATURES[key].kind == "money" else 1
                if isinstance(value, Decimal | float):  # divided amounts have as many digits as the server likes
                    value, seen = pytest.approx(float(value) * factor, rel=1e-9, abs=1e-6), float(seen)  # noqa: PLW2901
                assert seen == value, key
        transaction.set_rollback(True)
