"""A few people and segments for the tests of pages."""

from __future__ import annotations

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.utils import timezone

from core.actor import SYSTEM
from customers.actions.rollups import programme_zone, refresh_customers
from customers.models import Customer
from customers.tests.test_actions_facts import sale
from segments.actions.living import count_everybody
from segments.actions.segments import create_segment
from segments.models import Segment

BOUGHT = {"type": "condition", "field": "orders", "op": "at_least", "value": 1}


def rules(*nodes):
    return {"version": 1, "match": {"type": "all", "of": list(nodes)}}


def asks_for(segment: Segment):
    return rules({"type": "condition", "field": "in_segment", "op": "has_one_of", "value": [segment.code]})


def now_here() -> datetime:
    """By the programme's clock: days are counted by its calendar."""
    return timezone.localtime(timezone=ZoneInfo(programme_zone()))


def make(name="Buyers", document=None) -> Segment:
    return create_segment(name=name, document=document or rules(BOUGHT), actor=SYSTEM, now=timezone.now())


@pytest.fixture
def desk(client_of, owner):
    """The owner's browser."""
    return client_of(owner)


@pytest.fixture
def shoppers(business) -> list[Customer]:
    """Ann bought for 60 today, Ben for 20 thirty days ago by the programme's calendar, Cem never."""
    here = now_here()
    people = [Customer.objects.create(first_name=name, country="GB") for name in ("Ann", "Ben", "Cem")]
    for customer, amount, days in zip(people, ("60", "20"), (0, 30), strict=False):
        sale(business, customer, customer.first_name, amount, placed_at=here - timedelta(days=days))
    refresh_customers({one.pk for one in people})
    return people


@pytest.fixture
def counted(shoppers) -> Segment:
    """Ann and Ben are in it."""
    segment = make()
    count_everybody()
    segment.refresh_from_db()
    return segment
