from __future__ import annotations

import itertools
from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection
from django_tenants.utils import tenant_context

from core.actor import SYSTEM, Actor
from customers.actions import events
from customers.actions.facts import refresh_order_facts
from customers.actions.rollups import rebuild_rollups
from customers.events import IMPORT_FINISHED
from customers.models import Customer, CustomerFacts, Event
from customers.tests.test_actions_facts import refund, sale
from intelligence.actions.requests import ARCHETYPES, FORECAST, request_run
from intelligence.actions.rfm import JOB, score_customers
from intelligence.models import ArchetypeRun, RfmRun
from intelligence.reports import rfm_overview
from intelligence.reports_backtest import BACKTEST
from intelligence.rules import GROUP_OF, rfm_group
from intelligence.tasks import next_night, run_rfm, score_after_imports, score_nightly
from programs.models import Programme
from workspace.actions.jobs import run_job
from workspace.jobs import JOB_KINDS
from workspace.models import Business, Job

NOW = datetime(2026, 6, 17, 10, 30, tzinfo=UTC)


def scores() -> dict[str, tuple[int | None, int | None, int | None, str]]:
    fields = ["customer__first_name", "rfm_recency", "rfm_frequency", "rfm_monetary", "rfm_group"]
    return {name: tuple(rest) for name, *rest in CustomerFacts.objects.values_list(*fields)}


@pytest.fixture
def crowd(business: Business) -> list[Customer]:
    """25 customers: number n came n days ago, n % 5 + 1 times, and spent 10 each time."""
    made = []
    for number in range(25):
        customer = Customer.objects.create(first_name=f"c{number:02}")
        for visit in range(number % 5 + 1):
            at = NOW - timedelta(days=number + visit * 30, hours=1)
            sale(business, customer, f"{number}-{visit}", "10.00", placed_at=at)
        made.append(customer)
    refresh_order_facts(None)
    return made


def test_scores_are_fifths_with_ties_for_who_came_later(crowd: list[Customer]) -> None:
    score_customers(now=NOW)
    found = scores()
    for column in range(3):
        assert sorted(row[column] for row in found.values()) == [1] * 5 + [2] * 5 + [3] * 5 + [4] * 5 + [5] * 5
    assert [found[f"c{number:02}"][0] for number in (0, 4, 5, 24)] == [5, 5, 4, 1]
    assert found["c04"][1] == 5, "five visits"
    assert all(group == rfm_group(r, f, m) for r, f, m, group in found.values())  # type: ignore[arg-type]


def test_sql_and_rules_agree_on_every_combination(business: Business) -> None:
    """The SQL joins the table of the rules; here the integer arithmetic of both is compared."""
    with connection.cursor() as cursor:
        for frequency, monetary in itertools.product(range(1, 6), repeat=2):
            cursor.execute("SELECT (%s::int + %s::int + 1) / 2", [frequency, monetary])
            value = cursor.fetchone()[0]
            assert {GROUP_OF[r, value] for r in range(1, 6)} == {rfm_group(r, frequency, monetary) for r in range(1, 6)}


def test_small_shops_and_customers_without_orders(business: Business) -> None:
    best, second = (Customer.objects.create(first_name=name) for name in ("Best", "Second"))
    Customer.objects.create(first_name="Nobody")
    Customer.objects.create(first_name="Gone", state="archived")
    sale(business, best, "1", "10.00", placed_at=NOW - timedelta(days=1))
    sale(business, second, "2", "5.00", placed_at=NOW - timedelta(days=2))
    sale(business, None, "3", "500.00", placed_at=NOW - timedelta(days=2))
    score_customers(now=NOW)
    assert scores() == {
        "Best": (5, 5, 5, "champions"),
        "Second": (4, 4, 4, "loyal"),
        "Nobody": (None, None, None, "prospects"),
    }


def test_refunds_and_cancellations_lower_what_was_spent(business: Business) -> None:
    kept, returned, cancelled = (Customer.objects.create(first_name=name) for name in ("Kept", "Returned", "Cancelled"))
    sale(business, kept, "1", "20.00", placed_at=NOW - timedelta(days=3))
    sale(business, returned, "2", "90.00", placed_at=NOW - timedelta(days=2))
    sale(business, cancelled, "3", "99.00", placed_at=NOW - timedelta(days=1), status="cancelled")
    refund(business, returned, "r", "85.00", refunded_at=NOW - timedelta(days=1))
    score_customers(now=NOW)
    found = scores()
    assert (found["Kept"][2], found["Returned"][2]) == (5, 4)
    assert found["Cancelled"] == (None, None, None, "prospects")


def test_visits_are_days_of_the_programmes_zone(business: Business) -> None:
    """Half past eleven at night and half past midnight in London are two visits; two hours of one evening are one."""
    two, one = (Customer.objects.create(first_name=name) for name in ("Two", "One"))
    for number, hour in enumerate((22, 23)):  # UTC; London is an hour ahead in June
        sale(business, two, f"t{number}", "5.00", placed_at=datetime(2026, 6, 1, hour, 30, tzinfo=UTC))
        sale(business, one, f"o{number}", "5.00", placed_at=datetime(2026, 6, 2, hour - 4, 30, tzinfo=UTC))
    score_customers(now=NOW)
    assert scores()["Two"][1] == 5


