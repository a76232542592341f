"""The first sale and a change of the currency at the same moment: one of the two waits, and then it is refused."""

from __future__ import annotations

from decimal import Decimal

import pytest
from django.db import connection

from core.actor import SYSTEM
from customers.models import Customer, Order
from loyalty.actions import points
from loyalty.tests.given import interleaved
from programs.models import Programme
from workspace.actions.settings import CurrencyFrozen, change_programme
from workspace.currency import CurrencyChanged
from workspace.models import Business


@pytest.fixture
def acts(committed_database, now):
    """The two acts, of the programme as each process read it before."""
    connection.set_tenant(Programme.objects.get(slug="harbour"))
    shop = Business.objects.create(name="Quayside")

    def sell(amount="12.40"):
        return points.add_points(
            business=shop.pk, phone="+447700900123", amount=Decimal(amount), key=amount, actor=SYSTEM, now=now
        )

    def change():
        return change_programme(programme=connection.tenant, changes={"currency": "JPY"}, actor=SYSTEM, now=now)

    return sell, change


def test_a_change_waits_for_the_first_sale_and_is_refused(acts):
    sell, change = acts
    assert isinstance(interleaved(sell, change), CurrencyFrozen)
    assert Programme.objects.get(slug="harbour").currency == "GBP"
    assert Order.objects.get().total == Decimal("12.4")


def test_a_first_sale_waits_for_a_change_and_is_refused(acts):
    sell, change = acts
    assert isinstance(interleaved(change, sell), CurrencyChanged)
    assert Programme.objects.get(slug="harbour").currency == "JPY"
    assert not Order.objects.exists()
    assert not Customer.objects.exists()
    with pytest.raises(CurrencyChanged):
        sell()  # this process still works with the programme that it read before


def test_who_read_the_programme_before_a_change_learns_of_it_also_after_the_first_sale(acts):
    sell, change = acts
    before = Programme.objects.get(slug="harbour")
    change()
    connection.set_tenant(Programme.objects.get(slug="harbour"))
    sell("12")
    connection.set_tenant(before)
    with pytest.raises(CurrencyChanged):
        sell()


def test_after_the_first_sale_nothing_is_asked_again(acts, django_assert_num_queries):
    sell, _change = acts
    sell()
    sell()
    with django_assert_num_queries(1):
        sell()
