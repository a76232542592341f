"""Many operations in one call."""

from __future__ import annotations

from decimal import Decimal

import pytest

from loyalty import errors
from loyalty.actions import points
from loyalty.operations import AddPoints, AdjustPoints, RedeemPoints, ReverseTransaction
from loyalty.tests.given import PHONE

pytestmark = pytest.mark.usefixtures("audited")


def test_a_batch_answers_each_in_order_and_a_refusal_stops_no_other(business, actor, now):
    def shop(**changes):
        return {"business": business.code, "phone": PHONE, **changes}

    operations = [
        RedeemPoints(**shop(points=5, reason="x", key="too-early")),
        AddPoints(**shop(amount=Decimal(10), key="a")),
        AddPoints(**shop(amount=Decimal("-3"), key="bad")),
        RedeemPoints(**shop(points=5, reason="x", key="b")),
        AddPoints(**shop(amount=Decimal(10), key="a")),
        AddPoints(**shop(amount=Decimal(11), key="a")),
        ReverseTransaction(transaction="nosuchcode1", key="c"),
        AdjustPoints(phone=PHONE, points=1, reason="gift", key="d"),
        AddPoints(**shop(amount=Decimal(7), reference="R")),
        AddPoints(**shop(amount=Decimal(7), reference="R")),
        AddPoints(**shop(amount=Decimal(7))),
    ]
    outcomes = points.post_batch(operations=operations, owner="api:x", source="api", actor=actor, now=now)
    kinds = [type(outcome).__name__ if isinstance(outcome, Exception) else outcome.balance for outcome in outcomes]
    assert kinds == [
        "NotEnoughPoints", 10, "InvalidInput", 5, 10, "IdempotencyKeyReused", "UnknownTransaction", 6, 13, 13,
        "IdempotencyKeyRequired",
    ]  # fmt: skip
    assert [getattr(outcome, "is_replayed", None) for outcome in outcomes].count(True) == 2


def test_a_batch_of_a_thousand_distinct_members(business, actor, now):
    operations = [
        AddPoints(business=business.pk, phone=f"+4477009{number:05d}", amount=Decimal(10), key=f"k{number}")
        for number in range(1000)
    ]
    outcomes = points.post_batch(operations=operations, owner="x", source="api", actor=actor, now=now)
    assert [outcome.balance for outcome in outcomes] == [10] * 1000
    with pytest.raises(errors.TooManyOperations):
        points.post_batch(operations=[*operations, operations[0]], owner="x", source="api", actor=actor, now=now)
