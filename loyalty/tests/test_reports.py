"""Histories, previews and figures."""

from __future__ import annotations

from decimal import Decimal

import pytest

from core.actor import Actor
from core.clock import last_days
from customers.models import Customer
from loyalty import reports

pytestmark = pytest.mark.usefixtures("audited")


def test_histories_previews_and_figures(add, redeem, business, other_business, actor, now, programme):
    add("10")
    add("20", business=other_business.pk)
    redeem(5)
    customer = Customer.objects.get()
    bound = Actor(kind="user", id="9", label="Sam", business_id=business.pk)
    for visible_to, points in ((None, [10, 20, -5]), (bound, [10, -5])):
        found = reports.find_transactions(visible_to=visible_to, customer_id=customer.pk)
        assert list(found.order_by("pk").values_list("points", flat=True)) == points

    preview = reports.preview_sale(business=business.pk, amount=Decimal("9.99"), now=now, customer_id=customer.pk)
    assert (preview.points, preview.balance_after) == (9, 34)
    assert preview.lines[0].text == "£9.99 × 1 = 9.99 points, rounded down"

    figures = reports.loyalty_figures(last_days(7, now=now, zone=programme.zone))
    assert (figures.issued, figures.redeemed, figures.outstanding, figures.liability) == (30, 5, 25, Decimal("0.25"))
