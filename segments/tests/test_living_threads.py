"""Many at once: shoppers, staff, workers and somebody who is erased. In the end members are who matches."""

from __future__ import annotations

import random

import pytest
from django.db import connection
from django.utils import timezone

from core.actor import SYSTEM
from customers.actions.rollups import rebuild_rollups, refresh_customers
from customers.models import Customer, Order
from customers.tests.test_actions_facts import sale
from programs.models import Programme
from screens.actions.privacy import erase_customer
from segments import rules
from segments.actions.living import count_due, count_everybody
from segments.actions.segments import change_segment, choose_people, create_segment
from segments.compiler import members
from segments.fields.registry import fields_of_programme
from segments.models import Segment, SegmentMember, StaleMember
from segments.statement import Moment
from segments.tests.people import ZONE
from workspace.models import Business

ROUNDS = 12


@pytest.fixture
def people(committed_database) -> list[Customer]:
    connection.set_tenant(Programme.objects.get(slug="harbour"))
    Business.objects.create(name="Quayside")
    rebuild_rollups(now=timezone.now())
    return Customer.objects.bulk_create(Customer(first_name=f"N{number}") for number in range(20))


def asks(field: str, op: str, value: object) -> dict[str, object]:
    return {"version": 1, "match": {"type": "condition", "field": field, "op": op, "value": value}}


def make(name: str, document: object) -> Segment:
    return create_segment(name=name, document=document, actor=SYSTEM, now=timezone.now())


def test_everybody_at_once(people, in_threads):
    buyers = make("Buyers", asks("orders", "at_least", 2))
    whole = make("Of buyers", asks("in_segment", "has_one_of", [buyers.code]))
    spenders = make("Spenders", asks("spent", "more", 20))
    count_due(now=timezone.now())
    business = Business.objects.get()

    def shop(seed: int) -> None:
        chance = random.Random(seed)
        for number in range(ROUNDS):
            customer = chance.choice(people[1:])
            sale(business, customer, f"{seed}.{number}", "10.01", placed_at=timezone.now())
            refresh_customers({customer.pk})

    def decide() -> None:
        for number in range(ROUNDS):
            some = [one.pk for one in people[1:] if one.pk % 3 == number % 3]
            choose_people(
                code=buyers.code,
                customers=some,
                is_in=(True, False, None)[number % 3],
                actor=SYSTEM,
                now=timezone.now(),
            )

    def edit() -> None:
        for number in range(ROUNDS):
            document = asks("spent", "more", 20 + number % 2)
            change_segment(code=spenders.code, name="Spenders", document=document, actor=SYSTEM, now=timezone.now())

    def work() -> None:
        for _number in range(ROUNDS):
            count_due(now=timezone.now())

    def erase() -> None:
        erase_customer(customer_id=people[0].pk, actor=SYSTEM, now=timezone.now())

    results = in_threads([lambda: shop(1), lambda: shop(2), decide, edit, work, work, count_everybody, erase])
    assert [result for result in results if isinstance(result, Exception)] == []
    assert count_due(now=timezone.now()) is None
    assert not StaleMember.objects.exists()
    assert Order.objects.count() == 2 * ROUNDS
    for segment in (buyers, whole, spenders):
        assert in_it(segment) == judged(segment)


def in_it(segment: Segment) -> set[int]:
    found = set(SegmentMember.objects.filter(segment=segment).values_list("customer", flat=True))
    segment.refresh_from_db()
    assert segment.people == len(found)
    return found


def judged(segment: Segment) -> set[int]:
    query = members(rules.read(segment.rules), fields_of_programme(), Moment(timezone.now(), ZONE))
    with connection.cursor() as cursor:
        cursor.execute(query.sql, query.params)
        found = {pk for (pk,) in cursor.fetchall()}
    for customer, is_in in segment.choices.values_list("customer", "is_in"):
        (found.add if is_in else found.discard)(customer)
    return found
