"""Whatever the product does to somebody, their segments follow."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import numpy as np
import pytest
from django.db import connection
from django.utils import timezone
from django_tenants.utils import tenant_context

from core.actor import SYSTEM
from customers.actions import rollups
from customers.actions.consent import record_consent
from customers.actions.customers import archive_customer, create_customer, update_customer
from customers.actions.ingestion import take_in
from customers.actions.merging import merge_customers, undo_merge
from customers.actions.orders import cancel_order
from customers.actions.products import change_product
from customers.actions.refunds import record_refund
from customers.actions.scores import COLUMNS, write_scores
from customers.actions.tags import delete_tag, tag_customer
from customers.actions.undo_imports import undo_import
from customers.following import Figures, tell_followers
from customers.ingestion import Arrival, Person
from customers.models import (
    Customer,
    CustomerFacts,
    CustomerScores,
    ImportRun,
    Order,
    OrderLine,
    Product,
    TrackedName,
)
from customers.stream import run_readers
from customers.tests.imports_fixtures import import_csv
from intelligence.actions.rfm import score_customers
from loyalty.actions.points import add_points, redeem_points, reverse_transaction
from loyalty.actions.rewards import RewardValues, create_reward, switch_reward
from loyalty.models import Account
from messaging.actions.suppression import release, suppress
from screens.actions.privacy import erase_customer
from segments.actions.living import count_due
from segments.actions.segments import choose_people, create_segment
from segments.models import Segment, SegmentChange, SegmentChoice, SegmentMember, StaleMember


def settle() -> None:
    """What the worker does until nothing is left to do."""
    now = timezone.now()
    with connection.cursor() as cursor:  # as if those transactions had ended
        cursor.execute("UPDATE customers_event SET transaction_id = 1 WHERE transaction_id > 1")
    run_readers(now=now)
    rollups.refresh_stale_days()
    count_due(now=now)
    assert not StaleMember.objects.exists()


def segment(field: str, op: str, value: Any = None, **more: Any) -> Callable[[], set[str]]:
    """Who is in a segment of this one condition, once all that happened is followed."""
    condition = {"type": "condition", "field": field, "op": op, **more} | ({} if value is None else {"value": value})
    made = create_segment(
        name=f"{field} {op} {Segment.objects.count()}",
        document={"version": 1, "match": condition}, actor=SYSTEM, now=timezone.now(),
    )  # fmt: skip

    def who() -> set[str]:
        settle()
        made.refresh_from_db()
        found = set(SegmentMember.objects.filter(segment=made).values_list("customer__first_name", flat=True))
        assert made.people == len(found)
        return found

    who()
    return who


@pytest.fixture
def ann(programme) -> Customer:
    rollups.rebuild_rollups(now=timezone.now())
    return create_customer(
        values={"first_name": "Ann", "phone": "07700 900123"}, source="api", region="GB", actor=SYSTEM,
        now=timezone.now(),
    )  # fmt: skip


def earn(business, customer: Customer, amount: str, key: str = "1") -> None:
    add_points(
        business=business.pk, amount=Decimal(amount), customer_id=customer.pk, key=key, actor=SYSTEM, now=timezone.now()
    )


def test_sales_refunds_and_points(ann, business):
    bought = segment("orders", "at_least", 1)
    lately = segment("spent", "more", 10, window={"type": "last", "count": 1, "unit": "hour"})
    rich = segment("points", "at_least", 1)
    members = segment("member", "is", value=True)
    earn(business, ann, "20")
    assert (bought(), lately(), rich(), members()) == ({"Ann"}, {"Ann"}, {"Ann"}, {"Ann"})
    order = Order.objects.get()
    record_refund(
        order=order, amount=Decimal(15), reference="r", reason="", source="api", currency="GBP", actor=SYSTEM,
        now=timezone.now(),
    )  # fmt: skip
    assert (bought(), lately()) == ({"Ann"}, set())
    cancel_order(order=order, reason="wrong", actor=SYSTEM, now=timezone.now())
    assert bought() == set()


def test_what_is_said_of_somebody(ann):
    in_leeds, agreed = segment("city", "is", "Leeds"), segment("texts_agreed", "is", value=True)
    reached, wears = segment("texts", "is", value=True), segment("first_name", "is", "Anna")
    now = timezone.now()
    update_customer(customer_id=ann.pk, values={"city": "leeds"}, region="GB", actor=SYSTEM, now=now)
    assert in_leeds() == {"Ann"}
    record_consent(
        customer=ann, channel="sms", purpose="marketing", is_granted=True, source="till", wording="own",
        words="I want to hear of offers by text", actor=SYSTEM, now=now,
    )  # fmt: skip
    assert (agreed(), reached()) == ({"Ann"}, {"Ann"})
    update_customer(customer_id=ann.pk, values={"first_name": "Anna"}, region="GB", actor=SYSTEM, now=now)
    assert wears() == {"Anna"}
    archive_customer(customer_id=ann.pk, actor=SYSTEM, now=now)
    assert (in_leeds(), agreed(), wears()) == (set(), set(), set())


def test_texts_arrive_again(ann):
    """Agreed anew at the till while STOP held, which only START ended."""
    reached, now = segment("texts", "is", value=True), timezone.now()
    suppress(number="+447700900123", reason="stop", now=now)
    record_consent(
        customer=ann, channel="sms", purpose="marketing", is_granted=True, source="till", wording="own",
        words="I want to hear of offers by text", actor=SYSTEM, now=now,
    )  # fmt: skip
    assert reached() == set()
    release(number="+447700900123", now=now)
    assert reached() == {"Ann"}


def test_an_import_is_undone(business, settings, tmp_path):
    """Who was made by it is nowhere, and of whom it said something else is judged again."""
    settings.MEDIA_ROOT = tmp_path
    in_york, in_leeds = segment("city", "is", "York"), segment("city", "is", "Leeds")
    import_csv(b"Customer ID,First name,City\n7,Ann,York\n", business)
    run = import_csv(b"Customer ID,First name,City\n7,Ann,Leeds\n9,Cy,Leeds\n", business)
    assert (in_york(), in_leeds()) == (set(), {"Ann", "Cy"})
    undo_import(ImportRun.objects.get(pk=run.pk), report=lambda *_: None, now=run.finished_at)
    assert (in_york(), in_leeds()) == ({"Ann"}, set())


def test_tags_and_their_end(ann):
    (tag,) = tag_customer(customer_id=ann.pk, names=["vip"], actor=SYSTEM, now=timezone.now())
    marked, others = segment("tags", "has_one_of", [tag.code]), segment("tags", "has_none_of", [tag.code])
    assert (marked(), others()) == ({"Ann"}, set())
    delete_tag(code=tag.code, actor=SYSTEM, now=timezone.now())
    assert (marked(), others()) == (set(), {"Ann"})


def test_events_of_others(ann):
    TrackedName.objects.create(name="Viewed", properties={}, first_at=timezone.now(), last_at=timezone.now())
    viewed = segment("event:Viewed", "at_least", 1)
    arrival = Arrival(Person(ann.code), occurred_at=timezone.now(), event="Viewed")
    take_in([arrival], source="api", actor=SYSTEM, now=timezone.now())
    assert viewed() == {"Ann"}


def test_two_who_are_one(ann, business):
    ben = Customer.objects.create(first_name="Ben")
    earn(business, ben, "20")
    settle()
    bought = segment("orders", "at_least", 1)
    chosen = segment("city", "is", "Leeds")
    code = Segment.objects.get(name__startswith="city").code
    choose_people(code=code, customers=[ben.pk], is_in=True, actor=SYSTEM, now=timezone.now())
    assert (bought(), chosen()) == ({"Ben"}, {"Ben"})
    merge = merge_customers(survivor_id=ann.pk, duplicate_id=ben.pk, choose={}, actor=SYSTEM, now=timezone.now())
    assert (bought(), chosen()) == ({"Ann"}, {"Ann"})
    undo_merge(code=merge.code, actor=SYSTEM, now=timezone.now())
    assert (bought(), chosen()) == ({"Ben"}, {"Ben"})


def test_products_get_another_name(ann, business):
    earn(business, ann, "20")
    product = Product.objects.create(sku="t", title="Tea")
    OrderLine.objects.create(order=Order.objects.get(), position=0, product=product, quantity=1, unit_price=1, total=1)
    tea = segment("items", "at_least", 1, where=[{"property": "title", "op": "contains", "value": "tea"}])
    assert tea() == {"Ann"}
    change_product(code=product.code, values={"title": "Coffee"}, actor=SYSTEM)
    assert tea() == set()


def test_rewards_come_and_go(ann, business):
    earn(business, ann, "20")
    points = CustomerFacts.objects.values_list("balance", flat=True)
    settle()
    near = segment("points_to_reward", "at_most", 5)
    reward = create_reward(values=RewardValues(name="Mug", points=points.get() + 5), actor=SYSTEM)
    assert near() == {"Ann"}
    switch_reward(code=reward.code, is_active=False, actor=SYSTEM)
    assert near() == set()


def test_a_reward_runs_out_at_the_till(ann, business):
    now = timezone.now()
    earn(business, ann, "20")
    points = Account.objects.values_list("available", flat=True).get()
    reward = create_reward(values=RewardValues(name="Mug", points=points + 5), stock=1, actor=SYSTEM)
    settle()
    near = segment("points_to_reward", "at_most", 5)
    assert near() == {"Ann"}
    add_points(business=business.pk, amount=Decimal(900), phone="07700 900124", key="ben", actor=SYSTEM, now=now)
    taken = redeem_points(
        business=business.pk, reward=reward.code, phone="07700 900124", key="mug", actor=SYSTEM, now=now
    )
    assert near() == set()
    reverse_transaction(transaction=taken.transaction, key="back", actor=SYSTEM, now=now)
    assert near() == {"Ann"}


def test_runs_of_the_night(ann, business):
    earn(business, ann, "20")
    grouped, risky = segment("rfm_recency", "at_least", 1), segment("churn", "more", 50)
    score_customers(now=timezone.now())
    assert grouped() == {"Ann"}
    columns = {name: np.array([0.9 if name == "churn" else 1.0]) for name in COLUMNS}
    write_scores(columns, customers=np.array([ann.pk]), horizon_days=90, day=timezone.now().date())
    assert risky() == {"Ann"}
    CustomerScores.objects.update(churn=0.1)
    tell_followers(Figures.SCORES)
    assert risky() == set()


def test_what_another_asks_about_is_left_alone(ann, business):
    """Scores of everybody change each night: only who asks for them is counted in full."""
    segment("city", "is", "Leeds")
    tell_followers(Figures.SCORES)
    assert not Segment.objects.filter(is_stale=True).exists()


def test_an_erased_person_is_nowhere(ann, business):
    earn(business, ann, "20")
    settle()
    bought = segment("orders", "at_least", 1)
    choose_people(code=Segment.objects.get().code, customers=[ann.pk], is_in=True, actor=SYSTEM, now=timezone.now())
    erase_customer(customer_id=ann.pk, actor=SYSTEM, now=timezone.now())
    assert Segment.objects.get().people == 0
    assert bought() == set()
    assert not SegmentMember.objects.exists()
    assert not SegmentChange.objects.exists()
    assert not SegmentChoice.objects.exists()


def test_the_other_programme_has_segments_of_its_own(ann, other_programme):
    segment("first_name", "is", "Ann")
    with tenant_context(other_programme):
        Customer.objects.create(first_name="Ann")
        assert not Segment.objects.exists()
        count_due(now=datetime(2030, 1, 1, tzinfo=UTC) + timedelta(days=1))
        assert not SegmentMember.objects.exists()
