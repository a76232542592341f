"""Large programmes: as much as was asked for, and as true as what they were made of."""

from collections import Counter

import pytest
from django.db import connection
from django.db.models import F

from config.demo import scale
from customers.actions.facts import refresh_order_facts
from customers.models import (
    Customer,
    CustomerFacts,
    Event,
    Identifier,
    Order,
    OrderLine,
    Refund,
    RefundLine,
    StreamReader,
    TrackedName,
)
from customers.stream import read_stream
from customers.tests.imports_fixtures import csv_of, import_csv

SALES = csv_of(
    "1,A,x,5,2026-01-05,2.50,7,UK",
    "1,B,y,1,2026-01-05,4.00,7,UK",
    "2,A,x,5,2026-02-05,2.50,,UK",
    "C3,A,x,-5,2026-02-08,2.50,7,UK",
)


@pytest.fixture(autouse=True)
def _media(settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path


def quiet(*_):
    pass


def counts():
    return {model.__name__: model.objects.count() for model in (Customer, Order, OrderLine, Refund, RefundLine)}


def test_ten_times_is_ten_times_and_stays(business):
    import_csv(SALES, business)
    before = counts()
    scale.ten_times(quiet)
    assert counts() == {name: 10 * number for name, number in before.items()}
    assert {str(total) for total in CustomerFacts.objects.values_list("total_spent", flat=True)} == {"4.0000"}
    copied = Refund.objects.get(reference="x4-C3")
    assert copied.order.reference == "x4-1"
    assert copied.lines.get().order_line.order == copied.order
    assert Order.objects.get(reference="x4-1").placed_at < copied.refunded_at
    scale.ten_times(quiet)
    assert Order.objects.count() == 10 * before["Order"]


def test_a_million_goes_on_after_a_kill(business, monkeypatch):
    for name, value in {"MILLION": 400, "WEEKS": 4, "STATISTICS_AFTER": ()}.items():
        monkeypatch.setattr(scale, name, value)
    import_csv(SALES, business)
    read_so_far = StreamReader.objects.count()

    def kill(_phase, done, _total):
        if done >= 2:
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        scale.a_million(kill)
    assert Order.objects.filter(source=scale.SOURCE).count() == 2 * (399 * 5 // 4)
    for _twice in range(2):
        scale.a_million(quiet)
        assert Customer.objects.count() == 400
        assert Order.objects.filter(source=scale.SOURCE).count() == 4 * (399 * 5 // 4)
        names = Counter(Event.objects.filter(transaction_id=scale.BEFORE_ALL_READERS).values_list("name", flat=True))
        assert names == {
            "customers.customer.created": 399,
            "customers.order.placed": 4 * (399 * 5 // 4),
            "customers.event.tracked": 4 * 399,
        }
    assert Identifier.objects.count() == 1 + 3 * 399
    assert sum(TrackedName.objects.values_list("count", flat=True)) == 4 * 399
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM customers_order AS own WHERE total <>"
            " (SELECT sum(total) FROM customers_orderline AS line WHERE line.order_id = own.id)"
        )
        assert cursor.fetchone()[0] == 0
    joined_late = Order.objects.filter(source=scale.SOURCE, placed_at__lt=F("customer__created_at"))
    assert not joined_late.exists()
    returned = Order.objects.filter(refunds__source=scale.SOURCE)
    assert returned.count() == 4 * (399 * 5 // 4 // scale.REFUND_EACH)
    assert all(order.refunded_total == order.refunds.get().total for order in returned)
    assert refresh_order_facts(None) == 0  # the facts are those of the rows
    seen = []
    read_stream("test", lambda events: seen.extend(event.name for event in events))
    assert "customers.order.placed" not in seen
    assert StreamReader.objects.count() == read_so_far + 1
