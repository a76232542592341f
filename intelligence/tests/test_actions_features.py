"""Rows of features: a rebuild and what is counted on the way say the same, whatever happens to whom."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from django.db import connection, transaction
from django_tenants.utils import tenant_context
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from core.actor import SYSTEM, Actor
from core.errors import PermissionRefused
from customers.actions import rollups
from customers.actions.merging import merge_customers, undo_merge
from customers.actions.rollups import rebuild_rollups
from customers.imports.touched import Touched, refresh
from customers.imports.undoing import PARTS, _held
from customers.models import Customer, Order
from customers.stream import READERS, read_stream
from customers.tests.test_actions_facts import sale
from customers.tests.test_analytics_identities import SALES, Shops
from intelligence.actions.features import (
    FEATURES_DUE,
    JOB,
    mark_features,
    rebuild_features,
    refresh_stale_features,
)
from intelligence.actions.requests import request_run
from intelligence.features.arrays import stored_matrix
from intelligence.features.registry import FEATURES
from intelligence.models import CustomerFeatures, FeatureRun, StaleFeatures
from loyalty.actions.points import add_points
from programs.models import DueWork, Programme
from screens.actions.privacy import erase_customer
from workspace.actions.jobs import run_job
from workspace.jobs import DUE_WORK, JOB_KINDS
from workspace.models import Business, Job

NOW = datetime(2026, 6, 17, 10, 30, tzinfo=UTC)


def rows() -> dict[int, tuple[object, ...]]:
    return {row[0]: row[1:] for row in CustomerFeatures.objects.values_list()}


def counted(now: datetime = NOW) -> dict[int, tuple[object, ...]]:
    """The rows once everything that is marked was counted."""
    assert refresh_stale_features(now=now) is None
    assert not StaleFeatures.objects.exists()
    return rows()


def rebuilt(now: datetime = NOW) -> dict[int, tuple[object, ...]]:
    rebuild_features(now=now)
    return rows()


@pytest.fixture
def people(programme: Programme) -> list[Customer]:
    return [Customer.objects.create(first_name=name, external_id=name) for name in ("Ann", "Ben", "Cem")]


def sell(business: Business, customer: Customer, amount: str, *, days: int = 1) -> Order:
    return sale(business, customer, f"{Order.objects.count()}", amount, placed_at=NOW - timedelta(days=days))


def test_a_rebuild_writes_what_changed_only(business: Business, people: list[Customer]) -> None:
    ann, ben, _cem = people
    sell(business, ann, "10.00", days=29)
    sell(business, ben, "5.00")
    run = rebuild_features(now=NOW)
    assert (run.customers, run.changed, run.as_of) == (2, 2, NOW.date())
    assert run.figures["orders"] == [2, 1, 1, 1]
    assert run.figures["net_spend"] == [2, 5, 5, 10]
    assert run.figures["mean_gap_days"] == [0]
    assert run.figures["main_channel"] == [2]
    again = rebuild_features(now=NOW)
    assert (again.customers, again.changed) == (2, 0)
    assert set(run.figures) == set(FEATURES)

    tomorrow = rebuild_features(now=NOW + timedelta(days=1))
    assert tomorrow.changed == 1, "the days that count have moved past Ann's order"
    Order.objects.filter(customer=ben).delete()
    assert rebuild_features(now=NOW).changed == 2
    assert set(rows()) == {ann.pk}
    ids, matrix = stored_matrix(NOW.date(), ["recency_days", "orders_30"])
    assert (ids.tolist(), matrix.tolist()) == ([ann.pk], [[29, 1]])


@settings(
    max_examples=12,
    deadline=None,
    database=None,
    suppress_health_check=list(HealthCheck),
    phases=[Phase.generate, Phase.shrink],
)
@given(sales=SALES, built=st.integers(0, 8))
def test_counting_whom_it_touches_equals_counting_everybody(programme, business, other_business, sales, built) -> None:
    later = NOW - timedelta(days=60)
    with transaction.atomic():
        shops = Shops([business, other_business])
        for number, values in enumerate(sales[:built]):
            shops.sell(number, values)
        rebuild_rollups(now=later)
        rebuild_features(now=later)
        shops.touched = {"customers": set(), "days": set(), "products": set()}
        for number, values in enumerate(sales[built:], built):
            shops.sell(number, values)
        Order.objects.filter(reference="0").update(status="cancelled")
        shops.touched["customers"] |= {one.pk for one in shops.customers[:1]}
        zone = rollups.programme_zone()
        rollups.refresh_rollups(**shops.touched, zone=zone, now=later)
        owner = Order.objects.filter(reference="0").values_list("customer_id", flat=True)[0]
        mark_features({owner} - {None})
        followed = counted(later)
        assert followed == rebuilt(later)
        transaction.set_rollback(True)


def test_the_event_stream_marks_who_bought(business: Business, people: list[Customer]) -> None:
    ann, ben, _cem = people
    rebuild_rollups(now=NOW)
    DueWork.objects.filter(kind__startswith=JOB).delete()
    for customer, amount in ((ann, 7), (ben, 8)):
        add_points(
            business=business.pk,
            amount=Decimal(amount),
            customer_id=customer.pk,
            key=f"{amount}",
            actor=SYSTEM,
            now=NOW,
        )
    with connection.cursor() as cursor:  # as if those transactions had ended
        cursor.execute("UPDATE customers_event SET transaction_id = 1")
    read_stream(rollups.READER, READERS[rollups.READER].handle)
    assert set(StaleFeatures.objects.values_list("pk", flat=True)) == {ann.pk, ben.pk}
    assert DueWork.objects.filter(kind=FEATURES_DUE).exists()
    assert not DueWork.objects.filter(kind=JOB).exists()
    found = counted()
    assert {pk: row[0] for pk, row in found.items()} == {ann.pk: 1, ben.pk: 1}
    assert DUE_WORK[FEATURES_DUE](NOW) is None


def test_merging_and_taking_apart(business: Business, people: list[Customer]) -> None:
    ann, ben, _cem = people
    for customer in (ann, ben, ben):
        sell(business, customer, "10.00")
    rebuild_rollups(now=NOW)
    apart = rebuilt()
    merge = merge_customers(survivor_id=ann.pk, duplicate_id=ben.pk, choose={}, actor=SYSTEM, now=NOW)
    together = counted()
    assert {pk: row[0] for pk, row in together.items()} == {ann.pk: 3}
    assert together == rebuilt()
    undo_merge(code=merge.code, actor=SYSTEM, now=NOW)
    assert counted() == apart == rebuilt()


def test_erasing_takes_the_row_and_none_comes_back(business: Business, people: list[Customer]) -> None:
    ann, ben, _cem = people
    for customer in (ann, ben):
        sell(business, customer, "10.00")
    rebuild_rollups(now=NOW)
    rebuild_features(now=NOW)
    mark_features({ann.pk})
    erase_customer(customer_id=ann.pk, actor=SYSTEM, now=NOW)
    assert set(rows()) == {ben.pk}
    mark_features({ann.pk})
    assert set(counted()) == set(rebuilt()) == {ben.pk}


def test_an_import_and_its_undoing_mark_whom_they_touch(business: Business, people: list[Customer]) -> None:
    """Many rows ask for everybody, few for those that they name; who is gone took their row along."""
    ann, ben, _cem = people
    sell(business, ann, "10.00")
    rebuild_rollups(now=NOW)
    assert DueWork.objects.filter(kind=JOB, next_due_at__lte=datetime.now(UTC)).exists()
    rebuild_features(now=NOW)
    sell(business, ben, "5.00")
    touched = Touched({ann.pk, ben.pk, 10**9}, {(business.pk, NOW.date())}, set())
    refresh(touched, zone=rollups.programme_zone(), now=NOW)
    assert set(counted()) == {ann.pk, ben.pk}


def test_a_row_does_not_keep_a_customer_that_an_import_made_from_being_undone(
    business: Business, people: list[Customer]
) -> None:
    sell(business, people[0], "10.00")
    rebuild_features(now=NOW)
    Order.objects.all().delete()
    assert _held(Customer, [people[0].pk]) == set()
    assert CustomerFeatures in PARTS[Customer]


def test_every_night_and_once_at_a_time(business: Business, people: list[Customer]) -> None:
    assert DUE_WORK[JOB](NOW) == datetime(2026, 6, 18, 1, 30, tzinfo=UTC)
    assert not Job.objects.exists(), "nobody bought"
    sell(business, people[0], "1.00")
    DUE_WORK[JOB](NOW)
    job = Job.objects.get(kind=JOB)
    assert request_run(JOB, actor=SYSTEM, now=NOW) == job
    assert JOB in JOB_KINDS
    run_job(job.pk)
    job.refresh_from_db()
    assert (job.state, job.result) == ("done", {"customers": 1, "changed": 1})
    with pytest.raises(PermissionRefused):
        request_run(JOB, actor=Actor(kind="staff", id="1", label="", business_id=business.pk), now=NOW)


def test_two_programmes_keep_their_own(business: Business, people: list[Customer], other_programme: Programme) -> None:
    sell(business, people[0], "1.00")
    rebuild_features(now=NOW)
    with tenant_context(other_programme):
        assert rebuild_features(now=NOW).customers == 0
        assert not CustomerFeatures.objects.exists()
    assert (CustomerFeatures.objects.count(), FeatureRun.objects.count()) == (1, 1)