def test_who_stays_is_not_written_again_and_who_moves_is_counted(crowd: list[Customer], business: Business) -> None:
    score_customers(now=NOW)
    since = dict(CustomerFacts.objects.values_list("pk", "updated_at"))
    assert rfm_overview(business_id=None, now=NOW).moves == []  # type: ignore[union-attr]
    run = score_customers(now=NOW + timedelta(minutes=1))
    assert run.moves == []
    assert dict(CustomerFacts.objects.values_list("pk", "updated_at")) == since

    last = crowd[24]
    before = CustomerFacts.objects.get(pk=last.pk).rfm_group
    for visit in range(9):
        sale(business, last, f"again-{visit}", "50.00", placed_at=NOW + timedelta(days=1 + visit))
    later = NOW + timedelta(days=20)
    run = score_customers(now=later)
    assert [before, "champions", 1] in run.moves
    facts = CustomerFacts.objects.get(pk=last.pk)
    assert (facts.rfm_group, facts.rfm_at) == ("champions", later)


def test_overview_adds_up_and_compares_with_the_run_before(crowd: list[Customer]) -> None:
    score_customers(now=NOW)
    Customer.objects.create(first_name="Newcomer")
    score_customers(now=NOW + timedelta(days=1))
    overview = rfm_overview(business_id=None, now=NOW)
    assert overview is not None
    assert overview.customers == 26 == sum(row.customers for row in overview.groups)
    assert len(overview.groups) == 11
    assert sum(row.spent_share for row in overview.groups) == pytest.approx(100)
    prospects = overview.groups[-1]
    assert (prospects.group.code, prospects.customers, prospects.before) == ("prospects", 1, 0)
    assert sum(cell.customers for row in overview.grid for cell in row) == 25
    assert (overview.grid[0][0].recency, overview.grid[0][0].frequency) == (5, 1)


def test_who_only_got_money_back_is_a_prospect_who_spent_nothing(business: Business) -> None:
    """Of an order from before our history: no group's spend is below zero because of it."""
    ann, ben = (Customer.objects.create(first_name=name) for name in ("Ann", "Ben"))
    sale(business, ann, "1", "20.00", placed_at=NOW - timedelta(days=3))
    refund(business, ben, "r", "85.00", refunded_at=NOW - timedelta(days=1))
    rebuild_rollups(now=NOW)
    score_customers(now=NOW)
    for business_id in (None, business.pk):
        overview = rfm_overview(business_id=business_id, now=NOW)
        assert overview is not None
        spent = {row.group.code: (row.customers, row.spent, row.spent_share) for row in overview.groups}
        assert spent["prospects"] == (1, 0, 0.0)
        assert spent["champions"] == (1, 20, 100.0)


def test_the_job_reports_progress_and_runs_once(crowd: list[Customer], actor: Actor) -> None:
    job = request_run(JOB, actor=actor, now=NOW)
    assert request_run(JOB, actor=actor, now=NOW).pk == job.pk, "asking twice gives the same run"
    run_job(job.pk)
    job.refresh_from_db()
    assert (job.state, job.done_count, job.total_count) == (Job.State.DONE, 25, 25)
    assert job.result["customers"] == 25
    assert RfmRun.objects.count() == 1
    assert request_run(JOB, actor=actor, now=NOW).pk != job.pk, "after it has ended a new one starts"
    assert JOB_KINDS[JOB].run is run_rfm


def test_nightly_run_waits_for_customers_and_for_the_night(programme: Programme) -> None:
    due = score_nightly(NOW)
    assert due == datetime(2026, 6, 18, 1, 30, tzinfo=UTC), "half past two in London"
    assert not Job.objects.exists()
    Customer.objects.create(first_name="Ann")
    score_nightly(NOW)
    assert Job.objects.get().kind == JOB
    assert next_night(datetime(2026, 6, 18, 1, 29, tzinfo=UTC), programme.zone) == due


def test_an_import_is_followed_by_a_run(programme: Programme) -> None:
    events.append(
        IMPORT_FINISHED, actor=SYSTEM, occurred_at=NOW, data={"kind": "lines", "rows": 1, "counts": {}, "import": "x"}
    )
    score_after_imports(list(Event.objects.all()))
    assert set(Job.objects.values_list("kind", flat=True)) == {JOB, FORECAST, BACKTEST, ARCHETYPES}
    Job.objects.all().delete()
    ArchetypeRun.objects.create(started_at=NOW, finished_at=NOW, searched_at=NOW, customers=1, looked_at=1, k=4)
    score_after_imports(list(Event.objects.all()))
    assert ARCHETYPES not in set(Job.objects.values_list("kind", flat=True))  # the night looks whether many more bought


def test_scores_stay_in_their_programme(crowd: list[Customer], other_programme: Programme) -> None:
    with tenant_context(other_programme):
        Customer.objects.create(pk=crowd[0].pk, first_name="Same key")
        score_customers(now=NOW)
        assert scores() == {"Same key": (None, None, None, "prospects")}
        assert request_run(JOB, actor=SYSTEM, now=NOW).kind == JOB
    score_customers(now=NOW)
    assert len(scores()) == 25
    assert not Job.objects.exists()
