"""A tier is deleted in the moment in which the first member reaches it. Real commits."""

from __future__ import annotations

from decimal import Decimal

import pytest
from django.db import connection

from core.actor import SYSTEM
from loyalty.actions import points
from loyalty.actions.tiers import TierValues, create_tier, remove_tier
from loyalty.audit import audit
from loyalty.models import Account, Tier
from loyalty.tests.given import PHONE, interleaved
from programs.models import Programme
from workspace.models import Business


@pytest.fixture
def acts(committed_database, now):
    connection.set_tenant(Programme.objects.get(slug="harbour"))
    shop = Business.objects.create(name="Quayside")
    tier = create_tier(values=TierValues(name="Silver", threshold=Decimal(10)), actor=SYSTEM, now=now)

    def sell():
        return points.add_points(business=shop.pk, phone=PHONE, amount=Decimal(12), key="sale", actor=SYSTEM, now=now)

    def remove():
        return remove_tier(code=tier.code, actor=SYSTEM, now=now)

    yield sell, remove
    assert [found.code for found in audit() if not found.is_kept] == []


def test_a_sale_that_waits_for_the_end_of_its_tier_goes_on_without_it(acts):
    sell, remove = acts
    assert interleaved(remove, sell).points == 12
    assert (Tier.objects.count(), Account.objects.get().tier) == (0, None)


def test_a_tier_that_is_being_reached_ends_instead_of_being_deleted(acts):
    sell, remove = acts
    interleaved(sell, remove)
    assert (Tier.objects.get().is_active, Account.objects.get().tier) == (False, Tier.objects.get())
