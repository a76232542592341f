"""Acts on the points of one number, on real tables with the rights of the application."""

from __future__ import annotations

from decimal import Decimal

import pytest

from loyalty.actions import points
from loyalty.audit import audit
from loyalty.tests.given import PHONE


@pytest.fixture
def audited(programme):
    """The auditor has nothing to say afterwards."""
    yield
    assert [(found.code, found.samples) for found in audit() if not found.is_kept] == []


@pytest.fixture
def add(business, actor, now):
    """add("12.40", reference="R1") → the posting of a sale to PHONE."""
    numbers = iter(range(1000))

    def call(amount="10", **changes):
        given = {"business": business.pk, "phone": PHONE, "amount": Decimal(amount), "actor": actor, "now": now}
        if "reference" not in changes:
            given["key"] = f"add-{next(numbers)}"
        return points.add_points(**{**given, **changes})

    return call


@pytest.fixture
def redeem(business, actor, now):
    def call(number, key="redeem", **changes):
        given = {"business": business.pk, "phone": PHONE, "reason": "Coffee", "actor": actor, "now": now}
        return points.redeem_points(**{**given, "points": number, "key": key, **changes})

    return call


@pytest.fixture
def undo(actor, now):
    def call(posting, key="undo", **changes):
        given = {"transaction": posting.transaction, "key": key, "actor": actor, "now": now}
        return points.reverse_transaction(**{**given, **changes})

    return call
