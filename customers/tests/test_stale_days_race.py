"""Days are marked for the roll-ups while somebody computes marked days."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest
from django.db import connection

from customers.actions.facts import mark_stale, write_facts
from customers.actions.rollups import rebuild_rollups, refresh_stale_days
from customers.models import Customer, DailySales
from customers.tests.test_actions_facts import sale
from loyalty.tests.test_currency_race import interleaved
from programs.models import Programme
from workspace.models import Business

NOON = datetime(2026, 5, 4, 12, tzinfo=UTC)


@pytest.fixture
def shop(committed_database: str) -> Business:
    connection.set_tenant(Programme.objects.get(slug="harbour"))
    return Business.objects.create(name="Quayside")


def test_a_day_that_was_marked_already_is_computed_with_what_marked_it_again(shop: Business) -> None:
    ann = Customer.objects.create(first_name="Ann")
    sale(shop, ann, "1", "10.00", placed_at=NOON)
    rebuild_rollups(now=NOON)
    mark_stale({(shop.pk, date(2026, 5, 4))})

    interleaved(lambda: write_facts(["member_since"], [(ann.pk, NOON)]), refresh_stale_days)

    refresh_stale_days()
    assert DailySales.objects.get().members == 1
