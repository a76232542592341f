"""A till of a shop, with a customer."""

from decimal import Decimal

import pytest

from customers.models import Customer, Identifier
from loyalty.actions.settings import set_earning_rate
from programs import api_limits
from screens.tests.till import NUMBER, set_up


@pytest.fixture
def forget_limits():
    api_limits.forget()


@pytest.fixture
def customer(programme):
    customer = Customer.objects.create(first_name="Priya", last_name="Nair", phone=NUMBER)
    Identifier.objects.create(kind="phone", value=NUMBER, customer=customer)
    return customer


@pytest.fixture
def rate(business, actor):
    return set_earning_rate(business_id=business.pk, points_per_unit=Decimal(5), actor=actor)


@pytest.fixture
def till(client_of, cashier, business, rate, forget_limits):
    """The cashier's browser, set up as a till of the business."""
    return set_up(client_of(cashier), business)
