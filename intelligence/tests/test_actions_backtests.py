"""The backtest of a programme: what is kept, what is chosen, what uses the choice, and who must wait."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from django_tenants.utils import tenant_context

from core.actor import SYSTEM
from customers.actions.rollups import rebuild_rollups
from customers.models import Customer, CustomerScores
from customers.tests.test_actions_facts import sale
from intelligence.actions import backtests
from intelligence.actions.backtests import TooYoung, run_backtest
from intelligence.actions.forecasts import forecast_customers, purchase_days
from intelligence.actions.requests import FORECAST, request_run
from intelligence.engine import candidates
from intelligence.models import BacktestRun, IntelligenceSettings
from intelligence.reports_backtest import BACKTEST, lack_of_history, newest_backtest, newest_choice
from intelligence.tasks import backtest_weekly
from programs.models import Programme
from workspace.actions.jobs import JobCancelled, run_job
from workspace.models import Business, Job

NOW = datetime(2026, 6, 17, 10, 30, tzinfo=UTC)
LONDON = ZoneInfo("Europe/London")


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


def test_said_is_held_against_what_came(crowd: list[Customer]) -> None:
    steps: list[tuple[int, int, str]] = []
    run = run_backtest(now=NOW, report=lambda *step: steps.append(step))
    assert isinstance(run, BacktestRun)
    assert (run.customers, run.judged, run.horizon_days, run.as_of) == (40, 40, 56, date(2026, 6, 16))
    days = [one["day"] for one in run.scores["mbg"]]
    assert days[-1] == "2026-04-21"  # 56 days before
    assert days == sorted(days)
    assert set(run.scores) == {"mbg", "bg", "pareto", *candidates.NAIVE}  # too young for seasons, too small for trees
    total = 6 * len(days)
    assert [step[:2] for step in steps] == [(done, total) for done in range(total)]
    assert {code: min(done for done, _t, one in steps if one == code) for code in run.scores} == {
        code: place * len(days) for place, code in enumerate(run.scores)
    }

    found = newest_backtest()
    assert found is not None
    assert found.held.day == date(2026, 4, 21)
    history = purchase_days(run.as_of)
    known = history.until(found.held.day.toordinal()).customers
    came = history.between(known, found.held.day.toordinal(), run.as_of.toordinal())
    assert (found.held.customers, found.held.came) == (len(known), int((came.days > 0).sum()))
    assert float(found.held.came_spend) == pytest.approx(came.spend.sum())
    assert sum(row[0] for row in found.calibration) == sum(row[0] for row in found.deciles) == len(known)
    assert sum(row[0] * row[1] for row in found.calibration) == pytest.approx(found.held.said, abs=1e-3)
    assert sum(row[0] * row[2] for row in found.calibration) == pytest.approx(found.held.came, abs=1e-3)
    assert sum(row[0] * row[1] for row in found.deciles) == pytest.approx(float(found.held.said_spend), abs=1e-3)
    assert (found.gain[0], found.gain[-1]) == ((0, 0), (1, 1))


def test_the_least_wrong_is_chosen_and_used(crowd: list[Customer]) -> None:
    run = run_backtest(now=NOW)
    assert isinstance(run, BacktestRun)
    ours = [code for code in run.scores if code in candidates.CANDIDATES]
    mean_of = {
        name: {code: sum(one[name] for one in run.scores[code]) for code in ours}
        for name in ("brier", "spend_deviance")
    }
    assert run.for_chances == min(ours, key=mean_of["brier"].__getitem__)
    assert run.for_money == min(ours, key=mean_of["spend_deviance"].__getitem__)
    assert Job.objects.filter(kind=FORECAST).count() == 1  # another choice than before
    Job.objects.all().delete()
    run_backtest(now=NOW)
    assert not Job.objects.exists()

    said = {}
    for code in ("mbg", "pareto", "forgotten"):
        BacktestRun.objects.update(for_chances=code, for_money="mbg")
        assert newest_choice() == (code, "mbg")
        forecast_customers(now=NOW)
        said[code] = list(CustomerScores.objects.order_by("pk").values_list("churn", "value_12"))
    assert said["forgotten"] == said["mbg"]
    assert [row[0] for row in said["pareto"]] != [row[0] for row in said["mbg"]]
    assert [row[1] for row in said["pareto"]] == [row[1] for row in said["mbg"]]


def test_the_owner_decides_horizon_margin_and_discount(crowd: list[Customer]) -> None:
    IntelligenceSettings.objects.create(discount_rate=0)
    forecast_customers(now=NOW)
    whole = dict(CustomerScores.objects.values_list("pk", "value_12"))
    IntelligenceSettings.objects.update(horizon_days=30, margin="0.25")
    forecast_customers(now=NOW)
    for row in CustomerScores.objects.all():
        assert row.horizon_days == 30
        assert float(row.value_12) == pytest.approx(float(whole[row.pk]) / 4, abs=0.01)
    run = run_backtest(now=NOW)
    assert isinstance(run, BacktestRun)
    assert (run.horizon_days, run.scores["mbg"][-1]["day"]) == (30, "2026-05-17")


def test_expected_within_the_horizon_is_likely_within_the_horizon(crowd: list[Customer]) -> None:
    for horizon in (20, 56, 100, 400):
        IntelligenceSettings.objects.update_or_create(pk=1, defaults={"horizon_days": horizon})
        forecast_customers(now=NOW)
        rows = list(CustomerScores.objects.all())
        assert len(rows) == 40
        for row in rows:
            is_soon = row.next_purchase_on is not None and row.next_purchase_on <= row.computed_on + timedelta(horizon)
            assert is_soon == (row.churn <= 0.5)


def test_large_programmes_are_judged_by_some_of_their_customers(
    crowd: list[Customer], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(backtests, "JUDGED", 35)
    first, second = run_backtest(now=NOW), run_backtest(now=NOW)
    assert isinstance(first, BacktestRun)
    assert isinstance(second, BacktestRun)
    assert (first.customers, first.judged) == (40, 35)
    assert first.scores == second.scores


def test_stopped_it_leaves_nothing(crowd: list[Customer]) -> None:
    def stop(done: int, total: int, code: str) -> None:
        if done:
            raise JobCancelled

    with pytest.raises(JobCancelled):
        run_backtest(now=NOW, report=stop)
    assert not BacktestRun.objects.exists()
    assert not Job.objects.exists()


def test_a_young_shop_waits(business: Business) -> None:
    assert run_backtest(now=NOW) == TooYoung(91)
    ann = Customer.objects.create(first_name="Ann")
    sale(business, ann, "1", "5.00", placed_at=NOW - timedelta(days=101))
    rebuild_rollups(now=NOW)
    assert run_backtest(now=NOW) == TooYoung(91)
    lack = lack_of_history(now=NOW, zone=LONDON)
    assert (lack.weeks, lack.horizon_days, lack.buyers, lack.is_ready) == (12, 91, 1, False)  # 182 − 100 days
    IntelligenceSettings.objects.create(horizon_days=7)
    lack = lack_of_history(now=NOW, zone=LONDON)
    assert (lack.weeks, lack.buyers, lack.buyers_needed) == (0, 1, 30)
    assert not lack.is_ready


def test_the_job_says_what_it_found(crowd: list[Customer]) -> None:
    job = request_run(BACKTEST, actor=SYSTEM, now=NOW)
    run_job(job.pk)
    job.refresh_from_db()
    assert (job.state, job.result) == (Job.State.DONE, {"customers": 40, "horizon_days": 56})
    assert request_run(BACKTEST, actor=SYSTEM, now=NOW).pk != job.pk


def test_each_week(crowd: list[Customer]) -> None:
    """On Wednesday, and on Sunday before and after half past three in London."""
    assert backtest_weekly(NOW) == datetime(2026, 6, 21, 2, 30, tzinfo=UTC)
    assert backtest_weekly(datetime(2026, 6, 21, 2, 29, tzinfo=UTC)) == datetime(2026, 6, 21, 2, 30, tzinfo=UTC)
    assert backtest_weekly(datetime(2026, 6, 21, 2, 30, tzinfo=UTC)) == datetime(2026, 6, 28, 2, 30, tzinfo=UTC)
    assert Job.objects.get().kind == BACKTEST


def test_backtests_stay_in_their_programme(crowd: list[Customer], other_programme: Programme) -> None:
    run_backtest(now=NOW)
    with tenant_context(other_programme):
        assert newest_backtest() is None
        assert newest_choice() == ("", "")
        assert run_backtest(now=NOW) == TooYoung(91)
