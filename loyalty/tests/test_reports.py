"""Histories, previews and figures."""

from __future__ import annotations

from decimal import Decimal

import pytest

from core.actor import Actor
from core.clock import last_days
from customers.models import Customer
from loyalty import reports
from loyalty.actions import points
from loyalty.models import EarningRule
from loyalty.tests.given import PHONE

pytestmark = pytest.mark.usefixtures("audited")


def test_histories_previews_and_figures(add, redeem, business, other_business, actor, now, programme):
    add("10")
    add("20", business=other_business.pk)
    redeem(5)
    customer = Customer.objects.get()
    bound = Actor(kind="user", id="9", label="Sam", business_id=business.pk)
    for visible_to, changes in ((None, [10, 20, -5]), (bound, [10, -5])):
        found = reports.find_transactions(visible_to=visible_to, customer_id=customer.pk)
        assert list(found.order_by("pk").values_list("points", flat=True)) == changes

    preview = reports.preview_sale(business=business.pk, amount=Decimal("9.99"), now=now, customer_id=customer.pk)
    assert (preview.points, preview.balance_after) == (9, 34)
    assert preview.lines[0].text == "£9.99 × 1 = 9.99 points, rounded down"

    figures = reports.loyalty_figures(last_days(7, now=now, zone=programme.zone))
    assert (figures.issued, figures.redeemed, figures.outstanding, figures.liability) == (30, 5, 25, Decimal("0.25"))


def test_bonuses_are_issued_transfers_are_not_and_undoing_counts_back(add, redeem, undo, actor, now, programme):
    EarningRule.objects.create(name="Review", trigger="action", action="review", effect="bonus", points=7)
    earned = add("100")
    add("10", phone="07700 900124")
    call = {"phone": PHONE, "actor": actor, "now": now}
    points.award_bonus(action="review", key="b", **call)
    points.transfer_points(points=20, recipient_phone="07700 900124", key="t", **call)
    undo(undo(redeem(30), "u1"), "u2")  # redeemed after all
    undo(undo(earned, "u3"), "u4")  # issued after all
    figures = reports.loyalty_figures(last_days(7, now=now, zone=programme.zone))
    assert (figures.issued, figures.redeemed, figures.expired, figures.outstanding) == (117, 30, 0, 87)
