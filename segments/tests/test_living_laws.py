"""Laws of keeping segments true: after anything that happens, and whatever the clock does, members are who matches."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Protocol, TypeVar
from uuid import uuid4

import pytest
from django.db import connection, transaction
from hypothesis import given
from hypothesis import strategies as st

from core.actor import Actor
from customers.actions.rollups import refresh_customers
from customers.models import Customer, CustomerTag, Order, Tag
from segments import rules
from segments.actions.living import count_due
from segments.actions.marks import mark_people
from segments.actions.segments import PART_FIELD, choose_people, create_segment
from segments.compiler import members
from segments.fields.registry import FIELDS
from segments.models import Segment, SegmentChange, SegmentDay, SegmentMember, StaleMember
from segments.rules import All, Any, Condition, Everyone, Rules
from segments.statement import Moment
from segments.tests.people import EDGES, NOW, ZONE, make_people
from segments.tests.test_laws import examples
from segments.tests.trees import trees

MAYA = Actor(kind="user", id="1", label="Maya", user_id=1)
SEGMENTS = 12
# How far the clock goes: to just before an edge of an hour, over midnight, over the months of windows, to a leap day.
STEPS = (
    timedelta(seconds=1), timedelta(minutes=59), timedelta(hours=1), timedelta(hours=10), timedelta(days=1),
    timedelta(days=9), timedelta(days=31), timedelta(days=90), timedelta(days=480),
)  # fmt: skip
World = tuple[list[int], st.SearchStrategy[rules.Node]]
Thing = TypeVar("Thing")


class Chance(Protocol):
    def __call__(self, values: Sequence[Thing]) -> Thing: ...


@pytest.fixture
def world(business, other_business) -> World:
    people, codes = make_people(business, other_business)
    asked = {key: field for key, field in FIELDS.items() if key != PART_FIELD}
    strategy = trees(asked, codes).filter(lambda node: rules.depth(node) < rules.MAX_DEPTH - 1)
    return sorted(people), strategy.map(lambda node: All((Everyone(), node)))


def buy(customer: int, chance: Chance, now: datetime) -> None:
    like = Order.objects.order_by("pk").first()
    assert like is not None
    at = chance((now, now - timedelta(hours=1), now - timedelta(days=9), *EDGES))
    Order.objects.create(
        business_id=like.business_id, customer_id=customer, source="api", reference=uuid4().hex, placed_at=at,
        total=chance((Decimal(0), Decimal(50), Decimal("50.01"))), channel=chance(("store", "online")),
    )  # fmt: skip
    refresh_customers({customer})


def take_back(customer: int, chance: Chance, now: datetime) -> None:
    Order.objects.filter(customer=customer).update(status=Order.Status.CANCELLED)
    refresh_customers({customer})


def move_house(customer: int, chance: Chance, now: datetime) -> None:
    Customer.objects.filter(pk=customer).update(city=chance(("Leeds", "")), country=chance(("GB", "US")))
    mark_people({customer})


def tag(customer: int, chance: Chance, now: datetime) -> None:
    for one in Tag.objects.all():
        CustomerTag.objects.filter(customer=customer, tag=one).delete()
        if chance((True, False)):
            CustomerTag.objects.create(customer_id=customer, tag=one, actor="user:1")
    mark_people({customer})


def come_and_go(customer: int, chance: Chance, now: datetime) -> None:
    Customer.objects.filter(pk=customer).update(state=chance((Customer.State.ACTIVE, Customer.State.ARCHIVED)))
    mark_people({customer})


EVENTS = (buy, take_back, move_house, tag, come_and_go)


def test_kept_up_to_date_is_counted_anew_whatever_happens(world):
    """Some segments ask who is in another one; some have people by hand."""
    people, strategy = world

    @examples(12)
    @given(st.lists(strategy, min_size=SEGMENTS, max_size=SEGMENTS), st.data())
    def law(nodes: list[rules.Node], data: st.DataObject) -> None:
        def chance(values: Sequence[Thing]) -> Thing:
            return data.draw(st.sampled_from(list(values)))

        with transaction.atomic():
            _make_segments(nodes, chance)
            now = NOW
            count_due(now=now)
            choose_people(
                code=Segment.objects.order_by("pk")[0].code, customers=people[:1], is_in=chance((True, False)),
                actor=MAYA, now=now,
            )  # fmt: skip
            for _step in range(6):
                if chance((True, False)):
                    chance(EVENTS)(chance(people), chance, now)
                else:
                    now += chance(STEPS)
                due = count_due(now=now)
                assert due is None or due > now
                _check_members(now)
            transaction.set_rollback(True)

    law()


def _make_segments(nodes: Sequence[rules.Node], chance: Chance) -> None:
    """The later half ask who is in an earlier one as well."""
    made: list[Segment] = []
    for number, node in enumerate(nodes):
        asked = node
        if number >= len(nodes) // 2:
            op, part = chance(("has_one_of", "has_none_of")), chance(made)
            asked = chance((All, Any))((Condition(PART_FIELD, op, [part.code]), node))
        made.append(create_segment(name=f"S{number}", document=rules.written(Rules(1, asked)), actor=MAYA, now=NOW))


def _check_members(now: datetime) -> None:
    assert not StaleMember.objects.exists()
    for segment in Segment.objects.all():
        query = members(rules.read(segment.rules), FIELDS, Moment(now, ZONE))
        with connection.cursor() as cursor:
            cursor.execute(query.sql, query.params)
            found = {pk for (pk,) in cursor.fetchall()}
        for customer, is_in in segment.choices.filter(customer__state="active").values_list("customer", "is_in"):
            (found.add if is_in else found.discard)(customer)
        stored = set(SegmentMember.objects.filter(segment=segment).values_list("customer", flat=True))
        assert stored == found, (segment.rules, stored ^ found)
        assert segment.people == len(found)
        _check_history(segment, stored)


def _check_history(segment: Segment, stored: set[int]) -> None:
    """Whoever came and did not leave is in it; each day's figures are those of its changes."""
    latest = {}
    for change in SegmentChange.objects.filter(segment=segment).order_by("pk"):
        assert latest.get(change.customer_id) is not change.is_entry  # nobody comes twice
        latest[change.customer_id] = change.is_entry
    assert {pk for pk, is_entry in latest.items() if is_entry} <= stored
    assert not {pk for pk, is_entry in latest.items() if not is_entry} & stored
    newest = SegmentDay.objects.filter(segment=segment).order_by("day").last()
    assert newest is not None
    assert newest.people == segment.people
