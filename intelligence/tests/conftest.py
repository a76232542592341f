from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest
from django.utils import timezone

from customers.models import Customer, Order
from workspace.models import Business


@pytest.fixture(scope="session")
def one_thread() -> Iterator[None]:
    """As in jobs: several threads wait for each other on a busy machine and take forty times as long."""
    import sklearn.cluster  # its threads can be limited once they are there
    from threadpoolctl import threadpool_limits

    assert sklearn
    with threadpool_limits(1):
        yield


@pytest.fixture
def crowd(business: Business) -> list[Customer]:
    """60 who come each week and 60 who came once long ago."""
    now, made, orders = timezone.now(), [], []
    for number in range(120):
        customer = Customer.objects.create(first_name=f"Guest {number:03}")
        made.append(customer)
        for visit in range(8 if number < 60 else 1):
            at = now - timedelta(days=(3 if number < 60 else 200) + number % 5 + 7 * visit)
            orders.append(
                Order(business=business, customer=customer, source="api", reference=f"{number}-{visit}", placed_at=at,
                      total=20 + number % 7)
            )  # fmt: skip
    Order.objects.bulk_create(orders)
    return made
