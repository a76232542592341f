"""How well we forecast: the page in each of its states, its buttons, and the API."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from core.permissions import Role
from customers.actions.rollups import rebuild_rollups
from customers.models import Customer
from customers.tests.test_actions_facts import sale
from intelligence.models import BacktestRun
from intelligence.reports_backtest import BACKTEST
from intelligence.tests.backtests import a_backtest
from programs.models import User
from workspace.actions.jobs import run_job
from workspace.models import Business, Job

PAGE = "/intelligence/backtest/"
RUN, STOP, PROGRESS = (f"{PAGE}{act}/" for act in ("run", "stop", "progress"))
API = "/api/v1/intelligence/backtest"
HTMX = {"HX-Request": "true", "HX-Target": "backtest-job"}


@pytest.fixture
def tested(programme: object) -> BacktestRun:
    return a_backtest()


@pytest.mark.usefixtures("tested")
def test_it_begins_in_a_shop_owners_words(client_of: Callable[..., Client], analyst: User) -> None:
    answer = client_of(analyst).get(PAGE)
    shown, content = answer.context["shown"], answer.content.decode()
    assert shown.people == (
        "On 18 March 2026 we would have said that 412 of 2,300 customers come back within 91 days; 398 did."
    )
    assert shown.people in content
    assert shown.money == "We would have said that they spend £52,300 together; they spent £50,100."
    assert "MBG/NBD, season says who comes and BG/NBD what they spend" in shown.models
    assert [(card.value, card.note) for card in shown.cards] == [
        ("398", "we said 412: 3% too high"),
        ("£50,100", "we said £52,300: 4% too high"),
        ("81%", "of two customers, one of whom came; 50% is a coin"),
        ("87%", "of customers; we aim at 80%"),
    ]
    assert [(line.day, line.off) for line in shown.periods] == [("18 Mar 2026", "3% too high"), ("11 Feb 2026", "–")]
    assert [(one.row.code, one.chance_error, one.money_error) for one in shown.candidates] == [
        ("mbg-season", "75.0%", "50.0%"),
        ("bg", "80.0%", "47.5%"),
        ("mean", "100.0%", "100.0%"),
    ]
    calibration, deciles, gain = shown.charts
    assert calibration.finding.endswith("On average a chance is off by 1.9 points.")  # (13 × 1 + 10 × 3) / 23
    assert calibration.rows == [("0–10%", ["6.0%", "5.0%"]), ("30–40%", ["32.0%", "35.0%"])]
    assert deciles.rows[0] == ("0–50%", ["£40.20", "£38.00"])
    assert "77%" in gain.finding
    assert "Test again" not in content  # an analyst reads
    assert "Drawn at random" not in content


def test_a_sample_says_so(client_of: Callable[..., Client], owner: User, tested: BacktestRun) -> None:
    BacktestRun.objects.update(customers=1_000_000, judged=50_000, for_money="mbg-season")
    content = client_of(owner).get(PAGE).content.decode()
    assert "Drawn at random for the test: 50,000 of 1,000,000." in content
    assert "Your forecasts are made by MBG/NBD, season" in content
    assert "Test again" in content


def test_a_run_of_a_version_with_other_candidates_is_still_shown(
    client_of: Callable[..., Client], owner: User, tested: BacktestRun
) -> None:
    tested.scores = {"oracle": tested.scores["bg"]}
    tested.for_chances = tested.for_money = "oracle"
    tested.save()
    answer = client_of(owner).get(PAGE)
    assert "oracle" in answer.content.decode()
    assert answer.context["shown"].candidates[0].chance_error == "–"


def test_a_young_programme_is_told_what_it_waits_for(
    client_of: Callable[..., Client], owner: User, business: Business
) -> None:
    sale(
        business,
        Customer.objects.create(first_name="Ann"),
        "1",
        "5.00",
        placed_at=timezone.now() - timedelta(days=101),
    )
    rebuild_rollups(now=timezone.now())
    content = client_of(owner).get(PAGE).content.decode()
    assert "your sales need 12 more weeks." in content
    assert "Test now" not in content


def test_a_slow_rhythm_is_known_after_the_first_try(
    client_of: Callable[..., Client], owner: User, business: Business
) -> None:
    """Every second month: 182 days are asked about, which needs a longer history than the usual 91."""
    for number in range(30):
        customer = Customer.objects.create(first_name=f"c{number}")
        for visit in range(4):
            at = timezone.now() - timedelta(days=18 + 60 * visit)
            sale(business, customer, f"{number}-{visit}", "5.00", placed_at=at)
    rebuild_rollups(now=timezone.now())
    browser = client_of(owner)
    assert "Test now" in browser.get(PAGE).content.decode()
    browser.post(RUN)
    run_job(Job.objects.get(kind=BACKTEST).pk)
    assert "against 182 days that are over" in browser.get(PAGE).content.decode()
    assert "your sales need 11 more weeks." in browser.get(PAGE).content.decode()


def test_button_progress_stop_and_result(client_of: Callable[..., Client], owner: User, business: Business) -> None:
    for number in range(30):
        customer = Customer.objects.create(first_name=f"c{number}")
        for visit in range(8):
            at = timezone.now() - timedelta(days=10 + number + 30 * visit)
            sale(business, customer, f"{number}-{visit}", "5.00", placed_at=at)
    rebuild_rollups(now=timezone.now())
    browser = client_of(owner)
    assert "Test now" in browser.get(PAGE).content.decode()
    assert "Waiting to start" in browser.post(RUN, headers=HTMX).content.decode()
    assert browser.post(STOP, headers=HTMX)["HX-Redirect"] == PAGE
    assert Job.objects.get(kind=BACKTEST).state == Job.State.CANCELLED
    assert "Test now" in browser.get(PAGE).content.decode()

    assert browser.post(RUN).status_code == 303
    job = Job.objects.filter(kind=BACKTEST).latest("pk")
    assert 'hx-trigger="every 2s"' in browser.get(PROGRESS, headers=HTMX).content.decode()
    run_job(job.pk)
    finished = browser.get(PROGRESS, headers=HTMX)
    assert (finished.status_code, finished["HX-Redirect"]) == (204, PAGE)
    assert "Test again" in browser.get(PAGE).content.decode()
    Job.objects.filter(pk=job.pk).update(state=Job.State.FAILED, error="The disk is full.")
    assert "The disk is full." in browser.get(PAGE).content.decode()


@pytest.mark.usefixtures("tested")
def test_people_of_one_business_are_refused(
    client_of: Callable[..., Client],
    make_member: Callable[..., User],
    api: Callable[..., Client],
    analyst: User,
    business: Business,
) -> None:
    bound, limited = (
        client_of(make_member("bo@example.com", Role.MANAGER, business=business)),
        api("write", business=business),
    )
    assert [bound.get(PAGE).status_code, bound.get(PROGRESS).status_code] == [403, 403]
    assert [bound.post(RUN).status_code, bound.post(STOP).status_code] == [403, 403]
    assert [limited.get(API).status_code, limited.post(API).status_code] == [403, 403]
    assert client_of(analyst).post(RUN).status_code == 403
    assert PAGE not in [page["url"] for page in bound.get("/intelligence/features/").context["tabs"].pages]
    assert not Job.objects.exists()


@pytest.mark.usefixtures("tested")
def test_the_api_reads_and_runs(make_key: Callable[..., Any], public_client: Client) -> None:
    def call(method: str, scope: str) -> Any:
        headers = {"host": "harbour.localhost", "x-api-key": make_key(scope).secret}
        return getattr(public_client, method)(API, headers=headers)

    read = call("get", "read").json()
    assert (read["known_on"], read["customers"], read["horizon_days"], read["job"]) == ("2026-06-17", 2_300, 91, None)
    assert read["periods"][0] == {
        "asked_on": "2026-03-18",
        "customers": 2_300,
        "said_to_come": 411.6,
        "came": 398,
        "said_to_spend": "52300.40",
        "spent": "50100.00",
    }
    assert [(one["code"], one["used_for_chances"], one["used_for_money"]) for one in read["candidates"]] == [
        ("mbg-season", True, False),
        ("bg", False, True),
        ("mean", False, False),
    ]
    assert read["calibration"][1] == {"customers": 1_000, "said": 0.35, "came": 0.32}
    assert read["gain"][1] == {"customers": 0.2, "spend": 0.767}
    assert call("post", "read").status_code == 403
    started = call("post", "write")
    assert started.status_code == 202
    assert call("post", "write").json()["id"] == started.json()["id"]
    assert call("get", "read").json()["job"]["state"] == "queued"


def test_before_the_first_test_the_api_says_what_is_missing(api: Callable[..., Client]) -> None:
    read = api("read").get(API).json()
    assert (read["tested_at"], read["periods"]) == (None, [])
    assert "26 more weeks" in read["waiting_for"]
