"""What every customer is expected to do, computed from the database and written for everybody at once."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import numpy as np
import pytest
from django.forms import model_to_dict
from django_tenants.utils import tenant_context

from core.actor import SYSTEM
from customers.actions import scores
from customers.models import Customer, CustomerScores, Order
from customers.tests.test_actions_facts import refund, sale
from intelligence.actions.forecasts import forecast_customers, purchase_days
from intelligence.actions.requests import FORECAST, request_run
from intelligence.engine.churn import BANDS, band_of
from intelligence.tasks import forecast_customers_nightly
from programs.models import Programme
from workspace.actions.jobs import run_job
from workspace.models import Business, Job

NOW = datetime(2026, 6, 17, 10, 30, tzinfo=UTC)
YESTERDAY = date(2026, 6, 16)


@pytest.fixture
def crowd(business: Business) -> list[Customer]:
    """40 customers: number n came each n % 5 + 1 weeks, until n weeks ago, and spent 10 to 14."""
    made = []
    for number in range(40):
        customer = Customer.objects.create(first_name=f"c{number:02}")
        for visit in range(12):
            at = NOW - timedelta(days=1 + 7 * number // 4 + visit * 7 * (number % 5 + 1), hours=2)
            sale(business, customer, f"{number}-{visit}", f"{10 + visit % 5}.00", placed_at=at)
        made.append(customer)
    return made


def test_everybody_who_bought_is_forecast(crowd: list[Customer]) -> None:
    Customer.objects.create(first_name="Never bought")
    found = forecast_customers(now=NOW)
    assert found is not None
    assert (found.customers, found.horizon_days) == (40, 56)  # the median gap is three weeks
    rows = {row.customer_id: row for row in CustomerScores.objects.all()}
    assert set(rows) == {customer.pk for customer in crowd}
    for row in rows.values():
        assert 0 <= row.churn <= 1
        assert row.band == BANDS[band_of(np.array([row.churn]))[0]]
        assert 0 <= row.value_3 <= row.value_6 <= row.value_12
        assert row.value_12_low <= row.value_12_high
        assert row.value_at_risk == pytest.approx(Decimal(row.churn) * row.value_12, abs=Decimal("0.02"))
        assert (row.horizon_days, row.computed_on) == (56, YESTERDAY)
        assert row.next_purchase_on is None or row.next_purchase_on > YESTERDAY
    here, gone = rows[crowd[0].pk], rows[crowd[35].pk]  # both came weekly
    assert here.churn < gone.churn
    assert here.next_purchase_on is not None
    assert date(2026, 6, 20) < here.next_purchase_on < date(2026, 7, 1)
    assert found.expected == pytest.approx(sum(1 - row.churn for row in rows.values()), abs=0.01)
    assert found.value == pytest.approx(float(sum(row.value_12 for row in rows.values())), abs=0.5)


def test_what_counts_as_a_day_of_purchase(business: Business) -> None:
    """Two orders of one day are one; cancelled ones and what was given back for them are none; today is not over."""
    ann, archived = Customer.objects.create(first_name="Ann"), Customer.objects.create(state="archived")
    day = datetime(2026, 6, 10, 12, tzinfo=UTC)
    first = sale(business, ann, "1", "10.00", placed_at=day)
    sale(business, ann, "2", "5.00", placed_at=day + timedelta(hours=3))
    # Half past eleven at night in London is the next day in the database's own zone.
    sale(business, ann, "3", "7.00", placed_at=datetime(2026, 6, 12, 22, 59, tzinfo=UTC))
    cancelled = sale(business, ann, "4", "99.00", placed_at=day + timedelta(days=1), status="cancelled")
    refund(business, ann, "r1", "2.50", refunded_at=day + timedelta(days=4), order=first)
    refund(business, ann, "r2", "99.00", refunded_at=day + timedelta(days=4), order=cancelled)
    sale(business, ann, "5", "20.00", placed_at=NOW)
    sale(business, archived, "6", "20.00", placed_at=day)
    sale(business, None, "7", "20.00", placed_at=day)

    history = purchase_days(YESTERDAY)
    known = history.until(YESTERDAY.toordinal())
    assert list(known.customers) == [ann.pk]
    assert (known.days[0], known.recency[0] * 7, known.age[0] * 7) == (2, 2, 6)
    assert known.mean_spend[0] == pytest.approx((10 + 5 + 7 - 2.5) / 2)
    assert history.until(date(2026, 6, 13).toordinal()).mean_spend[0] == 11
    assert purchase_days(date(2026, 6, 17)).last_day == date(2026, 6, 17).toordinal()


def test_a_second_run_takes_the_place_of_the_first(crowd: list[Customer], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scores, "STEP", 7)
    forecast_customers(now=NOW)
    said = CustomerScores.objects.order_by("pk")
    first = [model_to_dict(row, exclude=["updated_at"]) for row in said]
    reports: list[tuple[int, int]] = []
    forecast_customers(now=NOW, report=lambda done, total: reports.append((done, total)))
    assert [model_to_dict(row, exclude=["updated_at"]) for row in said.all()] == first
    assert reports == [(done, 40) for done in (0, 7, 14, 21, 28, 35, 40)]

    Customer.objects.filter(pk=crowd[3].pk).update(state="archived")
    Order.objects.filter(customer=crowd[4]).update(status="cancelled")
    forecast_customers(now=NOW)
    assert set(CustomerScores.objects.values_list("pk", flat=True)) == {one.pk for one in crowd} - {
        crowd[3].pk,
        crowd[4].pk,
    }
    Order.objects.update(status="cancelled")
    assert forecast_customers(now=NOW) is None
    assert not CustomerScores.objects.exists()


def test_the_job_says_what_it_found(crowd: list[Customer], programme: Programme) -> None:
    job = request_run(FORECAST, actor=SYSTEM, now=NOW)
    run_job(job.pk)
    job.refresh_from_db()
    assert job.state == Job.State.DONE
    assert job.result["customers"] == 40


def test_each_night(programme: Programme) -> None:
    assert forecast_customers_nightly(NOW) == datetime(2026, 6, 18, 1, 30, tzinfo=UTC)
    assert not Job.objects.exists()
    Customer.objects.create(first_name="Ann")
    forecast_customers_nightly(NOW)
    assert Job.objects.get().kind == FORECAST


def test_forecasts_stay_in_their_programme(crowd: list[Customer], other_programme: Programme) -> None:
    forecast_customers(now=NOW)
    with tenant_context(other_programme):
        Customer.objects.create(pk=crowd[0].pk, first_name="Same key")
        assert forecast_customers(now=NOW) is None
        assert not CustomerScores.objects.exists()
    assert CustomerScores.objects.count() == 40
