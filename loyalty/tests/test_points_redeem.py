"""Taking points: redemptions and adjustments by hand."""

from __future__ import annotations

from decimal import Decimal

import pytest

from core.errors import InvalidInput
from loyalty import errors
from loyalty.actions import points
from loyalty.actions.settings import change_settings
from loyalty.models import Account, Lot, Transaction
from loyalty.tests.given import PHONE, rows

pytestmark = pytest.mark.usefixtures("audited")


def test_redeeming_takes_the_oldest_expiry_first(add, redeem, actor, now):
    add("10")  # never expires
    change_settings(point_value=Decimal("0.01"), expiry_months=12, actor=actor)
    add("20")
    assert redeem(25).balance == 5
    assert list(Lot.objects.order_by("id").values_list("amount", "remaining")) == [(10, 5), (20, 0)]


def test_too_few_points_is_a_stored_refusal_that_replays(add, redeem):
    add("10")
    before = rows()
    for _ in range(2):
        with pytest.raises(errors.NotEnoughPoints) as refused:
            redeem(11)
    assert (refused.value.data["balance"], refused.value.data["requested"]) == (10, 11)
    assert rows() == before
    add("10")
    with pytest.raises(errors.NotEnoughPoints):
        redeem(11)  # the same key: the first answer, though the points are there now
    assert redeem(11, key="new").balance == 9


def test_a_stranger_cannot_redeem_and_nothing_is_stored(redeem):
    before = rows()
    with pytest.raises(errors.UnknownMember):
        redeem(1)
    assert rows() == before
    assert Transaction.objects.count() == 0


@pytest.mark.parametrize("number", [0, -5, 10**18])
def test_impossible_points_are_refused(add, redeem, number):
    add("10")
    with pytest.raises(InvalidInput):
        redeem(number)


def test_redeeming_never_lowers_what_was_earned_in_a_lifetime(add, redeem):
    """Tier by balance instead of earned (DivanteLtd/open-loyalty 131)."""
    add("100")
    redeem(90)
    assert Account.objects.get().lifetime == 100


def test_adjusting_up_down_and_too_far_down(add, actor, now):
    add("10")
    call = {"reason": "Broken cup", "phone": PHONE, "actor": actor, "now": now}
    assert points.adjust_points(points=5, key="a", **call).balance == 15
    assert points.adjust_points(points=-15, key="b", **call).balance == 0
    with pytest.raises(errors.NotEnoughPoints):
        points.adjust_points(points=-1, key="c", **call)
    with pytest.raises(InvalidInput):
        points.adjust_points(points=0, key="d", **call)
    with pytest.raises(InvalidInput):
        points.adjust_points(points=1, key="e", **{**call, "reason": " "})
