"""What happened to points, in words."""

from __future__ import annotations

from decimal import Decimal

from loyalty.actions import points
from loyalty.models import Transaction
from screens.reports_movements import movements, with_names


def test_points_set_aside_and_given_back_are_told_with_their_number(programme, business, actor, now):
    call = {"business": business.pk, "phone": "07700 900123", "actor": actor, "now": now}
    points.add_points(**call, amount=Decimal(2000), key="a")
    held = points.hold_points(**call, points=1200, reason="Hamper", key="h")
    points.capture_hold(hold=held.transaction, points=1199, key="c", actor=actor, now=now)
    rows = with_names(Transaction.objects.done().order_by("pk"))
    told = movements(rows, currency="GBP", zone=programme.zone, now=now)
    assert [(row.what, row.points) for row in told] == [
        ("Earned on £2,000.00", 2000),
        ("1,200 points set aside: Hamper", 0),
        ("1 point no longer set aside: Hamper", 0),
        ("Redeemed: Hamper", -1199),
    ]
